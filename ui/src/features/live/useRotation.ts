import { useEffect, useRef, useState } from "react";
import {
  beginRotation,
  isTurning,
  opensAhead,
  paused,
  progressOf,
  type Rotation,
  resumed,
  ticked,
  withFormerGroup,
  withNextGroup,
} from "./rotation";

const tickMs = 250;

export interface Turning {
  rotation: Rotation | undefined;
  /** Opened now for the next group, unseen. */
  ahead: readonly string[];
  /** Of this group's time, 0 to 1. */
  progress: number;
  /** There is more than one group. */
  isTurning: boolean;
  isPausedByHand: boolean;
  setPausedByHand: (isPaused: boolean) => void;
  step: (direction: 1 | -1) => void;
}

const nobody: readonly string[] = [];

/** Lets these cameras take turns on a wall. isBusy: somebody looks at one of them, so all wait. */
export function useRotation(
  ids: readonly string[] | undefined,
  size: number,
  dwellS: number,
  isBusy: boolean,
  hasPicture: (id: string) => boolean,
): Turning {
  const [rotation, setRotation] = useState<Rotation>();
  const [ahead, setAhead] = useState(nobody);
  const [progress, setProgress] = useState(0);
  const [isPausedByHand, setPausedByHand] = useState(false);
  const latest = useRef(hasPicture);
  latest.current = hasPicture;
  const names = ids?.join(" ");
  useEffect(() => {
    setRotation(names ? beginRotation(names.split(" "), size, dwellS, performance.now()) : undefined);
    setAhead(nobody);
    if (!names) setPausedByHand(false);
  }, [names, size, dwellS]);
  const isPaused = isBusy || isPausedByHand;
  const isThere = rotation !== undefined;
  useEffect(() => {
    if (!isThere) return;
    setRotation((old) => old && (isPaused ? paused : resumed)(old, performance.now()));
    const timer = setInterval(() => {
      setRotation((old) => old && ticked(old, performance.now(), latest.current));
    }, tickMs);
    return () => clearInterval(timer);
  }, [isThere, isPaused]);
  useEffect(() => {
    if (!rotation) return;
    const look = () => {
      const nowMs = performance.now();
      const next = opensAhead(rotation, nowMs);
      setAhead((old) => (old.join(" ") === next.join(" ") ? old : next));
      setProgress(progressOf(rotation, nowMs));
    };
    look();
    const timer = setInterval(look, tickMs);
    return () => clearInterval(timer);
  }, [rotation]);
  return {
    rotation,
    ahead: rotation ? ahead : nobody,
    progress,
    isTurning: rotation !== undefined && isTurning(rotation),
    isPausedByHand,
    setPausedByHand,
    step: (direction) =>
      setRotation((old) => old && (direction > 0 ? withNextGroup : withFormerGroup)(old, performance.now())),
  };
}
