import { App } from "antd";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useZone } from "@/shared/api/system";
import { formatMoment, formatMomentTenths } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import type { SavedSnapshot } from "./snapshot";

/** Runs a saving and says what was saved: the frame's own time, and plainly so if it is not the one on the screen. */
export function useSnapshotWords(): (camera: Camera, save: () => Promise<SavedSnapshot>) => Promise<void> {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const zone = useZone();
  return async (camera, save) => {
    try {
      const { atMs, insteadOfMs } = await save();
      const { name } = camera;
      if (insteadOfMs === undefined) {
        const at = formatMoment(atMs, zone, i18n.language, serverNowMs());
        message.success(t("live.snapshotSaved", { name, at }));
        return;
      }
      const moment = (ms: number) => formatMomentTenths(ms, zone, i18n.language, serverNowMs());
      message.warning(t("snapshot.otherFrame", { name, wanted: moment(insteadOfMs), at: moment(atMs) }), 12);
    } catch {
      message.warning(t("snapshot.failed"), 8);
    }
  };
}
