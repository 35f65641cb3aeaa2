import type { VideoPort } from "./ports";

/** What the HLS driver needs of a browser beyond the live driver's, so that a test can be one. */

export interface HlsAnswer {
  status: number;
  /** The list of lists, to be given to the element; "" if there is none. */
  url: string;
}

export interface HlsPicture {
  width: number;
  height: number;
  /** UTC of the element's time 0, ms; undefined where the browser does not tell it. */
  zeroAtMs: number | undefined;
  /** The element's time of the newest that may be shown. */
  edgeS: number;
}

export interface HlsPorts {
  /** This browser plays HLS by itself. */
  readonly hasNativeHls: boolean;
  /** Whether its own player takes these pictures and sound (RFC 6381). */
  canPlayHls(codecs: string): boolean;
  /** raises: TypeError if the node cannot be reached. */
  openAddress(url: string, token: string): Promise<HlsAnswer>;
  /** The list of lists, or what the node says instead. raises: TypeError. */
  readAddress(url: string): Promise<{ status: number; body: string }>;
  /** returns: the status. raises: TypeError. */
  renewAddress(url: string, token: string): Promise<number>;
  /** Also while the page goes away; nobody waits for it. */
  endAddress(url: string, token: string): void;
  /** Has the element play the address until the answer is called. */
  playAddress(video: VideoPort, url: string, onBroken: () => void): () => void;
  readPicture(video: VideoPort): HlsPicture;
}

const hlsType = "application/vnd.apple.mpegurl";

/** WebKit tells the instant of the first picture by the list's EXT-X-PROGRAM-DATE-TIME. */
type DatedVideo = HTMLVideoElement & { getStartDate?: () => Date };

async function ask(url: string, token: string, method: string, keepalive = false): Promise<Response> {
  return fetch(url, { method, keepalive, credentials: "omit", headers: { Authorization: `Bearer ${token}` } });
}

/** The address without the name of its list. */
function folderOf(url: string): string {
  return url.slice(0, url.lastIndexOf("/"));
}

export function hlsPorts(): HlsPorts {
  const probe = document.createElement("video");
  return {
    hasNativeHls: probe.canPlayType(hlsType) !== "",
    canPlayHls: (codecs) => probe.canPlayType(`video/mp4; codecs="${codecs}"`) !== "",
    openAddress: async (url, token) => {
      const answer = await ask(url, token, "POST");
      const location = answer.headers.get("Location");
      return { status: answer.status, url: location ? new URL(location, answer.url).href : "" };
    },
    readAddress: async (url) => {
      const answer = await fetch(url, { credentials: "omit" });
      return { status: answer.status, body: await answer.text() };
    },
    renewAddress: async (url, token) => (await ask(`${folderOf(url)}/renew`, token, "POST")).status,
    endAddress: (url, token) => {
      ask(folderOf(url), token, "DELETE", true).catch(() => undefined);
    },
    playAddress: (video, url, onBroken) => {
      const element = video as HTMLVideoElement;
      // Without CORS, a node at another origin lets no page have its media (Cross-Origin-Resource-Policy).
      if (new URL(url).origin === location.origin) element.removeAttribute("crossorigin");
      else element.crossOrigin = "anonymous";
      element.addEventListener("error", onBroken);
      element.src = url;
      return () => {
        element.removeEventListener("error", onBroken);
        element.removeAttribute("src");
        element.load();
      };
    },
    readPicture: (video) => {
      const element = video as DatedVideo;
      const zeroAtMs = element.getStartDate?.().getTime() ?? Number.NaN;
      const { seekable } = element;
      return {
        width: element.videoWidth,
        height: element.videoHeight,
        zeroAtMs: Number.isFinite(zeroAtMs) ? zeroAtMs : undefined,
        edgeS: seekable.length > 0 ? seekable.end(seekable.length - 1) : element.currentTime,
      };
    },
  };
}
