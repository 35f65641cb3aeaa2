import { DownloadOutlined } from "@ant-design/icons";
import { Button, Skeleton } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type AuditRow, useAuditRows } from "@/shared/api/audit";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { useAbilities } from "@/shared/api/session";
import { useDelayed } from "@/shared/useDelayed";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { AuditCards, AuditTable } from "./AuditRows";
import { AuditTools } from "./AuditTools";
import { ChainPanel } from "./ChainPanel";
import { ExportDialog } from "./ExportDialog";
import { readQuestion, type Wish } from "./question";
import { RowDrawer } from "./RowDrawer";

/** A search is a row of the audit as well: it is asked once the hands rest. */
const restMs = 400;

/** Who did what, when, from where and why: for those who audit. */
export function AuditPage() {
  const { t } = useTranslation();
  const abilities = useAbilities();
  const isPhone = useMedia(isPhoneQuery);
  const [query, setQuery] = useSearchParams();
  const question = useMemo(() => readQuestion(query), [query]);
  const asked = useDelayed(query.toString(), restMs);
  const rows = useAuditRows(useMemo(() => readQuestion(new URLSearchParams(asked)), [asked]));
  const [isTaking, setTaking] = useState(false);
  const [open, setOpen] = useState<AuditRow>();
  const put = (changes: Partial<Record<Wish, string>>) =>
    setQuery(
      (old) => {
        for (const [name, value] of Object.entries(changes)) {
          if (value) old.set(name, value);
          else old.delete(name);
        }
        return old;
      },
      { replace: true },
    );
  const clear = () => setQuery({}, { replace: true });
  const narrow = (name: Wish, value: string) => {
    setOpen(undefined);
    put({ [name]: value });
  };
  const items = rows.data?.pages.flatMap((page) => page.items);
  const isFiltered = Object.keys(question).length > 0;
  const List = isPhone ? AuditCards : AuditTable;
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("audit.title")}</h1>
        <span className="bk-grow" />
        {abilities.includes("audit.export") && (
          <Button icon={<DownloadOutlined aria-hidden />} onClick={() => setTaking(true)}>
            {t("audit.export")}
          </Button>
        )}
      </div>
      <ChainPanel />
      <AuditTools question={question} put={put} onClear={clear} />
      {rows.isError && items === undefined ? (
        <ProblemPanel error={rows.error} title={t("audit.readFailed")} onRetry={() => void rows.refetch()} />
      ) : rows.isError ? (
        <ProblemPanel error={rows.error} onRetry={() => void rows.refetch()} />
      ) : items === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 10 }} />
      ) : items.length === 0 ? (
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t("audit.emptyTitle")}</h2>
          <p>{t("audit.emptyText")}</p>
          {isFiltered && <Button onClick={clear}>{t("audit.clear")}</Button>}
        </div>
      ) : (
        <List items={items} isStale={rows.isPlaceholderData} onOpen={setOpen} />
      )}
      {rows.hasNextPage && !rows.isError && (
        <p className="bk-more">
          <Button loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
            {t("audit.more")}
          </Button>
        </p>
      )}
      {open && <RowDrawer row={open} onNarrow={narrow} onClose={() => setOpen(undefined)} />}
      {isTaking && <ExportDialog question={question} onClose={() => setTaking(false)} />}
    </div>
  );
}
