import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigationType, useSearchParams } from "react-router";
import { camerasByIdQuery, camerasQuery } from "@/shared/api/cameras";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { conditionOf } from "@/shared/camera/condition";
import { firstAsked } from "@/shared/camera/useCameraSearch";
import { serverNowMs } from "@/shared/time/serverClock";
import { CameraChoice } from "./CameraChoice";
import { PlaybackDesk } from "./PlaybackDesk";

const defaultBackMs = 60_000;

/** One camera's recording; the address names camera and moment, so that a colleague sees the same. */
export function PlaybackPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const queries = useQueryClient();
  const id = query.get("c") ?? "";
  const named = useQuery(camerasByIdQuery(queries, [id]));
  const first = useQuery({ ...camerasQuery(firstAsked), enabled: id === "" });
  const cameras = id ? named : first;
  const location = useLocation();
  // The desk itself only replaces the address.
  const arrival = useNavigationType() === "REPLACE" ? undefined : location.key;
  const namedMs = Date.parse(query.get("t") ?? "");
  const wantedMs = Number.isNaN(namedMs) ? undefined : namedMs;
  const startMs = wantedMs ?? serverNowMs() - defaultBackMs;
  if (cameras.isError && cameras.data === undefined)
    return (
      <div className="bk-page">
        <ProblemPanel error={cameras.error} title={t("camera.readFailed")} onRetry={() => void cameras.refetch()} />
      </div>
    );
  if (!cameras.data || (cameras.isPlaceholderData && cameras.data.items.length === 0))
    return (
      <div className="bk-page" aria-busy>
        <Skeleton active={false} />
      </div>
    );
  const camera = cameras.data.items.find((each) => each.abilities.includes("camera.play"));
  const isAbsent = camera !== undefined && conditionOf(camera) === "absent";
  const choose = (chosen: string) => setQuery({ c: chosen, ...(query.get("t") ? { t: query.get("t") ?? "" } : {}) });
  const keepMoment = (atMs: number) => {
    if (camera) setQuery({ c: camera.id, t: new Date(atMs).toISOString() }, { replace: true });
  };
  if (camera && !isAbsent)
    return (
      <PlaybackDesk
        key={camera.id}
        {...{ camera, startMs, wantedMs, arrival, onCamera: choose, onMoment: keepMoment }}
      />
    );
  return (
    <div className="bk-page">
      <h1>{t("play.title")}</h1>
      <div className="bk-panel">
        {!id && !cameras.data.hasMore ? (
          <>
            <p>{t("live.emptyText")}</p>
            <Link to="/devices">{t("live.goDevices")}</Link>
          </>
        ) : (
          <>
            <p>{isAbsent ? t("play.absent", { name: camera.name }) : id ? t("error.access") : t("play.pickText")}</p>
            <CameraChoice camera={camera} onChange={choose} />
          </>
        )}
      </div>
    </div>
  );
}
