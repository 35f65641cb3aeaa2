import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Form, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useProblemText } from "@/shared/api/ProblemText";
import { lookAtInvitation, useChoosePassword } from "@/shared/api/people";
import { DoorPage } from "./DoorPage";

interface Fields {
  password: string;
  again: string;
}

const shortest = 12;

/** The code of the link: behind the #, and taken out of the address bar as soon as it was read. */
function readCode(): string {
  const code = window.location.hash.slice(1);
  if (code) window.history.replaceState(window.history.state, "", window.location.pathname);
  return code;
}

export function InvitePage() {
  const { t } = useTranslation();
  const [code] = useState(readCode);
  const say = useProblemText();
  const invitation = useQuery({
    queryKey: ["invitation", code],
    queryFn: () => lookAtInvitation(code),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <DoorPage title={t("invite.title")}>
      {invitation.isError && (
        <>
          <Alert type="warning" showIcon role="alert" title={say(invitation.error)} />
          <Link to="/login" className="bk-door-link">
            {t("invite.toLogin")}
          </Link>
        </>
      )}
      {invitation.data && (
        <>
          <p>{t("invite.hello", { name: invitation.data.name })}</p>
          <ChoosePassword purpose="invitation" code={code} username={invitation.data.username} />
        </>
      )}
    </DoorPage>
  );
}

export function ResetPage() {
  const { t } = useTranslation();
  const [code] = useState(readCode);
  return (
    <DoorPage title={t("reset.title")}>
      <p>{t("reset.hello")}</p>
      <ChoosePassword purpose="recovery" code={code} username={undefined} />
    </DoorPage>
  );
}

interface Props {
  purpose: "invitation" | "recovery";
  code: string;
  username: string | undefined;
}

function ChoosePassword({ purpose, code, username }: Props) {
  const { t } = useTranslation();
  const say = useProblemText();
  const choose = useChoosePassword(purpose);
  if (choose.data !== undefined)
    return (
      <>
        <Alert type="success" showIcon title={t("invite.done", { username: choose.data })} />
        <Link to="/login" className="bk-door-link">
          {t("invite.toLogin")}
        </Link>
      </>
    );
  return (
    <Form<Fields>
      layout="vertical"
      requiredMark={false}
      disabled={choose.isPending}
      onFinish={({ password }) => choose.mutate({ code, password })}
    >
      {username !== undefined && (
        <Form.Item label={t("login.username")} htmlFor="invited">
          <Input id="invited" size="large" value={username} readOnly autoComplete="username" />
        </Form.Item>
      )}
      <Form.Item
        name="password"
        label={t("invite.password")}
        extra={t("invite.passwordHint", { shortest })}
        rules={[
          { required: true, message: t("login.needPassword") },
          { min: shortest, message: t("invite.passwordHint", { shortest }) },
        ]}
        validateTrigger="onBlur"
      >
        <Input.Password size="large" autoComplete="new-password" maxLength={256} />
      </Form.Item>
      <Form.Item
        name="again"
        label={t("invite.again")}
        dependencies={["password"]}
        validateTrigger="onBlur"
        rules={[
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              value === getFieldValue("password") ? Promise.resolve() : Promise.reject(new Error(t("invite.differs"))),
          }),
        ]}
      >
        <Input.Password size="large" autoComplete="new-password" maxLength={256} />
      </Form.Item>
      {choose.isError && <Alert type="warning" showIcon role="alert" title={say(choose.error)} />}
      <Button type="primary" size="large" block htmlType="submit" loading={choose.isPending} className="bk-door-submit">
        {t("invite.submit")}
      </Button>
    </Form>
  );
}
