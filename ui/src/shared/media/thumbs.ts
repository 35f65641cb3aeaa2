import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { MediaRefused, MediaSession } from "@/players/mediaSession";
import { fetchMediaToken } from "@/shared/api/mediaTokens";
import { useDelayed } from "@/shared/useDelayed";

/** Stills of cameras, kept as blobs and shown by object URLs; one small session per camera. */
export interface Still {
  blob: Blob;
  /** UTC of the frame, ms; NaN if the node did not say. */
  atMs: number;
}

const sessions = new Map<string, MediaSession>();

function sessionOf(camera: string, profile: "main" | "sub"): MediaSession {
  const key = `${camera}/${profile}`;
  let session = sessions.get(key);
  if (!session) {
    session = new MediaSession(() => fetchMediaToken({ camera, act: "thumb", profile }), { renews: false });
    sessions.set(key, session);
  }
  return session;
}

/** No handle outlives the person it was given to. */
export function closeThumbSessions(): void {
  for (const session of sessions.values()) session.close();
  sessions.clear();
}

interface Wanted {
  profile: "main" | "sub";
  widthPx: number;
  /** undefined: the newest. */
  atMs?: number;
}

async function fetchStill(camera: string, wanted: Wanted, signal: AbortSignal): Promise<Still | null> {
  const { profile, widthPx, atMs } = wanted;
  const query = new URLSearchParams({ profile, width: String(widthPx) });
  if (atMs !== undefined) query.set("at", new Date(atMs).toISOString());
  try {
    const response = await sessionOf(camera, profile).get(`/thumb/${camera}?${query}`, signal);
    return { blob: await response.blob(), atMs: Date.parse(response.headers.get("BK-Frame-At") ?? "") };
  } catch (error) {
    // The node has no picture of this camera yet: that is an answer, not a failure.
    if (error instanceof MediaRefused && error.status === 404) return null;
    throw error;
  }
}

/** The newest still; refreshed while `isFresh`, else the last one there is. */
export function useStill(camera: string, options: { profile?: "main" | "sub"; widthPx?: number; isFresh: boolean }) {
  const { profile = "main", widthPx = 320, isFresh } = options;
  const query = useQuery({
    queryKey: ["still", camera, profile, widthPx],
    queryFn: ({ signal }) => fetchStill(camera, { profile, widthPx }, signal),
    staleTime: 20_000,
    // A camera that has just come has its first picture soon.
    refetchInterval: ({ state }) => (isFresh ? (state.data === null ? 5_000 : 30_000) : false),
    retry: false,
  });
  const url = useObjectUrl(query.data?.blob);
  return { url, atMs: query.data?.atMs ?? Number.NaN, isLoading: query.isPending };
}

const pastWidthPx = 640;

/** The still nearest before that moment, else the newest there is; undefined: none is wanted. */
export function useStillAt(camera: string, wish: { atMs: number } | "newest" | undefined) {
  const atMs = wish === undefined || wish === "newest" ? undefined : Math.floor(wish.atMs / 1000) * 1000;
  const query = useQuery({
    queryKey: ["stillAt", camera, atMs ?? "newest"],
    enabled: wish !== undefined,
    queryFn: async ({ signal }) => {
      const wanted = { profile: "main", widthPx: pastWidthPx } as const;
      const past = atMs === undefined ? null : await fetchStill(camera, { ...wanted, atMs }, signal);
      return past ?? (await fetchStill(camera, wanted, signal));
    },
    staleTime: atMs === undefined ? 20_000 : Number.POSITIVE_INFINITY,
    retry: false,
  });
  const still = wish === undefined ? undefined : (query.data ?? undefined);
  const url = useObjectUrl(still?.blob);
  return still && url ? { url, atMs: still.atMs } : undefined;
}

/** How long the pointer rests on a place before its still is asked for. */
const hoverRestMs = 60;
const hoverKeptMs = 60_000;

/** The still under a pointer that moves along a timeline: asked for where it rests, given up where it moves on. */
export function useHoverStill(camera: string, atMs: number | undefined, widthPx: number) {
  const settled = useDelayed(atMs === undefined ? "" : String(atMs), hoverRestMs);
  const restingMs = settled ? Number(settled) : undefined;
  const query = useQuery({
    queryKey: ["stillHover", camera, restingMs ?? 0, widthPx],
    enabled: restingMs !== undefined,
    queryFn: ({ signal }) => fetchStill(camera, { profile: "main", widthPx, atMs: restingMs ?? 0 }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: hoverKeptMs,
    retry: false,
    // The neighbour's picture until this one is there, never another camera's.
    placeholderData: (old, before) => (before?.queryKey[1] === camera ? old : undefined),
  });
  const still = atMs === undefined ? undefined : (query.data ?? undefined);
  const url = useObjectUrl(still?.blob);
  return still && url ? { url, atMs: still.atMs } : undefined;
}

export function useObjectUrl(blob: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!blob) {
      setUrl(undefined);
      return;
    }
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}
