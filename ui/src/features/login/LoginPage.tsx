import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { lazy, Suspense, useState } from "react";
import { Navigate, useLocation, useSearchParams } from "react-router";
import { RecoveryCodes } from "@/shared/account/RecoveryCodes";
import { type FactorStep, hasLeft, type Session, sessionQuery, useTakeSession } from "@/shared/api/session";
import { CredentialsForm } from "./CredentialsForm";
import { FactorForm } from "./FactorForm";
import { FirstPassword } from "./FirstPassword";
import { LoginCard } from "./LoginCard";

// Once in the life of an account: whoever only logs in does not fetch it.
const FirstFactor = lazy(async () => ({ default: (await import("./FirstFactor")).FirstFactor }));

/** Where to go after the log-in: only ever a path of ours. */
export function nextPath(wanted: string | null): string {
  return wanted?.startsWith("/") && !/^\/[/\\]/.test(wanted) ? wanted : "/";
}

/** A log-in from name and password to the page that was wanted; what has to be done first is done here. */
export function LoginPage() {
  const [query] = useSearchParams();
  const session = useQuery(sessionQuery);
  const take = useTakeSession();
  const arrival = useLocation().state as { hasEnded?: boolean; step?: FactorStep } | null;
  const [step, setStep] = useState(arrival?.step);
  // Fresh recovery codes are shown before the session counts, so that nobody passes them by.
  const [enrolled, setEnrolled] = useState<{ session: Session; codes: string[] }>();
  const hasEnded = Boolean(arrival?.hasEnded);

  const goOn = () => {
    if (enrolled) take(enrolled.session);
    setEnrolled(undefined);
  };

  if (enrolled)
    return (
      <LoginCard wordKey="account.recovery.title">
        <RecoveryCodes codes={enrolled.codes} doneKey="login.goOn" onDone={goOn} />
      </LoginCard>
    );
  const pending = session.data?.pending ?? [];
  if (session.data && pending.length === 0) return <Navigate to={nextPath(query.get("next"))} replace />;
  if (session.data && pending.includes("change_password"))
    return (
      <LoginCard wordKey="login.first.password">
        <FirstPassword username={session.data.user.username} />
      </LoginCard>
    );
  if (session.data)
    return (
      <LoginCard wordKey="login.first.factor">
        <Suspense fallback={<Skeleton active />}>
          <FirstFactor
            onEnrolled={({ session: opened, recovery_codes: codes }) =>
              codes.length > 0 ? setEnrolled({ session: opened, codes }) : take(opened)
            }
          />
        </Suspense>
      </LoginCard>
    );
  if (step)
    return (
      <LoginCard wordKey="login.step2">
        <FactorForm step={step} onBack={() => setStep(undefined)} />
      </LoginCard>
    );
  return (
    <LoginCard>
      <CredentialsForm hasEnded={hasEnded && !hasLeft()} next={query.get("next") ?? ""} onStep={setStep} />
    </LoginCard>
  );
}
