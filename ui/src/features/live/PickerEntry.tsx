import type { Camera } from "@/shared/api/cameras";
import { conditionOf } from "@/shared/camera/condition";
import { StateMark } from "@/shared/camera/StateMark";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";
import type { PickerProps } from "./picking";
import { Star } from "./Star";

interface Props extends PickerProps {
  camera: Camera;
  /** No heading above says whose it is. */
  isWithPremises?: boolean;
}

/** One camera of a list; a click, or dragging it, hangs it on the wall. */
export function PickerEntry({ camera, isWithPremises = false, shown, onPick, onDragBegin }: Props) {
  const words = useWords();
  const below = [isWithPremises && camera.premises_name, zoneBeside(camera.name, words.zone(camera.zone))];
  return (
    <div className="bk-picker-row">
      <button
        type="button"
        className="bk-picker-entry"
        aria-pressed={shown.includes(camera.id)}
        onClick={() => onPick(camera.id)}
        onPointerDown={(event) => onDragBegin(event, { kind: "camera", id: camera.id }, camera.name)}
      >
        <span className="bk-picker-name">
          {camera.name} <span className="bk-small">{below.filter(Boolean).join(" ")}</span>
        </span>
        <StateMark condition={conditionOf(camera)} />
      </button>
      <Star id={camera.id} name={camera.name} />
    </div>
  );
}
