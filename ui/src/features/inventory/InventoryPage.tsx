import { CloseCircleFilled, PlusOutlined, SearchOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Drawer, Form, Input, Select, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import {
  type Device,
  type DeviceIn,
  type DeviceKind,
  type DeviceState,
  devicesQuery,
  useAddDevice,
} from "@/shared/api/maintenance";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { asProblem } from "@/shared/api/problem";
import { sessionQuery } from "@/shared/api/session";
import { useKinds } from "@/shared/premises/useKinds";
import { deviceTabs, Tabs } from "@/shared/Tabs";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { DeviceMoves } from "./DeviceMoves";

const kinds: DeviceKind[] = ["IPC", "NVR", "SPEAKER", "SCREEN", "AI_BOX", "SENSOR", "GATEWAY"];

/** Every device there is, in stock, on a wall or in repair. */
export function InventoryPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const [isAdding, setAdding] = useState(false);
  const isPhone = useMedia(isPhoneQuery);
  const canAdd = useQuery(sessionQuery).data?.abilities.includes("device.add") ?? false;
  const state = (query.get("state") ?? undefined) as DeviceState | undefined;
  const q = query.get("q") ?? "";
  const devices = useInfiniteQuery(devicesQuery({ ...(state ? { state } : {}), ...(q.trim() ? { q: q.trim() } : {}) }));
  const put = (key: string, value: string | undefined) =>
    setQuery(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: true },
    );
  const items = devices.data?.pages.flatMap((page) => page.items);
  const counts = devices.data?.pages[0]?.counts ?? [];
  const List = isPhone ? Cards : Rows;
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("device.title")}</h1>
        <span className="bk-grow" />
        {canAdd && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
            {t("device.add")}
          </Button>
        )}
      </div>
      <Tabs tabs={deviceTabs} label={t("nav.devices")} />
      <div className="bk-tools">
        <Input
          className="bk-search"
          allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("camera.clearSearch")} /> }}
          prefix={<SearchOutlined aria-hidden />}
          placeholder={t("device.searchHint")}
          aria-label={t("device.searchHint")}
          value={q}
          onChange={({ target }) => put("q", target.value)}
        />
        <Select<DeviceState>
          className="bk-filter"
          allowClear
          aria-label={t("device.state")}
          placeholder={t("device.state")}
          {...(state ? { value: state } : {})}
          onChange={(value) => put("state", value)}
          options={counts.map((each) => ({
            value: each.state,
            label: t("device.stateCount", { state: t(`device.state.${each.state}`), count: each.count }),
          }))}
        />
      </div>
      {devices.isError && devices.data === undefined ? (
        <ProblemPanel error={devices.error} onRetry={() => void devices.refetch()} />
      ) : items === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : items.length === 0 ? (
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t("device.noneTitle")}</h2>
          <p>{t("device.noneText")}</p>
        </div>
      ) : (
        <List items={items} />
      )}
      {devices.hasNextPage && (
        <p className="bk-more">
          <Button loading={devices.isFetchingNextPage} onClick={() => void devices.fetchNextPage()}>
            {t("onboarding.more")}
          </Button>
        </p>
      )}
      {isAdding && <AddDrawer onClose={() => setAdding(false)} />}
    </div>
  );
}

function What({ device }: { device: Device }) {
  const { t } = useTranslation();
  return (
    <div className="bk-name-cell">
      <strong>{t(`device.kind.${device.kind}`)}</strong>
      <span className="bk-secondary">{[device.vendor, device.model].filter(Boolean).join(" ")}</span>
    </div>
  );
}

function Where({ device }: { device: Device }) {
  const { t } = useTranslation();
  const zones = useKinds();
  if (!device.premises_id) return <span className="bk-muted">{t("device.nowhere")}</span>;
  return (
    <div className="bk-name-cell">
      <Link to={`/premises/${device.premises_id}`}>{device.premises_name}</Link>
      {device.zone && <span className="bk-secondary">{zones.zone(device.zone)}</span>}
    </div>
  );
}

