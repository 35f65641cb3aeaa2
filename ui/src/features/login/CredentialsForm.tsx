import { IdcardOutlined, KeyOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Form, Input, type InputRef } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useProblemText } from "@/shared/api/ProblemText";
import { hasPasskeys } from "@/shared/api/passkey";
import { ProblemError } from "@/shared/api/problem";
import { type FactorStep, useBeginPasskeyLogIn, useOpenSession } from "@/shared/api/session";
import { useBeginSignOn } from "@/shared/api/signOn";
import { systemQuery } from "@/shared/api/system";

interface Fields {
  username: string;
  password: string;
}

interface Props {
  hasEnded: boolean;
  /** Where to go after the log-in, "" = the usual page. */
  next: string;
  onStep: (step: FactorStep) => void;
}

/** An address such as 127.0.0.1: browsers give it no passkeys. */
export function isAddress(host: string): boolean {
  return /^\d+(\.\d+){3}$/.test(host) || host.startsWith("[");
}

function useLoginText(): (error: unknown) => string {
  const { t } = useTranslation();
  const say = useProblemText();
  return (error) => {
    if (error instanceof ProblemError && !error.detail) {
      if (error.status === 401) return t("login.wrong");
      if (error.status === 429 || error.status === 423) return t("login.locked");
    }
    return say(error);
  };
}

/** Name and password, a passkey alone, or the city's single sign-on. */
export function CredentialsForm({ hasEnded, next, onStep }: Props) {
  const { t } = useTranslation();
  const say = useLoginText();
  const open = useOpenSession();
  const passkey = useBeginPasskeyLogIn();
  const signOn = useBeginSignOn();
  const offered = useQuery(systemQuery).data?.single_sign_on;
  const password = useRef<InputRef>(null);
  const submit = (fields: Fields) =>
    open.mutate(fields, {
      onSuccess: (answer) => {
        if ("step" in answer) onStep(answer);
      },
      onError: () => password.current?.focus({ cursor: "all" }),
    });
  const error = open.error ?? passkey.error ?? signOn.error;
  return (
    <>
      {error ? (
        <Alert type="warning" showIcon title={say(error)} role="alert" />
      ) : (
        hasEnded && <Alert type="info" showIcon title={t("login.ended")} />
      )}
      <Form<Fields> layout="vertical" requiredMark={false} onFinish={submit} disabled={open.isPending}>
        <Form.Item
          name="username"
          label={t("login.username")}
          rules={[{ required: true, message: t("login.needUsername") }]}
        >
          <Input
            size="large"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            maxLength={100}
          />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("login.password")}
          rules={[{ required: true, message: t("login.needPassword") }]}
        >
          <Input.Password ref={password} size="large" autoComplete="current-password" maxLength={256} />
        </Form.Item>
        <Button type="primary" size="large" block htmlType="submit" loading={open.isPending}>
          {open.isPending ? t("login.submitting") : t("login.submit")}
        </Button>
      </Form>
      {hasPasskeys() && !isAddress(window.location.hostname) && (
        <Button
          size="large"
          block
          icon={<KeyOutlined />}
          loading={passkey.isPending}
          onClick={() => passkey.mutate(undefined, { onSuccess: onStep })}
        >
          {t("login.byPasskey")}
        </Button>
      )}
      {offered && (
        <Button
          size="large"
          block
          icon={<IdcardOutlined aria-hidden />}
          loading={signOn.isPending || signOn.isSuccess}
          onClick={() => signOn.mutate(next)}
        >
          {offered.label || t("login.signOn.button")}
        </Button>
      )}
      <Link to="/recover" className="bk-door-link">
        {t("login.forgot")}
      </Link>
      {next.startsWith("/screen") && (
        <Link to="/kiosk" className="bk-door-link">
          {t("kiosk.isWall")}
        </Link>
      )}
    </>
  );
}
