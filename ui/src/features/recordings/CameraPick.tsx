import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Select } from "antd";
import { useTranslation } from "react-i18next";
import { type Camera, camerasByIdQuery } from "@/shared/api/cameras";
import { useCameraSearch } from "@/shared/camera/useCameraSearch";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";

interface Props {
  /** "" or none: no camera is chosen. */
  value?: string;
  onChange?: (id: string) => void;
  id?: string;
  label?: string;
  className?: string;
}

/** A camera, found at the server by what is typed; fits in forms. */
export function CameraPick({ value = "", onChange, id, label, className = "bk-wide" }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const queries = useQueryClient();
  const search = useCameraSearch();
  const chosen = useQuery(camerasByIdQuery(queries, [value])).data?.items ?? [];
  const labelOf = (each: Camera) =>
    [each.premises_name, each.name, zoneBeside(each.name, words.zone(each.zone))].filter(Boolean).join(" · ");
  const found = search.found ?? [];
  const nothing = search.isFailing ? (
    <span className="bk-warning-text">
      {t("camera.readFailed")} <Button onClick={search.retry}>{t("common.retry")}</Button>
    </span>
  ) : search.isWaiting ? (
    t("camera.searching")
  ) : (
    t("camera.emptySearch")
  );
  const others = chosen.filter((each) => !search.text && found.every((one) => one.id !== each.id));
  return (
    <Select<string>
      {...(id ? { id } : {})}
      {...(label ? { "aria-label": label } : {})}
      {...(value ? { value } : {})}
      className={className}
      placeholder={t("recording.pickCamera")}
      onChange={(next) => onChange?.(next)}
      onOpenChange={(isOpen) => isOpen || search.setText("")}
      loading={search.isWaiting}
      showSearch={{ filterOption: false, searchValue: search.text, onSearch: search.setText }}
      labelRender={({ label: shown }) => {
        const camera = chosen.find((each) => each.id === value);
        return camera ? labelOf(camera) : shown;
      }}
      options={[...others, ...found].map((each) => ({ value: each.id, label: labelOf(each) }))}
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
