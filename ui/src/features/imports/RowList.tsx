import { Button, Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type ImportFile, type ImportRow, type Outcome, useImportRows } from "@/shared/api/imports";
import { ProblemPanel } from "@/shared/api/ProblemText";

/** Rows of one outcome, the wrong ones with what is wrong in each line. */
export function RowList({ file, outcome }: { file: ImportFile; outcome: Outcome }) {
  const { t } = useTranslation();
  const rows = useImportRows(file, outcome);
  if (rows.isError) return <ProblemPanel error={rows.error} onRetry={() => void rows.refetch()} />;
  if (rows.isPending) return <Skeleton active={false} title={false} paragraph={{ rows: 4 }} />;
  const items = rows.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <p className="bk-muted">{t("imports.noRows")}</p>;
  return (
    <>
      <ul className="bk-import-rows">
        {items.map((row) => (
          <li key={row.number}>
            <Row row={row} />
          </li>
        ))}
      </ul>
      {rows.hasNextPage && (
        <Button loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
          {t("imports.more")}
        </Button>
      )}
    </>
  );
}

function Row({ row }: { row: ImportRow }) {
  const { t } = useTranslation();
  const name = row.name || t("imports.noName");
  return (
    <>
      <span className="bk-import-row-head">
        {row.line > 0 && <span className="bk-muted">{t("imports.line", { line: row.line })}</span>}
        {row.premises_id ? <Link to={`/premises/${row.premises_id}`}>{name}</Link> : <strong>{name}</strong>}
        <span className="bk-secondary">{row.external_no}</span>
        <span className="bk-secondary">{t("imports.cameras", { count: row.cameras })}</span>
      </span>
      {row.problems.length > 0 && (
        <ul className="bk-problems">
          {row.problems.map((problem) => (
            <li key={`${problem.sheet}${problem.line}${problem.column}${problem.code}`}>
              <span className="bk-problem-place">
                {t(problem.sheet === "cameras" ? "imports.placeCamera" : "imports.place", {
                  line: problem.line,
                  column: problem.column,
                })}
              </span>
              {problem.detail}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
