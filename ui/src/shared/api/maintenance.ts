import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

type Schemas = components["schemas"];
export type Device = Schemas["DeviceOut"];
export type DeviceIn = Schemas["DeviceIn"];
export type DeviceMove = Schemas["DeviceMoveIn"];
export type DeviceState = Device["state"];
export type DeviceEvent = Device["events"][number];
export type DeviceKind = Device["kind"];
export type Ticket = Schemas["TicketOut"];
export type TicketState = Ticket["state"];
export type TicketEvent = Ticket["events"][number];
export type Cause = NonNullable<Ticket["cause"]>;
export type Move = Schemas["MoveOut"];

const devicesKey = ["devices"] as const;
export const faultsKey = ["faults"] as const;
export const openStates: readonly TicketState[] = [
  "OPEN",
  "REOPENED",
  "TRIAGED",
  "DISPATCHED",
  "ON_SITE",
  "WAIT_CUSTOMER",
];

export function devicesQuery(wish: { state?: DeviceState; q?: string }) {
  return infiniteQueryOptions({
    queryKey: [...devicesKey, "list", wish] as const,
    queryFn: async ({ pageParam, signal }) =>
      bodyOf(
        await api.GET("/api/v1/devices", {
          params: { query: { ...wish, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function deviceQuery(id: string) {
  return queryOptions({
    queryKey: [...devicesKey, "one", id] as const,
    queryFn: async ({ signal }) =>
      bodyOf(await api.GET("/api/v1/devices/{device_id}", { params: { path: { device_id: id } }, signal })),
  });
}

export function useAddDevice() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: DeviceIn) => bodyOf(await api.POST("/api/v1/devices", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: devicesKey }),
  });
}

export function useMoveDevice(device: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ event, body }: { event: DeviceEvent; body: DeviceMove }) =>
      bodyOf(
        await api.POST("/api/v1/devices/{device_id}/{event}", { params: { path: { device_id: device, event } }, body }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: devicesKey }),
  });
}

export function faultsQuery(states: readonly TicketState[], region = "", premises = "") {
  return infiniteQueryOptions({
    queryKey: [...faultsKey, "list", states, region, premises] as const,
    queryFn: async ({ pageParam, signal }) =>
      bodyOf(
        await api.GET("/api/v1/faults", {
          params: {
            query: {
              state: [...states],
              ...(region ? { region } : {}),
              ...(premises ? { premises } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}

export function faultQuery(id: string) {
  return queryOptions({
    queryKey: [...faultsKey, "one", id] as const,
    queryFn: async ({ signal }) =>
      bodyOf(await api.GET("/api/v1/faults/{ticket_id}", { params: { path: { ticket_id: id } }, signal })),
    refetchInterval: 30_000,
  });
}

export function useMoveFault(ticket: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ event, cause, note }: { event: TicketEvent; cause?: Cause | undefined; note: string }) =>
      bodyOf(
        await api.POST("/api/v1/faults/{ticket_id}/{event}", {
          params: { path: { ticket_id: ticket, event } },
          body: { cause: cause ?? null, note },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: faultsKey }),
  });
}
