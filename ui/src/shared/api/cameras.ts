import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type Camera = components["schemas"]["CameraOut"];
export type CameraIn = components["schemas"]["CameraIn"];
export type CameraPatch = components["schemas"]["CameraPatchIn"];
export type StreamReport = components["schemas"]["StreamReportOut"];
export type Profile = "main" | "sub";

const key = ["cameras"] as const;

/** Every camera in scope, by premises and name. */
export const camerasQuery = queryOptions({
  queryKey: key,
  queryFn: async (): Promise<Camera[]> => {
    const cameras: Camera[] = [];
    let cursor: string | null = null;
    do {
      const page: components["schemas"]["CameraListOut"] = bodyOf(
        await api.GET("/api/v1/cameras", { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } } }),
      );
      cameras.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return sortCameras(cameras);
  },
});

export function sortCameras(cameras: readonly Camera[]): Camera[] {
  const collator = new Intl.Collator("zh-CN", { numeric: true });
  return [...cameras].sort(
    (one, other) =>
      collator.compare(one.premises_name, other.premises_name) ||
      collator.compare(one.name, other.name) ||
      one.id.localeCompare(other.id),
  );
}

/** The list after one camera changed; a new one is put in its place. */
export function withCamera(cameras: readonly Camera[], changed: Camera): Camera[] {
  return sortCameras([...cameras.filter((camera) => camera.id !== changed.id), changed]);
}

export function useAddCamera() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: CameraIn) => bodyOf(await api.POST("/api/v1/cameras", { body })),
    onSuccess: (camera) => queries.setQueryData(key, (old: Camera[] | undefined) => withCamera(old ?? [], camera)),
  });
}

export function useChangeCamera() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ camera, patch }: { camera: Camera; patch: CameraPatch }) =>
      bodyOf(
        await api.PATCH("/api/v1/cameras/{camera_id}", {
          params: { path: { camera_id: camera.id }, header: { "If-Match": camera.etag } },
          body: patch,
        }),
      ),
    onSuccess: (camera) => queries.setQueryData(key, (old: Camera[] | undefined) => withCamera(old ?? [], camera)),
  });
}

export function useRemoveCamera() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (camera: Camera) => {
      await api.DELETE("/api/v1/cameras/{camera_id}", {
        params: { path: { camera_id: camera.id }, header: { "If-Match": camera.etag } },
      });
      return camera.id;
    },
    onSuccess: (id) =>
      queries.setQueryData(key, (old: Camera[] | undefined) => old?.filter((camera) => camera.id !== id)),
  });
}
