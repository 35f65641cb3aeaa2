import { Select } from "antd";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";

interface Props {
  cameras: readonly Camera[];
  value: string | undefined;
  onChange: (id: string) => void;
}

export function CameraChoice({ cameras, value, onChange }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <Select<string>
      className="bk-camera-choice"
      aria-label={t("play.camera")}
      placeholder={t("play.pickCamera")}
      {...(value === undefined ? {} : { value })}
      onChange={onChange}
      showSearch={{ optionFilterProp: "label" }}
      options={cameras.map((camera) => ({
        value: camera.id,
        label: [camera.premises_name, camera.name, zoneBeside(camera.name, words.zone(camera.zone))]
          .filter(Boolean)
          .join(" · "),
      }))}
    />
  );
}
