import { stage, timelineColours } from "@/shared/theme/tokens";
import { type Gap, type Recorded, ticksOf, type View, xOf } from "./geometry";
import { markHalfPx, type TimelineMark } from "./marks";
import type { Selection } from "./selection";

export interface Lane {
  name: string;
  recorded: Recorded | undefined;
}

export interface TimelineScene {
  view: View;
  widthPx: number;
  heightPx: number;
  zone: string;
  nowMs: number;
  playheadMs: number | undefined;
  hoverMs: number | undefined;
  /** One bar for each camera; names only where there are several. */
  lanes: readonly Lane[];
  selection: Selection | undefined;
  marks: readonly TimelineMark[];
  font: string;
  words: {
    tick: (atMs: number, label: "date" | "minutes" | "seconds") => string;
    gap: (gap: Gap) => string;
    future: string;
  };
}

export const rulerPx = 28;
/** Marks have a lane of their own: on the bars nothing could be told from what is recorded. */
export const marksPx = 18;
const barTopPx = rulerPx + marksPx + 2;

const laneGapPx = 4;
const singlePx = 58;
const lanePx = 26;

interface Bar {
  topPx: number;
  barPx: number;
}

export function timelineHeight(lanes: number): number {
  return barTopPx + 4 + (lanes <= 1 ? singlePx : lanes * lanePx + (lanes - 1) * laneGapPx);
}

function barOf(index: number, lanes: number): Bar {
  if (lanes <= 1) return { topPx: barTopPx, barPx: singlePx };
  return { topPx: barTopPx + index * (lanePx + laneGapPx), barPx: lanePx };
}

/** Which camera's bar is at that height. */
export function laneAt(yPx: number, lanes: number): number {
  return Math.max(0, Math.min(lanes - 1, Math.floor((yPx - barTopPx) / (lanePx + laneGapPx))));
}

/** Draws the ruler, each camera's bar with its gaps, the future, the selection and the playhead. Coordinates are CSS pixels. */
export function drawTimeline(context: CanvasRenderingContext2D, scene: TimelineScene): void {
  const { widthPx, heightPx, lanes } = scene;
  context.clearRect(0, 0, widthPx, heightPx);
  drawRuler(context, scene);
  lanes.forEach((lane, index) => {
    drawLane(context, scene, lane, barOf(index, lanes.length));
  });
  drawSelection(context, scene);
  if (scene.hoverMs !== undefined) {
    context.fillStyle = stage.text2;
    context.fillRect(Math.round(xOf(scene.view, widthPx, scene.hoverMs)), barTopPx, 1, heightPx - barTopPx - 4);
  }
  drawPlayhead(context, scene);
  drawMarks(context, scene);
}

/** A flag for each: a pole where the moment is, and a triangle to its right. */
function drawMarks(context: CanvasRenderingContext2D, { view, widthPx, marks }: TimelineScene): void {
  context.fillStyle = stage.warn;
  for (const { atMs } of marks) {
    const xPx = Math.round(xOf(view, widthPx, atMs));
    if (xPx < -2 * markHalfPx || xPx > widthPx + 2) continue;
    context.fillRect(xPx - 1, rulerPx + 2, 2, marksPx - 2);
    context.beginPath();
    context.moveTo(xPx + 1, rulerPx + 2);
    context.lineTo(xPx + 1 + 2 * markHalfPx, rulerPx + 2 + marksPx / 4);
    context.lineTo(xPx + 1, rulerPx + 2 + marksPx / 2);
    context.fill();
  }
}

/** Whether that height is in the lane of the marks. */
export function isMarkLane(yPx: number): boolean {
  return yPx >= rulerPx && yPx < barTopPx;
}

function drawLane(context: CanvasRenderingContext2D, scene: TimelineScene, lane: Lane, bar: Bar): void {
  context.fillStyle = timelineColours.track;
  context.fillRect(0, bar.topPx, scene.widthPx, bar.barPx);
  drawGaps(context, scene, lane, bar);
  context.fillStyle = timelineColours.recorded;
  for (const span of lane.recorded?.spans ?? []) {
    const [left, right] = edges(scene, span.fromMs, span.toMs);
    if (right > left) context.fillRect(left, bar.topPx, Math.max(1, right - left), bar.barPx);
  }
  drawFuture(context, scene, bar);
  if (scene.lanes.length > 1) drawName(context, scene, lane.name, bar);
}

