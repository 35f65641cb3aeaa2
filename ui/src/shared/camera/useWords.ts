import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { zoneCodeOf } from "./zones";

/** Words for what the server sends as codes. A code that this version does not know is never shown raw. */
export function useWords() {
  const { t, i18n } = useTranslation();
  return useMemo(() => {
    const known = (group: string, code: string) =>
      i18n.exists(`${group}.${code}`) ? t(`${group}.${code}`) : undefined;
    return {
      lang: i18n.language,
      /** Zones may be codes, their Chinese words, or the bureau's own words. */
      zone: (zone: string) => known("zone", zoneCodeOf(zone)) ?? zone,
      reasonShort: (reason: string | null | undefined) =>
        reason ? (known("reason.short", reason) ?? t("reason.short.unknown")) : "",
      reasonFull: (reason: string | null | undefined) =>
        reason ? (known("reason.full", reason) ?? t("reason.full.unknown")) : "",
    };
  }, [t, i18n, i18n.language]);
}
