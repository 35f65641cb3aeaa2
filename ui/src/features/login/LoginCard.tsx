import { useQuery } from "@tanstack/react-query";
import { Alert } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { systemQuery } from "@/shared/api/system";
import { LanguageButton } from "@/shared/i18n/LanguageButton";

/** Name of the product above, the notice below, one thing to do between. */
export function LoginCard({ wordKey, children }: { wordKey?: string; children: ReactNode }) {
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
        {system?.own_authority && (
          <p className="bk-login-notice">
            {t("login.ca")} <a href="/ca.crt">{t("login.ca.link")}</a>
          </p>
        )}
      </main>
    </div>
  );
}
