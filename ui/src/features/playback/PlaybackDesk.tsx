import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { App, Checkbox, Segmented } from "antd";
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { PlaybackState } from "@/players/playback/state";
import type { Camera } from "@/shared/api/cameras";
import { timelineEventsQuery, useAddMark } from "@/shared/api/marks";
import { useProblemText } from "@/shared/api/ProblemText";
import { premisesCamerasQuery } from "@/shared/api/premises";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { conditionOf } from "@/shared/camera/condition";
import { askToSeal } from "@/shared/evidence/sealing";
import { useKeys } from "@/shared/keyboard";
import { saveSnapshot } from "@/shared/media/snapshot";
import { useSnapshotWords } from "@/shared/media/useSnapshotWords";
import { formatClock, formatDate, formatIsoDate, parseZoned } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";
import { CameraChoice } from "./CameraChoice";
import { DimmedStill } from "./DimmedStill";
import { centredOn, dayMs, levels, type Recorded, spanOf, type View, zoomAt } from "./geometry";
import { MarksButton } from "./MarksButton";
import { MomentChoice } from "./MomentChoice";
import { markBeside, marksOf, type TimelineMark } from "./marks";
import { PictureWords } from "./PictureWords";
import { SelectionBar } from "./SelectionBar";
import { isRange, type Selection, withEdge } from "./selection";
import { stillWishOf } from "./stillWish";
import { Timeline, type TimelineLane } from "./Timeline";
import { speeds, Transport } from "./Transport";
import { askedRange, useRecorded, useRecordedAround } from "./timelineApi";
import { type Deck, idle, useDeck } from "./useDeck";
import { type Ruler, useRuler } from "./useRuler";

export const mostCameras = 4;

interface Props {
  /** One to four; the first is spoken of, and heard. */
  cameras: readonly Camera[];
  startMs: number;
  /** What the address names; undefined: it names none. */
  wantedMs: number | undefined;
  /** A new one each time somebody comes to this address, other than by what this page wrote into it. */
  arrival: string | undefined;
  onCameras: (ids: readonly string[]) => void;
  onMoment: (atMs: number) => void;
}

