import { CloseCircleFilled, SearchOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { type PointerEvent, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { conditionOf } from "@/shared/camera/condition";
import { StateMark } from "@/shared/camera/StateMark";
import { useCameraSearch } from "@/shared/camera/useCameraSearch";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";

interface Props {
  shown: readonly string[];
  onPick: (id: string) => void;
  onDragBegin: (event: PointerEvent, camera: Camera) => void;
}

function ZoneBeside({ camera }: { camera: Camera }) {
  const words = useWords();
  return <span className="bk-small">{zoneBeside(camera.name, words.zone(camera.zone))}</span>;
}

/** Connected cameras by premises; one click puts one on the wall. There are more than fit: the server searches. */
export function CameraPicker({ shown, onPick, onDragBegin }: Props) {
  const { t } = useTranslation();
  const search = useCameraSearch();
  const groups = useMemo(() => groupByPremises(search.found ?? []), [search.found]);
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
      <div className="bk-picker-list" aria-busy={search.isWaiting}>
        <div role="status">
          {search.found?.length === 0 && !search.isWaiting && <p className="bk-muted">{t("camera.emptySearch")}</p>}
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
                onPointerDown={(event) => onDragBegin(event, camera)}
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
    </aside>
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
