import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { LiveState } from "@/players/live/LiveDriver";
import type { Camera } from "@/shared/api/cameras";
import { useZone } from "@/shared/api/system";
import { StateMark } from "@/shared/camera/StateMark";
import { useWords } from "@/shared/camera/useWords";
import { formatDuration, formatMoment } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";

interface Props {
  camera: Camera;
  state: LiveState;
  isPaused: boolean;
  onRetry: () => void;
}

/** What stands on a tile without a moving picture: state, since when, why, and one next step. */
export function TileWords({ camera, state, isPaused, onRetry }: Props) {
  const { t } = useTranslation();
  useNow(1_000); // the seconds below go on
  if (isPaused) return <Words sentence={t("live.paused")} />;
  switch (state.kind) {
    case "playing":
      return null;
    case "idle":
      return <Words condition="connecting" sentence={t("live.connecting", { seconds: 0 })} />;
    case "connecting":
      return <Words condition="connecting" sentence={t("live.connecting", { seconds: secondsSince(state.sinceMs) })} />;
    case "stalled":
      return <Words condition="degraded" sentence={t("live.stalled", { seconds: secondsSince(state.sinceMs) })} />;
    case "offline":
      return <OfflineWords camera={camera} state={state} />;
    case "error":
      return <ErrorWords state={state} onRetry={onRetry} />;
  }
}

function secondsSince(sinceMs: number): number {
  return Math.max(0, Math.floor((performance.now() - sinceMs) / 1000));
}

function secondsUntil(atMs: number | null): number {
  return atMs === null ? 0 : Math.max(0, Math.ceil((atMs - performance.now()) / 1000));
}

interface WordsProps {
  condition?: "absent" | "connecting" | "degraded" | "offline";
  since?: string;
  sentence: string;
  next?: React.ReactNode;
}

export function Words({ condition, since, sentence, next }: WordsProps) {
  return (
    <div className="bk-tile-words">
      {(condition || since) && (
        <p className="bk-tile-state">
          {condition && <StateMark condition={condition} />}
          {since && <span>{since}</span>}
        </p>
      )}
      <p className="bk-tile-sentence">{sentence}</p>
      {next}
    </div>
  );
}

function OfflineWords({ camera, state }: { camera: Camera; state: LiveState & { kind: "offline" } }) {
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
        camera.abilities.includes("camera.play") && (
          <Link className="bk-stage-link" to={`/play?c=${camera.id}`}>
            {t("live.next.replay")}
          </Link>
        )
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
  } as const;
  return (
    <Words
      condition={state.isFinal || state.code === "no_stream" ? "offline" : "connecting"}
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