export function PlaybackDesk({ cameras, startMs, wantedMs, arrival, onCameras, onMoment }: Props) {
  const { t } = useTranslation();
  const zone = useZone();
  const nowMs = useNow();
  const videos = useRef<ReadonlyMap<string, HTMLVideoElement>>(new Map());
  const audio = useRef<HTMLAudioElement>(null);
  const ids = useMemo(() => cameras.map(({ id }) => id), [cameras]);
  const deck = useDeck(videos, audio, ids, startMs);
  const atMs = deck.positionMs ?? startMs;
  const first = cameras[0];
  const state = (first && deck.states[first.id]) ?? idle;
  const isMoving = ids.some((id) => isMovingState(deck.states[id]));
  const ruler = useRuler(startMs, atMs, isMoving, nowMs);
  const recorded = useRecorded(ids, deck.sessions, ruler.view, nowMs);
  const lanes: TimelineLane[] = cameras.map((camera, index) => ({
    camera: camera.id,
    name: camera.name,
    recorded: recorded[index]?.data,
  }));
  const [selection, setSelection] = useState<Selection>();
  const controls = useControls(deck, { atMs, nowMs, show: ruler.show, onMoment });
  const mark = (edge: "in" | "out") => setSelection((old) => withEdge(old, edge, deck.deck?.atMs ?? atMs));
  const snapshot = useSnapshotOf(first, deck, zone);
  const marks = useMarks(first, ruler.view, nowMs);
  const markNow = useMarkNow(first, () => deck.deck?.atMs ?? atMs, zone);
  useArrival(arrival, wantedMs, controls.jump);
  useDeskKeys(controls, snapshot, {
    ...{ ruler, atMs, nowMs, zone, mark, marks, markNow },
    clear: () => setSelection(undefined),
    recorded: recorded[0]?.data,
  });
  const copyLink = useLink(ids, atMs);
  const canClip = cameras.filter((camera) => camera.abilities.includes("camera.clip"));
  if (!first) return null;
  return (
    <div className="bk-desk">
      <div className="bk-desk-head">
        <h1 className="bk-visually-hidden">{t("play.title")}</h1>
        <CameraChoice camera={first} onChange={(id) => onCameras([id])} />
        <SiblingChoice cameras={cameras} onCameras={onCameras} />
        <MomentChoice {...{ atMs, nowMs, zone }} onSeek={controls.seek} />
        <span className="bk-grow" />
        <Link className="bk-live-link" to={`/live?wall=${cameras.length > 1 ? 4 : 1}&c=${ids.join("&c=")}`}>
          {t("play.toLive")}
        </Link>
      </div>
      <section className="bk-stage bk-desk-stage">
        <div className={`bk-desk-tiles bk-desk-tiles-${cameras.length}`}>
          {cameras.map((camera, index) => (
            <DeskTile
              key={camera.id}
              {...{ camera, deck, videos, atMs, zone, nowMs }}
              isNamed={cameras.length > 1}
              recorded={recorded[index]?.data}
              onToggle={controls.toggle}
              onSeek={controls.seek}
            />
          ))}
        </div>
        {/* biome-ignore lint/a11y/useMediaCaption: what a kitchen's microphone heard has no captions. */}
        <audio ref={audio} hidden />
        <div className="bk-desk-bar">
          <Transport
            isPlaying={controls.isPlaying(state)}
            speed={deck.speed}
            hasSound={controls.hasSound}
            canSnapshot={first.abilities.includes("camera.snapshot")}
            canMark={canClip.length > 0}
            onToggle={controls.toggle}
            onStep={controls.step}
            onFrame={controls.frame}
            onKeyBack={controls.keyBack}
            onSpeed={controls.setSpeed}
            onSound={controls.toggleSound}
            onSnapshot={() => void snapshot()}
            onMark={mark}
            onLink={copyLink}
          />
          <Shown atMs={atMs} zone={zone} nowMs={nowMs} />
        </div>
        {isRange(selection) && canClip.length > 0 && (
          <SelectionBar {...{ selection, zone }} cameras={canClip} onClear={() => setSelection(undefined)} />
        )}
        <TimelineBar
          {...{ ruler, lanes, selection, marks, nowMs, zone, atMs, onSeek: controls.seek, onSelect: setSelection }}
          onMark={markNow}
          isFailing={recorded.some(({ isError }) => isError)}
        />
      </section>
    </div>
  );
}

function isMovingState(state: PlaybackState | undefined): boolean {
  return state?.kind === "playing" || state?.kind === "buffering";
}

/** The other cameras of the same premises, to be watched in step. */
function SiblingChoice({ cameras, onCameras }: Pick<Props, "cameras" | "onCameras">) {
  const { t } = useTranslation();
  const premises = cameras[0]?.premises_id ?? "";
  const query = useQuery({ ...premisesCamerasQuery(premises), enabled: premises !== "" });
  const shown = new Set(cameras.map(({ id }) => id));
  const playable = (query.data ?? []).filter(
    (camera) => camera.abilities.includes("camera.play") && conditionOf(camera) !== "absent",
  );
  if (playable.length < 2) return null;
  const toggle = (id: string, isOn: boolean) =>
    onCameras(isOn ? [...shown, id] : [...shown].filter((other) => other !== id));
  return (
    <fieldset className="bk-siblings">
      <legend className="bk-visually-hidden">{t("play.together")}</legend>
      {playable.slice(0, 12).map((camera) => (
        <Checkbox
          key={camera.id}
          checked={shown.has(camera.id)}
          disabled={shown.has(camera.id) ? shown.size === 1 : shown.size >= mostCameras}
          onChange={(event) => toggle(camera.id, event.target.checked)}
        >
          {camera.name}
        </Checkbox>
      ))}
      <span className="bk-small">{t("play.togetherMost", { most: mostCameras })}</span>
    </fieldset>
  );
}

interface TileProps {
  camera: Camera;
  deck: Deck;
  videos: RefObject<ReadonlyMap<string, HTMLVideoElement>>;
  isNamed: boolean;
  recorded: Recorded | undefined;
  atMs: number;
  zone: string;
  nowMs: number;
  onToggle: () => void;
  onSeek: (atMs: number) => void;
}

