import { CloseCircleFilled, SearchOutlined } from "@ant-design/icons";
import { Button, Checkbox, Input } from "antd";
import { lazy, type PointerEvent, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { conditionOf } from "@/shared/camera/condition";
import { StateMark } from "@/shared/camera/StateMark";
import { useCameraSearch } from "@/shared/camera/useCameraSearch";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";
import type { Carried } from "./wall";

const CameraTree = lazy(async () => ({ default: (await import("./CameraTree")).CameraTree }));

export interface PickerProps {
  shown: readonly string[];
  onPick: (id: string) => void;
  onDragBegin: (event: PointerEvent, carried: Carried, label: string) => void;
  /** Hangs the cameras of a premises on the wall. */
  onPremises: (id: string) => void;
  /** Asks for a rotation of a branch. */
  onBranch: (by: "region" | "category", id: string) => void;
}

function ZoneBeside({ camera }: { camera: Camera }) {
  const words = useWords();
  return <span className="bk-small">{zoneBeside(camera.name, words.zone(camera.zone))}</span>;
}

/** What can be hung on the wall. A few cameras are listed, many are a tree; the server searches. */
export function CameraPicker(props: PickerProps) {
  const { t } = useTranslation();
  const [isAbnormal, setAbnormal] = useState(false);
  const search = useCameraSearch({ isAbnormal });
  const isTree = search.text.trim() === "" && search.left > 0;
  return (
    <aside className="bk-picker" aria-label={t("live.choose")}>
      <Input
        allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("camera.clearSearch")} /> }}
        prefix={<SearchOutlined aria-hidden />}
        placeholder={t("common.search")}
        aria-label={t("camera.searchHint")}
        maxLength={64}
        value={search.text}
        onChange={(event) => search.setText(event.target.value)}
      />
      <Checkbox checked={isAbnormal} onChange={({ target }) => setAbnormal(target.checked)}>
        {t("live.onlyAbnormal")}
      </Checkbox>
      {isTree ? (
        <Suspense fallback={<div className="bk-picker-list" aria-busy />}>
          <CameraTree {...props} isAbnormal={isAbnormal} />
        </Suspense>
      ) : (
        <CameraList {...props} search={search} isAbnormal={isAbnormal} />
      )}
    </aside>
  );
}

interface ListProps extends PickerProps {
  search: ReturnType<typeof useCameraSearch>;
  isAbnormal: boolean;
}

/** Connected cameras by premises; one click puts one on the wall. */
function CameraList({ search, isAbnormal, shown, onPick, onDragBegin }: ListProps) {
  const { t } = useTranslation();
  const groups = useMemo(() => groupByPremises(search.found ?? []), [search.found]);
  const isEmpty = search.found?.length === 0 && !search.isWaiting;
  return (
    <div className="bk-picker-list" aria-busy={search.isWaiting}>
      <div role="status">
        {isEmpty && (
          <p className="bk-muted">
            {isAbnormal && search.text.trim() === "" ? t("live.noneAbnormal") : t("camera.emptySearch")}
          </p>
        )}
      </div>
      {search.isFailing && (
        <p className="bk-warning-text">
          {t("camera.readFailed")} <Button onClick={search.retry}>{t("common.retry")}</Button>
        </p>
      )}
      {groups.map(([premises, members]) => (
        <section key={premises}>
          <h2>
            <span>{premises}</span>
            {search.left === 0 && <span className="bk-small">{t("common.count", { count: members.length })}</span>}
          </h2>
          {members.map((camera) => (
            <button
              key={camera.id}
              type="button"
              className="bk-picker-entry"
              aria-pressed={shown.includes(camera.id)}
              onClick={() => onPick(camera.id)}
              onPointerDown={(event) => onDragBegin(event, { kind: "camera", id: camera.id }, camera.name)}
            >
              <span className="bk-picker-name">
                {camera.name} <ZoneBeside camera={camera} />
              </span>
              <StateMark condition={conditionOf(camera)} />
            </button>
          ))}
        </section>
      ))}
      {search.left > 0 && <p className="bk-muted">{t("camera.moreLeft", { count: search.left })}</p>}
    </div>
  );
}

function groupByPremises(cameras: readonly Camera[]): [string, Camera[]][] {
  const groups = new Map<string, Camera[]>();
  for (const camera of cameras) {
    if (!camera.abilities.includes("camera.live")) continue;
    const members = groups.get(camera.premises_name);
    if (members) members.push(camera);
    else groups.set(camera.premises_name, [camera]);
  }
  return [...groups];
}
