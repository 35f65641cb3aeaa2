import type { PlaybackState } from "@/players/playback/state";
import { neighbours, type Recorded } from "./geometry";

export type StillWish = { atMs: number } | "newest" | undefined;

/** This much before the end of a recording there surely is a picture of it. */
const insideMs = 500;

/** The still that stands under the words: the last picture before the moment; undefined while the video shows one. */
export function stillWishOf(state: PlaybackState, atMs: number, recorded: Recorded | undefined): StillWish {
  if (state.kind === "idle" || state.kind === "error") return { atMs };
  if (state.kind === "loading") return { atMs: state.atMs };
  if (state.kind !== "gap") return undefined;
  const beforeMs = state.fromMs ?? (recorded && neighbours(recorded, state.atMs).beforeMs);
  if (beforeMs !== undefined) return { atMs: beforeMs - insideMs };
  return recorded ? "newest" : undefined;
}
