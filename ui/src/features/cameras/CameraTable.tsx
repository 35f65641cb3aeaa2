import { Skeleton, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { CameraStill } from "@/shared/camera/CameraStill";
import { useWords } from "@/shared/camera/useWords";
import { useMedia } from "@/shared/useMedia";
import { Bitrate, Fps, LastSeen, Loss, RecordingMark, StateWithReason } from "./Figures";
import { type CameraListProps, RowActions } from "./RowActions";

export function CameraTable({ cameras, onEdit, onRemove }: CameraListProps) {
  const { t } = useTranslation();
  const words = useWords();
  const isWide = useMedia("(min-width: 1440px)");
  if (!cameras)
    return (
      <div className="bk-panel" aria-busy>
        <Skeleton active={false} title={false} paragraph={{ rows: 8, width: "100%" }} />
      </div>
    );
  const columns: TableColumnsType<Camera> = [
    { key: "picture", title: t("camera.picture"), width: 120, render: (_, camera) => <CameraStill camera={camera} /> },
    {
      key: "name",
      title: t("camera.name"),
      width: isWide ? 260 : 190,
      render: (_, camera) => (
        <div className="bk-name-cell">
          <strong>{camera.name}</strong>
          <span className="bk-secondary">{camera.premises_name}</span>
          <span className="bk-secondary">{words.zone(camera.zone)}</span>
        </div>
      ),
    },
    { key: "state", title: t("camera.state"), render: (_, camera) => <StateWithReason camera={camera} /> },
    {
      key: "seen",
      title: t("camera.lastSeen"),
      width: 130,
      align: "right",
      render: (_, camera) => <LastSeen camera={camera} />,
    },
    {
      key: "rate",
      title: t("camera.bitrate"),
      width: 118,
      align: "right",
      render: (_, camera) => <Bitrate camera={camera} />,
    },
    { key: "fps", title: t("camera.fps"), width: 100, align: "right", render: (_, camera) => <Fps camera={camera} /> },
    {
      key: "loss",
      title: t("camera.loss"),
      width: 100,
      align: "right",
      render: (_, camera) => <Loss camera={camera} />,
    },
    {
      key: "rec",
      title: t("camera.recording"),
      width: 108,
      align: "center",
      render: (_, camera) => <RecordingMark camera={camera} />,
    },
    {
      key: "actions",
      title: t("camera.actions"),
      width: isWide ? 180 : 160,
      render: (_, camera) => <RowActions camera={camera} onEdit={onEdit} onRemove={onRemove} />,
    },
  ];
  return <Table<Camera> rowKey="id" columns={columns} dataSource={cameras} tableLayout="fixed" pagination={false} />;
}
