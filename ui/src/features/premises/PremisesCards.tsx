import { Skeleton } from "antd";
import { Link } from "react-router";
import { GradeMark } from "@/shared/premises/Grade";
import { useKinds } from "@/shared/premises/useKinds";
import { ChannelCount, Completeness, LicenceUntil, StateCell } from "./cells";
import type { PremisesListProps } from "./PremisesTable";

/** The list on a phone: one column, the whole card leads to the file. */
export function PremisesCards({ rows }: PremisesListProps) {
  const { category } = useKinds();
  if (!rows) return <Skeleton active={false} paragraph={{ rows: 8 }} />;
  return (
    <ul className="bk-cards">
      {rows.map((row) => (
        <li key={row.id}>
          <Link className="bk-card bk-card-link" to={`/premises/${row.id}`}>
            <span className="bk-card-title">
              <strong>{row.name}</strong>
              <StateCell row={row} />
            </span>
            <span className="bk-secondary">
              {category(row.category)} · {row.region_name}
            </span>
            <span className="bk-card-figures">
              <GradeMark grade={row.risk_grade} />
              <Completeness isComplete={row.is_complete} />
              <ChannelCount row={row} />
              <LicenceUntil date={row.licence_expires_on} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
