import { CloseCircleFilled, PlusOutlined, SearchOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Segmented } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import {
  type Camera,
  type CamerasAsked,
  cameraRowsQuery,
  camerasByIdQuery,
  pageSize,
  useRemoveCamera,
} from "@/shared/api/cameras";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { sessionQuery } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { searchDelayMs } from "@/shared/camera/useCameraSearch";
import { ListExport } from "@/shared/ListExport";
import { NodeFilter, nodeOf } from "@/shared/NodeFilter";
import { deviceTabs, Tabs } from "@/shared/Tabs";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { CameraCards } from "./CameraCards";
import { CameraDrawer } from "./CameraDrawer";
import { CameraTable } from "./CameraTable";
import { Pager, usePager } from "./Pager";

export function CamerasPage() {
  const { t } = useTranslation();
  const [editing, setEditing] = useState<Camera | "new">();
  const session = useQuery(sessionQuery).data;
  const canAdd = session?.abilities.includes("camera.add") ?? false;
  const add = canAdd ? () => setEditing("new") : undefined;
  const close = () => setEditing(undefined);
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
      {session && <CameraList onEdit={setEditing} onAdd={add} />}
      {editing === "new" && <CameraDrawer camera={undefined} onClose={close} />}
      {editing && editing !== "new" && <EditDrawer key={editing.id} camera={editing} onClose={close} />}
    </div>
  );
}

/** The form of a camera as the server has it now: after a conflict, the next attempt is made on that. */
function EditDrawer({ camera, onClose }: { camera: Camera; onClose: () => void }) {
  const queries = useQueryClient();
  const newest = useQuery(camerasByIdQuery(queries, [camera.id])).data?.items[0];
  return <CameraDrawer camera={newest ?? camera} onClose={onClose} />;
}

const connections = ["yes", "no", "all"] as const;
type Connection = (typeof connections)[number];
type Address = ReturnType<typeof useCamerasAddress>;

/** Search and filters live in the address. Who keeps cameras begins with those that a device serves. */
function useCamerasAddress(keepsCameras: boolean) {
  const [query, setQuery] = useSearchParams();
  const text = query.get("q") ?? "";
  const isAbnormal = query.get("only") === "abnormal";
  const node = nodeOf(query);
  const usual: Connection = keepsCameras ? "yes" : "all";
  const connection = connections.find((each) => each === query.get("on")) ?? usual;
  const taken = {
    ...(text.trim() ? { text: text.trim() } : {}),
    ...(connection === "all" ? {} : { connected: connection === "yes" }),
    ...(isAbnormal ? { abnormal: true as const } : {}),
    ...(node ? { node } : {}),
  };
  const asked: CamerasAsked = taken;
  const put = (name: "q" | "only" | "on" | "node", value: string) =>
    setQuery(
      (old) => {
        if (value) old.set(name, value);
        else old.delete(name);
        return old;
      },
      { replace: true },
    );
  const chooseConnection = (next: Connection) => put("on", next === usual ? "" : next);
  const clear = () => setQuery({}, { replace: true });
  const isNarrowed = isAbnormal || text !== "" || node !== "";
  return { text, isAbnormal, node, connection, chooseConnection, asked, taken, put, clear, isNarrowed };
}

function EmptyCameras({ address, onAdd }: { address: Address; onAdd: (() => void) | undefined }) {
  const { t } = useTranslation();
  if (address.isNarrowed || address.connection === "no")
    return (
      <div className="bk-panel">
        <p>{address.isNarrowed ? t("camera.emptySearch") : t("camera.emptyAbsent")}</p>
        <Button onClick={address.clear}>{t("camera.clearSearch")}</Button>
      </div>
    );
  return (
    <div className="bk-panel">
      <h2 className="bk-panel-title">{t("camera.emptyTitle")}</h2>
      <p>{t("camera.emptyText")}</p>
      {onAdd && <Button onClick={onAdd}>{t("camera.add")}</Button>}
    </div>
  );
}

