export type PlaybackState =
  | { kind: "idle" }
  | { kind: "loading"; atMs: number }
  | { kind: "playing" }
  | { kind: "paused" }
  | { kind: "buffering" }
  | { kind: "gap"; atMs: number; fromMs: number | undefined; toMs: number | undefined }
  | { kind: "ended" }
  | { kind: "error"; code: "codec_unsupported" | "refused" | "failed"; codec: string };

export interface Skip {
  fromMs: number;
  toMs: number;
}

export function isSameState(one: PlaybackState, other: PlaybackState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
