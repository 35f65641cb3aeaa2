import { ArrowLeftOutlined, CloseCircleFilled, FullscreenOutlined, ToolOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Select, Skeleton } from "antd";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { type Overview, overviewQuery } from "@/shared/api/overview";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { sessionQuery } from "@/shared/api/session";
import { systemQuery, useZone } from "@/shared/api/system";
import { formatCount, formatShare } from "@/shared/numbers/share";
import { regionOf } from "@/shared/premises/RegionFilter";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { AreaTable } from "./AreaTable";
import { CityMap } from "./CityMap";
import { addressOf, isShare, type Measure, measuresIn, partsOf } from "./measures";
import { WorkList } from "./Work";
import "./overview.css";

// Once a month for each display: whoever looks at the city does not fetch it.
const PairDialog = lazy(async () => ({ default: (await import("./PairDialog")).PairDialog }));

/** The city by county, or one county by township: how far it is, what is on, what waits. Each figure leads to its rows. */
export function OverviewPage() {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const city = useQuery(systemQuery).data?.city ?? "";
  const [query] = useSearchParams();
  const wanted = regionOf(query);
  const overview = useQuery(overviewQuery(wanted));
  const data = overview.data;
  const mayPair = useQuery(sessionQuery).data?.abilities.includes("kiosk.pair") ?? false;
  const [isPairing, setPairing] = useState(false);
  const isNarrowed = wanted !== "" && data !== undefined;
  return (
    <div className="bk-page bk-overview">
      <div className="bk-page-head">
        <h1>{t("overview.title")}</h1>
        <span className="bk-secondary bk-overview-place">{data?.region_name || city}</span>
        {isNarrowed && (
          <Link to="/overview" className="bk-overview-back">
            <ArrowLeftOutlined aria-hidden /> {t("overview.back")}
          </Link>
        )}
        <span className="bk-grow" />
        {data && (
          <span className="bk-muted bk-small">
            {t("numbers.asOf", { at: formatMoment(Date.parse(data.at), zone, i18n.language, serverNowMs()) })}
          </span>
        )}
        {mayPair && <Button onClick={() => setPairing(true)}>{t("kiosk.pair")}</Button>}
        <Link to={wanted ? `/screen?r=${wanted}` : "/screen"} className="bk-overview-screen">
          <Button icon={<FullscreenOutlined aria-hidden />} tabIndex={-1}>
            {t("overview.screen")}
          </Button>
        </Link>
      </div>
      <Suspense fallback={null}>{isPairing && <PairDialog onClose={() => setPairing(false)} />}</Suspense>
      {overview.isError && data === undefined ? (
        <ProblemPanel error={overview.error} title={t("overview.readFailed")} onRetry={() => void overview.refetch()} />
      ) : data === undefined ? (
        <div className="bk-panel" aria-busy>
          <Skeleton active={false} title={false} paragraph={{ rows: 10, width: "100%" }} />
        </div>
      ) : (
        <Shown overview={data} />
      )}
    </div>
  );
}

function Shown({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const isPhone = useMedia(isPhoneQuery);
  const [query, setQuery] = useSearchParams();
  const shown = measuresIn(overview.total);
  const measure = shown.find((each) => each === query.get("show")) ?? "completed_rate";
  const choose = (value: Measure) =>
    setQuery(
      (old) => {
        if (value === "completed_rate") old.delete("show");
        else old.set("show", value);
        return old;
      },
      { replace: true },
    );
  const keep = measure === "completed_rate" ? "" : `&show=${measure}`;
  const has = { alarms: overview.total.alarms !== null, faults: overview.total.faults !== null };
  return (
    <>
      <Heads overview={overview} />
      <div className="bk-overview-body">
        <section className="bk-overview-panel bk-map-panel" aria-labelledby="bk-map-title">
          <div className="bk-overview-head">
            <h2 id="bk-map-title">{overview.level === "county" ? t("overview.byCounty") : t("overview.byTownship")}</h2>
            <Select<Measure>
              aria-label={t("overview.measure")}
              className="bk-map-measure"
              value={measure}
              onChange={choose}
              options={shown.map((value) => ({ value, label: t(`overview.${value}`) }))}
            />
          </div>
          <CityMap
            overview={overview}
            measure={measure}
            isNarrow={isPhone}
            hrefOf={({ code }) =>
              overview.level === "county" ? `/overview?r=${code}${keep}` : addressOf(measure, code)
            }
          />
          <p className="bk-muted bk-small">
            {isShare(measure)
              ? overview.words.find(({ key }) => key === measure)?.definition
              : t(`overview.define.${measure}`)}
          </p>
        </section>
        <AreaTable overview={overview} />
        {(has.alarms || has.faults) && <WorkList region={overview.region} has={has} />}
      </div>
    </>
  );
}

/** The figures of the whole. Red only for what should be recorded and is not. */
function Heads({ overview: { total, region, words } }: { overview: Overview }) {
  const { t } = useTranslation();
  const definition = (key: string) => words.find((each) => each.key === key)?.definition ?? "";
  return (
    <ul className="bk-heads">
      {measuresIn(total)
        .filter(isShare)
        .map((measure) => {
          const [part, whole] = partsOf[measure];
          return (
            <Head
              key={measure}
              to={addressOf(measure, region)}
              name={t(`overview.${measure}`)}
              title={definition(measure)}
              value={formatShare(total.rates[measure])}
              under={t(`overview.parts.${measure}`, {
                part: formatCount(total.values[part] ?? 0),
                whole: formatCount(total.values[whole] ?? 0),
              })}
            />
          );
        })}
      {total.alarms !== null && (
        <Head
          to={addressOf("alarms", region)}
          name={t("overview.alarms")}
          title={t("overview.define.alarms")}
          value={formatCount(total.alarms)}
          under={total.alarms > 0 ? t("overview.alarms.some") : t("overview.alarms.none")}
          {...(total.alarms > 0 ? { look: "alert", mark: <CloseCircleFilled aria-hidden /> } : {})}
        />
      )}
      {total.faults !== null && (
        <Head
          to={addressOf("faults", region)}
          name={t("overview.faults")}
          title={t("overview.define.faults")}
          value={formatCount(total.faults)}
          under={total.faults > 0 ? t("overview.faults.some") : t("overview.faults.none")}
          {...(total.faults > 0 ? { mark: <ToolOutlined aria-hidden /> } : {})}
        />
      )}
    </ul>
  );
}

interface HeadProps {
  to: string;
  name: string;
  title: string;
  value: string;
  under: string;
  look?: "alert";
  mark?: ReactNode;
}

function Head({ to, name, title, value, under, look, mark }: HeadProps) {
  return (
    <li>
      <Link to={to} className={look ? `bk-head bk-head-${look}` : "bk-head"} title={title}>
        <span className="bk-head-name">{name}</span>
        <span className="bk-head-value">
          {mark} {value}
        </span>
        <span className="bk-head-under">{under}</span>
      </Link>
    </li>
  );
}
