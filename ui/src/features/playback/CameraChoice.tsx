import { Button, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useCameraSearch } from "@/shared/camera/useCameraSearch";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";

interface Props {
  camera: Camera | undefined;
  onChange: (id: string) => void;
}

/** Finds a camera at the server; nothing is read before it is opened. */
export function CameraChoice({ camera, onChange }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const [isOpen, setOpen] = useState(false);
  const search = useCameraSearch({ enabled: isOpen });
  const labelOf = (each: Camera) =>
    [each.premises_name, each.name, zoneBeside(each.name, words.zone(each.zone)), each.retired_at && t("play.removed")]
      .filter(Boolean)
      .join(" · ");
  const playable = (search.found ?? []).filter((each) => each.abilities.includes("camera.play"));
  const nothing = search.isFailing ? (
    <span className="bk-warning-text">
      {t("camera.readFailed")} <Button onClick={search.retry}>{t("common.retry")}</Button>
    </span>
  ) : search.isWaiting ? (
    t("camera.searching")
  ) : (
    t("camera.emptySearch")
  );
  return (
    <Select<string>
      className="bk-camera-choice"
      aria-label={t("play.camera")}
      placeholder={t("play.pickCamera")}
      {...(camera ? { value: camera.id } : {})}
      labelRender={({ label }) => (camera ? labelOf(camera) : label)}
      open={isOpen}
      onOpenChange={(next) => {
        setOpen(next);
        if (!next) search.setText("");
      }}
      onChange={onChange}
      loading={isOpen && search.isWaiting}
      showSearch={{ filterOption: false, searchValue: search.text, onSearch: search.setText }}
      options={playable.map((each) => ({ value: each.id, label: labelOf(each) }))}
      notFoundContent={<span role="status">{nothing}</span>}
      popupRender={(menu) => (
        <>
          {menu}
          {search.left > 0 && <p className="bk-select-foot">{t("camera.moreLeft", { count: search.left })}</p>}
        </>
      )}
    />
  );
}
