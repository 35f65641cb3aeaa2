import { MediaSession } from "@/players/mediaSession";
import type { Camera } from "@/shared/api/cameras";
import { fetchMediaToken } from "@/shared/api/mediaTokens";
import { snapshotName } from "./snapshot";

export interface ClipWish {
  fromMs: number;
  toMs: number;
  /** Exactly these pictures; else whole groups from key frame to key frame. */
  isExact: boolean;
  zone: string;
}

export interface SentClip {
  sizeBytes: number;
  /** What is in the file, UTC ms. */
  fromMs: number;
  toMs: number;
}

interface ClipBody {
  path: string;
  size_bytes: number;
  from: string;
  to: string;
}

/** Has the node cut a clip and the browser fetch it, with its own list of downloads and progress. raises: as `MediaSession.post`. */
export async function downloadClip(camera: Camera, wish: ClipWish): Promise<SentClip> {
  const [from, to] = [new Date(wish.fromMs).toISOString(), new Date(wish.toMs).toISOString()];
  const session = new MediaSession(
    () => fetchMediaToken({ camera: camera.id, act: "clip", profile: "main", from, to }),
    {
      renews: false,
    },
  );
  try {
    const name = snapshotName(camera, wish.fromMs, wish.zone).replace(/\.jpg$/, "");
    const response = await session.post(`/play/${camera.id}/clips`, { from, to, exact: wish.isExact, name });
    const made = (await response.json()) as ClipBody;
    followLink(session.mediaUrl + made.path);
    return { sizeBytes: made.size_bytes, fromMs: Date.parse(made.from), toMs: Date.parse(made.to) };
  } finally {
    session.close();
  }
}

/** The answer is an attachment: the page stays. */
function followLink(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}
