/** Marks on the timeline: pure. */

import { type View, xOf } from "./geometry";

export interface TimelineMark {
  id: string;
  atMs: number;
  note: string;
  byName: string;
  isOwn: boolean;
}

/** Half of a mark's width, px. */
export const markHalfPx = 6;

/** What the server tells of a timeline, as far as people marked it, by time. */
export function marksOf(
  events: readonly {
    kind: string;
    from: string;
    object_id: string;
    note: string;
    by_name: string;
    abilities: readonly string[];
  }[],
): TimelineMark[] {
  return events
    .filter(({ kind }) => kind === "mark")
    .map((event) => ({
      id: event.object_id,
      atMs: Date.parse(event.from),
      note: event.note,
      byName: event.by_name,
      isOwn: event.abilities.includes("mark.change"),
    }))
    .sort((one, other) => one.atMs - other.atMs);
}

/** The mark below the pointer, the nearest one where several lie; undefined: none. */
export function markAt(marks: readonly TimelineMark[], view: View, widthPx: number, xPx: number) {
  let found: TimelineMark | undefined;
  let nearestPx = markHalfPx + 2;
  for (const mark of marks) {
    const awayPx = Math.abs(xOf(view, widthPx, mark.atMs) - xPx);
    if (awayPx <= nearestPx) [found, nearestPx] = [mark, awayPx];
  }
  return found;
}

/** The mark before or after a moment; so near that it is the one just gone to, it does not count. */
export function markBeside(marks: readonly TimelineMark[], atMs: number, direction: 1 | -1): TimelineMark | undefined {
  return direction === 1
    ? marks.find((mark) => mark.atMs > atMs + 500)
    : marks.filter((mark) => mark.atMs < atMs - 2_000).at(-1);
}
