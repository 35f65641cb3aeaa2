import { stage, timelineColours } from "@/shared/theme/tokens";
import { type Gap, type Recorded, ticksOf, type View, xOf } from "./geometry";

export interface TimelineScene {
  view: View;
  widthPx: number;
  heightPx: number;
  zone: string;
  nowMs: number;
  playheadMs: number | undefined;
  hoverMs: number | undefined;
  recorded: Recorded | undefined;
  font: string;
  words: {
    tick: (atMs: number, label: "date" | "minutes" | "seconds") => string;
    gap: (gap: Gap) => string;
    future: string;
  };
}

export const rulerPx = 28;
const barTopPx = rulerPx + 6;

/** Draws the ruler, the bar with its gaps, the future and the playhead. Coordinates are CSS pixels. */
export function drawTimeline(context: CanvasRenderingContext2D, scene: TimelineScene): void {
  const { widthPx, heightPx } = scene;
  context.clearRect(0, 0, widthPx, heightPx);
  drawRuler(context, scene);
  const barPx = heightPx - barTopPx - 4;
  context.fillStyle = timelineColours.track;
  context.fillRect(0, barTopPx, widthPx, barPx);
  drawGaps(context, scene, barPx);
  context.fillStyle = timelineColours.recorded;
  for (const span of scene.recorded?.spans ?? []) {
    const [left, right] = edges(scene, span.fromMs, span.toMs);
    if (right > left) context.fillRect(left, barTopPx, Math.max(1, right - left), barPx);
  }
  drawFuture(context, scene, barPx);
  if (scene.hoverMs !== undefined) {
    context.fillStyle = stage.text2;
    context.fillRect(Math.round(xOf(scene.view, widthPx, scene.hoverMs)), barTopPx, 1, barPx);
  }
  drawPlayhead(context, scene);
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

function hatch(context: CanvasRenderingContext2D, left: number, right: number, barPx: number): void {
  context.save();
  context.beginPath();
  context.rect(left, barTopPx, right - left, barPx);
  context.clip();
  context.strokeStyle = timelineColours.hatch;
  context.lineWidth = 1.2;
  context.beginPath();
  for (let xPx = left - barPx; xPx < right; xPx += 7) {
    context.moveTo(xPx, barTopPx + barPx);
    context.lineTo(xPx + barPx, barTopPx);
  }
  context.stroke();
  context.restore();
}

function caption(context: CanvasRenderingContext2D, text: string, left: number, right: number, barPx: number): void {
  context.font = '13px "Noto Sans CJK SC",system-ui,sans-serif';
  const textPx = context.measureText(text).width;
  if (textPx + 16 > right - left) return;
  const middle = (left + right) / 2;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = timelineColours.track;
  context.fillRect(middle - textPx / 2 - 6, barTopPx + barPx / 2 - 10, textPx + 12, 20);
  context.fillStyle = stage.text;
  context.fillText(text, middle, barTopPx + barPx / 2 + 1);
}

/** Gaps are hatched; those planned not to be recorded stay empty. Words where there is room. */
function drawGaps(context: CanvasRenderingContext2D, scene: TimelineScene, barPx: number): void {
  for (const gap of scene.recorded?.gaps ?? []) {
    const [left, right] = edges(scene, gap.fromMs, Math.min(gap.toMs, scene.nowMs));
    if (right <= left) continue;
    if (gap.reason !== "not_planned") hatch(context, left, right, barPx);
    if (right - left >= 90) caption(context, scene.words.gap(gap), left, right, barPx);
  }
}

function drawFuture(context: CanvasRenderingContext2D, scene: TimelineScene, barPx: number): void {
  const left = Math.max(0, xOf(scene.view, scene.widthPx, scene.nowMs));
  if (left >= scene.widthPx) return;
  context.fillStyle = stage.bg;
  context.fillRect(left, barTopPx, scene.widthPx - left, barPx);
  context.fillStyle = stage.border;
  context.fillRect(left, barTopPx, 1, barPx);
  caption(context, scene.words.future, left, scene.widthPx, barPx);
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