function DeskTile({ camera, deck, videos, isNamed, recorded, atMs, zone, nowMs, onToggle, onSeek }: TileProps) {
  const { t } = useTranslation();
  const state = deck.states[camera.id] ?? idle;
  const gapAtMs = state.kind === "gap" ? state.atMs : undefined;
  const around = useRecordedAround(camera.id, deck.sessions.get(camera.id), gapAtMs);
  // The view's own list is cut at its edges: it only stands in where the other cannot be read.
  const shownRecorded = state.kind !== "gap" || around.isError ? (around.data ?? recorded) : around.data;
  const wish = stillWishOf(state, atMs, shownRecorded);
  const keep = (element: HTMLVideoElement | null) => {
    const next = new Map(videos.current);
    if (element) next.set(camera.id, element);
    else next.delete(camera.id);
    videos.current = next;
  };
  return (
    <section className={`bk-picture bk-desk-picture${isNamed ? " bk-desk-named" : ""}`} aria-label={camera.name}>
      {/* A click on the picture plays and pauses; the button below does the same for the keyboard. */}
      <video
        ref={keep}
        className={isWithoutPicture(state, deck) ? "bk-hidden" : ""}
        playsInline
        muted
        aria-hidden
        data-camera={camera.id}
        onClick={onToggle}
      />
      <DimmedStill {...{ camera, wish, zone, nowMs }} isDated={state.kind === "gap" || state.kind === "error"} />
      <PictureWords
        {...{ state, skip: deck.skip, zone, nowMs }}
        recorded={shownRecorded}
        onSeek={onSeek}
        onRetry={() => onSeek(atMs)}
      />
      {isNamed && <p className="bk-desk-name">{[camera.name, t(`play.state.${state.kind}`)].join(" · ")}</p>}
    </section>
  );
}

/** What the element shows then is black, or of a moment that was not asked for. A jump keeps the old picture until the new one is there. */
function isWithoutPicture({ kind }: PlaybackState, deck: Deck): boolean {
  return kind === "idle" || kind === "gap" || kind === "error" || (kind === "loading" && !deck.hasShown);
}

function Shown({ atMs, zone, nowMs }: { atMs: number; zone: string; nowMs: number }) {
  const { t, i18n } = useTranslation();
  const tenths = Math.floor((atMs % 1000) / 100);
  return (
    <span className="bk-shown" title={t("play.shownAt")}>
      <span>{formatDate(atMs, zone, i18n.language, nowMs)}</span>
      <time dateTime={new Date(atMs).toISOString()}>
        {formatClock(atMs, zone)}.{tenths}
      </time>
    </span>
  );
}

/** Somebody followed a link or went back while this page was open: goes to the moment that the address names now. */
function useArrival(arrival: string | undefined, wantedMs: number | undefined, jump: (atMs: number) => void): void {
  const last = useRef(arrival);
  useEffect(() => {
    if (arrival === undefined || arrival === last.current) return;
    last.current = arrival;
    if (wantedMs !== undefined) jump(wantedMs);
  });
}

interface ControlOptions {
  atMs: number;
  nowMs: number;
  show: (atMs: number) => void;
  onMoment: (atMs: number) => void;
}

