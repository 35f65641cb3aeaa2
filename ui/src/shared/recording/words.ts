import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { EventKind, Mode } from "@/shared/api/recording";
import { useZone } from "@/shared/api/system";
import { useWords } from "@/shared/camera/useWords";
import { formatClock, formatIsoDate, formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";

/** Words for what the server sends as codes of recordings. A code that this version does not know is never shown raw. */
export function useRecordingWords() {
  const { t, i18n } = useTranslation();
  const words = useWords();
  return useMemo(() => {
    const known = (group: string, code: string) =>
      i18n.exists(`${group}.${code}`) ? t(`${group}.${code}`) : undefined;
    const reason = (code: string) => known("recording.reason", code) ?? words.reasonShort(code);
    const whats: Partial<Record<EventKind, (code: string) => string>> = {
      offline: words.reasonShort,
      unrecorded: reason,
      held: (code) => known("recording.holds.why", code) ?? "",
      deleted: (code) => known("recording.deleted", code) ?? "",
    };
    return {
      /** Why a camera that should be recorded is not. */
      reason,
      stream: (profile: string) => known("recording.stream", profile) ?? "",
      mode: (mode: Mode) => t(`recording.mode.${mode}`),
      days: (count: number) => t("recording.days", { count }),
      /** What is known of an event beside its kind. */
      what: (kind: EventKind, code: string) => whats[kind]?.(code) ?? "",
    };
  }, [t, i18n, words]);
}

/** Moments and stretches of time on the city's clock, in the language of the page. */
export function useMoments() {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  return useMemo(() => {
    const moment = (at: string) => formatMoment(Date.parse(at), zone, i18n.language, serverNowMs());
    return {
      moment,
      /** The second day is only said when it is another one. */
      range: (from: string, to: string) => {
        const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
        const isOneDay = formatIsoDate(fromMs, zone) === formatIsoDate(toMs, zone);
        return t("recording.range", { from: moment(from), to: isOneDay ? formatClock(toMs, zone) : moment(to) });
      },
    };
  }, [t, i18n.language, zone]);
}

/** Where a camera's recording of that moment is played. */
export function playbackAddress(camera: string, atMs: number): string {
  return `/play?c=${camera}&t=${encodeURIComponent(new Date(atMs).toISOString())}`;
}
