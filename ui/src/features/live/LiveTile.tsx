import {
  lazy,
  type PointerEvent,
  Suspense,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import type { LiveState } from "@/players/live/LiveDriver";
import type { Camera } from "@/shared/api/cameras";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { CameraStill } from "@/shared/camera/CameraStill";
import { profileFor } from "@/shared/camera/condition";
import { askToSeal } from "@/shared/evidence/sealing";
import { saveLiveSnapshot, saveSnapshot } from "@/shared/media/snapshot";
import { useSnapshotWords } from "@/shared/media/useSnapshotWords";
import { serverNowMs } from "@/shared/time/serverClock";
import { useLiveWay } from "./liveWay";
import { mayMark } from "./mayMark";
import { TileStrip } from "./TileStrip";
import { TileWords } from "./TileWords";
import { useLiveDriver } from "./useLiveDriver";
import type { TileFacts } from "./useTileFacts";
import { Watermark } from "./Watermark";

const TileReplay = lazy(async () => ({ default: (await import("./TileReplay")).TileReplay }));
const backMs = 30_000;

export interface TileActions {
  snapshot: () => void;
  /** 30 s before what is shown, live or replayed. */
  back: () => void;
  /** The moment that is shown. */
  mark: (wantsNote: boolean) => void;
  sound: () => void;
}

interface Props extends TileFacts {
  camera: Camera;
  /** Of the wall; -1: it is opened ahead of its turn and not seen yet. */
  place: number;
  /** Among how many pictures its own counts when the stream is chosen. */
  tiles: number;
  isSelected: boolean;
  isEnlarged: boolean;
  canEnlarge: boolean;
  /** Not seen now: another one is enlarged, or its turn comes. */
  isBehind: boolean;
  hasSound: boolean;
  hasWatermark: boolean;
  /** UTC from which on the recording is shown instead, ms. */
  replayFromMs: number | undefined;
  /** What letting go of what is dragged here would do, in a word. */
  dropWord: string | undefined;
  actions: React.Ref<TileActions>;
  onSelect: () => void;
  onDragBegin: (event: PointerEvent) => void;
  onSound: () => void;
  onMark: (atMs: number, wantsNote: boolean) => void;
  /** undefined: back to live. */
  onReplay: (fromMs: number | undefined) => void;
  onRemove: (() => void) | undefined;
  onEnlarge: () => void;
  onBitrate: (bitrateBps: number) => void;
}

export function LiveTile(props: Props) {
  const { camera, tiles, hasSound, isBehind, replayFromMs, onSelect, onEnlarge, onBitrate } = props;
  const box = useRef<HTMLDivElement>(null);
  const isReplay = replayFromMs !== undefined;
  const live = useLiveDriver(box, {
    camera: camera.id,
    profile: profileFor(camera, tiles),
    hasSub: Boolean(camera.sub_path),
    audio: hasSound && !isReplay && !isBehind,
    way: useLiveWay(),
  });
  const replay = useReplay(props, live.shownAtMs);
  const label = useTileLabel(camera, live.state);
  const takeSnapshot = useSnapshot(camera, replay.shownAtMs, isReplay);
  const canMark = mayMark(camera, useAbilities());
  const mark = (wantsNote: boolean) => {
    if (canMark) props.onMark(replay.shownAtMs() ?? serverNowMs(), wantsNote);
  };
  useImperativeHandle(props.actions, () => ({
    snapshot: () => void takeSnapshot(),
    back: replay.back,
    mark,
    sound: props.onSound,
  }));
  const bitrateBps = live.state.kind === "playing" ? live.state.bitrateBps : 0;
  useEffect(() => onBitrate(bitrateBps), [bitrateBps, onBitrate]);
  useEffect(() => () => onBitrate(0), [onBitrate]);
  const hasPicture = (live.state.kind === "playing" || live.state.kind === "stalled") && !live.isPaused;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a tile is a group of a picture and its controls, not a fieldset
    <div
      className={tileClass(props)}
      role="group"
      aria-label={label}
      inert={isBehind}
      tabIndex={-1}
      data-camera={camera.id}
      {...(isBehind ? {} : { "data-place": props.place })}
      onPointerDown={onSelect}
      onFocus={onSelect}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter does the same, from the page's key map */}
      <div className="bk-picture" onDoubleClick={onEnlarge} onPointerDown={(event) => grab(event, props.onDragBegin)}>
        {!hasPicture && <CameraStill camera={camera} className="bk-picture-still" />}
        <div ref={box} className={`bk-screens ${hasPicture ? "" : "bk-hidden"}`} />
        {isReplay && !isBehind && (
          <Suspense>
            <TileReplay camera={camera} fromMs={replayFromMs} hasSound={hasSound} onAt={replay.onAt} />
          </Suspense>
        )}
        {!isReplay && <TileWords {...props} state={live.state} isPaused={live.isPaused} onRetry={live.retry} />}
        {props.hasWatermark && <Watermark />}
        {props.dropWord && <span className="bk-drop-word">{props.dropWord}</span>}
      </div>
      <TileStrip
        {...props}
        state={live.state}
        replayAtMs={replay.atMs}
        shownAtMs={replay.shownAtMs}
        onSnapshot={() => void takeSnapshot()}
        onBack={replay.back}
        onMark={canMark ? () => mark(false) : undefined}
        screens={box}
        onLive={() => props.onReplay(undefined)}
      />
    </div>
  );
}

