import { useQuery } from "@tanstack/react-query";
import { App, Button, Form, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import type { Person } from "@/shared/api/people";
import { type Identity, identitiesQuery, useRequestLink, useUnlinkIdentity } from "@/shared/api/signOn";
import { useZone } from "@/shared/api/system";
import { formatIsoDate } from "@/shared/time/format";

/** Which account of the single sign-on logs in as this person; nothing where there is none. */
export function IdentityLinks({ person }: { person: Person }) {
  const { t } = useTranslation();
  const found = useQuery(identitiesQuery(person.id)).data;
  const [isAsking, setAsking] = useState(false);
  if (!found || (!found.is_on && found.items.length === 0)) return null;
  const mayChange = person.abilities.includes("people.change");
  const mayLink = mayChange && found.is_on && found.items.length === 0 && person.state !== "DISABLED";
  return (
    <section>
      <div className="bk-section-head">
        <h2 className="bk-panel-title">{t("people.signOn.title")}</h2>
        {mayLink && !isAsking && (
          <Button size="small" onClick={() => setAsking(true)}>
            {t("people.signOn.link")}
          </Button>
        )}
      </div>
      <ul className="bk-grants">
        {found.items.map((identity) => (
          <LinkRow key={identity.id} person={person} identity={identity} mayChange={mayChange} />
        ))}
        {found.items.length === 0 && <li className="bk-muted">{t("people.signOn.none")}</li>}
      </ul>
      {isAsking && <LinkForm person={person} onClose={() => setAsking(false)} />}
    </section>
  );
}

function LinkRow({ person, identity, mayChange }: { person: Person; identity: Identity; mayChange: boolean }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const zone = useZone();
  const say = useProblemText();
  const unlink = useUnlinkIdentity();
  const ask = () =>
    modal.confirm({
      title: t("people.signOn.unlinkTitle", { name: person.name }),
      content: t("people.signOn.unlinkText"),
      okText: t("people.signOn.unlink"),
      cancelText: t("common.cancel"),
      onOk: () =>
        unlink
          .mutateAsync({ person: person.id, id: identity.id })
          .then(() => message.success(t("people.signOn.unlinked")))
          .catch((error: unknown) => message.error(say(error))),
    });
  return (
    <li>
      <div className="bk-name-cell">
        <strong>{identity.label}</strong>
        <span className="bk-secondary">
          {t("people.signOn.since", { day: formatIsoDate(Date.parse(identity.linked_at), zone) })}
        </span>
      </div>
      {mayChange && (
        <Button size="small" onClick={ask}>
          {t("people.signOn.unlink")}
        </Button>
      )}
    </li>
  );
}

function LinkForm({ person, onClose }: { person: Person; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const request = useRequestLink();
  const submit = ({ subject }: { subject: string }) =>
    request.mutate(
      { person: person.id, subject },
      {
        onSuccess: () => {
          message.info(t("people.requested"));
          onClose();
        },
        onError: (error) => message.error(say(error)),
      },
    );
  return (
    <Form<{ subject: string }> layout="vertical" requiredMark={false} onFinish={submit} className="bk-inset">
      <Form.Item
        name="subject"
        label={t("people.signOn.subject")}
        extra={t("people.signOn.subjectHint")}
        rules={[{ required: true, whitespace: true, message: t("people.signOn.needSubject") }]}
      >
        <Input maxLength={255} autoComplete="off" autoCapitalize="none" spellCheck={false} />
      </Form.Item>
      <div className="bk-buttons">
        <Button type="primary" htmlType="submit" loading={request.isPending}>
          {t("people.signOn.ask")}
        </Button>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
      </div>
    </Form>
  );
}
