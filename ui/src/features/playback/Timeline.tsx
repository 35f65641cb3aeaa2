import { type PointerEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useWords } from "@/shared/camera/useWords";
import { useHoverStill } from "@/shared/media/thumbs";
import { fontFamily } from "@/shared/theme/tokens";
import { formatClock, formatDate, formatMoment } from "@/shared/time/format";
import { drawTimeline, isMarkLane, type Lane, laneAt, rulerPx, timelineHeight } from "./drawTimeline";
import { gapAt, isRecordedAt, panBy, type Recorded, spanOf, timeAt, type View, xOf, zoomAt } from "./geometry";
import { markAt, type TimelineMark } from "./marks";
import { between, type Selection } from "./selection";

interface Props {
  view: View;
  /** One for each camera, the first one's is spoken of. */
  lanes: readonly TimelineLane[];
  selection: Selection | undefined;
  /** Of the first camera, by time. */
  marks: readonly TimelineMark[];
  playheadMs: number | undefined;
  nowMs: number;
  zone: string;
  onView: (view: View) => void;
  onSeek: (atMs: number) => void;
  onSelect: (selection: Selection) => void;
  /** The pointer is down on the ruler, or up again. */
  onHold: (isHeld: boolean) => void;
  /** Keys that the page does not take itself. */
  label: string;
}

export interface TimelineLane extends Lane {
  camera: string;
}

const dragPx = 4;
/** A hand that drags the playhead and rests this long wants to see. */
const scrubRestMs = 150;

type Drag =
  | { kind: "select"; anchorMs: number }
  | { kind: "pan"; startX: number; startView: View; moved: boolean }
  | { kind: "scrub"; atMs: number };

