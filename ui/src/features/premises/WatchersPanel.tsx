import { Button, Skeleton, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { useWatchers, type Watch } from "@/shared/api/audit";
import { ProblemPanel } from "@/shared/api/ProblemText";
import type { PremisesFile } from "@/shared/api/premises";
import { useZone } from "@/shared/api/system";
import { formatDuration, formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";

const sites = ["OWNER", "FS_DIRECTOR", "FS_OFFICER"];
const operators = ["OPERATOR_PM", "OPERATOR_INSTALLER", "OPERATOR_NOC"];

/** Who watched this kitchen: authority and role, what, when, how long and what for; never a name. */
export function WatchersPanel({ premises }: { premises: PremisesFile }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const isPhone = useMedia(isPhoneQuery);
  const watches = useWatchers(premises.id);
  const isOwn = !premises.abilities.includes("premises.decide");
  const items = watches.data?.pages.flatMap((page) => page.items);
  const until = watches.data?.pages[0]?.published_until;
  const List = isPhone ? Cards : Rows;
  return (
    <section className="bk-section" id="watched" tabIndex={-1} aria-label={t("watch.open")}>
      <h2>{t(isOwn ? "watch.title" : "watch.titleOf")}</h2>
      {watches.isError && items === undefined ? (
        <ProblemPanel error={watches.error} title={t("watch.readFailed")} onRetry={() => void watches.refetch()} />
      ) : items === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 4 }} />
      ) : items.length === 0 && !watches.hasNextPage ? (
        <>
          <p>{t("watch.emptyTitle")}</p>
          <p className="bk-secondary">{t("watch.emptyText")}</p>
        </>
      ) : (
        <List items={items} />
      )}
      {until && (
        <p className="bk-secondary bk-watch-note">
          {t("watch.until", { at: formatMoment(Date.parse(until), zone, i18n.language, serverNowMs()) })}
          {isOwn && t("watch.note")}
        </p>
      )}
      {watches.hasNextPage && (
        <p className="bk-more">
          <Button loading={watches.isFetchingNextPage} onClick={() => void watches.fetchNextPage()}>
            {t("watch.more")}
          </Button>
        </p>
      )}
    </section>
  );
}

function useWho() {
  const { t } = useTranslation();
  return ({ authority_name, role }: Watch) => {
    if (sites.includes(role)) return t("watch.own");
    if (operators.includes(role)) return t("watch.operator");
    return authority_name || t("watch.city");
  };
}

function Who({ watch }: { watch: Watch }) {
  const { t } = useTranslation();
  const who = useWho();
  return (
    <div className="bk-name-cell">
      <span>{who(watch)}</span>
      <span className="bk-secondary">{t(`role.${watch.role}`, { defaultValue: watch.role })}</span>
    </div>
  );
}

function What({ watch }: { watch: Watch }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const moment = (at: string) => formatMoment(Date.parse(at), zone, i18n.language, serverNowMs());
  return (
    <div className="bk-name-cell">
      <span>{t(`watch.act.${watch.act}`, { defaultValue: watch.act })}</span>
      <span className="bk-secondary">{watch.camera_name}</span>
      {watch.from_at && watch.to_at && (
        <span className="bk-secondary">
          {t("watch.recordedFrom", { from: moment(watch.from_at), to: moment(watch.to_at) })}
        </span>
      )}
    </div>
  );
}

function When({ watch }: { watch: Watch }) {
  const { i18n } = useTranslation();
  const zone = useZone();
  const at = Date.parse(watch.started_at);
  return <time dateTime={watch.started_at}>{formatMoment(at, zone, i18n.language, serverNowMs())}</time>;
}

/** Seconds of moving pictures, or how many stills. */
function Long({ watch }: { watch: Watch }) {
  const { t, i18n } = useTranslation();
  if (watch.seconds === null) return <span className="bk-secondary">{t("watch.unknown")}</span>;
  const counted = ["snapshot", "thumb", "ptz", "download", "export"].includes(watch.act);
  return counted ? t("watch.times", { count: watch.count }) : formatDuration(watch.seconds * 1000, i18n.language);
}

function Purpose({ watch }: { watch: Watch }) {
  const { t } = useTranslation();
  if (!watch.purpose) return <span className="bk-muted">{t("watch.noPurpose")}</span>;
  return <span>{t(`premises.purpose.${watch.purpose}`, { defaultValue: watch.purpose })}</span>;
}

function Rows({ items }: { items: Watch[] }) {
  const { t } = useTranslation();
  const columns: TableColumnsType<Watch> = [
    { key: "when", title: t("watch.when"), width: 160, render: (_, watch) => <When watch={watch} /> },
    { key: "who", title: t("watch.who"), width: 190, render: (_, watch) => <Who watch={watch} /> },
    { key: "what", title: t("watch.what"), render: (_, watch) => <What watch={watch} /> },
    { key: "long", title: t("watch.long"), width: 120, align: "right", render: (_, watch) => <Long watch={watch} /> },
    { key: "purpose", title: t("watch.purpose"), width: 110, render: (_, watch) => <Purpose watch={watch} /> },
  ];
  return (
    <Table<Watch>
      rowKey={keyOf}
      size="small"
      columns={columns}
      dataSource={items}
      pagination={false}
      tableLayout="fixed"
    />
  );
}

function Cards({ items }: { items: Watch[] }) {
  return (
    <ul className="bk-cards">
      {items.map((watch) => (
        <li key={keyOf(watch)} className="bk-card">
          <Who watch={watch} />
          <What watch={watch} />
          <div className="bk-card-figures">
            <When watch={watch} />
            <Long watch={watch} />
            <Purpose watch={watch} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function keyOf(watch: Watch): string {
  return [watch.started_at, watch.camera, watch.act, watch.profile, watch.role, watch.authority, watch.seconds].join(
    "|",
  );
}
