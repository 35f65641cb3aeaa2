import { Alert } from "antd";
import { useTranslation } from "react-i18next";
import type { ProbeOut } from "@/shared/api/probe";

function codecName(codec: string): string {
  const known: Record<string, string> = {
    h264: "H.264",
    h265: "H.265",
    hevc: "H.265",
    pcma: "G.711A",
    pcmu: "G.711U",
    aac: "AAC",
  };
  return known[codec.toLowerCase()] ?? codec.toUpperCase();
}

/** What the camera answered: the picture it has, or what is wrong and what to do. */
export function ProbeResult({ probe }: { probe: ProbeOut }) {
  const { t } = useTranslation();
  const server = probe.server && <span className="bk-small">{t("form.probeCamera", { server: probe.server })}</span>;
  if (probe.reason)
    return (
      <Alert
        type="warning"
        showIcon
        title={probe.sentence || t("form.probeFailed")}
        description={
          <span className="bk-stack">
            <span>{probe.advice}</span>
            {server}
            {probe.detail && (
              <span className="bk-small bk-mono">{t("form.probeDetail", { detail: probe.detail })}</span>
            )}
          </span>
        }
      />
    );
  const video = probe.tracks.find((track) => track.width_px > 0);
  const audio = probe.tracks.find((track) => track.sample_rate_hz > 0 && track.width_px === 0);
  const picture = video
    ? [
        codecName(video.codec),
        `${video.width_px}×${video.height_px}`,
        probe.fps > 0 && t("camera.fpsValue", { value: Math.round(probe.fps) }),
      ]
        .filter(Boolean)
        .join(" ")
    : "";
  return (
    <Alert
      type="success"
      showIcon
      title={t("form.probeOk", {
        video: picture,
        audio: audio ? t("form.probeAudio", { codec: codecName(audio.codec) }) : t("form.probeNoAudio"),
        elapsed: probe.elapsed_s.toFixed(1),
      })}
      description={server || undefined}
    />
  );
}
