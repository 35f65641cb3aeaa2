import { useTranslation } from "react-i18next";
import type { Opening } from "@/shared/api/cameraTree";
import { useZone } from "@/shared/api/system";
import { formatDate, formatMoment, parseZoned } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";

/** Why nobody cooks there now, and until when, in words. */
export function useOpeningWords() {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const nowMs = useNow(60_000);
  const day = (on: string) => formatDate(parseZoned(on, "12:00:00", zone), zone, i18n.language, nowMs);
  const opens = ({ opens_at }: Opening) =>
    opens_at ? formatMoment(Date.parse(opens_at), zone, i18n.language, nowMs).replace(/:00$/, "") : undefined;
  return {
    short: (opening: Opening): string => {
      if (opening.state === "off_hours") return t("live.offHours");
      return opening.to_on ? t("live.suspendedUntil", { to: day(opening.to_on) }) : t("live.suspended");
    },
    sentence: (opening: Opening): string => {
      const { state, from_on, to_on } = opening;
      if (state === "off_hours") {
        const at = opens(opening);
        return at ? t("live.offHoursOpens", { at }) : t("live.offHoursSentence");
      }
      if (from_on && to_on) return t("live.suspendedFromTo", { from: day(from_on), to: day(to_on) });
      return t("live.suspendedSentence");
    },
  };
}
