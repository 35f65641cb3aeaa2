import { CheckCircleFilled, CloseCircleFilled, ToolOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type Overview, type OverviewArea, overviewQuery } from "@/shared/api/overview";
import { useProblemText } from "@/shared/api/ProblemText";
import { systemQuery, useZone } from "@/shared/api/system";
import { formatCount, formatShare } from "@/shared/numbers/share";
import { regionOf } from "@/shared/premises/RegionFilter";
import { useKinds } from "@/shared/premises/useKinds";
import { useRecordingWords } from "@/shared/recording/words";
import { formatClock, formatDate, formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { useNow } from "@/shared/time/useNow";
import { CityMap } from "./CityMap";
import { isShare, measuresIn, partsOf } from "./measures";
import { useWork, type WorkRow } from "./Work";
import "./overview.css";
import "./screen.css";

const staleAfterMs = 120_000;
const warnBeforeS = 300;
const warnOfEndMs = 3 * 86_400_000;
const rowsShown = 7;

interface Props {
  isLineUp: boolean;
  idleS: number;
  /** When a paired display's credential ends; undefined where a person is logged in. */
  endsAt: string | undefined;
}

/** The wall of a command room: the overview's figures, to be looked at only. Visitors read it: no names of premises or persons. */
export function ScreenPage({ isLineUp, idleS, endsAt }: Props) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const nowMs = useNow();
  const city = useQuery(systemQuery).data?.city ?? "";
  const [query] = useSearchParams();
  const overview = useQuery({ ...overviewQuery(regionOf(query)), refetchIntervalInBackground: true });
  const idleForS = useIdleS(nowMs);
  const data = overview.data;
  const isStale = data !== undefined && nowMs - Date.parse(data.at) > staleAfterMs;
  const leftS = idleS - idleForS;
  const isEnding = endsAt !== undefined && Date.parse(endsAt) - nowMs < warnOfEndMs;
  return (
    <main className={isStale ? "bk-screen bk-screen-stale" : "bk-screen"}>
      <header className="bk-screen-bar">
        <span>
          <time dateTime={new Date(nowMs).toISOString()}>{formatClock(nowMs, zone)}</time>{" "}
          {formatDate(nowMs, zone, i18n.language, nowMs)}
        </span>
        <h1>{t("screen.title", { place: data?.region_name || city })}</h1>
        <span>{data && t("numbers.asOf", { at: formatMoment(Date.parse(data.at), zone, i18n.language, nowMs) })}</span>
      </header>
      {(isStale || !isLineUp || leftS <= warnBeforeS || isEnding) && (
        <p className="bk-screen-strip" role="status">
          {isStale || !isLineUp
            ? t("screen.stale")
            : isEnding
              ? t("kiosk.ends", { at: formatMoment(Date.parse(endsAt), zone, i18n.language, nowMs) })
              : t("screen.idle", { minutes: Math.max(1, Math.ceil(leftS / 60)) })}
        </p>
      )}
      {data ? (
        <Panels overview={data} />
      ) : (
        <div className="bk-screen-empty" aria-busy={overview.isPending}>
          {overview.isError && <Problem error={overview.error} />}
        </div>
      )}
    </main>
  );
}

function Problem({ error }: { error: unknown }) {
  const say = useProblemText();
  return <p>{say(error)}</p>;
}

/** How long nobody has touched anything here: by the same inputs that tell the server somebody is there. */
function useIdleS(nowMs: number): number {
  const [lastMs, setLastMs] = useState(serverNowMs);
  useEffect(() => {
    const note = () => setLastMs(serverNowMs());
    const names = ["pointerdown", "pointermove", "keydown", "wheel"] as const;
    for (const name of names) window.addEventListener(name, note, { passive: true });
    return () => {
      for (const name of names) window.removeEventListener(name, note);
    };
  }, []);
  return (nowMs - lastMs) / 1000;
}

