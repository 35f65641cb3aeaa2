import { MediaRefused, MediaSession } from "@/players/mediaSession";
import type { Camera } from "@/shared/api/cameras";
import { fetchMediaToken } from "@/shared/api/mediaTokens";
import { formatClock, formatIsoDate } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";

export interface SavedSnapshot {
  /** UTC of the saved frame, ms. */
  atMs: number;
  /** UTC of the frame that was on the screen, ms, where another one was saved. */
  insteadOfMs: number | undefined;
}

/** Frames of one camera may be this far apart and still be the one that was shown. */
const sameFrameMs = 1_000;

/** Takes the frame shown at `atMs` (now if undefined) from the node and saves it. raises: as `MediaSession.get`. */
export async function saveSnapshot(
  camera: Camera,
  options: { profile: "main" | "sub"; atMs?: number; zone: string },
): Promise<SavedSnapshot> {
  const at = options.atMs === undefined ? undefined : new Date(options.atMs).toISOString();
  const session = new MediaSession(
    () =>
      fetchMediaToken({
        camera: camera.id,
        act: "snapshot",
        profile: options.profile,
        // The token of a past moment names the stretch it may be used for.
        ...(at === undefined || options.atMs === undefined
          ? {}
          : {
              from: new Date(options.atMs - 60_000).toISOString(),
              to: new Date(options.atMs + 1_000).toISOString(),
            }),
      }),
    { renews: false },
  );
  try {
    const query = new URLSearchParams({ profile: options.profile, ...(at ? { at } : {}) });
    const response = await session.get(`/snapshot/${camera.id}?${query}`);
    const saidMs = Date.parse(response.headers.get("BK-Frame-At") ?? "");
    const frameAtMs = Number.isNaN(saidMs) ? (options.atMs ?? serverNowMs()) : saidMs;
    saveBlob(await response.blob(), snapshotName(camera, frameAtMs, options.zone));
    const isOther = options.atMs !== undefined && Math.abs(frameAtMs - options.atMs) > sameFrameMs;
    return { atMs: frameAtMs, insteadOfMs: isOther ? options.atMs : undefined };
  } finally {
    session.close();
  }
}

/** 站前小学食堂_烹饪间_20261123-084107.jpg, without characters that a file system refuses. */
export function snapshotName(camera: Pick<Camera, "premises_name" | "name">, atMs: number, zone: string): string {
  const when = `${formatIsoDate(atMs, zone).replaceAll("-", "")}-${formatClock(atMs, zone).replaceAll(":", "")}`;
  const clean = (text: string) => text.replace(/[\p{Cc}\\/:*?"<>|]/gu, "-").slice(0, 60);
  return [clean(camera.premises_name), clean(camera.name), when].filter(Boolean).join("_").concat(".jpg");
}

function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The frame on the screen if it is recorded already, else the one the camera shows now. */
export async function saveLiveSnapshot(
  camera: Camera,
  options: { shownAtMs: number | undefined; zone: string },
): Promise<SavedSnapshot> {
  const { shownAtMs, zone } = options;
  if (shownAtMs === undefined) return saveSnapshot(camera, { profile: "main", zone });
  try {
    return await saveSnapshot(camera, { profile: "main", atMs: shownAtMs, zone });
  } catch (error) {
    // 404: not recorded; 503: that very picture could not be decoded.
    if (!(error instanceof MediaRefused) || (error.status !== 404 && error.status !== 503)) throw error;
    const { atMs } = await saveSnapshot(camera, { profile: "main", zone });
    return { atMs, insteadOfMs: shownAtMs };
  }
}
