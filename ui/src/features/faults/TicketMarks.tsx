import { CheckOutlined, HourglassOutlined, RollbackOutlined } from "@ant-design/icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Ticket, TicketState } from "@/shared/api/maintenance";
import { formatDuration } from "@/shared/time/format";

const looks: Record<TicketState, "todo" | "going" | "waiting" | "done" | "back"> = {
  OPEN: "todo",
  TRIAGED: "going",
  DISPATCHED: "going",
  ON_SITE: "going",
  WAIT_CUSTOMER: "waiting",
  FIXED: "done",
  CONFIRMED: "done",
  CLOSED: "done",
  REOPENED: "back",
};
const marks: Record<string, ReactNode> = {
  waiting: <HourglassOutlined />,
  done: <CheckOutlined />,
  back: <RollbackOutlined />,
};

export function TicketTag({ state }: { state: TicketState }) {
  const { t } = useTranslation();
  const look = looks[state];
  return (
    <span className={`bk-flow bk-flow-${look}`}>
      {marks[look] && <span aria-hidden>{marks[look]}</span>}
      {t(`fault.state.${state}`)}
    </span>
  );
}

/** What is left of the time for mending, as the server reckoned it half a minute ago at most; red only when it is over. */
export function TicketClock({ ticket }: { ticket: Ticket }) {
  const { t, i18n } = useTranslation();
  const duration = formatDuration(Math.abs(ticket.left_s) * 1000, i18n.language);
  if (!ticket.running && !ticket.paused)
    return <span className="bk-muted">{ticket.left_s < 0 ? t("fault.wasLate", { duration }) : t("fault.inTime")}</span>;
  if (ticket.paused) return <span className="bk-muted">{t("fault.paused", { duration })}</span>;
  return ticket.left_s < 0 ? (
    <span className="bk-late">{t("fault.late", { duration })}</span>
  ) : (
    <span>{t("fault.left", { duration })}</span>
  );
}
