import { PictureOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useZone } from "@/shared/api/system";
import { useStill } from "@/shared/media/thumbs";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { conditionOf, isShowing } from "./condition";

interface Props {
  camera: Camera;
  className?: string;
}

/** The newest still of a camera, dimmed while it is not moving. Nothing is asked for where no device is. */
export function CameraStill({ camera, className = "" }: Props) {
  if (conditionOf(camera) === "absent") return <NoStill className={className} isLoading={false} />;
  return <NewestStill camera={camera} className={className} />;
}

function NoStill({ className, isLoading }: { className: string; isLoading: boolean }) {
  const { t } = useTranslation();
  return (
    <span className={`bk-still bk-still-none ${className}`}>
      <PictureOutlined aria-hidden />
      {!isLoading && <span>{t("camera.noStill")}</span>}
    </span>
  );
}

function NewestStill({ camera, className }: Required<Props>) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const isFresh = isShowing(conditionOf(camera));
  const still = useStill(camera.id, { isFresh });
  if (!still.url) return <NoStill className={className} isLoading={still.isLoading} />;
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
