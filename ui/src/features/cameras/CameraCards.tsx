import { Skeleton } from "antd";
import type { Camera } from "@/shared/api/cameras";
import { CameraStill } from "@/shared/camera/CameraStill";
import { conditionOf } from "@/shared/camera/condition";
import { useWords } from "@/shared/camera/useWords";
import { Bitrate, Fps, LastSeen, RecordingMark, StateWithReason } from "./Figures";
import { type CameraListProps, RowActions } from "./RowActions";

/** The list on a phone: one column, nothing to scroll sideways. */
export function CameraCards({ cameras, onEdit, onRemove }: CameraListProps) {
  const words = useWords();
  if (!cameras) return <Skeleton active={false} paragraph={{ rows: 8 }} />;
  return (
    <ul className="bk-cards">
      {cameras.map((camera) => (
        <li key={camera.id} className="bk-card">
          <div className="bk-card-top">
            <CameraStill camera={camera} />
            <div className="bk-name-cell">
              <strong>{camera.name}</strong>
              <span className="bk-secondary">{camera.premises_name}</span>
              <span className="bk-secondary">{words.zone(camera.zone)}</span>
            </div>
          </div>
          <StateWithReason camera={camera} />
          {conditionOf(camera) !== "absent" && <CardFigures camera={camera} />}
          <RowActions camera={camera} onEdit={onEdit} onRemove={onRemove} />
        </li>
      ))}
    </ul>
  );
}

function CardFigures({ camera }: { camera: Camera }) {
  return (
    <div className="bk-card-figures">
      <LastSeen camera={camera} />
      <span>
        <Bitrate camera={camera} />
      </span>
      <span>
        <Fps camera={camera} />
      </span>
      <RecordingMark camera={camera} />
    </div>
  );
}
