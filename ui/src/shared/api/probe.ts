import { useMutation } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type ProbeIn = components["schemas"]["ProbeIn"];
export type ProbeOut = components["schemas"]["ProbeOut"];

export function useProbe() {
  return useMutation({
    mutationFn: async (body: ProbeIn): Promise<ProbeOut> => bodyOf(await api.POST("/api/v1/cameras/probe", { body })),
  });
}
