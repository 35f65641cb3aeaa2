import { CloseOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Camera } from "@/shared/api/cameras";
import { Words } from "./TileWords";
import { Tool } from "./Tool";

interface Props {
  camera: Camera;
  place: number;
  isSelected: boolean;
  isBehind: boolean;
  dropWord: string | undefined;
  onSelect: () => void;
  onRemove: () => void;
}

/** A channel that no device serves: says so, and asks nobody for a picture. */
export function AbsentTile({ camera, place, isSelected, isBehind, dropWord, onSelect, onRemove }: Props) {
  const { t } = useTranslation();
  const label = t("live.tileLabel", { premises: camera.premises_name, name: camera.name, state: t("state.absent") });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a tile is a group of a picture and its controls, not a fieldset
    <div
      className={`bk-tile ${isSelected ? "bk-tile-selected" : ""} ${isBehind ? "bk-tile-behind" : ""} ${dropWord ? "bk-tile-target" : ""}`}
      role="group"
      aria-label={label}
      inert={isBehind}
      {...(isBehind ? {} : { "data-place": place })}
      onPointerDown={onSelect}
      onFocus={onSelect}
    >
      <div className="bk-picture">
        <Words
          condition="absent"
          sentence={t("live.absent")}
          next={
            camera.abilities.includes("camera.change") && (
              <Link className="bk-stage-link" to={`/devices?${new URLSearchParams({ on: "no", q: camera.name })}`}>
                {t("live.next.device")}
              </Link>
            )
          }
        />
        {dropWord && <span className="bk-drop-word">{dropWord}</span>}
      </div>
      <div className="bk-strip-bar">
        <span className="bk-strip-name" title={`${camera.premises_name} · ${camera.name}`}>
          {camera.premises_name && <span className="bk-strip-premises">{camera.premises_name}</span>}
          <span className="bk-strip-camera">{camera.name}</span>
        </span>
        <span className="bk-strip-tools">
          <Tool label={t("live.removeTile")} onClick={onRemove}>
            <CloseOutlined />
          </Tool>
        </span>
      </div>
    </div>
  );
}
