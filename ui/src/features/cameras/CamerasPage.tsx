import { CloseCircleFilled, PlusOutlined, SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Input, Segmented } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type Camera, camerasQuery, useRemoveCamera } from "@/shared/api/cameras";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { sessionQuery } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { useWords } from "@/shared/camera/useWords";
import { deviceTabs, Tabs } from "@/shared/Tabs";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { CameraCards } from "./CameraCards";
import { CameraDrawer } from "./CameraDrawer";
import { CameraTable } from "./CameraTable";
import { type CameraFilter, filterCameras } from "./search";

export function CamerasPage() {
  const { t } = useTranslation();
  const cameras = useQuery(camerasQuery);
  const [editing, setEditing] = useState<Camera | "new">();
  const canAdd = useQuery(sessionQuery).data?.abilities.includes("camera.add") ?? false;
  const add = canAdd ? () => setEditing("new") : undefined;
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("camera.title")}</h1>
        <span className="bk-grow" />
        {add && (
          <Button type="primary" icon={<PlusOutlined />} onClick={add}>
            {t("camera.add")}
          </Button>
        )}
      </div>
      <Tabs tabs={deviceTabs} label={t("nav.devices")} />
      {cameras.isError && cameras.data === undefined ? (
        <ProblemPanel error={cameras.error} title={t("camera.readFailed")} onRetry={() => void cameras.refetch()} />
      ) : cameras.data?.length === 0 ? (
        <EmptyCameras onAdd={add} />
      ) : (
        <CameraList
          cameras={cameras.data}
          isStale={cameras.isError}
          readAtMs={cameras.dataUpdatedAt}
          onEdit={setEditing}
        />
      )}
      {editing && (
        <CameraDrawer
          key={editing === "new" ? "new" : editing.id}
          camera={editing === "new" ? undefined : (cameras.data?.find(({ id }) => id === editing.id) ?? editing)}
          onClose={() => setEditing(undefined)}
        />
      )}
    </div>
  );
}

function EmptyCameras({ onAdd }: { onAdd: (() => void) | undefined }) {
  const { t } = useTranslation();
  return (
    <div className="bk-panel">
      <h2 className="bk-panel-title">{t("camera.emptyTitle")}</h2>
      <p>{t("camera.emptyText")}</p>
      {onAdd && <Button onClick={onAdd}>{t("camera.add")}</Button>}
    </div>
  );
}

interface ListProps {
  cameras: Camera[] | undefined;
  isStale: boolean;
  readAtMs: number;
  onEdit: (camera: Camera) => void;
}

function CameraList({ cameras, isStale, readAtMs, onEdit }: ListProps) {
  const { t } = useTranslation();
  const words = useWords();
  const zone = useZone();
  const [query, setQuery] = useSearchParams();
  const text = query.get("q") ?? "";
  const filter: CameraFilter = query.get("only") === "abnormal" ? "abnormal" : "all";
  const isPhone = useMedia(isPhoneQuery);
  const remove = useConfirmedRemoval();
  const shown = useMemo(
    () => cameras && filterCameras(cameras, text, filter, words.zone),
    [cameras, text, filter, words],
  );
  const put = (key: string, value: string) =>
    setQuery(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: true },
    );
  const at = formatMoment(readAtMs || serverNowMs(), zone, words.lang, serverNowMs());
  const List = isPhone ? CameraCards : CameraTable;
  return (
    <>
      <div className="bk-tools">
        <Input
          className="bk-search"
          allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("camera.clearSearch")} /> }}
          prefix={<SearchOutlined aria-hidden />}
          placeholder={t("camera.searchHint")}
          aria-label={t("camera.searchHint")}
          value={text}
          onChange={(event) => put("q", event.target.value)}
        />
        <Segmented<CameraFilter>
          value={filter}
          options={[
            { value: "all", label: t("camera.filterAll") },
            { value: "abnormal", label: t("camera.filterAbnormal") },
          ]}
          onChange={(value) => put("only", value === "abnormal" ? value : "")}
        />
        {cameras && shown && (
          <span className="bk-muted" role="status">
            {shown.length === cameras.length
              ? t("camera.total", { count: cameras.length })
              : t("camera.totalFiltered", { count: shown.length, total: cameras.length })}
          </span>
        )}
        <span className="bk-grow" />
        <span className={isStale ? "bk-warning-text" : "bk-muted bk-small"}>
          {isStale ? t("error.stale", { at }) : t("camera.asOf", { at })}
        </span>
      </div>
      {shown?.length === 0 ? (
        <div className="bk-panel">
          <p>{t("camera.emptySearch")}</p>
          <Button onClick={() => setQuery({}, { replace: true })}>{t("camera.clearSearch")}</Button>
        </div>
      ) : (
        <List cameras={shown} onEdit={onEdit} onRemove={remove} />
      )}
    </>
  );
}

function useConfirmedRemoval(): (camera: Camera) => void {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const say = useProblemText();
  const remove = useRemoveCamera();
  return (camera) => {
    modal.confirm({
      title: t("camera.remove.title", { name: camera.name }),
      content: t("camera.remove.text"),
      okText: t("camera.remove.ok"),
      cancelText: t("common.cancel"),
      okButtonProps: { danger: true },
      autoFocusButton: "cancel",
      onOk: async () => {
        try {
          await remove.mutateAsync(camera);
          message.success(t("camera.removed", { name: camera.name }));
        } catch (error) {
          message.warning(say(error), 8);
        }
      },
    });
  };
}
