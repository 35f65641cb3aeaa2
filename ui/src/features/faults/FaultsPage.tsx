import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { faultsQuery, openStates, type Ticket, type TicketState } from "@/shared/api/maintenance";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { zoneBeside } from "@/shared/camera/zones";
import { ListExport } from "@/shared/ListExport";
import { PremisesOnly, premisesOf } from "@/shared/premises/PremisesOnly";
import { RegionFilter, regionOf } from "@/shared/premises/RegionFilter";
import { useKinds } from "@/shared/premises/useKinds";
import { deviceTabs, Tabs } from "@/shared/Tabs";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { FaultDrawer } from "./FaultDrawer";
import { TicketClock, TicketTag } from "./TicketMarks";

const groups: Record<string, readonly TicketState[]> = {
  open: openStates,
  fixed: ["FIXED", "CONFIRMED"],
  closed: ["CLOSED"],
  all: [],
};

/** Faults with their clocks; those of one outage stand in one row. */
export function FaultsPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  const group = query.get("g") ?? "open";
  const region = regionOf(query);
  const premises = premisesOf(query);
  const faults = useInfiniteQuery(faultsQuery(groups[group] ?? [], region, premises));
  const put = (key: string, value: string | undefined) =>
    setQuery((old) => {
      if (value) old.set(key, value);
      else old.delete(key);
      return old;
    });
  const counts = new Map(faults.data?.pages[0]?.counts.map(({ state, count }) => [state, count]));
  const sum = (states: readonly TicketState[] | undefined) =>
    (states?.length ? states : [...counts.keys()]).reduce((total, state) => total + (counts.get(state) ?? 0), 0);
  const items = faults.data?.pages.flatMap((page) => page.items);
  const open = query.get("t");
  const List = isPhone ? Cards : Rows;
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("fault.title")}</h1>
        <span className="bk-grow" />
        <ListExport
          taken={{
            list: "faults",
            asked: {
              state: [...(groups[group] ?? [])],
              ...(region ? { region } : {}),
              ...(premises ? { premises } : {}),
            },
          }}
        />
      </div>
      <Tabs tabs={deviceTabs} label={t("nav.devices")} />
      <div className="bk-tools">
        <Segmented
          value={group}
          onChange={(value) => put("g", value)}
          options={Object.entries(groups).map(([value, states]) => ({
            value,
            label: faults.data ? t(`fault.group.${value}.count`, { count: sum(states) }) : t(`fault.group.${value}`),
          }))}
        />
        <RegionFilter value={region} onChange={(code) => put("r", code)} />
        <PremisesOnly premises={premises} onClear={() => put("premises", undefined)} />
      </div>
      {faults.isError && faults.data === undefined ? (
        <ProblemPanel error={faults.error} onRetry={() => void faults.refetch()} />
      ) : items === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : items.length === 0 ? (
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t("fault.noneTitle")}</h2>
          <p>{t("fault.noneText")}</p>
        </div>
      ) : (
        <List items={items} onOpen={(id) => put("t", id)} />
      )}
      {faults.hasNextPage && (
        <p className="bk-more">
          <Button loading={faults.isFetchingNextPage} onClick={() => void faults.fetchNextPage()}>
            {t("onboarding.more")}
          </Button>
        </p>
      )}
      {open && <FaultDrawer key={open} id={open} onOpen={(id) => put("t", id)} onClose={() => put("t", undefined)} />}
    </div>
  );
}

interface ListProps {
  items: Ticket[];
  onOpen: (id: string) => void;
}

function Where({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  const kinds = useKinds();
  if (ticket.camera_id === null)
    return (
      <div className="bk-name-cell">
        <strong>{t("fault.batch", { count: ticket.children })}</strong>
        <span className="bk-secondary">{t("fault.batchText")}</span>
      </div>
    );
  return (
    <div className="bk-name-cell">
      <strong>{ticket.premises_name || t("fault.noPremises")}</strong>
      <span className="bk-secondary">
        {[zoneBeside(ticket.camera_name, kinds.zone(ticket.zone)), ticket.camera_name].filter(Boolean).join("·")}
      </span>
    </div>
  );
}

function Opened({ ticket }: { ticket: Ticket }) {
  const { i18n } = useTranslation();
  const zone = useZone();
  return <>{formatMoment(Date.parse(ticket.opened_at), zone, i18n.language, serverNowMs())}</>;
}

function Rows({ items, onOpen }: ListProps) {
  const { t } = useTranslation();
  const columns: TableColumnsType<Ticket> = [
    {
      key: "number",
      title: t("fault.number"),
      width: 130,
      render: (_, each) => (
        <Button type="link" className="bk-link-button bk-mono" onClick={() => onOpen(each.id)}>
          {each.number}
        </Button>
      ),
    },
    { key: "where", title: t("fault.where"), render: (_, each) => <Where ticket={each} /> },
    { key: "state", title: t("fault.state"), width: 130, render: (_, each) => <TicketTag state={each.state} /> },
    {
      key: "cause",
      title: t("fault.cause"),
      width: 130,
      render: (_, each) =>
        each.cause ? t(`fault.cause.${each.cause}`) : <span className="bk-muted">{t("fault.noCause")}</span>,
    },
    {
      key: "opened",
      title: t("fault.opened"),
      width: 170,
      align: "right",
      render: (_, each) => <Opened ticket={each} />,
    },
    {
      key: "clock",
      title: t("fault.clock"),
      width: 190,
      align: "right",
      render: (_, each) => <TicketClock ticket={each} />,
    },
  ];
  return (
    <Table<Ticket>
      rowKey="id"
      columns={columns}
      dataSource={items}
      // antd would take a ticket's `children`, a count, for rows below it
      expandable={{ childrenColumnName: "rowsBelow" }}
      pagination={false}
      onRow={({ id }) => ({ onClick: () => onOpen(id), className: "bk-row-open" })}
    />
  );
}

function Cards({ items, onOpen }: ListProps) {
  const { t } = useTranslation();
  return (
    <ul className="bk-cards">
      {items.map((each) => (
        <li key={each.id} className="bk-card">
          <Where ticket={each} />
          <div className="bk-card-figures">
            <TicketTag state={each.state} />
            <TicketClock ticket={each} />
            <span>{each.cause ? t(`fault.cause.${each.cause}`) : t("fault.noCause")}</span>
          </div>
          <Button onClick={() => onOpen(each.id)}>{t("fault.show", { number: each.number })}</Button>
        </li>
      ))}
    </ul>
  );
}
