import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type SavedWall = components["schemas"]["WallOut"];
export type SavedWallIn = components["schemas"]["WallIn"];
export type SavedWallPatch = components["schemas"]["WallPatchIn"];

const key = ["walls"] as const;
const mostPages = 5;

/** One's own saved walls, then those of one's organisation. */
export const wallsQuery = queryOptions({
  queryKey: key,
  queryFn: async ({ signal }): Promise<SavedWall[]> => {
    const found: SavedWall[] = [];
    let cursor = "";
    for (let page = 0; page < mostPages; page += 1) {
      const query = cursor ? { cursor } : {};
      const { items, next_cursor } = bodyOf(await api.GET("/api/v1/walls", { params: { query }, signal }));
      found.push(...items);
      if (next_cursor === null) break;
      cursor = next_cursor;
    }
    return found;
  },
});

function useChange<Given, Answer>(mutationFn: (given: Given) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => queries.invalidateQueries({ queryKey: key }) });
}

export function useAddWall() {
  return useChange(async (body: SavedWallIn) => bodyOf(await api.POST("/api/v1/walls", { body })));
}

export function useChangeWall() {
  return useChange(async ({ wall, patch }: { wall: SavedWall; patch: SavedWallPatch }) =>
    bodyOf(
      await api.PATCH("/api/v1/walls/{wall_id}", {
        params: { path: { wall_id: wall.id }, header: { "If-Match": wall.etag } },
        body: patch,
      }),
    ),
  );
}

export function useDeleteWall() {
  return useChange(async (wall: SavedWall) => {
    await api.DELETE("/api/v1/walls/{wall_id}", {
      params: { path: { wall_id: wall.id }, header: { "If-Match": wall.etag } },
    });
  });
}
