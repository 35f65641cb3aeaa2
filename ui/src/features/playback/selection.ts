/** The range that is marked on the timeline. Pure. */

export interface Selection {
  fromMs: number;
  toMs: number;
}

export const longestClipMs = 6 * 3_600_000;
const shortestMs = 40;

/** An edge set at an instant; the other one moves along if it would be on the wrong side. */
export function withEdge(old: Selection | undefined, edge: "in" | "out", atMs: number): Selection {
  const other = edge === "in" ? (old?.toMs ?? atMs) : (old?.fromMs ?? atMs);
  return edge === "in"
    ? { fromMs: atMs, toMs: Math.min(Math.max(other, atMs), atMs + longestClipMs) }
    : { fromMs: Math.max(Math.min(other, atMs), atMs - longestClipMs), toMs: atMs };
}

/** The range between two instants, whichever is first; at most what one clip may hold, counted from the first one named. */
export function between(anchorMs: number, atMs: number): Selection {
  const edgeMs = Math.max(anchorMs - longestClipMs, Math.min(anchorMs + longestClipMs, atMs));
  return { fromMs: Math.min(anchorMs, edgeMs), toMs: Math.max(anchorMs, edgeMs) };
}

export function isRange(selection: Selection | undefined): selection is Selection {
  return selection !== undefined && selection.toMs - selection.fromMs >= shortestMs;
}
