import { useQuery } from "@tanstack/react-query";
import { Alert } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useLocation, useSearchParams } from "react-router";
import { RecoveryCodes } from "@/shared/account/RecoveryCodes";
import { type FactorStep, hasLeft, type Session, sessionQuery, useTakeSession } from "@/shared/api/session";
import { systemQuery } from "@/shared/api/system";
import { LanguageButton } from "@/shared/i18n/LanguageButton";
import { CredentialsForm } from "./CredentialsForm";
import { FactorForm } from "./FactorForm";
import { FirstFactor } from "./FirstFactor";
import { FirstPassword } from "./FirstPassword";

/** Where to go after the log-in: only ever a path of ours. */
export function nextPath(wanted: string | null): string {
  return wanted?.startsWith("/") && !/^\/[/\\]/.test(wanted) ? wanted : "/";
}

/** A log-in from name and password to the page that was wanted; what has to be done first is done here. */
export function LoginPage() {
  const [query] = useSearchParams();
  const session = useQuery(sessionQuery);
  const take = useTakeSession();
  const [step, setStep] = useState<FactorStep>();
  // Fresh recovery codes are shown before the session counts, so that nobody passes them by.
  const [enrolled, setEnrolled] = useState<{ session: Session; codes: string[] }>();
  const hasEnded = Boolean((useLocation().state as { hasEnded?: boolean } | null)?.hasEnded);

  const goOn = () => {
    if (enrolled) take(enrolled.session);
    setEnrolled(undefined);
  };

  if (enrolled)
    return (
      <Card wordKey="account.recovery.title">
        <RecoveryCodes codes={enrolled.codes} doneKey="login.goOn" onDone={goOn} />
      </Card>
    );
  const pending = session.data?.pending ?? [];
  if (session.data && pending.length === 0) return <Navigate to={nextPath(query.get("next"))} replace />;
  if (session.data && pending.includes("change_password"))
    return (
      <Card wordKey="login.first.password">
        <FirstPassword username={session.data.user.username} />
      </Card>
    );
  if (session.data)
    return (
      <Card wordKey="login.first.factor">
        <FirstFactor
          onEnrolled={({ session: opened, recovery_codes: codes }) =>
            codes.length > 0 ? setEnrolled({ session: opened, codes }) : take(opened)
          }
        />
      </Card>
    );
  if (step)
    return (
      <Card wordKey="login.step2">
        <FactorForm step={step} onBack={() => setStep(undefined)} />
      </Card>
    );
  return (
    <Card>
      <CredentialsForm hasEnded={hasEnded && !hasLeft()} onStep={setStep} />
    </Card>
  );
}

/** Name of the product above, the notice below, one thing to do between. */
function Card({ wordKey, children }: { wordKey?: string; children: ReactNode }) {
  const { t } = useTranslation();
  const system = useQuery(systemQuery).data;
  return (
    <div className="bk-login">
      <div className="bk-login-corner">
        <LanguageButton />
      </div>
      <main className={wordKey ? "bk-login-card bk-login-wide" : "bk-login-card"}>
        <div className="bk-login-head">
          <img src="/mark.svg" alt="" width={40} height={40} />
          <div>
            <h1>{t("app.name")}</h1>
            <p>{t("app.tagline")}</p>
          </div>
        </div>
        {system?.second_factor === false && (
          <Alert type="warning" showIcon title={t("login.demoOff")} description={t("login.demoOffWhy")} />
        )}
        {wordKey && <h2 className="bk-login-step">{t(wordKey)}</h2>}
        {children}
        <p className="bk-login-notice">{t("login.notice")}</p>
      </main>
    </div>
  );
}