const looks: Record<DeviceState, string> = {
  STOCK: "todo",
  ASSIGNED: "going",
  INSTALLED: "going",
  ACTIVE: "done",
  DEGRADED: "back",
  OFFLINE: "back",
  REPAIR: "waiting",
  SCRAPPED: "over",
};

function DeviceTag({ state }: { state: DeviceState }) {
  const { t } = useTranslation();
  return <span className={`bk-flow bk-flow-${looks[state]}`}>{t(`device.state.${state}`)}</span>;
}

function Rows({ items }: { items: Device[] }) {
  const { t } = useTranslation();
  const columns: TableColumnsType<Device> = [
    { key: "what", title: t("device.what"), render: (_, each) => <What device={each} /> },
    { key: "sn", title: t("field.sn"), width: 170, render: (_, each) => <span className="bk-mono">{each.sn}</span> },
    {
      key: "gb",
      title: t("field.gb_id"),
      width: 210,
      render: (_, each) => <span className="bk-mono">{each.gb_id ?? "—"}</span>,
    },
    { key: "where", title: t("onboarding.premises"), width: 240, render: (_, each) => <Where device={each} /> },
    { key: "state", title: t("device.state"), width: 120, render: (_, each) => <DeviceTag state={each.state} /> },
    { key: "moves", title: t("camera.actions"), width: 170, render: (_, each) => <DeviceMoves device={each} /> },
  ];
  return <Table<Device> rowKey="id" columns={columns} dataSource={items} pagination={false} />;
}

function Cards({ items }: { items: Device[] }) {
  return (
    <ul className="bk-cards">
      {items.map((each) => (
        <li key={each.id} className="bk-card">
          <What device={each} />
          <span className="bk-mono">{each.sn}</span>
          <div className="bk-card-figures">
            <DeviceTag state={each.state} />
            <Where device={each} />
          </div>
          <DeviceMoves device={each} />
        </li>
      ))}
    </ul>
  );
}

function AddDrawer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<DeviceIn>();
  const isPhone = useMedia(isPhoneQuery);
  const say = useProblemText();
  const add = useAddDevice();
  const submit = (body: DeviceIn) =>
    add.mutate(body, {
      onSuccess: () => {
        message.success(t("device.added", { sn: body.sn }));
        onClose();
      },
      onError: (error) =>
        form.setFields(
          asProblem(error).fields.map(({ field, detail }) => ({ name: field as never, errors: [detail] })),
        ),
    });
  const required = (label: string) => [{ required: true, message: t("form.required", { field: label }) }];
  return (
    <Drawer
      open
      size={isPhone ? "100%" : 480}
      title={t("device.add")}
      onClose={onClose}
      mask={{ closable: false }}
      footer={
        <div className="bk-drawer-foot">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="primary" loading={add.isPending} onClick={form.submit}>
            {t("device.addOk")}
          </Button>
        </div>
      }
    >
      {add.error && asProblem(add.error).fields.length === 0 && (
        <Alert type="warning" showIcon className="bk-form-alert" title={say(add.error)} />
      )}
      <Form<DeviceIn> form={form} layout="vertical" requiredMark={false} onFinish={submit}>
        <Form.Item name="kind" label={t("device.what")} initialValue="IPC">
          <Select options={kinds.map((value) => ({ value, label: t(`device.kind.${value}`) }))} />
        </Form.Item>
        <Form.Item name="sn" label={t("field.sn")} rules={required(t("field.sn"))}>
          <Input autoComplete="off" />
        </Form.Item>
        <div className="bk-two">
          <Form.Item name="vendor" label={t("device.vendor")}>
            <Input />
          </Form.Item>
          <Form.Item name="model" label={t("field.model")}>
            <Input />
          </Form.Item>
        </div>
        <Form.Item name="mac" label={t("field.mac")}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="gb_id" label={t("field.gb_id")} extra={t("field.gbHint")}>
          <Input autoComplete="off" maxLength={20} />
        </Form.Item>
      </Form>
    </Drawer>
  );
}
