import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type Camera = components["schemas"]["CameraOut"];
export type CameraIn = components["schemas"]["CameraIn"];
export type CameraPatch = components["schemas"]["CameraPatchIn"];
export type StreamReport = components["schemas"]["StreamReportOut"];
export type Profile = "main" | "sub";

/** What is asked of the server: a city has more cameras than a page can hold. */
export interface CamerasAsked {
  /** In the names of camera and premises, or the latter's initials. */
  text?: string;
  /** Whether a device serves the channel. */
  connected?: boolean;
  abnormal?: true;
  /** Only those of premises that are open now. */
  open?: true;
  /** A county or a township. */
  region?: string;
  /** Of the premises. */
  category?: string;
  /** The official risk grade of the premises. */
  grade?: "A" | "B" | "C" | "D";
  /** Only what counts for a zone that the premises has to show. */
  must_zones?: true;
  premises?: string;
  id?: readonly string[];
  /** Cameras in one answer, ≤ 200. */
  limit?: number;
}

/** Some of the cameras asked for, by premises and name; `total` counts all of them. */
export interface CameraPage {
  items: Camera[];
  total: number;
  hasMore: boolean;
  nextCursor: string | null;
}

export const camerasKey = ["cameras"] as const;
export const pageSize = 50;
/** The server takes no more ids in one question. */
const maxIds = 64;
const maxTextChars = 64;

async function fetchPage(asked: CamerasAsked, cursor: string, signal: AbortSignal): Promise<CameraPage> {
  const { text, id, limit = pageSize, ...flags } = asked;
  const query = {
    ...flags,
    limit,
    ...(text ? { text: text.slice(0, maxTextChars) } : {}),
    ...(id ? { id: [...id] } : {}),
    ...(cursor ? { cursor } : {}),
  };
  const { items, total, next_cursor } = bodyOf(await api.GET("/api/v1/cameras", { params: { query }, signal }));
  return { items: sortCameras(items), total, hasMore: next_cursor !== null, nextCursor: next_cursor };
}

/** The first cameras of those asked for. */
export function camerasQuery(asked: CamerasAsked) {
  return queryOptions({
    queryKey: [...camerasKey, asked] as const,
    queryFn: ({ signal }) => fetchPage(asked, "", signal),
  });
}

/** The cameras of a wall or an address, as far as they may be seen. Known ones are there at once, from other lists. */
export function camerasByIdQuery(queries: QueryClient, ids: readonly string[]) {
  const id = [...new Set(ids)].filter(Boolean).sort().slice(0, maxIds);
  return queryOptions({
    ...camerasQuery({ id, limit: maxIds }),
    enabled: id.length > 0,
    placeholderData: () => {
      const items = cachedCameras(queries, new Set(id));
      return { items: sortCameras(items), total: items.length, hasMore: false, nextCursor: null };
    },
  });
}

const abnormalAgainMs = 30_000;

