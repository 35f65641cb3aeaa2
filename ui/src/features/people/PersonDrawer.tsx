import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Drawer, Form, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import {
  type HeldGrant,
  type Person,
  type PersonAct,
  personQuery,
  useGiveGrant,
  usePersonAct,
  useRenewInvitation,
  useRevokeGrant,
} from "@/shared/api/people";
import { useZone } from "@/shared/api/system";
import { formatDate } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { GrantFields, type GrantFieldValues, useGrantFrom } from "./GrantFields";
import { IdentityLinks } from "./IdentityLinks";
import { LinkOnce } from "./LinkOnce";
import { usePeopleWords } from "./words";

/** One person: roles, and what may be done to them. */
export function PersonDrawer({ id }: { id: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  const person = useQuery(personQuery(id));
  const close = () => navigate(`/people${query.size > 0 ? `?${query.toString()}` : ""}`);
  return (
    <Drawer open size={isPhone ? "100%" : 520} title={person.data?.name ?? t("people.one")} onClose={close}>
      {person.data ? (
        <PersonBody person={person.data} />
      ) : person.isError ? (
        <ProblemPanel error={person.error} onRetry={() => void person.refetch()} />
      ) : (
        <Skeleton active={false} paragraph={{ rows: 6 }} />
      )}
    </Drawer>
  );
}

function PersonBody({ person }: { person: Person }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const [isGiving, setGiving] = useState(false);
  const day = (at: string) => formatDate(Date.parse(at), zone, i18n.language, serverNowMs());
  return (
    <div className="bk-person">
      <dl className="bk-pairs">
        <dt>{t("people.username")}</dt>
        <dd>{person.username}</dd>
        <dt>{t("people.organisation")}</dt>
        <dd>{person.organisation_name || t("people.none")}</dd>
        <dt>{t("people.stateLabel")}</dt>
        <dd>
          {person.state === "INVITED" && person.invited_until
            ? t("people.invitedUntil", { until: day(person.invited_until) })
            : t(`people.state.${person.state}`)}
        </dd>
        <dt>{t("people.lastSeen")}</dt>
        <dd>{person.last_seen_at ? day(person.last_seen_at) : t("people.neverSeen")}</dd>
        <dt>{t("people.sessions")}</dt>
        <dd>{t("people.sessionCount", { count: person.open_sessions })}</dd>
      </dl>
      <section>
        <div className="bk-section-head">
          <h2 className="bk-panel-title">{t("people.rolesAndScope")}</h2>
          {person.abilities.includes("people.grant") && person.state !== "DISABLED" && !isGiving && (
            <Button size="small" onClick={() => setGiving(true)}>
              {t("people.giveRole")}
            </Button>
          )}
        </div>
        <ul className="bk-grants">
          {person.grants.map((grant) => (
            <GrantRow key={grant.id} person={person} grant={grant} />
          ))}
          {person.grants.length === 0 && <li className="bk-muted">{t("people.noRole")}</li>}
        </ul>
        {isGiving && <GiveForm person={person} onClose={() => setGiving(false)} />}
      </section>
      <IdentityLinks person={person} />
      <Acts person={person} />
    </div>
  );
}

function GrantRow({ person, grant }: { person: Person; grant: HeldGrant }) {
  const { t, i18n } = useTranslation();
  const { modal, message } = App.useApp();
  const words = usePeopleWords();
  const zone = useZone();
  const say = useProblemText();
  const revoke = useRevokeGrant();
  const role = words.role(grant.role);
  const ends = grant.expires_at && formatDate(Date.parse(grant.expires_at), zone, i18n.language, serverNowMs());
  const ask = () =>
    modal.confirm({
      title: t("people.revokeTitle", { role, name: person.name }),
      content: t("people.revokeText"),
      okText: t("people.revoke"),
      cancelText: t("common.cancel"),
      onOk: () =>
        revoke
          .mutateAsync({ id: person.id, grant: grant.id })
          .then(() => message.success(t("people.revoked", { role })))
          .catch((error: unknown) => message.error(say(error))),
    });
  return (
    <li>
      <div className="bk-name-cell">
        <strong>{role}</strong>
        <span className="bk-secondary">{words.scope(grant)}</span>
        {ends && (
          <span className={grant.is_held ? "bk-secondary" : "bk-warning-text"}>
            {t(grant.is_held ? "people.endsOn" : "people.endedOn", { day: ends })}
          </span>
        )}
      </div>
      {grant.can_revoke && (
        <Button size="small" onClick={ask} aria-label={t("people.revokeThis", { role })}>
          {t("people.revoke")}
        </Button>
      )}
    </li>
  );
}

function GiveForm({ person, onClose }: { person: Person; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const give = useGiveGrant();
  const grantFrom = useGrantFrom();
  const submit = (fields: GrantFieldValues) =>
    give.mutate(
      { id: person.id, grant: grantFrom(fields) },
      {
        onSuccess: ({ request }) => {
          if (request) message.info(t("people.requested"));
          else message.success(t("people.given"));
          onClose();
        },
      },
    );
  return (
    <Form<GrantFieldValues> layout="vertical" requiredMark={false} onFinish={submit} className="bk-inset">
      <GrantFields />
      {give.isError && <Alert type="error" showIcon role="alert" title={say(give.error)} />}
      <div className="bk-drawer-foot">
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button type="primary" htmlType="submit" loading={give.isPending}>
          {t("people.giveRole")}
        </Button>
      </div>
    </Form>
  );
}

const askedFirst: readonly PersonAct[] = ["disable", "offboard", "end-sessions", "recovery"];

function Acts({ person }: { person: Person }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const say = useProblemText();
  const act = usePersonAct();
  const renew = useRenewInvitation();
  const can = (ability: string) => person.abilities.includes(ability);
  const run = (what: PersonAct) => {
    const done = act
      .mutateAsync({ id: person.id, act: what })
      .then(() => message.success(t(`people.done.${what}`, { name: person.name })))
      .catch((error: unknown) => message.error(say(error)));
    return done;
  };
  const ask = (what: PersonAct) =>
    askedFirst.includes(what)
      ? modal.confirm({
          title: t(`people.ask.${what}`, { name: person.name }),
          content: t(`people.askText.${what}`),
          okText: t(`people.act.${what}`),
          cancelText: t("common.cancel"),
          onOk: () => run(what),
        })
      : void run(what);
  const isOut = person.state === "DISABLED";
  const hasOperatorRole = person.grants.some((grant) => grant.role.startsWith("OPERATOR_") && grant.can_revoke);
  const offered: [PersonAct, boolean][] = [
    ["confirm", hasOperatorRole && can("people.grant")],
    ["end-sessions", can("people.end_sessions") && person.open_sessions > 0],
    ["recovery", can("people.recover") && person.state === "ACTIVE"],
    ["disable", can("people.disable") && !isOut],
    ["enable", can("people.disable") && isOut],
    ["offboard", can("people.offboard") && person.grants.length > 0],
  ];
  const shown = offered.filter(([, is]) => is);
  const canRenew = person.state === "INVITED" && can("people.change");
  if (shown.length === 0 && !canRenew) return null;
  return (
    <section>
      <h2 className="bk-panel-title">{t("people.acts")}</h2>
      <div className="bk-act-row">
        {canRenew && (
          <Button loading={renew.isPending} onClick={() => renew.mutate(person.id)}>
            {t("people.renew")}
          </Button>
        )}
        {shown.map(([what]) => (
          <Button key={what} onClick={() => ask(what)}>
            {t(`people.act.${what}`)}
          </Button>
        ))}
      </div>
      {renew.isError && <Alert type="error" showIcon role="alert" title={say(renew.error)} />}
      {renew.data && (
        <LinkOnce
          page="invite"
          code={renew.data.code}
          expiresAt={renew.data.expires_at}
          title={t("people.renewed")}
          advice={t("people.inviteAdvice")}
        />
      )}
    </section>
  );
}
