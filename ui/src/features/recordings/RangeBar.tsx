import { useTranslation } from "react-i18next";
import type { EventKind, Found } from "@/shared/api/recording";

interface Props {
  event: Found["event"];
  fromMs: number;
  toMs: number;
  nowMs: number;
}

/** Narrower than this nobody sees it; per cent of the bar. */
const leastPercent = 1;

/** Where an event lies in [fromMs, toMs), in per cent. What is not over lasts until now. */
export function placeOf(
  event: Pick<Props["event"], "from" | "to" | "kind">,
  fromMs: number,
  toMs: number,
  nowMs: number,
) {
  const clamp = (atMs: number) => Math.min(100, Math.max(0, (100 * (atMs - fromMs)) / (toMs - fromMs)));
  const isMoment = event.kind === "rule" || event.kind === "evidence" || event.kind === "mark";
  const begin = clamp(Date.parse(event.from));
  const end = event.to ? clamp(Date.parse(event.to)) : isMoment ? begin : Math.max(begin, clamp(nowMs));
  const left = Math.min(begin, 100 - leastPercent);
  return { left, width: Math.max(leastPercent, end - left) };
}

/** The range that was searched, with the stretch of one event in it. */
export function RangeBar({ event, fromMs, toMs, nowMs }: Props) {
  const { t } = useTranslation();
  const { left, width } = placeOf(event, fromMs, toMs, nowMs);
  return (
    <svg
      className="bk-range-bar"
      viewBox="0 0 100 16"
      preserveAspectRatio="none"
      role="img"
      aria-label={t("recording.search.barLabel", {
        event: t(`recording.event.${event.kind}`),
        begin: Math.round(left),
        end: Math.round(left + width),
      })}
    >
      <rect className={`bk-range-${event.kind}`} x={left} y="2" width={width} height="12" />
    </svg>
  );
}

/** The event's word with the colour that it has on bars. */
export function EventWord({ kind }: { kind: EventKind }) {
  const { t } = useTranslation();
  return (
    <span className="bk-event-word">
      <svg className="bk-range-key" viewBox="0 0 10 10" aria-hidden>
        <rect className={`bk-range-${kind}`} x="1" y="1" width="8" height="8" />
      </svg>
      {t(`recording.event.${kind}`)}
    </span>
  );
}
