import { Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useZone } from "@/shared/api/system";
import { conditionOf, isNotRecording, isRecording, isShowing } from "@/shared/camera/condition";
import { CameraState } from "@/shared/camera/StateMark";
import { useWords } from "@/shared/camera/useWords";
import { formatDuration, formatMoment } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";

const dash = "—";

/** State, since when, and why, with what to do. */
export function StateWithReason({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const words = useWords();
  const zone = useZone();
  const nowMs = useNow(5_000);
  const main = camera.streams.main;
  const condition = conditionOf(camera);
  const sinceMs = main?.since_at ? Date.parse(main.since_at) : Number.NaN;
  return (
    <div className="bk-state-cell">
      <CameraState camera={camera} />
      {condition !== "live" && condition !== "standby" && !Number.isNaN(sinceMs) && (
        <span className="bk-small">
          {t("camera.since", {
            duration: formatDuration(nowMs - sinceMs, words.lang),
            at: formatMoment(sinceMs, zone, words.lang, nowMs),
          })}
        </span>
      )}
      {condition !== "live" && main?.reason && <span className="bk-reason">{words.reasonFull(main.reason)}</span>}
    </div>
  );
}

export function LastSeen({ camera }: { camera: Camera }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const nowMs = useNow(1_000);
  const at = camera.streams.main?.last_frame_at;
  if (!at) return <span className="bk-muted">{t("camera.never")}</span>;
  return <time dateTime={at}>{formatMoment(Date.parse(at), zone, i18n.language, nowMs)}</time>;
}

export function formatMbps(bitrateBps: number): string {
  const mbps = bitrateBps / 1_000_000;
  return mbps.toFixed(mbps < 1 ? 2 : 1);
}

/** A figure of the last seconds exists only while pictures arrive. */
export function Bitrate({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const main = camera.streams.main;
  if (!main || !isShowing(main.state)) return dash;
  return t("camera.mbps", { value: formatMbps(main.bitrate_bps) });
}

export function Fps({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const main = camera.streams.main;
  if (!main || !isShowing(main.state)) return dash;
  return t("camera.fpsValue", { value: main.fps.toFixed(main.fps < 10 ? 1 : 0) });
}

export function Loss({ camera }: { camera: Camera }) {
  const main = camera.streams.main;
  if (!main || !isShowing(main.state)) return dash;
  const percent = `${(main.loss_ratio * 100).toFixed(1)}%`;
  return main.loss_ratio > 0.01 ? <span className="bk-warning-text">{percent}</span> : percent;
}

export function RecordingMark({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const isPlanned = camera.record.length > 0;
  if (conditionOf(camera) === "absent") return dash;
  if (isRecording(camera))
    return (
      <Tooltip title={t("camera.recordingOnHint")}>
        <span className="bk-rec">{t("camera.recordingOn")}</span>
      </Tooltip>
    );
  const isAlarm = isNotRecording(camera);
  return (
    <Tooltip title={isPlanned ? t("camera.recordingOffHint") : t("camera.recordingPlanOffHint")}>
      <span className={isAlarm ? "bk-error-text" : "bk-muted"}>
        {isPlanned ? t("camera.recordingOff") : t("camera.recordingPlanOff")}
      </span>
    </Tooltip>
  );
}
