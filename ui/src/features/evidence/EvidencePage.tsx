import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Input, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { type Evidence, evidenceListQuery, fileUrl } from "@/shared/api/evidence";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { PremisesOnly, premisesOf } from "@/shared/premises/PremisesOnly";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { ExportDialog } from "./ExportDialog";
import { ExportsPanel } from "./ExportsPanel";
import { StateTag } from "./StateTag";
import { useDriftText, useMoment } from "./words";
import "./evidence.css";

const kinds = ["all", "snapshot", "clip"] as const;

/** The store of evidence: find, look, export. */
export function EvidencePage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  const kind = kinds.find((each) => each === query.get("kind")) ?? "all";
  const text = query.get("q") ?? "";
  const premises = premisesOf(query);
  const found = useInfiniteQuery(
    evidenceListQuery({
      ...(kind === "all" ? {} : { kind }),
      ...(text ? { text } : {}),
      ...(premises ? { premises } : {}),
    }),
  );
  const [chosen, setChosen] = useState<readonly Evidence[]>([]);
  const [isExporting, setIsExporting] = useState(false);
  const put = (key: string, value: string) =>
    setQuery((old) => {
      if (value) old.set(key, value);
      else old.delete(key);
      return old;
    });
  const items = found.data?.pages.flatMap((page) => page.items);
  const total = found.data?.pages[0]?.total ?? 0;
  const leaving = chosen.filter((each) => each.abilities.includes("evidence.export"));
  const List = isPhone ? Cards : Rows;
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("evidence.title")}</h1>
        <span className="bk-secondary">{found.data ? t("evidence.count", { count: total }) : ""}</span>
        <span className="bk-grow" />
        <Button type="primary" disabled={leaving.length === 0} onClick={() => setIsExporting(true)}>
          {leaving.length ? t("evidence.exportChosen", { count: leaving.length }) : t("evidence.export")}
        </Button>
      </div>
      <div className="bk-tools">
        <Segmented
          value={kind}
          onChange={(value) => put("kind", value === "all" ? "" : value)}
          options={kinds.map((value) => ({ value, label: t(`evidence.kind.${value}`) }))}
        />
        <Input.Search
          allowClear
          defaultValue={text}
          placeholder={t("evidence.search")}
          aria-label={t("evidence.search")}
          onSearch={(value) => put("q", value.trim())}
          style={{ maxWidth: 320 }}
        />
        <PremisesOnly premises={premises} onClear={() => put("premises", "")} />
      </div>
      <ExportsPanel />
      {found.isError && found.data === undefined ? (
        <ProblemPanel error={found.error} onRetry={() => void found.refetch()} />
      ) : items === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : items.length === 0 ? (
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t(text ? "evidence.noneFound" : "evidence.noneTitle")}</h2>
          <p>{t(text ? "evidence.noneFoundText" : "evidence.noneText")}</p>
        </div>
      ) : (
        <List items={items} chosen={chosen} onChoose={setChosen} />
      )}
      {found.hasNextPage && (
        <p className="bk-more">
          <Button loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t("onboarding.more")}
          </Button>
        </p>
      )}
      {isExporting && (
        <ExportDialog
          items={leaving}
          onClose={(begun) => {
            setIsExporting(false);
            if (begun) setChosen([]);
          }}
        />
      )}
    </div>
  );
}

interface ListProps {
  items: Evidence[];
  chosen: readonly Evidence[];
  onChoose: (items: readonly Evidence[]) => void;
}

function Still({ item }: { item: Evidence }) {
  if (item.state === "DISPOSED") return null;
  return <img className="bk-evidence-still" src={fileUrl(item.id, "display.jpg")} alt="" loading="lazy" />;
}

function Where({ item }: { item: Evidence }) {
  return (
    <div className="bk-name-cell">
      <strong>{item.premises_name || item.camera_name}</strong>
      <span className="bk-secondary">{item.camera_name}</span>
    </div>
  );
}

function Rows({ items, chosen, onChoose }: ListProps) {
  const { t } = useTranslation();
  const moment = useMoment();
  const drift = useDriftText();
  const columns: TableColumnsType<Evidence> = [
    { key: "still", width: 120, render: (_, each) => <Still item={each} /> },
    {
      key: "number",
      title: t("evidence.number"),
      width: 140,
      render: (_, each) => (
        <div className="bk-name-cell">
          <Link className="bk-mono" to={`/evidence/${each.number}`}>
            {each.number}
          </Link>
          <span className="bk-secondary">{t(`evidence.kind.${each.kind}`)}</span>
        </div>
      ),
    },
    { key: "where", title: t("evidence.where"), render: (_, each) => <Where item={each} /> },
    {
      key: "frame",
      title: t("evidence.frameAt"),
      width: 210,
      align: "right",
      render: (_, each) => (
        <div className="bk-name-cell">
          <span>{moment(each.frame_at)}</span>
          <span className="bk-secondary">{t("evidence.drift", { drift: drift(each) })}</span>
        </div>
      ),
    },
    {
      key: "who",
      title: t("evidence.operator"),
      width: 150,
      render: (_, each) => (
        <div className="bk-name-cell">
          <span>{each.operator_name}</span>
          <span className="bk-secondary">{t(`evidence.purpose.${each.purpose}`)}</span>
        </div>
      ),
    },
    {
      key: "state",
      title: t("evidence.state"),
      width: 150,
      render: (_, each) => (
        <div className="bk-name-cell">
          <StateTag item={each} />
          <span className="bk-secondary">{each.case_no}</span>
        </div>
      ),
    },
  ];
  return (
    <Table<Evidence>
      rowKey="id"
      columns={columns}
      dataSource={items}
      pagination={false}
      rowSelection={{
        selectedRowKeys: chosen.map(({ id }) => id),
        onChange: (_, rows) => onChoose(rows),
        getCheckboxProps: (each) => ({
          disabled: !each.abilities.includes("evidence.export"),
          "aria-label": t("evidence.choose", { number: each.number }),
        }),
      }}
    />
  );
}

function Cards({ items }: ListProps) {
  const { t } = useTranslation();
  const moment = useMoment();
  return (
    <ul className="bk-cards">
      {items.map((each) => (
        <li key={each.id} className="bk-card">
          <Where item={each} />
          <div className="bk-card-figures">
            <StateTag item={each} />
            <span>{moment(each.frame_at)}</span>
          </div>
          <Link to={`/evidence/${each.number}`}>{t("evidence.open", { number: each.number })}</Link>
        </li>
      ))}
    </ul>
  );
}
