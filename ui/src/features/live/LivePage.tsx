import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { type Camera, camerasByIdQuery, camerasQuery } from "@/shared/api/cameras";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { firstAsked } from "@/shared/camera/useCameraSearch";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { lastWall } from "./useWall";
import { WallPage } from "./WallPage";
import { readWall } from "./wall";
import "./live.css";

export function LivePage() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [query] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  const last = lastWall(isPhone, query);
  const ids = query.has("c") ? readWall(query).places : last.wall.places;
  const first = useQuery(camerasQuery(firstAsked));
  const hung = useQuery(camerasByIdQuery(queries, ids));
  const failed = [first, hung].find((each) => each.isError && each.data === undefined);
  if (failed)
    return (
      <div className="bk-page">
        <h1>{t("live.title")}</h1>
        <ProblemPanel error={failed.error} title={t("camera.readFailed")} onRetry={() => void failed.refetch()} />
      </div>
    );
  // A wall that changes keeps standing while what is new on it is read.
  if (!first.data || (hung.isPlaceholderData && hung.isFetching && hung.data?.items.length === 0))
    return (
      <div className="bk-page" aria-busy>
        <Skeleton active={false} />
      </div>
    );
  const watchable = first.data.items.filter(mayWatch);
  const onWall = (hung.data?.items ?? []).filter(mayWatch);
  if (watchable.length === 0 && onWall.length === 0 && !first.data.hasMore)
    return (
      <div className="bk-page">
        <h1>{t("live.title")}</h1>
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t("live.emptyTitle")}</h2>
          <p>{t("live.emptyText")}</p>
          <Link to="/devices">{t("live.goDevices")}</Link>
        </div>
      </div>
    );
  return <WallPage first={watchable} cameras={onWall} last={last} isReading={hung.isPlaceholderData} />;
}

function mayWatch(camera: Camera): boolean {
  return camera.abilities.includes("camera.live");
}
