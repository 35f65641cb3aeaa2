import { CloseCircleFilled, SearchOutlined } from "@ant-design/icons";
import { Button, Checkbox, Input, Segmented } from "antd";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import type { BranchesBy, Narrowed } from "@/shared/api/cameraTree";
import { useAbilities } from "@/shared/api/session";
import { useCameraSearch } from "@/shared/camera/useCameraSearch";
import { PickerEntry } from "./PickerEntry";
import { emptyWord, type PickerProps } from "./picking";

const CameraTree = lazy(async () => ({ default: (await import("./CameraTree")).CameraTree }));

const FavouriteList = lazy(async () => ({ default: (await import("./FavouriteList")).FavouriteList }));

type View = BranchesBy | "favourites";

const treeViews: readonly BranchesBy[] = ["region", "category", "premises"];
const viewKey = "bk.tree";

/** What can be hung on the wall. A few cameras are listed, many are a tree; the server searches. */
export function CameraPicker(props: PickerProps) {
  const { t } = useTranslation();
  const [narrowed, setNarrowed] = useState<Narrowed>({ isAbnormal: false, isOpen: false });
  const [wanted, setWanted] = useState(() => localStorage.getItem(viewKey));
  const keepsFavourites = useAbilities().includes("wall.view");
  const search = useCameraSearch(narrowed);
  const isSearching = search.text.trim() !== "";
  const isMany = search.left > 0;
  const views: readonly View[] = [...(isMany ? treeViews : (["premises"] as const)), "favourites"];
  const view = views.find((each) => each === wanted) ?? views[0] ?? "premises";
  const choose = (next: View) => {
    localStorage.setItem(viewKey, next);
    setWanted(next);
  };
  const isFavourites = keepsFavourites && view === "favourites" && !isSearching;
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
      {!isSearching && (isMany || keepsFavourites) && (
        <Segmented<View>
          block
          size="small"
          aria-label={t("live.treeBy")}
          value={view}
          options={views
            .filter((each) => each !== "favourites" || keepsFavourites)
            .map((value) => ({ value, label: t(`live.treeBy.${value}`) }))}
          onChange={choose}
        />
      )}
      {!isFavourites && (
        <div className="bk-picker-filters">
          <Checkbox
            checked={narrowed.isAbnormal}
            onChange={({ target }) => setNarrowed({ ...narrowed, isAbnormal: target.checked })}
          >
            {t("live.onlyAbnormal")}
          </Checkbox>
          <Checkbox
            checked={narrowed.isOpen}
            onChange={({ target }) => setNarrowed({ ...narrowed, isOpen: target.checked })}
          >
            {t("live.onlyOpen")}
          </Checkbox>
        </div>
      )}
      {isFavourites ? (
        <Suspense fallback={<div className="bk-picker-list" aria-busy />}>
          <FavouriteList {...props} />
        </Suspense>
      ) : !isSearching && isMany && view !== "favourites" ? (
        <Suspense fallback={<div className="bk-picker-list" aria-busy />}>
          <CameraTree key={view} {...props} by={view} narrowed={narrowed} />
        </Suspense>
      ) : (
        <CameraList {...props} search={search} narrowed={narrowed} />
      )}
    </aside>
  );
}

interface ListProps extends PickerProps {
  search: ReturnType<typeof useCameraSearch>;
  narrowed: Narrowed;
}

/** Connected cameras by premises; one click puts one on the wall. */
function CameraList({ search, narrowed, ...props }: ListProps) {
  const { t } = useTranslation();
  const groups = useMemo(() => groupByPremises(search.found ?? []), [search.found]);
  const isEmpty = search.found?.length === 0 && !search.isWaiting;
  return (
    <div className="bk-picker-list" aria-busy={search.isWaiting}>
      <div role="status">
        {isEmpty && (
          <p className="bk-muted">{t(search.text.trim() === "" ? emptyWord(narrowed) : "camera.emptySearch")}</p>
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
            <PickerEntry key={camera.id} camera={camera} {...props} />
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