interface ListProps {
  onEdit: (camera: Camera) => void;
  onAdd: (() => void) | undefined;
}

function CameraList({ onEdit, onAdd }: ListProps) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const isPhone = useMedia(isPhoneQuery);
  const address = useCamerasAddress(onAdd !== undefined);
  const list = useInfiniteQuery(cameraRowsQuery(address.asked));
  const remove = useConfirmedRemoval();
  const pager = usePager(list, JSON.stringify(address.asked));
  const isFailing = list.isError && list.data === undefined;
  const total = list.data?.pages[0]?.total ?? 0;
  const at = formatMoment(list.dataUpdatedAt || serverNowMs(), zone, i18n.language, serverNowMs());
  return (
    <>
      <CameraFilters address={address}>
        {list.data && (
          <span className="bk-muted" role="status">
            {t(address.isNarrowed ? "camera.totalFiltered" : "camera.total", { count: total })}
          </span>
        )}
        <span className="bk-grow" />
        <ListExport taken={{ list: "cameras", asked: address.taken }} />
        {list.data && (
          <span className={list.isError ? "bk-warning-text" : "bk-muted bk-small"}>
            {list.isError ? t("error.stale", { at }) : t("camera.asOf", { at })}
          </span>
        )}
      </CameraFilters>
      {isFailing ? (
        <ProblemPanel error={list.error} title={t("camera.readFailed")} onRetry={() => void list.refetch()} />
      ) : list.data && pager.shown?.length === 0 ? (
        <EmptyCameras address={address} onAdd={onAdd} />
      ) : isPhone ? (
        <>
          <CameraCards cameras={list.data?.pages.flatMap((page) => page.items)} onEdit={onEdit} onRemove={remove} />
          {list.hasNextPage && (
            <div className="bk-more">
              <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {t("camera.loadMore")}
              </Button>
            </div>
          )}
        </>
      ) : (
        <div ref={pager.top} aria-busy={list.isPlaceholderData}>
          <CameraTable cameras={pager.shown} onEdit={onEdit} onRemove={remove} />
          {total > pageSize && <Pager pager={pager} total={total} />}
        </div>
      )}
    </>
  );
}

function CameraFilters({ address, children }: { address: Address; children: React.ReactNode }) {
  const { t } = useTranslation();
  const text = useTyped(address.text, (value) => address.put("q", value));
  return (
    <div className="bk-tools">
      <Input
        className="bk-search"
        allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("camera.clearSearch")} /> }}
        prefix={<SearchOutlined aria-hidden />}
        placeholder={t("camera.searchHint")}
        aria-label={t("camera.searchHint")}
        maxLength={64}
        value={text.value}
        onChange={(event) => text.set(event.target.value)}
      />
      <Segmented<Connection>
        aria-label={t("camera.connection")}
        value={address.connection}
        options={connections.map((value) => ({ value, label: t(`camera.connection.${value}`) }))}
        onChange={address.chooseConnection}
      />
      <Segmented<boolean>
        aria-label={t("camera.state")}
        value={address.isAbnormal}
        options={[
          { value: false, label: t("camera.filterAll") },
          { value: true, label: t("camera.filterAbnormal") },
        ]}
        onChange={(value) => address.put("only", value ? "abnormal" : "")}
      />
      <NodeFilter node={address.node} onClear={() => address.put("node", "")} />
      {children}
    </div>
  );
}

/** What is typed is shown at once and kept when the hands rest. */
function useTyped(kept: string, keep: (value: string) => void) {
  const [typed, setTyped] = useState<string>();
  const newest = useRef(keep);
  newest.current = keep;
  useEffect(() => {
    if (typed === undefined) return;
    const done = () => {
      newest.current(typed);
      setTyped(undefined);
    };
    const timer = setTimeout(done, typed ? searchDelayMs : 0);
    return () => clearTimeout(timer);
  }, [typed]);
  return { value: typed ?? kept, set: setTyped };
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
