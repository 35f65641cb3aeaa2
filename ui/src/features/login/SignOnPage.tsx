import { Alert, Skeleton } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useProblemText } from "@/shared/api/ProblemText";
import { readReturned, takeTrip, useFinishLink, useFinishSignOn } from "@/shared/api/signOn";
import { LoginCard } from "./LoginCard";

/** Where the single sign-on sends the browser back to: takes code and state out of the address, and shows them the server. */
export function SignOnPage() {
  const { t } = useTranslation();
  const say = useProblemText();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const logIn = useFinishSignOn();
  const link = useFinishLink();
  const [isLink, setIsLink] = useState(false);
  const hasBegun = useRef(false);

  useEffect(() => {
    if (hasBegun.current) return;
    hasBegun.current = true;
    const returned = readReturned(query);
    window.history.replaceState(window.history.state, "", window.location.pathname);
    const { purpose, next } = takeTrip();
    if (purpose === "link") {
      setIsLink(true);
      link.mutate(returned, { onSuccess: () => navigate("/account", { replace: true }) });
      return;
    }
    const login = `/login?${new URLSearchParams(next ? { next } : {}).toString()}`;
    logIn.mutate(returned, {
      onSuccess: (answer) => navigate(login, { replace: true, state: "step" in answer ? { step: answer } : null }),
    });
  }, [query, navigate, link.mutate, logIn.mutate]);

  const error = logIn.error ?? link.error;
  return (
    <LoginCard wordKey={titleOf(isLink, Boolean(error))}>
      {error ? (
        <div className="bk-stack-16">
          <Alert type="warning" showIcon role="alert" title={say(error)} />
          <Link to={isLink ? "/account" : "/login"} replace className="bk-door-link">
            {t(isLink ? "account.signOn.back" : "login.signOn.back")}
          </Link>
        </div>
      ) : (
        <div aria-busy>
          <p>{t("login.signOn.wait")}</p>
          <Skeleton active={false} title={false} paragraph={{ rows: 2 }} />
        </div>
      )}
    </LoginCard>
  );
}

function titleOf(isLink: boolean, hasFailed: boolean): string {
  if (isLink) return hasFailed ? "account.signOn.failed" : "account.signOn.linking";
  return hasFailed ? "login.signOn.failed" : "login.signOn.title";
}
