import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { PlaybackState, Skip } from "@/players/playback/state";
import { errorSentence, TranscodedNote } from "@/shared/camera/transcoded";
import { useWords } from "@/shared/camera/useWords";
import { formatDuration, formatMoment } from "@/shared/time/format";
import { gapAt, neighbours, type Recorded } from "./geometry";

interface Props {
  state: PlaybackState;
  skip: Skip | undefined;
  recorded: Recorded | undefined;
  zone: string;
  nowMs: number;
  onSeek: (atMs: number) => void;
  onRetry: () => void;
}

/** What stands over the picture when it does not simply play. */
export function PictureWords(props: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const { state, skip, recorded } = props;
  if (skip) {
    const reason = recorded && gapAt(recorded, (skip.fromMs + skip.toMs) / 2)?.reason;
    const duration = formatDuration(skip.toMs - skip.fromMs, words.lang);
    return (
      <p className="bk-skip-card" role="status">
        {t("play.skipped", { duration, reason: words.reasonShort(reason ?? "unknown") })}
      </p>
    );
  }
  switch (state.kind) {
    case "loading":
    case "buffering":
      return <p className="bk-thin-note">{state.kind === "loading" ? t("play.loading") : t("play.buffering")}</p>;
    case "gap":
      return <GapWords {...props} atMs={state.atMs} />;
    case "ended":
      return <p className="bk-thin-note">{t("play.ended")}</p>;
    case "error":
      return (
        <div className="bk-tile-words" role="alert">
          <p className="bk-tile-sentence">{errorSentence(t, state)}</p>
          <Button className="bk-stage-button" onClick={props.onRetry}>
            {t("common.retry")}
          </Button>
        </div>
      );
    case "playing":
    case "paused":
      return state.transcoded ? <TranscodedNote /> : null;
    default:
      return null;
  }
}

function GapWords({ atMs, recorded, zone, nowMs, onSeek }: Props & { atMs: number }) {
  const { t } = useTranslation();
  const words = useWords();
  const moment = (at: number) => formatMoment(at, zone, words.lang, nowMs);
  if (!recorded) return <p className="bk-thin-note">{t("play.loading")}</p>;
  const gap = gapAt(recorded, atMs);
  const { beforeMs, afterMs } = neighbours(recorded, atMs);
  const { firstAtMs } = recorded;
  const sentence = gap
    ? t("play.gap", {
        from: moment(gap.fromMs),
        to: moment(Math.min(gap.toMs, nowMs)),
        reason: words.reasonShort(gap.reason),
      })
    : firstAtMs === undefined
      ? t("play.noneYet")
      : atMs < firstAtMs
        ? t("play.before", { at: moment(firstAtMs) })
        : t("play.ended");
  const nextMs = afterMs ?? (firstAtMs !== undefined && atMs < firstAtMs ? firstAtMs : undefined);
  const previousMs = beforeMs === undefined ? undefined : beforeMs - 10_000;
  return (
    <div className="bk-tile-words" role="status">
      <p className="bk-tile-sentence">{sentence}</p>
      {nextMs !== undefined ? (
        <Button className="bk-stage-button" onClick={() => onSeek(nextMs)}>
          {t("play.gapNext", { at: moment(nextMs) })}
        </Button>
      ) : (
        previousMs !== undefined && (
          <Button className="bk-stage-button" onClick={() => onSeek(previousMs)}>
            {t("play.gapPrev", { at: moment(previousMs) })}
          </Button>
        )
      )}
    </div>
  );
}
