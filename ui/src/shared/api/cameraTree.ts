import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { type Camera, camerasKey, sortCameras } from "./cameras";
import { api, bodyOf } from "./client";

export type Branch = components["schemas"]["BranchOut"];
export type BranchesBy = "region" | "category" | "premises";

/** Which level of the tree of cameras is asked for. */
export interface LevelAsked {
  by: BranchesBy;
  region?: string;
  category?: string;
  state?: "abnormal";
  /** Only what belongs to premises that are open now. */
  open?: true;
}

/** What a tree or list is narrowed to. */
export interface Narrowed {
  isAbnormal: boolean;
  isOpen: boolean;
}

export type Opening = components["schemas"]["OpeningOut"];

const againMs = 30_000;
/** Branches beyond these are found by searching. */
const mostPages = 10;

/** The branches of one level with their counts. Only premises come in pages: all are read. */
export function treeLevelQuery(asked: LevelAsked) {
  return queryOptions({
    queryKey: ["cameraTree", asked] as const,
    queryFn: async ({ signal }): Promise<Branch[]> => {
      const found: Branch[] = [];
      let cursor = "";
      for (let page = 0; page < mostPages; page += 1) {
        const query = { ...asked, ...(cursor ? { cursor } : {}) };
        const { items, next_cursor } = bodyOf(await api.GET("/api/v1/camera-tree", { params: { query }, signal }));
        found.push(...items);
        if (next_cursor === null) break;
        cursor = next_cursor;
      }
      return found;
    },
    refetchInterval: againMs,
  });
}

/** The cameras below a branch that has no further branches: of a premises, or of none; as many as its count says. */
export function branchCamerasQuery(premises: string, { isAbnormal, isOpen }: Narrowed) {
  return queryOptions({
    // All of one premises are kept up to date by events, as the other lists of cameras are.
    queryKey:
      premises && !isAbnormal && !isOpen
        ? [...camerasKey, "branch", premises]
        : ["cameraTree", "cameras", premises, { isAbnormal, isOpen }],
    queryFn: async ({ signal }): Promise<Camera[]> => {
      const query = {
        limit: 200,
        ...(premises ? { premises } : { placed: false }),
        ...(isAbnormal ? { abnormal: true } : {}),
        ...(isOpen ? { open: true } : {}),
      };
      return sortCameras(bodyOf(await api.GET("/api/v1/cameras", { params: { query }, signal })).items);
    },
    refetchInterval: againMs,
  });
}

/** Which of these premises are open now; at most 64. */
export function openingsQuery(premises: readonly string[]) {
  const asked = [...new Set(premises)].filter(Boolean).sort().slice(0, 64);
  return queryOptions({
    queryKey: ["cameraTree", "openings", asked] as const,
    queryFn: async ({ signal }): Promise<Opening[]> =>
      bodyOf(await api.GET("/api/v1/camera-tree/openings", { params: { query: { premises: asked } }, signal })).items,
    enabled: asked.length > 0,
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
}

/** The cameras of a premises as they hang on a wall: those of the zones it has to show, or all if none counts for any. */
export async function fetchPremisesCameras(premises: string): Promise<Camera[]> {
  const ask = async (more: { must_zones?: true }) =>
    bodyOf(await api.GET("/api/v1/cameras", { params: { query: { limit: 16, connected: true, premises, ...more } } }))
      .items;
  const must = await ask({ must_zones: true });
  return sortCameras(must.length > 0 ? must : await ask({}));
}