function tileClass({ isSelected, isBehind, dropWord }: Props): string {
  return ["bk-tile", isSelected && "bk-tile-selected", isBehind && "bk-tile-behind", dropWord && "bk-tile-target"]
    .filter(Boolean)
    .join(" ");
}

/** What is pressed on a picture is its own: a link stays a link. */
function grab(event: PointerEvent, begin: (event: PointerEvent) => void): void {
  if (event.target instanceof Element && event.target.closest("a, button")) return;
  begin(event);
}

function useReplay({ camera, replayFromMs, onReplay }: Props, liveAtMs: () => number | undefined) {
  const isReplay = replayFromMs !== undefined;
  const exactMs = useRef<number>(undefined);
  const [secondMs, setSecondMs] = useState<number>();
  useEffect(() => {
    if (isReplay) return;
    exactMs.current = undefined;
    setSecondMs(undefined);
  }, [isReplay]);
  const onAt = useCallback((atMs: number) => {
    exactMs.current = atMs;
    setSecondMs(Math.floor(atMs / 1000) * 1000);
  }, []);
  const shownAtMs = () => (isReplay ? (exactMs.current ?? replayFromMs) : liveAtMs());
  return {
    /** To be told, whole seconds. */
    atMs: isReplay ? (secondMs ?? replayFromMs) : undefined,
    onAt,
    shownAtMs,
    back: () => {
      if (camera.abilities.includes("camera.play")) onReplay((shownAtMs() ?? serverNowMs()) - backMs);
    },
  };
}

function useTileLabel(camera: Camera, state: LiveState): string {
  const { t } = useTranslation();
  const base = { premises: camera.premises_name, name: camera.name };
  if (state.kind === "playing")
    return t("live.tileLabelDelay", { ...base, state: t("state.live"), seconds: (state.delayMs / 1000).toFixed(1) });
  const condition = state.kind === "offline" ? "offline" : state.kind === "stalled" ? "degraded" : "connecting";
  return t("live.tileLabel", { ...base, state: t(`state.${condition}`) });
}

function useSnapshot(camera: Camera, shownAtMs: () => number | undefined, isReplay: boolean): () => Promise<void> {
  const zone = useZone();
  const saveAndSay = useSnapshotWords();
  const canSeal = useAbilities().includes("evidence.capture");
  return async () => {
    const atMs = shownAtMs();
    if (canSeal) {
      askToSeal({ camera, ...(atMs === undefined ? {} : { atMs }) });
      return;
    }
    if (!camera.abilities.includes("camera.snapshot")) return;
    // The moment on the screen, not that of the click's arrival: the officer saves what is seen.
    await saveAndSay(camera, () =>
      isReplay && atMs !== undefined
        ? saveSnapshot(camera, { profile: "main", atMs, zone })
        : saveLiveSnapshot(camera, { shownAtMs: atMs, zone }),
    );
  };
}
