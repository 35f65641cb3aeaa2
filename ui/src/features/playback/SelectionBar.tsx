import { CloseOutlined, DownloadOutlined, SafetyCertificateOutlined } from "@ant-design/icons";
import { App, Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { MediaRefused } from "@/players/mediaSession";
import type { Camera } from "@/shared/api/cameras";
import { useAbilities } from "@/shared/api/session";
import { useWords } from "@/shared/camera/useWords";
import { askToSeal } from "@/shared/evidence/sealing";
import { downloadClip } from "@/shared/media/clip";
import { formatClock, formatDuration } from "@/shared/time/format";
import type { Selection } from "./selection";

interface Props {
  selection: Selection;
  /** The first is the one that is spoken of; it alone is sealed. */
  cameras: readonly Camera[];
  zone: string;
  onClear: () => void;
}

/** What can be done with the marked range. */
export function SelectionBar({ selection, cameras, zone, onClear }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const { message } = App.useApp();
  const [isExact, setExact] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const first = useAbilities().includes("evidence.capture") ? cameras[0] : undefined;
  const { fromMs, toMs } = selection;
  const download = async () => {
    setBusy(true);
    try {
      for (const camera of cameras) {
        const sent = await downloadClip(camera, { fromMs, toMs, isExact, zone });
        const size = `${(sent.sizeBytes / 1_000_000).toFixed(1)} MB`;
        message.success(t("play.clipSent", { name: camera.name, size }), 8);
      }
    } catch (error) {
      const detail = error instanceof MediaRefused ? error.detail : "";
      message.warning(detail || t("play.clipFailed"), 8);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="bk-selection" aria-label={t("play.selection")}>
      <span>
        {t("play.selectionOf", {
          from: formatClock(fromMs, zone),
          to: formatClock(toMs, zone),
          duration: formatDuration(toMs - fromMs, words.lang),
          count: cameras.length,
        })}
      </span>
      <Checkbox checked={isExact} onChange={(event) => setExact(event.target.checked)}>
        {t("play.clipExact")}
      </Checkbox>
      <Button
        className="bk-stage-button"
        icon={<DownloadOutlined />}
        loading={isBusy}
        title={t("play.clipHint")}
        onClick={() => void download()}
      >
        {t("play.clip")}
      </Button>
      {first && (
        <Button
          className="bk-stage-button"
          icon={<SafetyCertificateOutlined />}
          onClick={() => askToSeal({ camera: first, clip: { fromMs, toMs } })}
        >
          {t("evidence.sealClip")}
        </Button>
      )}
      <Button className="bk-stage-button" icon={<CloseOutlined />} onClick={onClear}>
        {t("play.clear")}
      </Button>
    </section>
  );
}
