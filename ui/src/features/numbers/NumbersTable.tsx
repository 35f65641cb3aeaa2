import { useTranslation } from "react-i18next";
import type { Cut, NumberCell, Numbers } from "@/shared/api/numbers";
import { formatCount, formatShare, heatOf } from "@/shared/numbers/share";
import { figuresOf, type Measure, openedBy, wordsOf } from "./figures";

interface TableProps {
  numbers: Numbers;
  measure: Measure;
  onOpen: (cut: Partial<Cut>) => void;
  onRegion?: (code: string) => void;
}

/** Regions down, categories across, sums at both ends. */
export function NumbersTable({ numbers, measure, onOpen, onRegion }: TableProps) {
  const { t } = useTranslation();
  if (numbers.regions.length === 0)
    return (
      <div className="bk-panel">
        <p>{t("numbers.empty")}</p>
      </div>
    );
  const find = (cells: NumberCell[], region: string, category: string) =>
    cells.find((cell) => cell.region === region && cell.category === category);
  const cellOf = (cell: NumberCell | undefined, cut: Partial<Cut>, label: string) => (
    <Cell numbers={numbers} measure={measure} cell={cell} label={label} onOpen={() => onOpen(cut)} />
  );
  const total = t("numbers.total");
  return (
    <section className="bk-matrix" aria-label={wordsOf(numbers, measure).name}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("numbers.region")}</th>
            {numbers.categories.map(({ code, name }) => (
              <th key={code} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">{total}</th>
          </tr>
        </thead>
        <tbody>
          {numbers.regions.map((region) => (
            <tr key={region.code}>
              <th scope="row">
                {onRegion ? (
                  <button type="button" className="bk-link" onClick={() => onRegion(region.code)}>
                    {region.name}
                  </button>
                ) : (
                  region.name
                )}
              </th>
              {numbers.categories.map((category) => (
                <td key={category.code}>
                  {cellOf(
                    find(numbers.cells, region.code, category.code),
                    { region: region.code, category: category.code },
                    `${region.name} ${category.name}`,
                  )}
                </td>
              ))}
              <td>
                {cellOf(find(numbers.by_region, region.code, ""), { region: region.code }, `${region.name} ${total}`)}
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{total}</th>
            {numbers.categories.map(({ code, name }) => (
              <td key={code}>{cellOf(find(numbers.by_category, "", code), { category: code }, `${name} ${total}`)}</td>
            ))}
            <td>{cellOf(numbers.total, {}, total)}</td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

interface CellProps {
  numbers: Numbers;
  measure: Measure;
  cell: NumberCell | undefined;
  label: string;
  onOpen: () => void;
}

function Cell({ numbers, measure, cell, label, onOpen }: CellProps) {
  const { t } = useTranslation();
  const found = figuresOf(numbers, cell, measure);
  if (cell === undefined || (found.isRate && found.share === null)) return <span className="bk-muted">—</span>;
  const target = measure === "completed_rate" ? cell.target : null;
  const done = cell.values.completed ?? 0;
  const content = (
    <>
      <span className="bk-cell-main">{found.isRate ? formatShare(found.share) : formatCount(found.value)}</span>
      {found.isRate && found.whole !== undefined && (
        <span className="bk-cell-parts">
          {formatCount(found.part ?? 0)}/{formatCount(found.whole)}
        </span>
      )}
      {target !== null && (
        <span className="bk-cell-target">
          {t("numbers.target", { target, share: target ? `${Math.round((done / target) * 100)}%` : "—" })}
        </span>
      )}
    </>
  );
  const className = `bk-cell bk-heat-${found.isRate ? heatOf(found.share) : 0}`;
  return openedBy(numbers, measure) ? (
    <button type="button" className={className} onClick={onOpen}>
      <span className="bk-visually-hidden">{t("numbers.openRows", { label })}</span>
      {content}
    </button>
  ) : (
    <span className={className}>{content}</span>
  );
}
