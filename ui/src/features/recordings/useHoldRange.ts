import { useTranslation } from "react-i18next";
import type { Hold } from "@/shared/api/recording";
import { useMoments } from "@/shared/recording/words";

/** From when to when, in words; a hold without an end stands until it is released. */
export function useHoldRange(): (hold: Pick<Hold, "from" | "to">) => string {
  const { t } = useTranslation();
  const { moment, range } = useMoments();
  return ({ from, to }) => (to === null ? t("recording.holds.untilReleased", { from: moment(from) }) : range(from, to));
}