/** Everything asked for, page by page; the rows of the last question stay until the next answer is there. */
export function cameraRowsQuery(asked: CamerasAsked) {
  return infiniteQueryOptions({
    queryKey: [...camerasKey, asked, "rows"] as const,
    queryFn: ({ pageParam, signal }) => fetchPage(asked, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
    // Events keep the rows that are shown; who else has got into trouble, only the server knows.
    refetchInterval: asked.abnormal ? abnormalAgainMs : false,
  });
}

export function sortCameras(cameras: readonly Camera[]): Camera[] {
  const collator = new Intl.Collator("zh-CN", { numeric: true });
  return [...cameras].sort(
    (one, other) =>
      collator.compare(one.premises_name, other.premises_name) ||
      collator.compare(one.name, other.name) ||
      one.id.localeCompare(other.id),
  );
}

/** What may stand in the cache under the key of cameras: one page, pages, or all of one premises. */
type Cached = CameraPage | InfiniteData<CameraPage, string> | Camera[];

function pagesOf(cached: Cached): readonly { items: readonly Camera[] }[] {
  if (Array.isArray(cached)) return [{ items: cached }];
  return "pages" in cached ? cached.pages : [cached];
}

function cachedCameras(queries: QueryClient, ids: ReadonlySet<string>): Camera[] {
  const found = new Map<string, Camera>();
  for (const [, cached] of queries.getQueriesData<Cached>({ queryKey: camerasKey }))
    for (const page of cached ? pagesOf(cached) : [])
      for (const camera of page.items) if (ids.has(camera.id)) found.set(camera.id, camera);
  return [...found.values()];
}

/** Whether a camera of which nothing else is known belongs to these; undefined: only the server can tell. */
function belongs(camera: Camera, asked: CamerasAsked): boolean | undefined {
  if (asked.connected !== undefined && asked.connected !== (camera.address !== "")) return false;
  if (asked.id) return asked.id.includes(camera.id);
  const { text, abnormal, open, region, category, grade, must_zones, premises } = asked;
  return text || abnormal || open || region || category || grade || must_zones || premises ? undefined : true;
}

function replacedAt<T>(list: readonly T[], at: number, put: T): T[] {
  return list.map((each, index) => (index === at ? put : each));
}

function withoutCamera(page: CameraPage, id: string): CameraPage {
  const items = page.items.filter((camera) => camera.id !== id);
  return items.length === page.items.length ? page : { ...page, items, total: page.total - 1 };
}

/** The page after one camera changed: the same object if that camera is not its business. */
export function withCamera(page: CameraPage, changed: Camera, asked: CamerasAsked): CameraPage {
  const isOne = belongs(changed, asked);
  if (isOne === false) return withoutCamera(page, changed.id);
  const at = page.items.findIndex((camera) => camera.id === changed.id);
  if (at >= 0) return { ...page, items: replacedAt(page.items, at, changed) };
  if (!isOne || page.hasMore) return page;
  return { ...page, items: sortCameras([...page.items, changed]), total: page.total + 1 };
}

function withCameraInPages(pages: CameraPage[], changed: Camera, asked: CamerasAsked): CameraPage[] {
  const [only] = pages;
  if (only && pages.length === 1) {
    const next = withCamera(only, changed, asked);
    return next === only ? pages : [next];
  }
  if (belongs(changed, asked) === false) return withoutCameraInPages(pages, changed.id);
  const at = pages.findIndex((page) => page.items.some((camera) => camera.id === changed.id));
  const page = pages[at];
  return page ? replacedAt(pages, at, withCamera(page, changed, asked)) : pages;
}

function withoutCameraInPages(pages: CameraPage[], id: string): CameraPage[] {
  const next = pages.map((page) => withoutCamera(page, id));
  if (next.every((page, at) => page === pages[at])) return pages;
  return next.map((page, at) => ({ ...page, total: (pages[at]?.total ?? 1) - 1 }));
}

interface Patch {
  page: (page: CameraPage, asked: CamerasAsked) => CameraPage;
  pages: (pages: CameraPage[], asked: CamerasAsked) => CameraPage[];
  ofPremises: (cameras: Camera[], premises: string) => Camera[];
}

/** Changes every list of cameras that is kept; those that stay the same tell nobody. */
function patchLists(queries: QueryClient, patch: Patch): void {
  for (const { queryKey, state } of queries.getQueryCache().findAll({ queryKey: camerasKey })) {
    const old = state.data as Cached | undefined;
    if (!old) continue;
    const next = patched(old, queryKey, patch);
    if (next !== old) queries.setQueryData(queryKey, next);
  }
}

function patched(old: Cached, queryKey: readonly unknown[], patch: Patch): Cached {
  if (Array.isArray(old)) return patch.ofPremises(old, String(queryKey[2]));
  const asked = queryKey[1] as CamerasAsked;
  if (!("pages" in old)) return patch.page(old, asked);
  const pages = patch.pages(old.pages, asked);
  return pages === old.pages ? old : { ...old, pages };
}

/** One camera is as it is told now. It is replaced where it stands; a new one enters only lists that are complete. */
export function putCamera(queries: QueryClient, changed: Camera): void {
  patchLists(queries, {
    page: (page, asked) => withCamera(page, changed, asked),
    pages: (pages, asked) => withCameraInPages(pages, changed, asked),
    ofPremises: (cameras, premises) => {
      const at = cameras.findIndex((camera) => camera.id === changed.id);
      if (changed.premises_id !== premises) return at < 0 ? cameras : cameras.filter(({ id }) => id !== changed.id);
      return at < 0 ? sortCameras([...cameras, changed]) : replacedAt(cameras, at, changed);
    },
  });
}

/** One camera is gone. */
export function dropCamera(queries: QueryClient, id: string): void {
  patchLists(queries, {
    page: (page) => withoutCamera(page, id),
    pages: (pages) => withoutCameraInPages(pages, id),
    ofPremises: (cameras) =>
      cameras.some((camera) => camera.id === id) ? cameras.filter((camera) => camera.id !== id) : cameras,
  });
}

export function useAddCamera() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: CameraIn) => bodyOf(await api.POST("/api/v1/cameras", { body })),
    onSuccess: (camera) => {
      putCamera(queries, camera);
      // Whoever added it looks for it, also in lists that are only a part.
      void queries.invalidateQueries({ queryKey: camerasKey });
    },
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
    onSuccess: (camera) => putCamera(queries, camera),
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
    onSuccess: (id) => dropCamera(queries, id),
  });
}
