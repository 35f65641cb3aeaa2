import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigationType, useSearchParams } from "react-router";
import { type Camera, camerasByIdQuery, camerasQuery } from "@/shared/api/cameras";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { conditionOf } from "@/shared/camera/condition";
import { firstAsked } from "@/shared/camera/useCameraSearch";
import { serverNowMs } from "@/shared/time/serverClock";
import { CameraChoice } from "./CameraChoice";
import { mostCameras, PlaybackDesk } from "./PlaybackDesk";

const defaultBackMs = 60_000;

/** Recordings of up to four cameras; the address names cameras and moment, so that a colleague sees the same. */
export function PlaybackPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const queries = useQueryClient();
  const ids = query.getAll("c").filter(Boolean).slice(0, mostCameras);
  const id = ids[0] ?? "";
  const named = useQuery(camerasByIdQuery(queries, ids));
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
  const playable = cameras.data.items.filter((each) => each.abilities.includes("camera.play"));
  // Nobody named one: rather a camera whose pictures this browser decodes.
  const camera = id ? playable.find((each) => each.id === id) : (playable.find(isDecoded) ?? playable[0]);
  const isAbsent = camera !== undefined && conditionOf(camera) === "absent";
  const choose = (chosen: readonly string[]) =>
    setQuery([...chosen.map((each) => ["c", each]), ...(query.get("t") ? [["t", query.get("t") ?? ""]] : [])] as [
      string,
      string,
    ][]);
  if (camera && !isAbsent) {
    const others = ids.slice(1).flatMap((each) => playable.find((one) => one.id === each) ?? []);
    const shown = [camera, ...others.filter((each) => conditionOf(each) !== "absent")];
    const keepMoment = (atMs: number) =>
      setQuery([...shown.map((each) => ["c", each.id]), ["t", new Date(atMs).toISOString()]] as [string, string][], {
        replace: true,
      });
    return (
      <PlaybackDesk
        key={camera.id}
        {...{ cameras: shown, startMs, wantedMs, arrival, onCameras: choose, onMoment: keepMoment }}
      />
    );
  }
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
            <CameraChoice camera={camera} onChange={(chosen) => choose([chosen])} />
          </>
        )}
      </div>
    </div>
  );
}

function isDecoded({ streams }: Camera): boolean {
  const codec = streams.main?.video_codec;
  if (!codec || typeof MediaSource === "undefined") return false;
  return MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
}
