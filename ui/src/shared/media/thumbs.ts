import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { MediaRefused, MediaSession } from "@/players/mediaSession";
import { fetchMediaToken } from "@/shared/api/mediaTokens";

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

async function fetchStill(
  camera: string,
  profile: "main" | "sub",
  widthPx: number,
  signal: AbortSignal,
): Promise<Still | null> {
  try {
    const response = await sessionOf(camera, profile).get(
      `/thumb/${camera}?profile=${profile}&width=${widthPx}`,
      signal,
    );
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
    queryFn: ({ signal }) => fetchStill(camera, profile, widthPx, signal),
    staleTime: 20_000,
    // A camera that has just come has its first picture soon.
    refetchInterval: ({ state }) => (isFresh ? (state.data === null ? 5_000 : 30_000) : false),
    retry: false,
  });
  const url = useObjectUrl(query.data?.blob);
  return { url, atMs: query.data?.atMs ?? Number.NaN, isLoading: query.isPending };
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
