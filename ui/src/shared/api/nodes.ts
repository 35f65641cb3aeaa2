import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

type Schemas = components["schemas"];
export type MediaNode = Schemas["MediaNodeOut"];
export type Volume = Schemas["VolumeOut"];
export type Vitals = Schemas["VitalsOut"];

const againMs = 15_000;

/** The media nodes: whether they are there, what they record, how long their room lasts. */
export const nodesQuery = queryOptions({
  queryKey: ["nodes"] as const,
  queryFn: async ({ signal }) => bodyOf(await api.GET("/api/v1/nodes", { signal })).items,
  refetchInterval: againMs,
});
