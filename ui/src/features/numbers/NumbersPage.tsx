import { DownloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Select, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type Cut, monthsQuery, numbersQuery, type OpenNumber } from "@/shared/api/numbers";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { ChangesTable } from "./ChangesTable";
import { ExportModal } from "./ExportModal";
import { isMeasure, type Measure, measures, openedBy, wordsOf } from "./figures";
import { isKept, MonthsTable } from "./MonthsTable";
import { NumbersTable } from "./NumbersTable";
import { RowsDrawer } from "./RowsDrawer";
import { Summary } from "./Summary";
import "./numbers.css";

interface Opened {
  number: OpenNumber;
  cut: Cut;
}

/** What the bureau reports: by county and category, now or at a month's end; each figure opens its rows. */
export function NumbersPage() {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const [query, setQuery] = useSearchParams();
  const region = query.get("r") ?? "";
  const month = query.get("m") ?? "";
  const shown = query.get("show");
  const measure: Measure = isMeasure(shown) ? shown : "completed_rate";
  const numbers = useQuery(numbersQuery(region, month));
  const months = useQuery(monthsQuery(region));
  const [clicked, setOpened] = useState<Opened>();
  const [isExporting, setExporting] = useState(false);
  const put = (key: string, value: string) =>
    setQuery(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: key !== "r" },
    );
  const data = numbers.data;
  // an address may name the number whose rows it is about
  const named = data?.opens.find((number) => number === query.get("n")) as OpenNumber | undefined;
  const opened = clicked ?? (named && { number: named, cut: { region, category: "", month } });
  const close = () => {
    setOpened(undefined);
    put("n", "");
  };
  const open = (key: string, cut: Partial<Cut>) => {
    const number = data && openedBy(data, key);
    if (number) setOpened({ number, cut: { region, category: "", month, ...cut } });
  };
  const kept = [...new Set(months.data?.cells.filter(isKept).map((cell) => cell.month) ?? [])].sort().reverse();
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("numbers.title")}</h1>
        <span className="bk-grow" />
        {data?.abilities.includes("numbers.export") && (
          <Button icon={<DownloadOutlined />} onClick={() => setExporting(true)}>
            {t("numbers.export")}
          </Button>
        )}
      </div>
      {numbers.isError && data === undefined ? (
        <ProblemPanel error={numbers.error} title={t("numbers.readFailed")} onRetry={() => void numbers.refetch()} />
      ) : data === undefined ? (
        <div className="bk-panel" aria-busy>
          <Skeleton active={false} title={false} paragraph={{ rows: 8, width: "100%" }} />
        </div>
      ) : (
        <>
          <div className="bk-tools">
            <Select
              className="bk-numbers-month"
              aria-label={t("numbers.month")}
              value={month}
              onChange={(value) => put("m", value)}
              options={[
                { value: "", label: t("numbers.now") },
                ...kept.filter((each) => each !== data.month || month).map((each) => ({ value: each, label: each })),
              ]}
            />
            {region && <Button onClick={() => put("r", "")}>{t("numbers.allRegions")}</Button>}
            <span className="bk-grow" />
            <span className="bk-muted bk-small" role="status">
              {data.is_now
                ? t("numbers.asOf", { at: formatMoment(Date.parse(data.at), zone, i18n.language, serverNowMs()) })
                : t("numbers.asOfDay", { day: data.day })}
            </span>
          </div>
          <Summary numbers={data} onOpen={(key) => open(key, {})} />
          <div className="bk-numbers-head">
            <h2>{region ? t("numbers.byTownship") : t("numbers.byCounty")}</h2>
            <Select
              className="bk-numbers-measure"
              aria-label={t("numbers.measure")}
              value={measure}
              onChange={(value) => put("show", value === "completed_rate" ? "" : value)}
              options={measures.map((key) => ({ value: key, label: wordsOf(data, key).name }))}
            />
            <span className="bk-muted bk-small">{wordsOf(data, measure).definition}</span>
          </div>
          <NumbersTable
            numbers={data}
            measure={measure}
            onOpen={(cut) => open(measure, cut)}
            {...(region ? {} : { onRegion: (code: string) => put("r", code) })}
          />
          <MonthsTable query={months} onMonth={(value) => put("m", value)} />
          <ChangesTable />
        </>
      )}
      {opened && data && <RowsDrawer numbers={data} number={opened.number} cut={opened.cut} onClose={close} />}
      {isExporting && <ExportModal cut={{ region, category: "", month }} onClose={() => setExporting(false)} />}
    </div>
  );
}
