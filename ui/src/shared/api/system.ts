import { queryOptions, useQuery } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { learnServerTime } from "@/shared/time/serverClock";
import { api, bodyOf } from "./client";

export type System = components["schemas"]["SystemOut"];

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: async (): Promise<System> => {
    const sentMs = Date.now();
    const system = bodyOf(await api.GET("/api/v1/system"));
    learnServerTime(system.server_at, sentMs, Date.now());
    return system;
  },
  staleTime: 5 * 60_000,
  refetchInterval: 10 * 60_000,
});

/** The city's time zone; the product is at home in Anshan until the server says otherwise. */
export function useZone(): string {
  return useQuery(systemQuery).data?.time_zone ?? "Asia/Shanghai";
}
