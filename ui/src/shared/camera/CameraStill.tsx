import { PictureOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useZone } from "@/shared/api/system";
import { useStill } from "@/shared/media/thumbs";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { conditionOf, isShowing } from "./condition";

/** The newest still of a camera, dimmed while it is not moving. */
export function CameraStill({ camera, className = "" }: { camera: Camera; className?: string }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const isFresh = isShowing(conditionOf(camera));
  const still = useStill(camera.id, { isFresh });
  if (!still.url)
    return (
      <span className={`bk-still bk-still-none ${className}`}>
        <PictureOutlined aria-hidden />
        {!still.isLoading && <span>{t("camera.noStill")}</span>}
      </span>
    );
  const at = Number.isNaN(still.atMs) ? "" : formatMoment(still.atMs, zone, i18n.language, serverNowMs());
  return (
    <img
      className={`bk-still ${isFresh ? "" : "bk-still-dim"} ${className}`}
      src={still.url}
      alt={t("camera.still", { name: camera.name, at })}
      title={at ? t("camera.stillAt", { at }) : undefined}
    />
  );
}
