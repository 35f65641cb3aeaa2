import { Skeleton, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { PremisesRow, PremisesWish } from "@/shared/api/premises";
import { GradeMark } from "@/shared/premises/Grade";
import { useKinds } from "@/shared/premises/useKinds";
import { useMedia } from "@/shared/useMedia";
import { ChannelCount, Completeness, LicenceUntil, StateCell } from "./cells";

type Sort = NonNullable<PremisesWish["sort"]>;

export interface PremisesListProps {
  rows: PremisesRow[] | undefined;
  sort: Sort;
  onSort: (sort: Sort) => void;
}

export function PremisesTable({ rows, sort, onSort }: PremisesListProps) {
  const { t } = useTranslation();
  const { category } = useKinds();
  const isWide = useMedia("(min-width: 1440px)");
  if (!rows)
    return (
      <div className="bk-panel" aria-busy>
        <Skeleton active={false} title={false} paragraph={{ rows: 10, width: "100%" }} />
      </div>
    );
  const head = (word: string, order: Sort) => (
    <button type="button" className="bk-sort" aria-pressed={sort === order} onClick={() => onSort(order)}>
      {word}
      <span aria-hidden>{sort === order ? " ▾" : ""}</span>
    </button>
  );
  const columns: TableColumnsType<PremisesRow> = [
    {
      key: "name",
      title: head(t("premises.name"), "name"),
      render: (_, row) => (
        <div className="bk-name-cell">
          <Link className="bk-row-link" to={`/premises/${row.id}`}>
            {row.name}
          </Link>
          <span className="bk-secondary">{row.address}</span>
        </div>
      ),
    },
    {
      key: "category",
      title: t("premises.category"),
      width: isWide ? 170 : 130,
      render: (_, row) => category(row.category),
    },
    {
      key: "region",
      title: head(t("premises.region"), "region"),
      width: isWide ? 180 : 150,
      render: (_, row) => row.region_name,
    },
    {
      key: "licence",
      title: t("premises.licenceUntil"),
      width: isWide ? 190 : 184,
      render: (_, row) => <LicenceUntil date={row.licence_expires_on} />,
    },
    {
      key: "grade",
      title: t("premises.grade"),
      width: isWide ? 110 : 96,
      align: "center",
      render: (_, row) => <GradeMark grade={row.risk_grade} />,
    },
    {
      key: "cameras",
      title: t("premises.channels"),
      width: isWide ? 130 : 120,
      align: "right",
      render: (_, row) => <ChannelCount row={row} />,
    },
    {
      key: "complete",
      title: t("premises.mustZones"),
      width: isWide ? 130 : 110,
      render: (_, row) => <Completeness isComplete={row.is_complete} />,
    },
    {
      key: "state",
      title: head(t("premises.stateName"), "state"),
      width: isWide ? 150 : 128,
      render: (_, row) => <StateCell row={row} />,
    },
  ];
  return <Table<PremisesRow> rowKey="id" columns={columns} dataSource={rows} tableLayout="fixed" pagination={false} />;
}
