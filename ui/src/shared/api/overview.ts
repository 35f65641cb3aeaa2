import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type Overview = components["schemas"]["OverviewOut"];
export type OverviewCell = components["schemas"]["OverviewCellOut"];
export type OverviewArea = components["schemas"]["OverviewAreaOut"];
/** polygons: each its outer ring and its holes, of [longitude, latitude]. */
export interface Outline {
  code: string;
  polygons: readonly (readonly (readonly (readonly number[])[])[])[];
}

export const overviewKey = ["overview"] as const;

/** By county, or by township within one; "" = what this person answers for. Alarms come by the event line, the rest each minute. */
export function overviewQuery(region: string) {
  return queryOptions({
    queryKey: [...overviewKey, "counts", region] as const,
    queryFn: async ({ signal }) =>
      bodyOf(await api.GET("/api/v1/overview", { params: { query: region ? { region } : {} }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

/** Drawn shapes of the areas, if this installation has any. */
export const outlinesQuery = queryOptions({
  queryKey: ["outlines"] as const,
  queryFn: async ({ signal }) => bodyOf(await api.GET("/api/v1/overview/outlines", { signal })).items,
  staleTime: Number.POSITIVE_INFINITY,
});
