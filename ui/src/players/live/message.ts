/** What a media node says on the live socket (docs/design/media-path.md §4.1): bytes and text ↔ values, pure. */

export interface TrackHello {
  mime: string;
}

export interface Hello {
  type: "hello";
  profile: "main" | "sub";
  /** transcoded: made anew by the node, smaller than the camera sends it. */
  video: { mime: string; width: number; height: number; transcoded?: boolean };
  audio: { mime: string; transcoded: boolean } | null;
}

export type TextMessage =
  | Hello
  | { type: "state"; state: string; reason: string | null; since: string | null }
  | { type: "lag"; dropped_gops: number }
  | { type: "lease"; expires_in_s: number }
  | { type: "transcode"; state: "restarting" | "running" }
  | { type: "end"; code: string };

export interface MediaMessage {
  kind: "video_init" | "video" | "audio_init" | "audio";
  atKey: boolean;
  discontinuity: boolean;
  /** UTC of the first frame, microseconds. */
  firstAtUs: number;
  bytes: Uint8Array<ArrayBuffer>;
}

const kinds = [undefined, "video_init", "video", "audio_init", "audio"] as const;
export const headerBytes = 10;

/** raises: RangeError if it is no media message. */
export function parseMedia(data: ArrayBuffer): MediaMessage {
  const view = new DataView(data);
  if (data.byteLength <= headerBytes) throw new RangeError("media message is too short");
  const kind = kinds[view.getUint8(0)];
  if (!kind) throw new RangeError(`unknown kind ${view.getUint8(0)}`);
  const flags = view.getUint8(1);
  return {
    kind,
    atKey: (flags & 1) !== 0,
    discontinuity: (flags & 2) !== 0,
    firstAtUs: Number(view.getBigUint64(2)),
    bytes: new Uint8Array(data, headerBytes),
  };
}

/** returns: undefined for a type that this version does not know (a newer node may say more).  raises: SyntaxError. */
export function parseText(data: string): TextMessage | undefined {
  const value: unknown = JSON.parse(data);
  if (typeof value !== "object" || value === null || !("type" in value)) throw new SyntaxError("not a message");
  const known = ["hello", "state", "lag", "lease", "transcode", "end"];
  return known.includes(String(value.type)) ? (value as TextMessage) : undefined;
}

function findBox(view: DataView, from: number, to: number, type: string): [number, number] | undefined {
  for (let at = from; at + 8 <= to; ) {
    const size = view.getUint32(at);
    const name = String.fromCharCode(
      view.getUint8(at + 4),
      view.getUint8(at + 5),
      view.getUint8(at + 6),
      view.getUint8(at + 7),
    );
    if (size < 8 || at + size > to) return undefined;
    if (name === type) return [at + 8, at + size];
    at += size;
  }
  return undefined;
}

/** The tfdt of a fragment's first track, in that track's ticks; undefined if there is none. ISO/IEC 14496-12 §8.8.12. */
export function readDecodeTime(fragment: Uint8Array): number | undefined {
  const view = new DataView(fragment.buffer, fragment.byteOffset, fragment.byteLength);
  let range: [number, number] | undefined = [0, fragment.byteLength];
  for (const type of ["moof", "traf", "tfdt"]) range = range && findBox(view, range[0], range[1], type);
  if (!range || range[1] - range[0] < 8) return undefined;
  const isLong = view.getUint8(range[0]) === 1;
  if (isLong && range[1] - range[0] < 12) return undefined;
  return isLong ? Number(view.getBigUint64(range[0] + 4)) : view.getUint32(range[0] + 4);
}
