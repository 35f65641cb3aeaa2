import { MinusCircleOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { LiveState } from "@/players/live/LiveDriver";
import type { Camera } from "@/shared/api/cameras";
import type { Opening } from "@/shared/api/cameraTree";
import type { Ticket } from "@/shared/api/maintenance";
import { useZone } from "@/shared/api/system";
import { StateMark } from "@/shared/camera/StateMark";
import { useWords } from "@/shared/camera/useWords";
import { formatDuration, formatMoment } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";
import { useOpeningWords } from "./useOpeningWords";
import type { TileFacts } from "./useTileFacts";

interface Props extends TileFacts {
  camera: Camera;
  state: LiveState;
  isPaused: boolean;
  onRetry: () => void;
}

/** What stands on a tile without a moving picture: state, since when, why, and one next step. */
export function TileWords({ camera, state, isPaused, opening, fault, onRetry }: Props) {
  const { t } = useTranslation();
  useNow(1_000); // the seconds below go on
  if (isPaused) return <Words sentence={t("live.paused")} />;
  if (opening && opening.state !== "open" && isDark(state)) return <ClosedWords {...{ camera, opening }} />;
  switch (state.kind) {
    case "playing":
      return null;
    case "idle":
      return <Words condition="connecting" sentence={t("live.connecting", { seconds: 0 })} />;
    case "connecting":
      return <Words condition="connecting" sentence={t("live.connecting", { seconds: secondsSince(state.sinceMs) })} />;
    case "stalled":
      if (state.isTranscoderAway) return <Words condition="degraded" sentence={t("live.transcodeRestarting")} />;
      return <Words condition="degraded" sentence={t("live.stalled", { seconds: secondsSince(state.sinceMs) })} />;
    case "offline":
      return <OfflineWords {...{ camera, state, fault }} />;
    case "error":
      return <ErrorWords state={state} onRetry={onRetry} />;
  }
}

/** There is no picture, and none is about to come. */
function isDark(state: LiveState): boolean {
  return state.kind === "offline" || (state.kind === "error" && state.code === "no_stream");
}

/** Nobody cooks there now: that explains the dark picture better than its network does. */
function ClosedWords({ camera, opening }: { camera: Camera; opening: Opening }) {
  const words = useOpeningWords();
  return (
    <Words
      state={
        <span className="bk-state bk-state-standby">
          <MinusCircleOutlined aria-hidden />
          {words.short(opening)}
        </span>
      }
      sentence={words.sentence(opening)}
      next={<ReplayLink camera={camera} />}
    />
  );
}

function ReplayLink({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  if (!camera.abilities.includes("camera.play")) return null;
  return (
    <Link className="bk-stage-link" to={`/play?c=${camera.id}`}>
      {t("live.next.replay")}
    </Link>
  );
}

function secondsSince(sinceMs: number): number {
  return Math.max(0, Math.floor((performance.now() - sinceMs) / 1000));
}

function secondsUntil(atMs: number | null): number {
  return atMs === null ? 0 : Math.max(0, Math.ceil((atMs - performance.now()) / 1000));
}

interface WordsProps {
  condition?: "absent" | "connecting" | "degraded" | "offline";
  /** In place of a condition of the camera's. */
  state?: React.ReactNode;
  since?: string;
  sentence: string;
  next?: React.ReactNode;
}

export function Words({ condition, state, since, sentence, next }: WordsProps) {
  return (
    <div className="bk-tile-words">
      {(condition || state || since) && (
        <p className="bk-tile-state">
          {state}
          {condition && <StateMark condition={condition} />}
          {since && <span>{since}</span>}
        </p>
      )}
      <p className="bk-tile-sentence">{sentence}</p>
      {next}
    </div>
  );
}

interface OfflineProps {
  camera: Camera;
  state: LiveState & { kind: "offline" };
  fault: Ticket | undefined;
}

function OfflineWords({ camera, state, fault }: OfflineProps) {
  const { t } = useTranslation();
  const words = useWords();
  const zone = useZone();
  const nowMs = useNow(1_000);
  const sinceMs = state.sinceAt ? Date.parse(state.sinceAt) : Number.NaN;
  const since = Number.isNaN(sinceMs)
    ? ""
    : t("camera.since", {
        duration: formatDuration(nowMs - sinceMs, words.lang),
        at: formatMoment(sinceMs, zone, words.lang, nowMs),
      });
  const isTrying = state.state === "connecting";
  const isFresh = isTrying && (state.reason ?? "unknown") === "unknown"; // nothing went wrong yet
  const seconds = Number.isNaN(sinceMs) ? 0 : Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  return (
    <Words
      condition={isTrying ? "connecting" : "offline"}
      since={isFresh ? "" : since}
      sentence={isFresh ? t("live.connecting", { seconds }) : words.reasonFull(state.reason ?? "unknown")}
      next={
        <span className="bk-tile-next">
          {fault && (
            <Link className="bk-stage-link" to={`/faults?t=${fault.id}`}>
              {t("live.fault", { number: fault.number })}
            </Link>
          )}
          <ReplayLink camera={camera} />
        </span>
      }
    />
  );
}

function ErrorWords({ state, onRetry }: { state: LiveState & { kind: "error" }; onRetry: () => void }) {
  const { t } = useTranslation();
  const sentences = {
    no_mse: t("live.noMse"),
    codec_unsupported: t("live.codec", { codec: state.codec.replace(/^.*codecs="?([^"]*)"?$/, "$1") }),
    revoked: t("live.revoked"),
    token_refused: state.detail || t("error.access"),
    unreachable: t("live.mediaBusy", { attempt: state.attempt }),
    no_stream: t("live.noStream", { seconds: secondsUntil(state.retryAtMs) }),
    too_many: t("live.tooMany", { seconds: secondsUntil(state.retryAtMs) }),
    transcode_full: t("live.transcodeFull", { seconds: secondsUntil(state.retryAtMs) }),
    transcode_failed: t("live.transcodeFailed", { seconds: secondsUntil(state.retryAtMs) }),
    transcode_off: t("live.transcodeOff"),
  } as const;
  return (
    <Words
      {...conditionOf(state)}
      sentence={sentences[state.code]}
      next={
        state.code !== "no_mse" &&
        state.code !== "codec_unsupported" && (
          <Button size="small" className="bk-stage-button" onClick={onRetry}>
            {t("live.next.retry")}
          </Button>
        )
      }
    />
  );
}

/** A camera whose picture this browser cannot play is not offline. */
function conditionOf({ code, isFinal }: LiveState & { kind: "error" }): Pick<WordsProps, "condition"> {
  if (code.startsWith("transcode_")) return {};
  return { condition: isFinal || code === "no_stream" ? "offline" : "connecting" };
}
