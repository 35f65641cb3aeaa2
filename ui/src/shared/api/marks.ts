import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type Mark = components["schemas"]["MarkOut"];
/** Something on a camera's timeline; a mark is one kind of it. */
export type TimelineEvent = components["schemas"]["EventOut"];

const key = ["timelineEvents"] as const;

/** What happened on a camera's timeline in a range of at most 31 days; instants in UTC milliseconds. */
export function timelineEventsQuery(camera: string, fromMs: number, toMs: number) {
  return queryOptions({
    queryKey: [...key, camera, fromMs, toMs] as const,
    queryFn: async ({ signal }): Promise<TimelineEvent[]> => {
      const query = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
      return bodyOf(
        await api.GET("/api/v1/recording/cameras/{camera_id}/marks", {
          params: { path: { camera_id: camera }, query },
          signal,
        }),
      ).items;
    },
  });
}

function useMarkMutation<Given, Answer>(mutationFn: (given: Given) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => queries.invalidateQueries({ queryKey: key }) });
}

/** atMs: UTC of the picture that is marked. */
export function useAddMark() {
  return useMarkMutation(async ({ camera, atMs }: { camera: string; atMs: number }) =>
    bodyOf(
      await api.POST("/api/v1/marks", {
        body: { camera_id: camera, at: new Date(atMs).toISOString(), note: "" },
      }),
    ),
  );
}

export function useNoteMark() {
  return useMarkMutation(async ({ mark, note }: { mark: string; note: string }) =>
    bodyOf(await api.PATCH("/api/v1/marks/{mark_id}", { params: { path: { mark_id: mark } }, body: { note } })),
  );
}

export function useRemoveMark() {
  return useMarkMutation(async (mark: string) => {
    await api.DELETE("/api/v1/marks/{mark_id}", { params: { path: { mark_id: mark } } });
  });
}

/** The server keeps no longer note. */
export const mostNoteChars = 200;