function useControls(deck: Deck, { atMs, nowMs, show, onMoment }: ControlOptions) {
  const player = deck.deck;
  const [hasSound, setHasSound] = useState(false);
  const jump = (wantedMs: number): number => {
    const targetMs = Math.min(wantedMs, nowMs - 1_000);
    player?.seek(targetMs);
    show(targetMs);
    return targetMs;
  };
  const seek = (wantedMs: number) => onMoment(jump(wantedMs));
  const step = (deltaMs: number) => seek((player?.atMs ?? atMs) + deltaMs);
  const toggle = () => {
    if (deck.wantsPlay) player?.pause();
    else player?.play();
    onMoment(player?.atMs ?? atMs);
  };
  const toggleSound = () => {
    setHasSound(!hasSound);
    player?.setSound(!hasSound);
  };
  const frame = (direction: 1 | -1) => {
    player?.step(direction);
    show(player?.atMs ?? atMs);
  };
  const keyBack = () => {
    player?.stepToKey();
    show(player?.atMs ?? atMs);
  };
  const setSpeed = (speed: number) => player?.setSpeed(speed);
  /** J and L: begins at 1, each further press doubles; the other direction begins anew. */
  const shuttle = (direction: 1 | -1) => {
    const isSame = deck.wantsPlay && Math.sign(deck.speed) === direction;
    const fastest = speeds[speeds.length - 1] ?? 1;
    player?.setSpeed(isSame ? direction * Math.min(fastest, Math.max(1, Math.abs(deck.speed) * 2)) : direction);
    player?.play();
  };
  const halt = () => {
    if (deck.wantsPlay) player?.pause();
    else {
      player?.setSpeed(1);
      player?.play();
    }
    onMoment(player?.atMs ?? atMs);
  };
  const isPlaying = ({ kind }: PlaybackState) =>
    deck.wantsPlay && kind !== "gap" && kind !== "ended" && kind !== "error";
  return { hasSound, isPlaying, jump, seek, step, toggle, toggleSound, frame, keyBack, setSpeed, shuttle, halt };
}

type Controls = ReturnType<typeof useControls>;

interface DeskKeys {
  ruler: Ruler;
  atMs: number;
  nowMs: number;
  zone: string;
  recorded: Recorded | undefined;
  mark: (edge: "in" | "out") => void;
  marks: readonly TimelineMark[];
  markNow: (() => void) | undefined;
  clear: () => void;
}

/** The nearest gap's edge before or after: where recording ends before it, or begins again behind it. */
function gapBeside(recorded: Recorded | undefined, atMs: number, direction: 1 | -1): number | undefined {
  const edges = (recorded?.spans ?? []).slice(1).map((span) => span.fromMs);
  return direction === 1 ? edges.find((edge) => edge > atMs + 500) : edges.filter((edge) => edge < atMs - 2_000).at(-1);
}

function useDeskKeys(controls: Controls, snapshot: () => Promise<void>, keys: DeskKeys): void {
  const { ruler, atMs, nowMs, zone, recorded } = keys;
  const day = () => parseZoned(formatIsoDate(atMs, zone), "00:00:00", zone);
  const toGap = (direction: 1 | -1) => {
    const wantedMs = gapBeside(recorded, atMs, direction);
    if (wantedMs !== undefined) controls.seek(wantedMs);
  };
  const toMark = (direction: 1 | -1) => {
    const found = markBeside(keys.marks, atMs, direction);
    if (found) controls.seek(found.atMs);
  };
  const plain: Record<string, () => void> = {
    ...(keys.markNow ? { KeyB: keys.markNow } : {}),
    BracketLeft: () => toMark(-1),
    BracketRight: () => toMark(1),
    Space: controls.toggle,
    KeyK: controls.halt,
    KeyJ: () => controls.shuttle(-1),
    KeyL: () => controls.shuttle(1),
    Comma: () => controls.frame(-1),
    Period: () => controls.frame(1),
    ArrowLeft: () => controls.step(-5_000),
    ArrowRight: () => controls.step(5_000),
    KeyI: () => keys.mark("in"),
    KeyO: () => keys.mark("out"),
    Escape: keys.clear,
    KeyS: () => void snapshot(),
    KeyM: controls.toggleSound,
    KeyN: () => controls.seek(nowMs - 5_000),
    Home: () => controls.seek(day()),
    End: () => controls.seek(day() + dayMs - 60_000),
    Minus: () => ruler.move(zoomAt(ruler.view, atMs, 2, nowMs)),
    NumpadSubtract: () => ruler.move(zoomAt(ruler.view, atMs, 2, nowMs)),
    Equal: () => ruler.move(zoomAt(ruler.view, atMs, 0.5, nowMs)),
    NumpadAdd: () => ruler.move(zoomAt(ruler.view, atMs, 0.5, nowMs)),
  };
  const shifted: Record<string, () => void> = {
    Comma: controls.keyBack,
    ArrowLeft: () => controls.step(-60_000),
    ArrowRight: () => controls.step(60_000),
    BracketLeft: () => toGap(-1),
    BracketRight: () => toGap(1),
  };
  useKeys((code, event) => {
    const run = (event.shiftKey ? shifted : plain)[code];
    run?.();
    return run !== undefined;
  });
}

