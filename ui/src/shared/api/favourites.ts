import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type Favourites = components["schemas"]["FavouriteListOut"];

const key = ["favourites"] as const;

/** What this person keeps at hand. */
export const favouritesQuery = queryOptions({
  queryKey: key,
  queryFn: async ({ signal }): Promise<Favourites> => bodyOf(await api.GET("/api/v1/favourites", { signal })),
  refetchInterval: 60_000,
});

/** Keeps a camera or premises at hand, or no longer. */
export function useKeepFavourite() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, isKept }: { id: string; isKept: boolean }) => {
      const params = { path: { favourite_id: id } };
      if (isKept) await api.PUT("/api/v1/favourites/{favourite_id}", { params });
      else await api.DELETE("/api/v1/favourites/{favourite_id}", { params });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
}