/** Ruler and recording of one camera: wheel zooms, drag pans, click seeks, dragging the playhead scrubs. */
export function Timeline(props: Props) {
  const { view, nowMs, zone, onView, onSeek } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const widthPx = useWidth(canvas);
  const [hover, setHover] = useState<{ atMs: number; lane: number; mark?: TimelineMark | undefined }>();
  const heightPx = timelineHeight(props.lanes.length);
  const [scrubMs, setScrubMs] = useState<number>();
  const drag = useRef<Drag | undefined>(undefined);
  const pointers = useRef(new Map<number, number>());
  const shownMs = scrubMs ?? props.playheadMs;
  useDrawing(canvas, { widthPx, heightPx }, { ...props, playheadMs: shownMs }, hover?.atMs);
  useScrub(scrubMs, onSeek);
  useWheel(canvas, (event, xPx) => {
    const pinnedMs = timeAt(view, widthPx, xPx);
    if (event.shiftKey) onView(panBy(view, ((event.deltaY || event.deltaX) / widthPx) * spanOf(view), nowMs));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
      onView(panBy(view, (event.deltaX / widthPx) * spanOf(view), nowMs));
    else onView(zoomAt(view, pinnedMs, 1.0015 ** event.deltaY, nowMs));
  });
  const xIn = (event: PointerEvent) => event.clientX - event.currentTarget.getBoundingClientRect().left;
  const yIn = (event: PointerEvent) => event.clientY - event.currentTarget.getBoundingClientRect().top;
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const xPx = xIn(event);
    event.currentTarget.setPointerCapture(event.pointerId);
    props.onHold(true);
    pointers.current.set(event.pointerId, xPx);
    if (event.altKey) {
      drag.current = { kind: "select", anchorMs: Math.min(timeAt(view, widthPx, xPx), nowMs) };
      return;
    }
    const isOnHead = shownMs !== undefined && Math.abs(xOf(view, widthPx, shownMs) - xPx) <= 7;
    drag.current = isOnHead
      ? { kind: "scrub", atMs: shownMs }
      : { kind: "pan", startX: xPx, startView: view, moved: false };
  };
  const onPointerMove = (event: PointerEvent) => {
    const xPx = xIn(event);
    const atMs = timeAt(view, widthPx, xPx);
    const yPx = yIn(event);
    const mark = isMarkLane(yPx) ? markAt(props.marks, view, widthPx, xPx) : undefined;
    setHover({ atMs: mark?.atMs ?? atMs, lane: laneAt(yPx, props.lanes.length), mark });
    const lastX = pointers.current.get(event.pointerId);
    if (lastX !== undefined && pointers.current.size === 2) {
      pinch(event.pointerId, lastX, xPx);
      return;
    }
    const now = drag.current;
    if (!now) return;
    if (now.kind === "select") props.onSelect(between(now.anchorMs, Math.min(atMs, nowMs)));
    else if (now.kind === "scrub") {
      now.atMs = Math.min(atMs, nowMs);
      setScrubMs(now.atMs);
    } else if (now.moved || Math.abs(xPx - now.startX) > dragPx) {
      now.moved = true;
      onView(panBy(now.startView, ((now.startX - xPx) / widthPx) * spanOf(now.startView), nowMs));
    }
  };
  const pinch = (id: number, fromX: number, toX: number) => {
    const otherX = [...pointers.current].find(([other]) => other !== id)?.[1];
    pointers.current.set(id, toX);
    if (otherX === undefined) return;
    const factor = Math.max(20, Math.abs(fromX - otherX)) / Math.max(20, Math.abs(toX - otherX));
    onView(zoomAt(view, timeAt(view, widthPx, (toX + otherX) / 2), factor, nowMs));
    drag.current = undefined;
  };
  const onPointerUp = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
    props.onHold(pointers.current.size > 0);
    const now = drag.current;
    drag.current = undefined;
    if (now?.kind === "scrub") {
      setScrubMs(undefined);
      onSeek(now.atMs);
    } else if (now?.kind === "pan" && !now.moved) {
      const mark = isMarkLane(yIn(event)) ? markAt(props.marks, view, widthPx, xIn(event)) : undefined;
      onSeek(mark?.atMs ?? Math.min(timeAt(view, widthPx, xIn(event)), nowMs));
    }
  };
  const onPointerCancel = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
    props.onHold(pointers.current.size > 0);
    drag.current = undefined;
    setScrubMs(undefined);
  };
  return (
    <div className="bk-timeline">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="slider"
        aria-label={props.label}
        aria-valuemin={Math.round(view.fromMs / 1000)}
        aria-valuemax={Math.round(view.toMs / 1000)}
        aria-valuenow={Math.round((shownMs ?? view.fromMs) / 1000)}
        aria-valuetext={useValueText(props.lanes[0]?.recorded, shownMs, zone, nowMs)}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerCancel}
        onPointerLeave={() => setHover(undefined)}
      />
      <HoverTime
        {...{ hoverMs: scrubMs ?? hover?.atMs, view, widthPx, zone, nowMs }}
        lane={props.lanes[hover?.lane ?? 0]}
        mark={hover?.mark}
      />
    </div>
  );
}

/** While the playhead is dragged: the video comes once the hand rests; the stills are there at once. */
function useScrub(scrubMs: number | undefined, onSeek: (atMs: number) => void): void {
  const latest = useRef(onSeek);
  latest.current = onSeek;
  useEffect(() => {
    if (scrubMs === undefined) return;
    const timer = setTimeout(() => latest.current(scrubMs), scrubRestMs);
    return () => clearTimeout(timer);
  }, [scrubMs]);
}

function useWidth(canvas: React.RefObject<HTMLCanvasElement | null>): number {
  const [widthPx, setWidthPx] = useState(1);
  useLayoutEffect(() => {
    const box = canvas.current?.parentElement;
    if (!box) return;
    const watch = new ResizeObserver(([entry]) => setWidthPx(Math.max(1, Math.floor(entry?.contentRect.width ?? 1))));
    watch.observe(box);
    return () => watch.disconnect();
  }, [canvas]);
  return widthPx;
}