const nothingMarked: readonly TimelineMark[] = [];

/** The marks of the first camera around the view. */
function useMarks(camera: Camera | undefined, view: View, nowMs: number): readonly TimelineMark[] {
  const { fromMs, toMs } = askedRange(view, nowMs);
  const query = useQuery({
    ...timelineEventsQuery(camera?.id ?? "", fromMs, toMs),
    enabled: camera?.abilities.includes("camera.play") ?? false,
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  return useMemo(() => (query.data ? marksOf(query.data) : nothingMarked), [query.data]);
}

/** Marks the moment shown; undefined for those who mark nothing here. */
function useMarkNow(camera: Camera | undefined, atMs: () => number, zone: string): (() => void) | undefined {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const add = useAddMark();
  const abilities = useAbilities();
  if (!camera || !abilities.includes("mark.add") || !camera.abilities.includes("camera.play")) return undefined;
  return () => {
    const shownMs = Math.round(atMs());
    add.mutate(
      { camera: camera.id, atMs: shownMs },
      {
        onSuccess: () => message.success(t("live.marked", { at: formatClock(shownMs, zone), name: camera.name })),
        onError: (error) => message.error(say(error)),
      },
    );
  };
}

function useSnapshotOf(camera: Camera | undefined, deck: Deck, zone: string): () => Promise<void> {
  const saveAndSay = useSnapshotWords();
  const canSeal = useAbilities().includes("evidence.capture");
  return async () => {
    const atMs = deck.deck?.atMs;
    if (atMs === undefined || !camera) return;
    if (canSeal) {
      askToSeal({ camera, atMs });
      return;
    }
    if (!camera.abilities.includes("camera.snapshot")) return;
    await saveAndSay(camera, () => saveSnapshot(camera, { profile: "main", atMs, zone }));
  };
}

function useLink(ids: readonly string[], atMs: number): () => void {
  const { t } = useTranslation();
  const { message } = App.useApp();
  return () => {
    const query = new URLSearchParams([...ids.map((id) => ["c", id]), ["t", new Date(atMs).toISOString()]]);
    const url = `${window.location.origin}/play?${query}`;
    navigator.clipboard.writeText(url).then(
      () => message.success(t("play.linkCopied")),
      () => message.info(url, 8),
    );
  };
}

interface BarProps {
  ruler: Ruler;
  lanes: readonly TimelineLane[];
  selection: Selection | undefined;
  onSelect: (selection: Selection) => void;
  marks: readonly TimelineMark[];
  onMark: (() => void) | undefined;
  isFailing: boolean;
  atMs: number;
  nowMs: number;
  zone: string;
  onSeek: (atMs: number) => void;
}

function TimelineBar({ ruler, lanes, selection, onSelect, marks, onMark, isFailing, ...rest }: BarProps) {
  const { atMs, nowMs, zone, onSeek } = rest;
  const { t } = useTranslation();
  const spanMs = Math.round(spanOf(ruler.view) / 1000) * 1000;
  return (
    <div className="bk-desk-timeline">
      <div className="bk-desk-tools">
        <Segmented<number>
          className="bk-stage-segmented"
          aria-label={t("play.zoom")}
          value={spanMs}
          options={levels.map((level) => ({ value: level.spanMs, label: t(`play.zoom.${level.key}`) }))}
          onChange={(wantedMs) => ruler.move(centredOn(atMs, wantedMs, nowMs))}
        />
        <span className="bk-legend">
          <i className="bk-key-recorded" /> {t("play.legend.recorded")}
          <i className="bk-key-gap" /> {t("play.legend.gap")}
        </span>
        <MarksButton {...{ marks, zone, nowMs, onSeek, onMark }} />
        <span className="bk-stage-hint">{isFailing ? t("play.timelineFailed") : t("play.hint")}</span>
      </div>
      <Timeline
        {...{ view: ruler.view, lanes, selection, marks, nowMs, zone, onSeek, onSelect }}
        playheadMs={atMs}
        onView={ruler.move}
        onHold={ruler.hold}
        label={t("play.timeline")}
      />
    </div>
  );
}
