/** How to stay near the live edge without stopping: pure. Seconds everywhere. */

export interface LatencyInput {
  currentS: number;
  /** The buffered range that `currentS` is in, or the last one. */
  startS: number;
  endS: number;
  /** How far behind the edge we want to be. */
  targetS: number;
}

export type LatencyMove = { seekToS: number } | { rate: number };

const jumpBehindS = 0.7;

export function decideLatency({ currentS, startS, endS, targetS }: LatencyInput): LatencyMove {
  const behindS = endS - currentS;
  if (currentS < startS - 0.05 || behindS > jumpBehindS + targetS || behindS < -0.5)
    return { seekToS: Math.max(startS, endS - targetS) };
  if (behindS > targetS + 0.35) return { rate: 1.1 };
  if (behindS > targetS + 0.12) return { rate: 1.04 };
  return { rate: 1 };
}

/** After a stop for want of data: a little further behind; after a quiet while: nearer again. */
export function nextTarget(targetS: number, stalled: boolean): number {
  return stalled ? Math.min(1.2, targetS + 0.2) : Math.max(0.25, targetS - 0.05);
}
