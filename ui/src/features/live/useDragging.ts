import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { type Carried, type Drop, dropOf, type Wall } from "./wall";

/** Nearer to where it was pressed it is a click. */
const beginsAfterPx = 6;

export interface Over {
  target: number | "outside";
  drop: Drop;
}

export interface Dragging {
  /** What is in the hand, by its name; undefined: nothing. */
  label: string | undefined;
  /** What letting go now would do; undefined: nothing. */
  over: Over | undefined;
  /** Follows the pointer while something is dragged. */
  ghost: RefObject<HTMLDivElement | null>;
  /** For `onPointerDown` of what can be dragged. By touch one scrolls. */
  begin: (event: PointerEvent, carried: Carried, label: string) => void;
}

/** Where the pointer is: a place of the wall, outside of the wall, or on the wall between two places. */
function targetAt(x: number, y: number): number | "outside" | undefined {
  const element = document.elementFromPoint(x, y);
  const place = element?.closest<HTMLElement>("[data-place]")?.dataset.place;
  if (place !== undefined) return Number(place);
  return element?.closest(".bk-wall") ? undefined : "outside";
}

/** Dragging with the mouse or a pen: from the list onto the wall, from tile to tile, out of the wall. Esc gives it up. */
export function useDragging(wall: Wall, onDrop: (carried: Carried, target: number | "outside") => void): Dragging {
  const [label, setLabel] = useState<string>();
  const [over, setOver] = useState<Over>();
  const ghost = useRef<HTMLDivElement>(null);
  const latest = useRef({ wall, onDrop });
  latest.current = { wall, onDrop };
  const giveUp = useRef<() => void>(() => undefined);
  useEffect(() => () => giveUp.current(), []);
  const begin = (event: PointerEvent, carried: Carried, name: string) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    giveUp.current();
    const [fromX, fromY] = [event.clientX, event.clientY];
    let isDragging = false;
    const look = ({ clientX, clientY }: { clientX: number; clientY: number }) => {
      const target = targetAt(clientX, clientY);
      const drop = target === undefined ? undefined : dropOf(latest.current.wall, carried, target);
      return target !== undefined && drop !== undefined ? { target, drop } : undefined;
    };
    const onMove = (moved: globalThis.PointerEvent) => {
      if (!isDragging && Math.hypot(moved.clientX - fromX, moved.clientY - fromY) < beginsAfterPx) return;
      isDragging = true;
      setLabel(name);
      const next = look(moved);
      setOver((old) => (old?.target === next?.target && old?.drop === next?.drop ? old : next));
      if (ghost.current) ghost.current.style.transform = `translate(${moved.clientX + 12}px, ${moved.clientY + 12}px)`;
    };
    const onUp = (released: globalThis.PointerEvent) => {
      const found = isDragging ? look(released) : undefined;
      if (isDragging) swallowClick();
      end();
      if (found) latest.current.onDrop(carried, found.target);
    };
    const onKey = (pressed: KeyboardEvent) => {
      if (pressed.code !== "Escape" || !isDragging) return;
      pressed.preventDefault();
      pressed.stopImmediatePropagation();
      end();
    };
    const end = () => {
      giveUp.current = () => undefined;
      window.removeEventListener("pointermove", onMove);
      window.removeEventListener("pointerup", onUp);
      window.removeEventListener("pointercancel", end);
      window.removeEventListener("blur", end);
      window.removeEventListener("keydown", onKey, true);
      setLabel(undefined);
      setOver(undefined);
    };
    giveUp.current = end;
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp);
    window.addEventListener("pointercancel", end);
    window.addEventListener("blur", end);
    window.addEventListener("keydown", onKey, true);
  };
  return { label, over, ghost, begin };
}

/** The click that a browser sends after a drag is none. */
function swallowClick(): void {
  const swallow = (event: MouseEvent) => {
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", swallow, true));
}
