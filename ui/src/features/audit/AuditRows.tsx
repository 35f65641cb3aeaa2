import { Button, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { AuditRow } from "@/shared/api/audit";
import { useZone } from "@/shared/api/system";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { objectOf, roleWords } from "./words";

interface Props {
  items: AuditRow[];
  isStale: boolean;
  onOpen: (row: AuditRow) => void;
}

function When({ row }: { row: AuditRow }) {
  const { i18n } = useTranslation();
  const zone = useZone();
  return <time dateTime={row.at}>{formatMoment(Date.parse(row.at), zone, i18n.language, serverNowMs())}</time>;
}

function Who({ row }: { row: AuditRow }) {
  const { t, i18n } = useTranslation();
  if (!row.actor)
    return <span className="bk-muted">{row.actor_role === "LOCAL" ? t("audit.local") : t("audit.nobody")}</span>;
  return (
    <div className="bk-name-cell">
      <span>{row.actor.name || row.actor.username}</span>
      <span className="bk-secondary">{roleWords(row, t, i18n.language)}</span>
    </div>
  );
}

function What({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  return (
    <div className="bk-name-cell">
      <span>{row.action}</span>
      {row.decision === "refused" && (
        <span className="bk-warning-text">
          {t("audit.result.refused")}
          {row.reason_word && t("audit.because", { reason: row.reason_word })}
        </span>
      )}
      {!row.fits && <span className="bk-error-text">{t("audit.unfit")}</span>}
    </div>
  );
}

function On({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  const { main, more } = objectOf(row, t);
  if (!main) return <span className="bk-muted">{t("audit.none")}</span>;
  return (
    <div className="bk-name-cell">
      <span>{main}</span>
      {more && <span className="bk-secondary">{more}</span>}
    </div>
  );
}

function From({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  if (!row.address) return <span className="bk-muted">{t("audit.system")}</span>;
  return row.address === "local" ? t("audit.thisMachine") : <span className="bk-mono">{row.address}</span>;
}

export function AuditTable({ items, isStale, onOpen }: Props) {
  const { t } = useTranslation();
  const columns: TableColumnsType<AuditRow> = [
    { key: "when", title: t("audit.time"), width: 170, render: (_, row) => <When row={row} /> },
    { key: "who", title: t("audit.person"), width: 210, render: (_, row) => <Who row={row} /> },
    { key: "what", title: t("audit.action"), width: 230, render: (_, row) => <What row={row} /> },
    { key: "on", title: t("audit.object"), render: (_, row) => <On row={row} /> },
    { key: "from", title: t("audit.address"), width: 150, render: (_, row) => <From row={row} /> },
    {
      key: "seq",
      title: t("audit.seq"),
      width: 100,
      align: "right",
      render: (_, row) => (
        <Button type="link" className="bk-link-button" onClick={() => onOpen(row)}>
          {t("audit.seqOf", { seq: row.seq })}
        </Button>
      ),
    },
  ];
  return (
    <Table<AuditRow>
      rowKey="seq"
      columns={columns}
      dataSource={items}
      loading={isStale}
      pagination={false}
      tableLayout="fixed"
      onRow={(row) => ({ onClick: () => onOpen(row), className: "bk-row-open" })}
    />
  );
}

export function AuditCards({ items, onOpen }: Props) {
  const { t } = useTranslation();
  return (
    <ul className="bk-cards">
      {items.map((row) => (
        <li key={row.seq} className="bk-card">
          <What row={row} />
          <On row={row} />
          <Who row={row} />
          <div className="bk-card-figures">
            <When row={row} />
            <From row={row} />
          </div>
          <Button onClick={() => onOpen(row)}>{t("audit.show", { seq: row.seq })}</Button>
        </li>
      ))}
    </ul>
  );
}
