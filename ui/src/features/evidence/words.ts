import { useTranslation } from "react-i18next";
import type { Evidence } from "@/shared/api/evidence";
import { useZone } from "@/shared/api/system";
import { formatClock, formatIsoDate } from "@/shared/time/format";

/** The camera's clock against ours, in words; "" while nothing is known would hide that. */
export function useDriftText(): (item: Pick<Evidence, "camera_drift_us">) => string {
  const { t } = useTranslation();
  return ({ camera_drift_us: drift }) => {
    if (drift === null) return t("evidence.driftUnknown");
    const tenths = Math.round(drift / 100_000) || 0;
    return t("evidence.driftSeconds", { seconds: `${tenths > 0 ? "+" : ""}${(tenths / 10).toFixed(1)}` });
  };
}

/** Always with its date, to the millisecond: what is evidence is read years later. */
export function useMoment(): (instant: string) => string {
  const zone = useZone();
  return (instant) => {
    const atMs = Date.parse(instant);
    const thousandths = String(((atMs % 1000) + 1000) % 1000).padStart(3, "0");
    return `${formatIsoDate(atMs, zone)} ${formatClock(atMs, zone)}.${thousandths}`;
  };
}

/** 38 MB, 240 KB. */
export function formatSize(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${Math.max(1, Math.round(bytes / 1e3))} KB`;
}
