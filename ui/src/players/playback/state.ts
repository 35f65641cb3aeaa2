export type PlaybackState =
  | { kind: "idle" }
  | { kind: "loading"; atMs: number }
  | { kind: "playing"; transcoded?: true }
  | { kind: "paused"; transcoded?: true }
  | { kind: "buffering" }
  | { kind: "gap"; atMs: number; fromMs: number | undefined; toMs: number | undefined }
  | { kind: "ended" }
  | { kind: "error"; code: PlaybackErrorCode; codec: string };

export type PlaybackErrorCode =
  | "codec_unsupported"
  | "refused"
  | "failed"
  | "transcode_full"
  | "transcode_failed"
  | "transcode_off";

export interface Skip {
  fromMs: number;
  toMs: number;
}

export function isSameState(one: PlaybackState, other: PlaybackState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
