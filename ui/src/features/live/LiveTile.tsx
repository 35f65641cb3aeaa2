import {
  CameraOutlined,
  CloseOutlined,
  ExpandOutlined,
  HistoryOutlined,
  MutedOutlined,
  SoundOutlined,
} from "@ant-design/icons";
import { type ReactNode, useEffect, useImperativeHandle, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { LiveState } from "@/players/live/LiveDriver";
import type { Camera } from "@/shared/api/cameras";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { CameraStill } from "@/shared/camera/CameraStill";
import { isNotRecording, isRecording, profileFor, reportOf } from "@/shared/camera/condition";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";
import { askToSeal } from "@/shared/evidence/sealing";
import { saveLiveSnapshot } from "@/shared/media/snapshot";
import { useSnapshotWords } from "@/shared/media/useSnapshotWords";
import { serverNowMs } from "@/shared/time/serverClock";
import { LowDelayTool } from "./LowDelayTool";
import { useLiveWay } from "./liveWay";
import { TileWords } from "./TileWords";
import { useLiveDriver } from "./useLiveDriver";

export interface TileActions {
  snapshot: () => void;
}

interface Props {
  camera: Camera;
  tiles: number;
  isSelected: boolean;
  hasSound: boolean;
  actions: React.Ref<TileActions>;
  onSelect: () => void;
  onSound: () => void;
  onRemove: () => void;
  onEnlarge: () => void;
  onBitrate: (bitrateBps: number) => void;
}

export function LiveTile(props: Props) {
  const { camera, tiles, isSelected, hasSound, onSelect, onEnlarge, onBitrate } = props;
  const video = useRef<HTMLVideoElement>(null);
  const live = useLiveDriver(video, {
    camera: camera.id,
    profile: profileFor(camera, tiles),
    hasSub: Boolean(camera.sub_path),
    audio: hasSound,
    way: useLiveWay(),
  });
  const label = useTileLabel(camera, live.state);
  const takeSnapshot = useSnapshot(camera, live.shownAtMs);
  useImperativeHandle(props.actions, () => ({ snapshot: () => void takeSnapshot() }));
  const bitrateBps = live.state.kind === "playing" ? live.state.bitrateBps : 0;
  useEffect(() => onBitrate(bitrateBps), [bitrateBps, onBitrate]);
  useEffect(() => () => onBitrate(0), [onBitrate]);
  const hasPicture = live.state.kind === "playing" || live.state.kind === "stalled";
  return (
    // biome-ignore lint/a11y/useSemanticElements: a tile is a group of a picture and its controls, not a fieldset
    <div
      className={`bk-tile ${isSelected ? "bk-tile-selected" : ""}`}
      role="group"
      aria-label={label}
      onPointerDown={onSelect}
      onFocus={onSelect}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter does the same, from the page's key map */}
      <div className="bk-picture" onDoubleClick={onEnlarge}>
        {!hasPicture && <CameraStill camera={camera} className="bk-picture-still" />}
        <video ref={video} className={hasPicture && !live.isPaused ? "" : "bk-hidden"} playsInline aria-hidden />
        <TileWords camera={camera} state={live.state} isPaused={live.isPaused} onRetry={live.retry} />
      </div>
      <TileStrip {...props} state={live.state} shownAtMs={live.shownAtMs} onSnapshot={() => void takeSnapshot()} />
    </div>
  );
}

function useTileLabel(camera: Camera, state: LiveState): string {
  const { t } = useTranslation();
  const base = { premises: camera.premises_name, name: camera.name };
  if (state.kind === "playing")
    return t("live.tileLabelDelay", { ...base, state: t("state.live"), seconds: (state.delayMs / 1000).toFixed(1) });
  const condition = state.kind === "offline" ? "offline" : state.kind === "stalled" ? "degraded" : "connecting";
  return t("live.tileLabel", { ...base, state: t(`state.${condition}`) });
}

function useSnapshot(camera: Camera, shownAtMs: () => number | undefined): () => Promise<void> {
  const zone = useZone();
  const saveAndSay = useSnapshotWords();
  const canSeal = useAbilities().includes("evidence.capture");
  return async () => {
    if (canSeal) {
      const atMs = shownAtMs();
      askToSeal({ camera, ...(atMs === undefined ? {} : { atMs }) });
      return;
    }
    if (!camera.abilities.includes("camera.snapshot")) return;
    // The moment on the screen, not that of the click's arrival: the officer saves what is seen.
    await saveAndSay(camera, () => saveLiveSnapshot(camera, { shownAtMs: shownAtMs(), zone }));
  };
}

interface StripProps extends Props {
  state: LiveState;
  shownAtMs: () => number | undefined;
  onSnapshot: () => void;
}

function TileStrip(props: StripProps) {
  const { camera, state } = props;
  const { t } = useTranslation();
  const words = useWords();
  const zone = zoneBeside(camera.name, words.zone(camera.zone));
  const loss = reportOf(camera, profileFor(camera, props.tiles))?.loss_ratio ?? 0;
  return (
    <div className="bk-strip-bar">
      <span className="bk-strip-name" title={`${camera.premises_name} · ${camera.name}`}>
        {camera.premises_name && <span className="bk-strip-premises">{camera.premises_name}</span>}
        <span className="bk-strip-camera">{camera.name}</span>
        {zone && <span className="bk-strip-zone">{zone}</span>}
      </span>
      <StripTools {...props} />
      <span className="bk-strip-facts">
        {state.kind === "playing" && state.picture.subForH265 && (
          <span className="bk-stage-warn" title={t("live.subForH265")}>
            {t("live.h265Short")}
          </span>
        )}
        {loss > 0.01 && <span className="bk-stage-warn">{t("live.loss", { percent: (loss * 100).toFixed(0) })}</span>}
        <StripRecording camera={camera} />
        <StripDelay state={state} />
      </span>
    </div>
  );
}

function StripRecording({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  if (isNotRecording(camera)) return <span className="bk-stage-alert">{t("state.notRecording")}</span>;
  if (!isRecording(camera)) return null;
  return <span title={t("camera.recordingOnHint")}>{t("camera.recordingOn")}</span>;
}

function StripDelay({ state }: { state: LiveState }) {
  const { t } = useTranslation();
  if (state.kind !== "playing") return null;
  const seconds = (state.delayMs / 1000).toFixed(1);
  if (state.delayMs > 2_000) return <span className="bk-stage-warn">{t("live.delayLong", { seconds })}</span>;
  return (
    <span className="bk-strip-delay" title={t("live.delayHint", { seconds })}>
      {t("live.delay", { seconds })}
    </span>
  );
}

function StripTools(props: StripProps) {
  const { camera, state, hasSound, shownAtMs } = props;
  const { t } = useTranslation();
  const navigate = useNavigate();
  const hasAudio = state.kind === "playing" ? state.picture.hasAudio : Boolean(camera.streams.main?.audio_codec);
  const can = (ability: string) => camera.abilities.includes(ability);
  const replayAt = () => new Date((shownAtMs() ?? serverNowMs()) - 10_000).toISOString();
  return (
    <span className="bk-strip-tools">
      {hasAudio && (
        <Tool label={hasSound ? t("live.soundOff") : t("live.soundOn")} isOn={hasSound} onClick={props.onSound}>
          {hasSound ? <SoundOutlined /> : <MutedOutlined />}
        </Tool>
      )}
      <LowDelayTool />
      {can("camera.snapshot") && (
        <Tool label={`${t("live.snapshot")} S`} onClick={props.onSnapshot}>
          <CameraOutlined />
        </Tool>
      )}
      {can("camera.play") && (
        <Tool
          label={t("live.replay")}
          onClick={() => void navigate(`/play?c=${camera.id}&t=${encodeURIComponent(replayAt())}`)}
        >
          <HistoryOutlined />
        </Tool>
      )}
      {props.tiles > 1 && (
        <Tool label={t("live.enlarge")} onClick={props.onEnlarge}>
          <ExpandOutlined />
        </Tool>
      )}
      <Tool label={t("live.removeTile")} onClick={props.onRemove}>
        <CloseOutlined />
      </Tool>
    </span>
  );
}

interface ToolProps {
  label: string;
  isOn?: boolean;
  onClick: () => void;
  children: ReactNode;
}

export function Tool({ label, isOn, onClick, children }: ToolProps) {
  return (
    <button
      type="button"
      className="bk-tool"
      aria-label={label}
      title={label}
      {...(isOn === undefined ? {} : { "aria-pressed": isOn })}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
