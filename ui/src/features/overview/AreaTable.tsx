import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Overview, OverviewCell } from "@/shared/api/overview";
import { formatCount, formatShare } from "@/shared/numbers/share";
import { addressOf, isShare, type Measure, measuresIn, partsOf } from "./measures";

/** Every area with each measure; each figure leads to the list it counts. */
export function AreaTable({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const shown = measuresIn(overview.total);
  const isByCounty = overview.level === "county";
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section className="bk-overview-panel bk-area-table" tabIndex={0} aria-label={t("overview.table")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{isByCounty ? t("overview.county") : t("overview.township")}</th>
            <th scope="col">{t("overview.due")}</th>
            {shown.map((measure) => (
              <th key={measure} scope="col">
                {t(`overview.${measure}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {overview.areas.map((area) => (
            <tr key={area.code}>
              <th scope="row">{isByCounty ? <Link to={`/overview?r=${area.code}`}>{area.name}</Link> : area.name}</th>
              <Cells cell={area} region={area.code} shown={shown} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t("overview.total")}</th>
            <Cells cell={overview.total} region={overview.region} shown={shown} />
          </tr>
        </tfoot>
      </table>
      {hasRest(overview) && <p className="bk-area-rest">{t("overview.rest")}</p>}
    </section>
  );
}

/** True if the total counts something that lies in none of the areas. */
function hasRest({ total, areas }: Overview): boolean {
  const counts = (cell: OverviewCell) => [cell.values.due, cell.values.watched, cell.alarms, cell.faults];
  return counts(total).some(
    (count, index) => (count ?? 0) !== areas.reduce((sum, area) => sum + (counts(area)[index] ?? 0), 0),
  );
}

function Cells({ cell, region, shown }: { cell: OverviewCell; region: string; shown: readonly Measure[] }) {
  return (
    <>
      <td>
        <Link to={addressOf("due", region)}>{formatCount(cell.values.due ?? 0)}</Link>
      </td>
      {shown.map((measure) => (
        <td key={measure}>
          <Figure cell={cell} region={region} measure={measure} />
        </td>
      ))}
    </>
  );
}

function Figure({ cell, region, measure }: { cell: OverviewCell; region: string; measure: Measure }) {
  if (isShare(measure)) {
    const [part, whole] = partsOf[measure];
    return (
      <>
        <Link to={addressOf(measure, region)}>{formatShare(cell.rates[measure])}</Link>
        <span className="bk-area-parts">
          {formatCount(cell.values[part] ?? 0)}/{formatCount(cell.values[whole] ?? 0)}
        </span>
      </>
    );
  }
  const count = cell[measure] ?? 0;
  return (
    <Link className={measure === "alarms" && count > 0 ? "bk-alert-link" : ""} to={addressOf(measure, region)}>
      {formatCount(count)}
    </Link>
  );
}