function Panels({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const { total } = overview;
  return (
    <div className="bk-screen-body">
      <div className="bk-screen-column">
        {measuresIn(total)
          .filter(isShare)
          .map((measure) => {
            const [part, whole] = partsOf[measure];
            return (
              <Figure
                key={measure}
                name={t(`overview.${measure}`)}
                value={formatShare(total.rates[measure])}
                under={t(`overview.parts.${measure}`, {
                  part: formatCount(total.values[part] ?? 0),
                  whole: formatCount(total.values[whole] ?? 0),
                })}
              />
            );
          })}
      </div>
      <section className="bk-screen-panel bk-screen-map">
        <h2>{t(overview.level === "county" ? "screen.mapCounty" : "screen.mapTownship")}</h2>
        <CityMap overview={overview} measure="completed_rate" />
      </section>
      <div className="bk-screen-column">
        <Work overview={overview} />
      </div>
    </div>
  );
}

function Figure({ name, value, under }: { name: string; value: ReactNode; under: string }) {
  return (
    <section className="bk-screen-panel bk-screen-figure">
      <h2>{name}</h2>
      <strong>{value}</strong>
      <span>{under}</span>
    </section>
  );
}

function Work({ overview: { region, total, areas } }: { overview: Overview }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const { rows, isPending, failed } = useWork(region, { alarms: total.alarms !== null, faults: total.faults !== null });
  return (
    <>
      <div className="bk-screen-pair">
        {total.alarms !== null && (
          <Figure
            name={t("overview.alarms")}
            value={
              <span className={total.alarms > 0 ? "bk-screen-alert" : ""}>
                {total.alarms > 0 ? <CloseCircleFilled aria-hidden /> : <CheckCircleFilled aria-hidden />}{" "}
                {formatCount(total.alarms)}
              </span>
            }
            under={total.alarms > 0 ? t("overview.alarms.some") : t("overview.alarms.none")}
          />
        )}
        {total.faults !== null && (
          <Figure
            name={t("overview.faults")}
            value={
              <>
                <ToolOutlined aria-hidden /> {formatCount(total.faults)}
              </>
            }
            under={total.faults > 0 ? t("overview.faults.some") : t("overview.faults.none")}
          />
        )}
      </div>
      <section className="bk-screen-panel bk-screen-work">
        <h2>{t("overview.work")}</h2>
        {rows.length === 0 ? (
          // "Nothing to do" is said only by who looked.
          <p aria-busy={isPending}>{failed ? say(failed.error) : isPending ? "" : t("overview.quiet")}</p>
        ) : (
          <ul>
            {rows.slice(0, rowsShown).map((row) => (
              <li key={row.id}>
                <Row row={row} areas={areas} />
              </li>
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

/** Time, what it is, which county or township and which zone: never which kitchen. */
function Row({ row, areas }: { row: WorkRow; areas: readonly OverviewArea[] }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const kinds = useKinds();
  const words = useRecordingWords();
  const region = row.kind === "alarm" ? row.alarm.region : row.ticket.region;
  const place = areas.find(({ code }) => region.startsWith(code))?.name;
  return (
    <>
      <time dateTime={row.at}>{formatMoment(Date.parse(row.at), zone, i18n.language, serverNowMs())}</time>
      {row.kind === "alarm" ? (
        <span className="bk-screen-alert">
          <CloseCircleFilled aria-hidden /> {t("overview.alarms")}
        </span>
      ) : (
        <span>
          <ToolOutlined aria-hidden /> {t("overview.faults")}
        </span>
      )}
      <span>
        {row.kind === "alarm"
          ? [place, kinds.zone(row.alarm.zone), words.reason(row.alarm.reason)].filter(Boolean).join(" · ")
          : row.ticket.camera_id === null
            ? [place, t("fault.batch", { count: row.ticket.children })].filter(Boolean).join(" · ")
            : [place, kinds.zone(row.ticket.zone ?? ""), t(`fault.state.${row.ticket.state}`)]
                .filter(Boolean)
                .join(" · ")}
      </span>
    </>
  );
}
