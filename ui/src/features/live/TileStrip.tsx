import {
  CameraOutlined,
  CloseOutlined,
  CompressOutlined,
  ExpandOutlined,
  FlagOutlined,
  HistoryOutlined,
  MinusCircleOutlined,
  MutedOutlined,
  RollbackOutlined,
  SoundOutlined,
  ToolOutlined,
} from "@ant-design/icons";
import type { ReactNode, RefObject } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { LiveState } from "@/players/live/LiveDriver";
import type { Camera } from "@/shared/api/cameras";
import type { Opening } from "@/shared/api/cameraTree";
import type { Ticket } from "@/shared/api/maintenance";
import { useZone } from "@/shared/api/system";
import { isNotRecording, isRecording, reportOf } from "@/shared/camera/condition";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";
import { formatClock } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { LowDelayTool } from "./LowDelayTool";
import { TileHealth } from "./TileHealth";
import { Tool } from "./Tool";
import { useOpeningWords } from "./useOpeningWords";
import type { TileFacts } from "./useTileFacts";

export interface StripProps extends TileFacts {
  camera: Camera;
  /** In which the picture is drawn. */
  screens: RefObject<HTMLElement | null>;
  state: LiveState;
  /** Among how many pictures it stands: on small ones there is room for the main tools only. */
  tiles: number;
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
  /** undefined: this person marks nothing here. */
  onMark: (() => void) | undefined;
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
      {replayAtMs === undefined ? <StripFacts {...props} /> : <StripReplay atMs={replayAtMs} onLive={props.onLive} />}
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

function StripFacts({ camera, state, opening, fault, screens }: StripProps) {
  const { t } = useTranslation();
  const profile = state.kind === "playing" ? state.picture.profile : "main";
  const loss = reportOf(camera, profile)?.loss_ratio ?? 0;
  return (
    <span className="bk-strip-facts">
      {fault && <FaultLink fault={fault} />}
      {opening && opening.state !== "open" && <StripClosed opening={opening} />}
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
      {state.kind === "playing" && <TileHealth {...{ camera, state, screens }} />}
    </span>
  );
}

/** A fault of the device is no fault of the kitchen: a wrench, not a red mark. */
export function FaultLink({ fault }: { fault: Ticket }) {
  const { t } = useTranslation();
  return (
    <Link
      className="bk-strip-fault"
      to={`/faults?t=${fault.id}`}
      title={`${t("live.fault", { number: fault.number })} ${t(`fault.state.${fault.state}`)}`}
      aria-label={t("live.fault", { number: fault.number })}
    >
      <ToolOutlined aria-hidden /> <span>{fault.number}</span>
    </Link>
  );
}

function StripClosed({ opening }: { opening: Opening }) {
  const words = useOpeningWords();
  return (
    <span title={words.sentence(opening)}>
      <MinusCircleOutlined aria-hidden /> {words.short(opening)}
    </span>
  );
}

function StripRecording({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const zone = useZone();
  if (isNotRecording(camera)) {
    const sinceMs = Date.parse(camera.streams.main?.recorded_until_at ?? "");
    const at = Number.isNaN(sinceMs) ? undefined : formatClock(sinceMs, zone, false);
    return <span className="bk-stage-alert">{at ? t("live.notRecordingSince", { at }) : t("state.notRecording")}</span>;
  }
  if (!isRecording(camera)) return null;
  return <span title={t("camera.recordingOnHint")}>{t("camera.recordingOn")}</span>;
}

function StripTools(props: StripProps) {
  const { camera, state, hasSound, isEnlarged, shownAtMs, tiles } = props;
  const { t } = useTranslation();
  const navigate = useNavigate();
  const hasAudio = state.kind === "playing" ? state.picture.hasAudio : Boolean(camera.streams.main?.audio_codec);
  const isSmall = tiles >= 16;
  const can = (ability: string) => camera.abilities.includes(ability);
  const replayAt = () => new Date((shownAtMs() ?? serverNowMs()) - 10_000).toISOString();
  const tools: [boolean, ReactNode][] = [
    [
      hasAudio,
      <Tool
        key="sound"
        label={`${hasSound ? t("live.soundOff") : t("live.soundOn")} M`}
        isOn={hasSound}
        onClick={props.onSound}
      >
        {hasSound ? <SoundOutlined /> : <MutedOutlined />}
      </Tool>,
    ],
    [!isSmall, <LowDelayTool key="delay" />],
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
      props.onMark !== undefined,
      <Tool key="mark" label={`${t("live.mark")} B`} onClick={() => props.onMark?.()}>
        <FlagOutlined />
      </Tool>,
    ],
    [
      can("camera.play") && !isSmall,
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
