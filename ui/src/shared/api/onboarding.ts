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
export type Road = Schemas["RoadOut"];
export type Standing = Schemas["StandingOut"];
export type Step = Schemas["StepOut"];
export type CheckItem = Schemas["CheckItemOut"];
export type RoadEvent = Step["event"];
export type RoadNeed = Step["needs"][number];
export type RoadState = Standing["state"];
export type EventIn = Schemas["EventIn"];
export type FrameCase = Schemas["FrameCaseOut"];

export interface BoardWish {
  state?: RoadState;
  region?: string;
  category?: string;
  q?: string;
}

const key = ["onboarding"] as const;

export function boardQuery(wish: BoardWish) {
  return infiniteQueryOptions({
    queryKey: [...key, "board", wish] as const,
    queryFn: async ({ pageParam, signal }) =>
      bodyOf(
        await api.GET("/api/v1/onboarding", {
          params: { query: { ...wish, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function roadQuery(premises: string) {
  return queryOptions({
    queryKey: [...key, "road", premises] as const,
    queryFn: async ({ signal }): Promise<Road> =>
      bodyOf(
        await api.GET("/api/v1/premises/{premises_id}/onboarding", {
          params: { path: { premises_id: premises } },
          signal,
        }),
      ),
  });
}

/** Moves a premises; boards, counts and its file are read anew. */
export function useMovePremises(premises: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ event, body }: { event: RoadEvent; body: EventIn }) =>
      bodyOf(
        await api.POST("/api/v1/premises/{premises_id}/onboarding/{event}", {
          params: { path: { premises_id: premises, event } },
          body,
        }),
      ),
    onSuccess: (road) => {
      queries.setQueryData(roadQuery(premises).queryKey, road);
      void queries.invalidateQueries({ queryKey: [...key, "board"] });
      void queries.invalidateQueries({ queryKey: ["premises"] });
    },
  });
}

export const framesQuery = queryOptions({
  queryKey: ["frames"] as const,
  queryFn: async ({ signal }): Promise<FrameCase[]> => bodyOf(await api.GET("/api/v1/frames", { signal })).items,
  refetchInterval: 30_000,
});

export interface FrameVerdict {
  camera: string;
  /** The frame that was looked at. */
  frameAt: string | undefined;
  /** Why it is sent back; undefined: approved. */
  reason?: string;
}

export function useJudgeFrame() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ camera, frameAt, reason }: FrameVerdict) => {
      const path = { camera_id: camera };
      const frame_at = frameAt ?? null;
      return reason === undefined
        ? bodyOf(await api.POST("/api/v1/cameras/{camera_id}/approve", { params: { path }, body: { frame_at } }))
        : bodyOf(
            await api.POST("/api/v1/cameras/{camera_id}/refuse", { params: { path }, body: { reason, frame_at } }),
          );
    },
    onSettled: () => queries.invalidateQueries({ queryKey: framesQuery.queryKey }),
  });
}
