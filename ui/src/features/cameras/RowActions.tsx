import { DeleteOutlined, EditOutlined, EllipsisOutlined } from "@ant-design/icons";
import { Button, Dropdown, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Camera } from "@/shared/api/cameras";
import { conditionOf } from "@/shared/camera/condition";

export interface CameraListProps {
  cameras: Camera[] | undefined;
  onEdit: (camera: Camera) => void;
  onRemove: (camera: Camera) => void;
}

/** Live and playback are links; changing and removing stand apart, and only for those who may. */
export function RowActions({ camera, onEdit, onRemove }: Omit<CameraListProps, "cameras"> & { camera: Camera }) {
  const { t } = useTranslation();
  const can = (ability: string) => camera.abilities.includes(ability);
  const hasDevice = conditionOf(camera) !== "absent";
  const items: MenuProps["items"] = [
    ...(can("camera.change")
      ? [{ key: "edit", icon: <EditOutlined />, label: t("common.edit"), onClick: () => onEdit(camera) }]
      : []),
    ...(can("camera.remove")
      ? [{ key: "remove", icon: <DeleteOutlined />, label: t("common.remove"), onClick: () => onRemove(camera) }]
      : []),
  ];
  return (
    <span className="bk-actions">
      {hasDevice && can("camera.live") && <Link to={`/live?wall=1&c=${camera.id}`}>{t("camera.watch")}</Link>}
      {hasDevice && can("camera.play") && <Link to={`/play?c=${camera.id}`}>{t("camera.replay")}</Link>}
      {items.length > 0 && (
        <Dropdown trigger={["click"]} menu={{ items }} placement="bottomRight">
          <Button
            type="text"
            size="small"
            icon={<EllipsisOutlined />}
            aria-label={`${t("common.more")} ${camera.name}`}
          />
        </Dropdown>
      )}
    </span>
  );
}
