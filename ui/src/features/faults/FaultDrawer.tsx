import { useQuery } from "@tanstack/react-query";
import { App, Button, Drawer, Form, Input, Select, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Cause, faultQuery, type Ticket, type TicketEvent, useMoveFault } from "@/shared/api/maintenance";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { asProblem } from "@/shared/api/problem";
import { useZone } from "@/shared/api/system";
import { formatDuration, formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { TicketClock, TicketTag } from "./TicketMarks";

const causes: Cause[] = ["POWER", "LINE", "DEVICE", "STORAGE", "COVERED", "PLATFORM", "CLOSED", "ARREARS"];

interface Props {
  id: string;
  onOpen: (id: string) => void;
  onClose: () => void;
}

/** One ticket: its clock, what may be done, what was done, and the others of the same outage. */
export function FaultDrawer({ id, onOpen, onClose }: Props) {
  const { t } = useTranslation();
  const found = useQuery(faultQuery(id));
  const isPhone = useMedia(isPhoneQuery);
  const ticket = found.data?.ticket;
  return (
    <Drawer
      open
      size={isPhone ? "100%" : 480}
      onClose={onClose}
      title={ticket ? t("fault.drawer", { number: ticket.number }) : t("fault.title")}
    >
      {found.isError && !found.data ? (
        <ProblemPanel error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data && ticket ? (
        <>
          <Facts ticket={ticket} />
          {ticket.events.length > 0 && <Steps key={ticket.state} ticket={ticket} />}
          <h2 className="bk-drawer-title">{t("onboarding.history")}</h2>
          <History rows={found.data.history} />
          {found.data.children.length > 0 && (
            <>
              <h2 className="bk-drawer-title">{t("fault.children", { count: ticket.children })}</h2>
              <ul className="bk-history">
                {found.data.children.map((each) => (
                  <li key={each.id}>
                    <Button type="link" className="bk-link-button bk-mono" onClick={() => onOpen(each.id)}>
                      {each.number}
                    </Button>
                    <span className="bk-grow">{each.premises_name}</span>
                    <TicketTag state={each.state} />
                  </li>
                ))}
              </ul>
            </>
          )}
        </>
      ) : (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      )}
    </Drawer>
  );
}

function Facts({ ticket }: { ticket: Ticket }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const moment = (at: string) => formatMoment(Date.parse(at), zone, i18n.language, serverNowMs());
  return (
    <dl className="bk-facts">
      <div>
        <dt>{t("fault.state")}</dt>
        <dd>
          <TicketTag state={ticket.state} />
        </dd>
      </div>
      <div>
        <dt>{t("fault.clock")}</dt>
        <dd>
          <TicketClock ticket={ticket} />
          <span className="bk-secondary">
            {" "}
            {t("fault.sla", { duration: formatDuration(ticket.sla_s * 1000, i18n.language) })}
          </span>
        </dd>
      </div>
      <div>
        <dt>{t("fault.cause")}</dt>
        <dd>{ticket.cause ? t(`fault.cause.${ticket.cause}`) : t("fault.noCause")}</dd>
      </div>
      {ticket.camera_id && (
        <div>
          <dt>{t("fault.where")}</dt>
          <dd>
            {ticket.premises_id ? (
              <Link to={`/premises/${ticket.premises_id}`}>{ticket.premises_name}</Link>
            ) : (
              t("fault.noPremises")
            )}{" "}
            {ticket.camera_name}
          </dd>
        </div>
      )}
      {ticket.dark_from_at && (
        <div>
          <dt>{t("fault.darkFrom")}</dt>
          <dd>{moment(ticket.dark_from_at)}</dd>
        </div>
      )}
      <div>
        <dt>{t("fault.opened")}</dt>
        <dd>
          {moment(ticket.opened_at)} {ticket.automatic ? t("fault.automatic") : t("fault.byHand")}
        </dd>
      </div>
      {ticket.note && (
        <div>
          <dt>{t("fault.note")}</dt>
          <dd>{ticket.note}</dd>
        </div>
      )}
    </dl>
  );
}

interface Fields {
  cause?: Cause;
  note?: string;
}

function Steps({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const [form] = Form.useForm<Fields>();
  const [pending, setPending] = useState<TicketEvent>();
  const move = useMoveFault(ticket.id);
  const act = (event: TicketEvent) => {
    const { cause, note } = form.getFieldsValue();
    setPending(event);
    move.mutate(
      { event, cause, note: note?.trim() ?? "" },
      { onSuccess: () => void message.success(t("fault.moved", { event: t(`fault.event.${event}`) })) },
    );
  };
  const problem = move.error ? asProblem(move.error) : undefined;
  const [first, ...rest] = ticket.events;
  return (
    <Form<Fields>
      form={form}
      layout="vertical"
      className="bk-ticket-form"
      {...(ticket.cause ? { initialValues: { cause: ticket.cause } } : {})}
    >
      <Form.Item name="cause" label={t("fault.cause")}>
        <Select
          placeholder={t("fault.chooseCause")}
          options={causes.map((value) => ({ value, label: t(`fault.cause.${value}`) }))}
        />
      </Form.Item>
      <Form.Item name="note" label={t("fault.note")}>
        <Input.TextArea rows={2} maxLength={200} placeholder={t("fault.noteHint")} />
      </Form.Item>
      {problem && (
        <p className="bk-error-text" role="alert">
          {problem.fields[0]?.field === "note" ? t("fault.needsNote") : say(move.error)}
        </p>
      )}
      <div className="bk-file-tools">
        {first && (
          <Button type="primary" loading={move.isPending && pending === first} onClick={() => act(first)}>
            {t(`fault.event.${first}`)}
          </Button>
        )}
        {rest.map((event) => (
          <Button key={event} loading={move.isPending && pending === event} onClick={() => act(event)}>
            {t(`fault.event.${event}`)}
          </Button>
        ))}
      </div>
    </Form>
  );
}

function History({ rows }: { rows: { event: string; at: string; actor: string; note: string }[] }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  return (
    <ul className="bk-history">
      {rows.map((row) => (
        <li key={`${row.at}${row.event}`}>
          <time dateTime={row.at}>{formatMoment(Date.parse(row.at), zone, i18n.language, serverNowMs())}</time>
          <div className="bk-name-cell">
            <span>{t(`fault.event.${row.event}`)}</span>
            <span className="bk-secondary">
              {row.actor || t("onboarding.system")}
              {row.note && t("onboarding.because", { reason: row.note })}
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}
