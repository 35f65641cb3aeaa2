import { Button, Drawer, Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type CountedRow, type Cut, type Numbers, type OpenNumber, useNumberRows } from "@/shared/api/numbers";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { wordsOf } from "./figures";

interface DrawerProps {
  numbers: Numbers;
  number: OpenNumber;
  cut: Cut;
  onClose: () => void;
}

/** What a number counts: the same filter, the same count. */
export function RowsDrawer({ numbers, number, cut, onClose }: DrawerProps) {
  const { t } = useTranslation();
  const isPhone = useMedia(isPhoneQuery);
  const rows = useNumberRows(number, cut);
  const words = wordsOf(numbers, number);
  const names = [
    numbers.regions.find(({ code }) => code === cut.region)?.name,
    numbers.categories.find(({ code }) => code === cut.category)?.name,
    cut.month,
  ].filter(Boolean);
  const total = rows.data?.pages[0]?.total;
  const items = rows.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Drawer
      open
      onClose={onClose}
      size={isPhone ? "100%" : 640}
      title={
        <>
          {[words.name, ...names].join(" · ")}
          {total !== undefined && (
            <span className="bk-muted">
              {" "}
              {items[0]?.camera_id ? t("numbers.rowsCameras", { count: total }) : t("numbers.rows", { count: total })}
            </span>
          )}
        </>
      }
    >
      <p className="bk-muted bk-small">{words.definition}</p>
      {rows.isError ? (
        <ProblemPanel error={rows.error} onRetry={() => void rows.refetch()} />
      ) : rows.isPending ? (
        <Skeleton active={false} title={false} paragraph={{ rows: 6 }} />
      ) : items.length === 0 ? (
        <p>{t("numbers.rowsNone")}</p>
      ) : (
        <ul className="bk-counted">
          {items.map((row) => (
            <li key={row.camera_id || row.premises_id}>
              <Counted row={row} />
            </li>
          ))}
        </ul>
      )}
      {rows.hasNextPage && (
        <Button block loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
          {t("numbers.more")}
        </Button>
      )}
    </Drawer>
  );
}

function Counted({ row }: { row: CountedRow }) {
  const { t } = useTranslation();
  return (
    <>
      <Link to={`/premises/${row.premises_id}`}>{row.name}</Link>
      <span className="bk-secondary">
        {[row.external_no, row.region_name, row.category_name].filter(Boolean).join(" · ")}
      </span>
      <span className="bk-secondary">
        {row.camera_id
          ? `${row.camera_name} · ${t(`numbers.activity.${row.activity}`)}`
          : t(`numbers.state.${row.state}`)}
      </span>
    </>
  );
}
