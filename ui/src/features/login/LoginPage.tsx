import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Form, Input, type InputRef } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, useLocation, useSearchParams } from "react-router";
import { useProblemText } from "@/shared/api/ProblemText";
import { ProblemError } from "@/shared/api/problem";
import { sessionQuery, useOpenSession } from "@/shared/api/session";
import { LanguageButton } from "@/shared/i18n/LanguageButton";

interface Fields {
  username: string;
  password: string;
}

/** Where to go after the log-in: only ever a path of ours. */
export function nextPath(wanted: string | null): string {
  return wanted?.startsWith("/") && !/^\/[/\\]/.test(wanted) ? wanted : "/live";
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

export function LoginPage() {
  const { t } = useTranslation();
  const [query] = useSearchParams();
  const session = useQuery(sessionQuery);
  const open = useOpenSession();
  const say = useLoginText();
  const password = useRef<InputRef>(null);
  const next = query.get("next");
  const hasEnded = Boolean((useLocation().state as { hasEnded?: boolean } | null)?.hasEnded);
  if (session.data) return <Navigate to={nextPath(next)} replace />;
  const submit = (fields: Fields) => open.mutate(fields, { onError: () => password.current?.focus({ cursor: "all" }) });
  return (
    <div className="bk-login">
      <div className="bk-login-corner">
        <LanguageButton />
      </div>
      <main className="bk-login-card">
        <div className="bk-login-head">
          <img src="/mark.svg" alt="" width={40} height={40} />
          <div>
            <h1>{t("app.name")}</h1>
            <p>{t("app.tagline")}</p>
          </div>
        </div>
        {open.isError ? (
          <Alert type="warning" showIcon title={say(open.error)} role="alert" />
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
            <Input.Password ref={password} size="large" autoComplete="current-password" maxLength={200} />
          </Form.Item>
          <Button type="primary" size="large" block htmlType="submit" loading={open.isPending}>
            {open.isPending ? t("login.submitting") : t("login.submit")}
          </Button>
        </Form>
        <Link to="/recover" className="bk-door-link">
          {t("login.forgot")}
        </Link>
        <p className="bk-login-notice">{t("login.notice")}</p>
      </main>
    </div>
  );
}
