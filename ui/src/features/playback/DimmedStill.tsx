import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useStillAt } from "@/shared/media/thumbs";
import { formatMoment } from "@/shared/time/format";
import type { StillWish } from "./stillWish";

interface Props {
  camera: Camera;
  wish: StillWish;
  zone: string;
  nowMs: number;
  /** Says of when the still is, so that nobody takes it for the moment wanted. */
  isDated: boolean;
}

/** Fills the picture area while the video has none. */
export function DimmedStill({ camera, wish, zone, nowMs, isDated }: Props) {
  const { t, i18n } = useTranslation();
  const still = useStillAt(camera.id, wish);
  if (!still) return null;
  const at = Number.isNaN(still.atMs) ? "" : formatMoment(still.atMs, zone, i18n.language, nowMs);
  return (
    <>
      <img className="bk-picture-still" src={still.url} alt={t("camera.still", { name: camera.name, at })} />
      {isDated && at && <p className="bk-still-at">{t("play.stillAt", { at })}</p>}
    </>
  );
}
