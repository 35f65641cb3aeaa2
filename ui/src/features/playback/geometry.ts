/** The timeline's ruler: milliseconds of UTC ↔ pixels. Pure. */

import { zoneOffsetMs } from "@/shared/time/format";

export interface View {
  fromMs: number;
  toMs: number;
}

export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/** Named levels, widest first; the wheel moves freely between them. */
export const levels = [
  { key: "day", spanMs: dayMs },
  { key: "six", spanMs: 6 * hourMs },
  { key: "hour", spanMs: hourMs },
  { key: "ten", spanMs: 10 * minuteMs },
  { key: "one", spanMs: minuteMs },
] as const;

const widestMs = 7 * dayMs;
const narrowestMs = 20 * secondMs;

export function spanOf(view: View): number {
  return view.toMs - view.fromMs;
}

export function xOf(view: View, widthPx: number, atMs: number): number {
  return ((atMs - view.fromMs) / spanOf(view)) * widthPx;
}

export function timeAt(view: View, widthPx: number, xPx: number): number {
  return view.fromMs + (xPx / widthPx) * spanOf(view);
}

/** The same view, moved so that it reaches no further past now than an eighth of itself. */
export function clampToNow(view: View, nowMs: number): View {
  const overMs = view.toMs - (nowMs + spanOf(view) / 8);
  return overMs > 0 ? { fromMs: view.fromMs - overMs, toMs: view.toMs - overMs } : view;
}

/** factor > 1 shows more. The time under the pointer stays under it, unless now is in the way. */
export function zoomAt(view: View, pinnedMs: number, factor: number, nowMs: number): View {
  const spanMs = Math.min(widestMs, Math.max(narrowestMs, spanOf(view) * factor));
  const share = (pinnedMs - view.fromMs) / spanOf(view);
  const fromMs = pinnedMs - share * spanMs;
  return clampToNow({ fromMs, toMs: fromMs + spanMs }, nowMs);
}

export function panBy(view: View, shiftMs: number, nowMs: number): View {
  return clampToNow({ fromMs: view.fromMs + shiftMs, toMs: view.toMs + shiftMs }, nowMs);
}

export function centredOn(atMs: number, spanMs: number, nowMs: number): View {
  return clampToNow({ fromMs: atMs - spanMs / 2, toMs: atMs + spanMs / 2 }, nowMs);
}

/** Whether the playhead can be seen, not just at the right edge. */
export function isInSight(view: View, atMs: number): boolean {
  return atMs >= view.fromMs && atMs <= view.toMs - spanOf(view) / 20;
}

/** After a jump: the same view if the moment can be seen in it, else one of the same width around the moment. */
export function shownAround(view: View, atMs: number, nowMs: number): View {
  return isInSight(view, atMs) ? view : centredOn(atMs, spanOf(view), nowMs);
}

/** The view moved just enough that `atMs` is inside with a margin of a tenth. */
export function withVisible(view: View, atMs: number, nowMs: number): View {
  const marginMs = spanOf(view) / 10;
  if (isInSight(view, atMs)) return view;
  return atMs < view.fromMs
    ? panBy(view, atMs - view.fromMs - marginMs, nowMs)
    : panBy(view, atMs - view.toMs + 8 * marginMs, nowMs);
}

export interface Tick {
  atMs: number;
  isMajor: boolean;
  /** "date" at midnight, else as fine as the step. */
  label: "date" | "minutes" | "seconds" | "";
}

const steps = [
  [1 * secondMs, 5 * secondMs],
  [5 * secondMs, 15 * secondMs],
  [10 * secondMs, minuteMs],
  [minuteMs, 5 * minuteMs],
  [2 * minuteMs, 10 * minuteMs],
  [5 * minuteMs, 30 * minuteMs],
  [15 * minuteMs, hourMs],
  [30 * minuteMs, 2 * hourMs],
  [hourMs, 4 * hourMs],
  [3 * hourMs, 12 * hourMs],
  [6 * hourMs, dayMs],
] as const;

/** Ticks on the zone's round times; labels never nearer than `labelPx`. */
export function ticksOf(view: View, widthPx: number, zone: string, labelPx = 76): Tick[] {
  const perPx = spanOf(view) / widthPx;
  const [minorMs, majorMs] = steps.find(([, major]) => major / perPx >= labelPx) ?? [6 * hourMs, dayMs];
  const offsetMs = zoneOffsetMs((view.fromMs + view.toMs) / 2, zone);
  const ticks: Tick[] = [];
  const firstLocal = Math.ceil((view.fromMs + offsetMs) / minorMs) * minorMs;
  for (let local = firstLocal; local <= view.toMs + offsetMs && ticks.length < 2_000; local += minorMs) {
    const isMajor = local % majorMs === 0;
    const isMidnight = local % dayMs === 0;
    const label = !isMajor ? "" : isMidnight ? "date" : majorMs < minuteMs ? "seconds" : "minutes";
    ticks.push({ atMs: local - offsetMs, isMajor, label });
  }
  return ticks;
}

export interface Stretch {
  fromMs: number;
  toMs: number;
}

export interface Gap extends Stretch {
  reason: string;
}

export interface Recorded {
  spans: Stretch[];
  gaps: Gap[];
  firstAtMs: number | undefined;
  lastAtMs: number | undefined;
}

export function isRecordedAt(recorded: Recorded, atMs: number): boolean {
  return recorded.spans.some((span) => atMs >= span.fromMs && atMs < span.toMs);
}

export function gapAt(recorded: Recorded, atMs: number): Gap | undefined {
  return recorded.gaps.find((gap) => atMs >= gap.fromMs && atMs < gap.toMs);
}

/** The nearest recorded instants around one that is not recorded. */
export function neighbours(
  recorded: Recorded,
  atMs: number,
): { beforeMs: number | undefined; afterMs: number | undefined } {
  let beforeMs: number | undefined;
  let afterMs: number | undefined;
  for (const span of recorded.spans) {
    if (span.toMs <= atMs && (beforeMs === undefined || span.toMs > beforeMs)) beforeMs = span.toMs;
    if (span.fromMs > atMs && (afterMs === undefined || span.fromMs < afterMs)) afterMs = span.fromMs;
  }
  return { beforeMs, afterMs };
}