/** On the bar's own ground, so that it is legible on recorded and hatched stretches alike. */
function drawName(context: CanvasRenderingContext2D, scene: TimelineScene, name: string, bar: Bar): void {
  context.font = `13px ${scene.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const textPx = context.measureText(name).width;
  context.fillStyle = timelineColours.track;
  context.fillRect(0, bar.topPx + 3, textPx + 12, bar.barPx - 6);
  context.fillStyle = stage.text;
  context.fillText(name, 6, bar.topPx + bar.barPx / 2 + 1);
}

function drawSelection(context: CanvasRenderingContext2D, scene: TimelineScene): void {
  if (!scene.selection) return;
  const [left, right] = edges(scene, scene.selection.fromMs, scene.selection.toMs);
  const heightPx = scene.heightPx - barTopPx;
  context.fillStyle = "rgb(255 210 74 / 25%)";
  context.fillRect(left, barTopPx - 2, Math.max(1, right - left), heightPx);
  context.fillStyle = stage.selected;
  context.fillRect(left, barTopPx - 2, 2, heightPx);
  context.fillRect(Math.max(left, right - 2), barTopPx - 2, 2, heightPx);
}

function edges(scene: TimelineScene, fromMs: number, toMs: number): [number, number] {
  const clamp = (xPx: number) => Math.min(scene.widthPx, Math.max(0, xPx));
  return [clamp(xOf(scene.view, scene.widthPx, fromMs)), clamp(xOf(scene.view, scene.widthPx, toMs))];
}

function drawRuler(context: CanvasRenderingContext2D, scene: TimelineScene): void {
  context.font = `12px ${scene.font}`;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  for (const tick of ticksOf(scene.view, scene.widthPx, scene.zone)) {
    const xPx = Math.round(xOf(scene.view, scene.widthPx, tick.atMs));
    context.fillStyle = stage.border;
    context.fillRect(xPx, rulerPx - (tick.isMajor ? 8 : 4), 1, tick.isMajor ? 8 : 4);
    if (!tick.label) continue;
    const text = scene.words.tick(tick.atMs, tick.label);
    const half = context.measureText(text).width / 2;
    if (xPx - half < 2 || xPx + half > scene.widthPx - 2) continue;
    context.fillStyle = tick.label === "date" ? stage.text : stage.text2;
    context.fillText(text, xPx, 14);
  }
}

function hatch(context: CanvasRenderingContext2D, left: number, right: number, { topPx, barPx }: Bar): void {
  context.save();
  context.beginPath();
  context.rect(left, topPx, right - left, barPx);
  context.clip();
  context.strokeStyle = timelineColours.hatch;
  context.lineWidth = 1.2;
  context.beginPath();
  for (let xPx = left - barPx; xPx < right; xPx += 7) {
    context.moveTo(xPx, topPx + barPx);
    context.lineTo(xPx + barPx, topPx);
  }
  context.stroke();
  context.restore();
}

function caption(context: CanvasRenderingContext2D, text: string, left: number, right: number, bar: Bar): void {
  context.font = '13px "Noto Sans CJK SC",system-ui,sans-serif';
  const textPx = context.measureText(text).width;
  if (textPx + 16 > right - left) return;
  const middle = (left + right) / 2;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = timelineColours.track;
  context.fillRect(middle - textPx / 2 - 6, bar.topPx + bar.barPx / 2 - 10, textPx + 12, 20);
  context.fillStyle = stage.text;
  context.fillText(text, middle, bar.topPx + bar.barPx / 2 + 1);
}

/** Gaps are hatched; those planned not to be recorded stay empty. Words where there is room. */
function drawGaps(context: CanvasRenderingContext2D, scene: TimelineScene, lane: Lane, bar: Bar): void {
  for (const gap of lane.recorded?.gaps ?? []) {
    const [left, right] = edges(scene, gap.fromMs, Math.min(gap.toMs, scene.nowMs));
    if (right <= left) continue;
    if (gap.reason !== "not_planned") hatch(context, left, right, bar);
    if (right - left >= 90) caption(context, scene.words.gap(gap), left, right, bar);
  }
}

function drawFuture(context: CanvasRenderingContext2D, scene: TimelineScene, bar: Bar): void {
  const left = Math.max(0, xOf(scene.view, scene.widthPx, scene.nowMs));
  if (left >= scene.widthPx) return;
  context.fillStyle = stage.bg;
  context.fillRect(left, bar.topPx, scene.widthPx - left, bar.barPx);
  context.fillStyle = stage.border;
  context.fillRect(left, bar.topPx, 1, bar.barPx);
  caption(context, scene.words.future, left, scene.widthPx, bar);
}

function drawPlayhead(context: CanvasRenderingContext2D, scene: TimelineScene): void {
  if (scene.playheadMs === undefined) return;
  const xPx = Math.round(xOf(scene.view, scene.widthPx, scene.playheadMs));
  if (xPx < -8 || xPx > scene.widthPx + 8) return;
  context.fillStyle = timelineColours.playhead;
  context.fillRect(xPx - 1, rulerPx - 4, 2, scene.heightPx - rulerPx + 4);
  context.beginPath();
  context.moveTo(xPx - 6, rulerPx - 8);
  context.lineTo(xPx + 6, rulerPx - 8);
  context.lineTo(xPx, rulerPx);
  context.fill();
}
