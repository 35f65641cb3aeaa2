import {
  CameraOutlined,
  CloseOutlined,
  CompressOutlined,
  ExpandOutlined,
  HistoryOutlined,
  MutedOutlined,
  RollbackOutlined,
  SoundOutlined,
} from "@ant-design/icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { LiveState } from "@/players/live/LiveDriver";
import type { Camera } from "@/shared/api/cameras";
import { useZone } from "@/shared/api/system";
import { isNotRecording, isRecording, reportOf } from "@/shared/camera/condition";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";
import { formatClock } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { LowDelayTool } from "./LowDelayTool";
import { Tool } from "./Tool";

export interface StripProps {
  camera: Camera;
  state: LiveState;
  hasSound: boolean;
  isEnlarged: boolean;
  /** There are other tiles beside it. */
  canEnlarge: boolean;
  /** UTC of the replayed picture, ms; undefined: live. */
  replayAtMs: number | undefined;
  shownAtMs: () => number | undefined;
  onSound: () => void;
  onSnapshot: () => void;
  onBack: () => void;
  onLive: () => void;
  onEnlarge: () => void;
  /** undefined: it cannot be taken away. */
  onRemove: (() => void) | undefined;
}

/** Below the picture: which camera, what can be done, how it is. */
export function TileStrip(props: StripProps) {
  const { camera, replayAtMs } = props;
  const words = useWords();
  const zone = zoneBeside(camera.name, words.zone(camera.zone));
  return (
    <div className={`bk-strip-bar ${replayAtMs === undefined ? "" : "bk-strip-replay"}`}>
      <span className="bk-strip-name" title={`${camera.premises_name} · ${camera.name}`}>
        {camera.premises_name && <span className="bk-strip-premises">{camera.premises_name}</span>}
        <span className="bk-strip-camera">{camera.name}</span>
        {zone && <span className="bk-strip-zone">{zone}</span>}
      </span>
      <StripTools {...props} />
      {replayAtMs === undefined ? (
        <StripFacts camera={camera} state={props.state} />
      ) : (
        <StripReplay atMs={replayAtMs} onLive={props.onLive} />
      )}
    </div>
  );
}

function StripReplay({ atMs, onLive }: { atMs: number; onLive: () => void }) {
  const { t } = useTranslation();
  const zone = useZone();
  return (
    <span className="bk-strip-back">
      <span>
        {t("live.backAt")}
        <time dateTime={new Date(atMs).toISOString()}>{formatClock(atMs, zone)}</time>
      </span>
      <button type="button" className="bk-strip-live" onClick={onLive}>
        {t("play.toLive")}
      </button>
    </span>
  );
}

function StripFacts({ camera, state }: { camera: Camera; state: LiveState }) {
  const { t } = useTranslation();
  const profile = state.kind === "playing" ? state.picture.profile : "main";
  const loss = reportOf(camera, profile)?.loss_ratio ?? 0;
  return (
    <span className="bk-strip-facts">
      {state.kind === "playing" && state.picture.subForH265 && (
        <span className="bk-stage-warn" title={t("live.subForH265")}>
          {t("live.h265Short")}
        </span>
      )}
      {state.kind === "playing" && state.picture.transcoded && (
        <span className="bk-stage-warn" title={t("live.transcodedHint")}>
          {t("live.transcoded")}
        </span>
      )}
      {loss > 0.01 && <span className="bk-stage-warn">{t("live.loss", { percent: (loss * 100).toFixed(0) })}</span>}
      <StripRecording camera={camera} />
      <StripDelay state={state} loss={loss} />
    </span>
  );
}

function StripRecording({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  if (isNotRecording(camera)) return <span className="bk-stage-alert">{t("state.notRecording")}</span>;
  if (!isRecording(camera)) return null;
  return <span title={t("camera.recordingOnHint")}>{t("camera.recordingOn")}</span>;
}

function StripDelay({ state, loss }: { state: LiveState; loss: number }) {
  const { t } = useTranslation();
  if (state.kind !== "playing") return null;
  const seconds = (state.delayMs / 1000).toFixed(1);
  const health = t("live.health", {
    seconds,
    mbps: (state.bitrateBps / 1_000_000).toFixed(1),
    width: state.picture.width,
    height: state.picture.height,
    percent: (loss * 100).toFixed(1),
    stream: t(state.picture.profile === "main" ? "live.mainStream" : "live.subStream"),
  });
  if (state.delayMs > 2_000)
    return (
      <span className="bk-stage-warn" title={health}>
        {t("live.delayLong", { seconds })}
      </span>
    );
  return (
    <span className="bk-strip-delay" title={health}>
      {t("live.delay", { seconds })}
    </span>
  );
}

function StripTools(props: StripProps) {
  const { camera, state, hasSound, isEnlarged, shownAtMs } = props;
  const { t } = useTranslation();
  const navigate = useNavigate();
  const hasAudio = state.kind === "playing" ? state.picture.hasAudio : Boolean(camera.streams.main?.audio_codec);
  const can = (ability: string) => camera.abilities.includes(ability);
  const replayAt = () => new Date((shownAtMs() ?? serverNowMs()) - 10_000).toISOString();
  const tools: [boolean, ReactNode][] = [
    [
      hasAudio,
      <Tool
        key="sound"
        label={hasSound ? t("live.soundOff") : t("live.soundOn")}
        isOn={hasSound}
        onClick={props.onSound}
      >
        {hasSound ? <SoundOutlined /> : <MutedOutlined />}
      </Tool>,
    ],
    [true, <LowDelayTool key="delay" />],
    [
      can("camera.snapshot"),
      <Tool key="snapshot" label={`${t("live.snapshot")} S`} onClick={props.onSnapshot}>
        <CameraOutlined />
      </Tool>,
    ],
    [
      can("camera.play"),
      <Tool key="back" label={`${t("live.back30")} R`} onClick={props.onBack}>
        <RollbackOutlined />
      </Tool>,
    ],
    [
      can("camera.play"),
      <Tool
        key="play"
        label={t("live.replay")}
        onClick={() => void navigate(`/play?c=${camera.id}&t=${encodeURIComponent(replayAt())}`)}
      >
        <HistoryOutlined />
      </Tool>,
    ],
    [
      props.canEnlarge,
      <Tool key="enlarge" label={isEnlarged ? t("live.shrink") : t("live.enlarge")} onClick={props.onEnlarge}>
        {isEnlarged ? <CompressOutlined /> : <ExpandOutlined />}
      </Tool>,
    ],
    [
      props.onRemove !== undefined && !isEnlarged,
      <Tool key="remove" label={t("live.removeTile")} onClick={() => props.onRemove?.()}>
        <CloseOutlined />
      </Tool>,
    ],
  ];
  return <span className="bk-strip-tools">{tools.map(([isOfUse, tool]) => isOfUse && tool)}</span>;
}
