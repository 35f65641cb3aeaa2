import { App, Segmented } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { PlaybackState } from "@/players/playback/PlaybackDriver";
import type { Camera } from "@/shared/api/cameras";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { askToSeal } from "@/shared/evidence/sealing";
import { useKeys } from "@/shared/keyboard";
import { saveSnapshot } from "@/shared/media/snapshot";
import { useSnapshotWords } from "@/shared/media/useSnapshotWords";
import { formatClock, formatDate } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";
import { CameraChoice } from "./CameraChoice";
import { DimmedStill } from "./DimmedStill";
import { centredOn, levels, spanOf, zoomAt } from "./geometry";
import { MomentChoice } from "./MomentChoice";
import { PictureWords } from "./PictureWords";
import { stillWishOf } from "./stillWish";
import { Timeline } from "./Timeline";
import { rates, Transport } from "./Transport";
import { useRecorded, useRecordedAround } from "./timelineApi";
import { type Playback, usePlayback } from "./usePlayback";
import { type Ruler, useRuler } from "./useRuler";

interface Props {
  camera: Camera;
  startMs: number;
  /** What the address names; undefined: it names none. */
  wantedMs: number | undefined;
  /** A new one each time somebody comes to this address, other than by what this page wrote into it. */
  arrival: string | undefined;
  onCamera: (id: string) => void;
  onMoment: (atMs: number) => void;
}

export function PlaybackDesk({ camera, startMs, wantedMs, arrival, onCamera, onMoment }: Props) {
  const { t } = useTranslation();
  const zone = useZone();
  const nowMs = useNow();
  const video = useRef<HTMLVideoElement>(null);
  const playback = usePlayback(video, camera.id, startMs);
  const atMs = playback.positionMs ?? startMs;
  const { state } = playback;
  const ruler = useRuler(startMs, atMs, state.kind === "playing" || state.kind === "buffering", nowMs);
  const recorded = useRecorded(camera.id, playback.session, ruler.view, nowMs);
  const around = useRecordedAround(camera.id, playback.session, state.kind === "gap" ? state.atMs : undefined);
  // The view's own list is cut at its edges: it only stands in where the other cannot be read.
  const shownRecorded = state.kind !== "gap" || around.isError ? (around.data ?? recorded.data) : around.data;
  const wish = stillWishOf(state, atMs, shownRecorded);
  const controls = useControls(playback, atMs, nowMs, ruler.show, onMoment);
  const snapshot = useSnapshotOf(camera, playback, zone);
  useArrival(arrival, wantedMs, controls.jump);
  useDeskKeys(controls, snapshot, { ruler, atMs, nowMs });
  const copyLink = useLink(camera, atMs);
  return (
    <div className="bk-desk">
      <div className="bk-desk-head">
        <h1 className="bk-visually-hidden">{t("play.title")}</h1>
        <CameraChoice camera={camera} onChange={onCamera} />
        <MomentChoice {...{ atMs, nowMs, zone }} onSeek={controls.seek} />
        <span className="bk-grow" />
        <Link className="bk-live-link" to={`/live?wall=1&c=${camera.id}`}>
          {t("play.toLive")}
        </Link>
      </div>
      <section className="bk-stage bk-desk-stage">
        <div className="bk-picture bk-desk-picture">
          {/* A click on the picture plays and pauses; the button below does the same for the keyboard. */}
          <video
            ref={video}
            className={isWithoutPicture(state) ? "bk-hidden" : ""}
            playsInline
            aria-hidden
            onClick={controls.toggle}
          />
          <DimmedStill {...{ camera, wish, zone, nowMs }} isDated={state.kind === "gap" || state.kind === "error"} />
          <PictureWords
            {...{ state, skip: playback.skip, zone, nowMs }}
            recorded={shownRecorded}
            onSeek={controls.seek}
            onRetry={() => controls.seek(atMs)}
          />
        </div>
        <div className="bk-desk-bar">
          <Transport
            isPlaying={controls.isPlaying}
            rate={controls.rate}
            hasSound={controls.hasSound}
            canSnapshot={camera.abilities.includes("camera.snapshot")}
            onToggle={controls.toggle}
            onStep={controls.step}
            onRate={controls.setRate}
            onSound={controls.toggleSound}
            onSnapshot={() => void snapshot()}
            onLink={copyLink}
          />
          <Shown atMs={atMs} zone={zone} nowMs={nowMs} />
        </div>
        <TimelineBar
          {...{ ruler, nowMs, zone, atMs, onSeek: controls.seek, isFailing: recorded.isError }}
          recorded={recorded.data}
        />
      </section>
    </div>
  );
}

