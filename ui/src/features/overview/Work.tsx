import { CloseCircleFilled, ToolOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Segmented, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { faultsQuery, openStates, type Ticket } from "@/shared/api/maintenance";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type Alarm, alarmsQuery } from "@/shared/api/recording";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { useKinds } from "@/shared/premises/useKinds";
import { useRecordingWords } from "@/shared/recording/words";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";

export type WorkRow =
  | { kind: "alarm"; id: string; at: string; alarm: Alarm }
  | { kind: "fault"; id: string; at: string; ticket: Ticket };

const shownAtMost = 40;

/** Open alarms and tickets, the newest first; the event line says when to read them again. */
export function useWork(region: string, has: { alarms: boolean; faults: boolean }) {
  const alarms = useInfiniteQuery({ ...alarmsQuery(true, region), enabled: has.alarms });
  const faults = useInfiniteQuery({ ...faultsQuery(openStates, region), enabled: has.faults });
  const rows: WorkRow[] = [
    ...(alarms.data?.pages[0]?.items ?? []).map((alarm) => ({
      kind: "alarm" as const,
      id: alarm.id,
      at: alarm.opened_at,
      alarm,
    })),
    ...(faults.data?.pages[0]?.items ?? []).map((ticket) => ({
      kind: "fault" as const,
      id: ticket.id,
      at: ticket.opened_at,
      ticket,
    })),
  ];
  rows.sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
  const asked = [...(has.alarms ? [alarms] : []), ...(has.faults ? [faults] : [])];
  return {
    rows,
    isPending: asked.some((query) => query.isPending),
    failed: asked.find((query) => query.isError && query.data === undefined),
  };
}

/** What waits, as it comes. */
export function WorkList({ region, has }: { region: string; has: { alarms: boolean; faults: boolean } }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<"all" | "alarm" | "fault">("all");
  const { rows, isPending, failed } = useWork(region, has);
  const chosen = rows.filter((row) => shown === "all" || row.kind === shown);
  return (
    <section className="bk-overview-panel bk-work" aria-labelledby="bk-work-title">
      <div className="bk-overview-head">
        <h2 id="bk-work-title">{t("overview.work")}</h2>
        {has.alarms && has.faults && (
          <Segmented<"all" | "alarm" | "fault">
            size="small"
            value={shown}
            onChange={setShown}
            options={[
              { value: "all", label: t("overview.work.all") },
              { value: "alarm", label: t("overview.alarms") },
              { value: "fault", label: t("overview.faults") },
            ]}
          />
        )}
      </div>
      {failed ? (
        <ProblemPanel error={failed.error} onRetry={() => void failed.refetch()} />
      ) : isPending ? (
        <Skeleton active={false} title={false} paragraph={{ rows: 6, width: "100%" }} />
      ) : chosen.length === 0 ? (
        <p className="bk-muted">{t("overview.quiet")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        <section className="bk-work-scroll" tabIndex={0} aria-label={t("overview.work")}>
          <ul className="bk-work-rows">
            {chosen.slice(0, shownAtMost).map((row) => (
              <li key={row.id}>
                <Row row={row} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </section>
  );
}

function Row({ row }: { row: WorkRow }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const kinds = useKinds();
  const words = useRecordingWords();
  const canWatch = useAbilities().includes("camera.live");
  const about = row.kind === "alarm" ? row.alarm : row.ticket;
  const place = about.premises_name || about.camera_name || (row.kind === "fault" ? row.ticket.number : "");
  return (
    <>
      <div className="bk-work-line">
        {row.kind === "alarm" ? (
          <span className="bk-work-alarm">
            <CloseCircleFilled aria-hidden /> {t("overview.alarms")}
          </span>
        ) : (
          <span className="bk-work-fault">
            <ToolOutlined aria-hidden /> {t("overview.faults")}
          </span>
        )}
        <time dateTime={row.at}>{formatMoment(Date.parse(row.at), zone, i18n.language, serverNowMs())}</time>
      </div>
      <Link
        to={
          row.kind === "fault"
            ? `/faults?t=${row.ticket.id}`
            : canWatch
              ? `/live?wall=1&c=${row.alarm.camera_id}`
              : "/recordings/alarms"
        }
      >
        {row.kind === "fault" && row.ticket.camera_id === null
          ? t("fault.batch", { count: row.ticket.children })
          : place}
      </Link>
      <span className="bk-secondary">
        {[
          kinds.zone(about.zone ?? ""),
          row.kind === "alarm" ? words.reason(row.alarm.reason) : t(`fault.state.${row.ticket.state}`),
        ]
          .filter(Boolean)
          .join(" · ")}
      </span>
    </>
  );
}
