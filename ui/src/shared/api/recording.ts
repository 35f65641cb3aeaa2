import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

type Schemas = components["schemas"];
export type Rule = Schemas["RuleOut"];
export type RuleIn = Schemas["RuleIn"];
export type Level = Schemas["Level"];
export type Mode = Schemas["Mode"];
export type CameraPlan = Schemas["CameraPlanOut"];
export type RuleChange = Schemas["RuleChangeOut"];
export type Hold = Schemas["HoldOut"];
export type HoldIn = Schemas["HoldIn"];
export type Alarm = Schemas["AlarmOut"];
export type Found = Schemas["FoundOut"];
export type EventKind = Schemas["EventKind"];

const key = ["recording"] as const;
export const alarmsKey = [...key, "alarms"] as const;
const againMs = 30_000;

/** Open ones only, or those that are over too; the newest first, with how many are open. */
export function alarmsQuery(isOpen: boolean | undefined, region = "", node = "") {
  return infiniteQueryOptions({
    queryKey: [...alarmsKey, isOpen ?? "all", region, node] as const,
    queryFn: async ({ pageParam, signal }) =>
      bodyOf(
        await api.GET("/api/v1/recording/alarms", {
          params: {
            query: {
              ...(isOpen === undefined ? {} : { open: isOpen }),
              ...(region ? { region } : {}),
              ...(node ? { node } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: againMs,
  });
}

/** What is missing now, the first page of it. */
export function useOpenAlarms(isWanted = true): Alarm[] | undefined {
  return useQuery({
    queryKey: [...key, "alarms", "now"] as const,
    queryFn: async ({ signal }) =>
      bodyOf(await api.GET("/api/v1/recording/alarms", { params: { query: { open: true } }, signal })),
    refetchInterval: againMs,
    enabled: isWanted,
  }).data?.items;
}

/** What is looked for. Instants in ISO 8601; "" = everything. */
export interface SearchAsked {
  from: string;
  to: string;
  kinds: readonly EventKind[];
  region: string;
  category: string;
  zone: string;
  camera: string;
  text: string;
}

export function recordingSearchQuery({ from, to, kinds, text, ...places }: SearchAsked) {
  const query = {
    from,
    to,
    ...(kinds.length > 0 ? { kind: [...kinds] } : {}),
    ...(text ? { q: text } : {}),
    ...Object.fromEntries(Object.entries(places).filter(([, value]) => value)),
  };
  return queryOptions({
    queryKey: [...key, "search", query] as const,
    queryFn: async ({ signal }) => bodyOf(await api.GET("/api/v1/recording/search", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export interface HoldsAsked {
  open?: boolean;
  due?: true;
  camera?: string;
}

export function holdsQuery(asked: HoldsAsked) {
  return infiniteQueryOptions({
    queryKey: [...key, "holds", asked] as const,
    queryFn: async ({ pageParam, signal }) =>
      bodyOf(
        await api.GET("/api/v1/recording/holds", {
          params: { query: { ...asked, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: againMs,
  });
}

export const rulesQuery = queryOptions({
  queryKey: [...key, "rules"] as const,
  queryFn: async ({ signal }) => bodyOf(await api.GET("/api/v1/recording/rules", { signal })),
});

export function cameraPlanQuery(camera: string) {
  return queryOptions({
    queryKey: [...key, "plan", camera] as const,
    queryFn: async ({ signal }): Promise<CameraPlan> =>
      bodyOf(
        await api.GET("/api/v1/recording/cameras/{camera_id}", { params: { path: { camera_id: camera } }, signal }),
      ),
  });
}

/** After it, everything that was read of recordings is read again. */
function useRecordingMutation<In, Out>(run: (given: In) => Promise<Out>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: run, onSuccess: () => queries.invalidateQueries({ queryKey: key }) });
}

export interface RuleSaid {
  level: Level;
  subject: string;
  /** The version that was seen; noRuleEtag where there was no rule. */
  etag: string;
  body: RuleIn;
}

export const noRuleEtag = '"0"';

export function useSetRule() {
  return useRecordingMutation(async ({ level, subject, etag, body }: RuleSaid) =>
    bodyOf(
      await api.PUT("/api/v1/recording/rules/{level}/{subject}", {
        params: { path: { level, subject }, header: { "If-Match": etag } },
        body,
      }),
    ),
  );
}

export function usePlaceHold() {
  return useRecordingMutation(async (body: HoldIn) => bodyOf(await api.POST("/api/v1/recording/holds", { body })));
}

export function useReleaseHold() {
  return useRecordingMutation(async ({ hold, reason }: { hold: string; reason: string }) =>
    bodyOf(
      await api.POST("/api/v1/recording/holds/{hold_id}/release", {
        params: { path: { hold_id: hold } },
        body: { reason },
      }),
    ),
  );
}
