import { useEffect, useRef, useState } from "react";
import { centredOn, hourMs, isInSight, shownAround, type View, withVisible } from "./geometry";

/** Somebody who moved the ruler away from the playhead looks at something else; this long after it follows again. */
export const lookingMs = 8_000;

export interface Ruler {
  view: View;
  /** A person pans or zooms. */
  move: (view: View) => void;
  /** A person has the pointer down on the ruler, or lets go. */
  hold: (isHeld: boolean) => void;
  /** After a jump: the moment is in sight whatever was looked at before. */
  show: (atMs: number) => void;
}

/** The stretch of time that is seen; it follows the playhead while that moves by itself. */
export function useRuler(startMs: number, atMs: number, isMoving: boolean, nowMs: number): Ruler {
  const [view, setView] = useState<View>(() => centredOn(startMs, hourMs, nowMs));
  const isHeld = useRef(false);
  const lookingUntilMs = useRef(0);
  useEffect(() => {
    if (!isMoving || isHeld.current || isInSight(view, atMs) || nowMs < lookingUntilMs.current) return;
    const next = withVisible(view, atMs, nowMs);
    if (next.fromMs !== view.fromMs) setView(next);
  }, [view, atMs, isMoving, nowMs]);
  return {
    view,
    move: (next) => {
      lookingUntilMs.current = isInSight(next, atMs) ? 0 : nowMs + lookingMs;
      setView(next);
    },
    hold: (held) => {
      isHeld.current = held;
    },
    show: (wantedMs) => {
      lookingUntilMs.current = 0;
      setView((old) => shownAround(old, wantedMs, nowMs));
    },
  };
}