/** React's own wheel listener is passive and could not keep the page from scrolling. */
function useWheel(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  onWheel: (event: WheelEvent, xPx: number) => void,
) {
  const latest = useRef(onWheel);
  latest.current = onWheel;
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const listen = (event: WheelEvent) => {
      event.preventDefault();
      latest.current(event, event.clientX - element.getBoundingClientRect().left);
    };
    element.addEventListener("wheel", listen, { passive: false });
    return () => element.removeEventListener("wheel", listen);
  }, [canvas]);
}

function useDrawing(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  props: Props,
  hoverMs: number | undefined,
) {
  const { t } = useTranslation();
  const words = useWords();
  const { view, lanes, selection, marks, playheadMs, nowMs, zone } = props;
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const density = window.devicePixelRatio || 1;
    element.width = widthPx * density;
    element.height = heightPx * density;
    element.style.width = `${widthPx}px`;
    element.style.height = `${heightPx}px`;
    context.setTransform(density, 0, 0, density, 0, 0);
    drawTimeline(context, {
      ...{ view, widthPx, heightPx, zone, nowMs, playheadMs, hoverMs, lanes, selection, marks },
      font: fontFamily,
      words: {
        tick: (atMs, label) =>
          label === "date" ? formatDate(atMs, zone, words.lang, nowMs) : formatClock(atMs, zone, label === "seconds"),
        gap: (gap) => words.reasonShort(gap.reason),
        future: t("play.future"),
      },
    });
  }, [canvas, widthPx, heightPx, view, lanes, selection, marks, playheadMs, nowMs, zone, hoverMs, words, t]);
}

function useValueText(recorded: Recorded | undefined, atMs: number | undefined, zone: string, nowMs: number): string {
  const { t, i18n } = useTranslation();
  if (atMs === undefined) return "";
  return t("play.valueText", {
    at: formatMoment(atMs, zone, i18n.language, nowMs),
    state: recorded && isRecordedAt(recorded, atMs) ? t("play.recorded") : t("play.notRecorded"),
  });
}

interface HoverProps {
  hoverMs: number | undefined;
  view: View;
  widthPx: number;
  zone: string;
  nowMs: number;
  lane: TimelineLane | undefined;
  mark: TimelineMark | undefined;
}

/** Wide enough to tell what happens, small enough to come at once. */
const stillWidthPx = 240;
/** Within so many pixels it is the same still. */
const stillStepPx = 6;

function HoverTime({ hoverMs, view, widthPx, zone, nowMs, lane, mark }: HoverProps) {
  const words = useWords();
  const { t } = useTranslation();
  const stepMs = Math.max(500, (spanOf(view) / widthPx) * stillStepPx);
  const isShown = hoverMs !== undefined && lane?.recorded !== undefined && isRecordedAt(lane.recorded, hoverMs);
  const wantedMs = isShown ? Math.floor(hoverMs / stepMs) * stepMs : undefined;
  const still = useHoverStill(lane?.camera ?? "", wantedMs, stillWidthPx);
  if (hoverMs === undefined || widthPx <= 1) return null;
  const gap = lane?.recorded && gapAt(lane.recorded, hoverMs);
  const note = hoverMs > nowMs ? t("play.future") : gap ? words.reasonShort(gap.reason) : "";
  const leftPx = Math.min(widthPx - 124, Math.max(124, xOf(view, widthPx, hoverMs)));
  return (
    <span className="bk-timeline-hover" style={{ left: leftPx, bottom: `calc(100% - ${rulerPx - 6}px)` }}>
      {isShown && (
        <span className="bk-timeline-still">
          {still && (
            <img src={still.url} alt={t("play.stillAt", { at: formatMoment(still.atMs, zone, words.lang, nowMs) })} />
          )}
        </span>
      )}
      <span>
        {formatMoment(hoverMs, zone, words.lang, nowMs)} {note}
      </span>
      {mark && <span>{[t("play.marks"), mark.byName, mark.note].filter(Boolean).join(" ")}</span>}
    </span>
  );
}
