/** How to stay near the live edge without stopping: pure. Seconds everywhere. */

export interface LatencyInput {
  currentS: number;
  /** The buffered range that `currentS` is in, or the last one. */
  startS: number;
  endS: number;
  /** How far behind the edge we want to be. */
  targetS: number;
  /** The picture of `currentS` is still being decoded. */
  isOpening: boolean;
}

export type LatencyMove = { seekToS: number } | { rate: number };

const jumpBehindS = 0.7;

export function decideLatency({ currentS, startS, endS, targetS, isOpening }: LatencyInput): LatencyMove {
  const behindS = endS - currentS;
  const isOutside = currentS < startS - 0.05 || behindS < -0.5;
  // A node begins with the pictures since the last key frame. To jump to the edge at once means to decode all of them before one is
  // shown: the key frame is shown first, and the jump comes behind it. A jump that is under way is not begun anew either.
  if (isOutside || (behindS > jumpBehindS + targetS && !isOpening))
    return { seekToS: Math.max(startS, endS - targetS) };
  if (behindS > targetS + 0.35) return { rate: 1.1 };
  if (behindS > targetS + 0.12) return { rate: 1.04 };
  return { rate: 1 };
}

/** After a stop for want of data: a little further behind; after a quiet while: nearer again. */
export function nextTarget(targetS: number, stalled: boolean): number {
  return stalled ? Math.min(1.2, targetS + 0.2) : Math.max(0.25, targetS - 0.05);
}
