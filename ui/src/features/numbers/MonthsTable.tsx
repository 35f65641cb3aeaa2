import type { UseQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { NumberCell, Numbers } from "@/shared/api/numbers";
import { formatCount, formatShare } from "@/shared/numbers/share";
import { wordsOf } from "./figures";

const columns = ["due", "signed", "signed_new", "installed", "online", "accepted"] as const;
const rates = ["completed_rate", "online_hours_rate", "online_day_rate"] as const;

/** A month before this system ran has nothing but what was signed in it. */
export function isKept(cell: NumberCell): boolean {
  return Object.keys(cell.values).some((key) => key !== "signed_new");
}

/** The months side by side, newest first, each as of its end. */
export function MonthsTable({ query, onMonth }: { query: UseQueryResult<Numbers>; onMonth: (month: string) => void }) {
  const { t } = useTranslation();
  const numbers = query.data;
  if (!numbers || numbers.cells.length === 0) return null;
  const cells = [...numbers.cells].sort((one, other) => other.month.localeCompare(one.month));
  return (
    <>
      <div className="bk-numbers-head">
        <h2>{t("numbers.byMonth")}</h2>
        <span className="bk-muted bk-small">{t("numbers.byMonthHint")}</span>
      </div>
      <section className="bk-matrix" aria-label={t("numbers.byMonth")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("numbers.month")}</th>
              {[...columns, ...rates].map((key) => (
                <th key={key} scope="col" title={wordsOf(numbers, key).definition}>
                  {wordsOf(numbers, key).name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map((cell) => (
              <tr key={cell.month}>
                <th scope="row">
                  <button type="button" className="bk-link" onClick={() => onMonth(cell.month)}>
                    {cell.month}
                  </button>
                </th>
                {columns.map((key) => (
                  <td key={key}>{countOf(cell, key)}</td>
                ))}
                {rates.map((key) => (
                  <td key={key}>{formatShare(cell.rates[key])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

/** The count of a month; what was not kept of it is no zero. */
function countOf(cell: NumberCell, key: string): string {
  const count = cell.values[key] ?? (isKept(cell) || key === "signed_new" ? 0 : undefined);
  return count === undefined ? "—" : formatCount(count);
}