/** What the element shows then is black, or of another moment. */
function isWithoutPicture({ kind }: PlaybackState): boolean {
  return kind === "idle" || kind === "loading" || kind === "gap" || kind === "error";
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

function useControls(
  playback: Playback,
  atMs: number,
  nowMs: number,
  show: (atMs: number) => void,
  onMoment: (atMs: number) => void,
) {
  const { driver, state } = playback;
  const [rate, setRateState] = useState(1);
  const [hasSound, setHasSound] = useState(false);
  const [wantsPlay, setWantsPlay] = useState(true);
  const jump = (wantedMs: number): number => {
    const targetMs = Math.min(wantedMs, nowMs - 1_000);
    driver?.seek(targetMs);
    show(targetMs);
    return targetMs;
  };
  const seek = (wantedMs: number) => onMoment(jump(wantedMs));
  const step = (deltaMs: number) => seek((driver?.shownAtMs ?? atMs) + deltaMs);
  const setRate = (next: number) => {
    setRateState(next);
    driver?.setRate(next);
  };
  const toggle = () => {
    if (wantsPlay) driver?.pause();
    else driver?.play();
    setWantsPlay(!wantsPlay);
    onMoment(atMs);
  };
  const toggleSound = () => {
    setHasSound(!hasSound);
    driver?.setSound(!hasSound);
  };
  const isPlaying = wantsPlay && state.kind !== "gap" && state.kind !== "ended" && state.kind !== "error";
  return { rate, hasSound, isPlaying, wantsPlay, jump, seek, step, setRate, toggle, toggleSound };
}

type Controls = ReturnType<typeof useControls>;

interface DeskKeys {
  ruler: Ruler;
  atMs: number;
  nowMs: number;
}

function useDeskKeys(controls: Controls, snapshot: () => Promise<void>, { ruler, atMs, nowMs }: DeskKeys): void {
  useKeys((code, event) => {
    const stepMs = event.shiftKey ? 60_000 : 5_000;
    if (code === "ArrowLeft") controls.step(-stepMs);
    else if (code === "ArrowRight") controls.step(stepMs);
    else if (event.shiftKey) return false;
    else if (code === "Space" || code === "KeyK") controls.toggle();
    else if (code === "KeyJ") controls.step(-10_000);
    else if (code === "KeyL") {
      if (!controls.wantsPlay) controls.toggle();
      else controls.setRate(Math.min(rates[rates.length - 1] ?? 1, controls.rate * 2));
    } else if (code === "KeyS") void snapshot();
    else if (code === "KeyM") controls.toggleSound();
    else if (code === "KeyN") controls.seek(nowMs - 5_000);
    else if (code === "Minus" || code === "NumpadSubtract") ruler.move(zoomAt(ruler.view, atMs, 2, nowMs));
    else if (code === "Equal" || code === "NumpadAdd") ruler.move(zoomAt(ruler.view, atMs, 0.5, nowMs));
    else return false;
    return true;
  });
}

function useSnapshotOf(camera: Camera, playback: Playback, zone: string): () => Promise<void> {
  const saveAndSay = useSnapshotWords();
  const canSeal = useAbilities().includes("evidence.capture");
  return async () => {
    const atMs = playback.driver?.shownAtMs;
    if (atMs !== undefined && canSeal) {
      askToSeal({ camera, atMs });
      return;
    }
    if (atMs === undefined || !camera.abilities.includes("camera.snapshot")) return;
    await saveAndSay(camera, () => saveSnapshot(camera, { profile: "main", atMs, zone }));
  };
}

function useLink(camera: Camera, atMs: number): () => void {
  const { t } = useTranslation();
  const { message } = App.useApp();
  return () => {
    const url = `${window.location.origin}/play?${new URLSearchParams({ c: camera.id, t: new Date(atMs).toISOString() })}`;
    navigator.clipboard.writeText(url).then(
      () => message.success(t("play.linkCopied")),
      () => message.info(url, 8),
    );
  };
}

interface BarProps {
  ruler: Ruler;
  recorded: ReturnType<typeof useRecorded>["data"];
  isFailing: boolean;
  atMs: number;
  nowMs: number;
  zone: string;
  onSeek: (atMs: number) => void;
}

function TimelineBar({ ruler, recorded, isFailing, atMs, nowMs, zone, onSeek }: BarProps) {
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
        <span className="bk-stage-hint">{isFailing ? t("play.timelineFailed") : t("play.hint")}</span>
      </div>
      <Timeline
        {...{ view: ruler.view, recorded, nowMs, zone, onSeek }}
        playheadMs={atMs}
        onView={ruler.move}
        onHold={ruler.hold}
        label={t("play.timeline")}
      />
    </div>
  );
}
