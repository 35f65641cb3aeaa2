import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Camera } from "@/shared/api/cameras";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type PremisesFile, premisesCamerasQuery } from "@/shared/api/premises";
import { CameraStill } from "@/shared/camera/CameraStill";
import { CameraState } from "@/shared/camera/StateMark";
import { useKinds } from "@/shared/premises/useKinds";

/** The premises' channels: still, zone, state, and whether the zone counts. */
export function ChannelList({ premises }: { premises: PremisesFile }) {
  const { t } = useTranslation();
  const cameras = useQuery(premisesCamerasQuery(premises.id));
  if (cameras.isError && cameras.data === undefined)
    return <ProblemPanel error={cameras.error} onRetry={() => void cameras.refetch()} />;
  if (!cameras.data) return <Skeleton active={false} paragraph={{ rows: 4 }} />;
  if (cameras.data.length === 0) return <p className="bk-muted">{t("premises.noChannels")}</p>;
  return (
    <ul className="bk-channels">
      {cameras.data.map((camera) => (
        <Channel key={camera.id} camera={camera} />
      ))}
    </ul>
  );
}

function Channel({ camera }: { camera: Camera }) {
  const { t, i18n } = useTranslation();
  const { zone } = useKinds();
  const more = camera.zones.map(zone).join(i18n.language.startsWith("zh") ? "、" : ", ");
  return (
    <li className="bk-channel">
      <CameraStill camera={camera} className="bk-channel-still" />
      <div className="bk-channel-words">
        <strong>{camera.name}</strong>
        <span className="bk-secondary">
          {camera.zone ? zone(camera.zone) : t("premises.noZone")}
          {more && t("premises.moreZones", { zones: more })}
        </span>
        <CameraState camera={camera} />
        {camera.activity === "NEW" && <span className="bk-secondary">{t("premises.firstFrameWaits")}</span>}
        {camera.address && (
          <span className="bk-actions">
            {camera.abilities.includes("camera.live") && (
              <Link to={`/live?wall=1&c=${camera.id}`}>{t("nav.live")}</Link>
            )}
            {camera.abilities.includes("camera.play") && <Link to={`/play?c=${camera.id}`}>{t("nav.play")}</Link>}
          </span>
        )}
      </div>
    </li>
  );
}
