import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigationType, useSearchParams } from "react-router";
import { camerasQuery } from "@/shared/api/cameras";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { serverNowMs } from "@/shared/time/serverClock";
import { CameraChoice } from "./CameraChoice";
import { PlaybackDesk } from "./PlaybackDesk";

const defaultBackMs = 60_000;

/** One camera's recording; the address names camera and moment, so that a colleague sees the same. */
export function PlaybackPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const cameras = useQuery(camerasQuery);
  const id = query.get("c") ?? "";
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
  if (!cameras.data)
    return (
      <div className="bk-page" aria-busy>
        <Skeleton active={false} />
      </div>
    );
  const playable = cameras.data.filter((camera) => camera.abilities.includes("camera.play"));
  const camera = playable.find((each) => each.id === id) ?? (id ? undefined : playable[0]);
  const choose = (chosen: string) => setQuery({ c: chosen, ...(query.get("t") ? { t: query.get("t") ?? "" } : {}) });
  const keepMoment = (atMs: number) => {
    if (camera) setQuery({ c: camera.id, t: new Date(atMs).toISOString() }, { replace: true });
  };
  if (camera)
    return (
      <PlaybackDesk
        key={camera.id}
        {...{ camera, cameras: playable, startMs, wantedMs, arrival, onCamera: choose, onMoment: keepMoment }}
      />
    );
  return (
    <div className="bk-page">
      <h1>{t("play.title")}</h1>
      <div className="bk-panel">
        {playable.length === 0 ? (
          <>
            <p>{t("live.emptyText")}</p>
            <Link to="/devices">{t("live.goDevices")}</Link>
          </>
        ) : (
          <>
            <p>{id ? t("error.access") : t("play.pickText")}</p>
            <CameraChoice cameras={playable} value={undefined} onChange={choose} />
          </>
        )}
      </div>
    </div>
  );
}
