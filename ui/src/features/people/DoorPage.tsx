import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { LanguageButton } from "@/shared/i18n/LanguageButton";

/** The plain card of pages before the log-in. */
export function DoorPage({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="bk-login">
      <div className="bk-login-corner">
        <LanguageButton />
      </div>
      <main className="bk-login-card">
        <div className="bk-login-head">
          <img src="/mark.svg" alt="" width={40} height={40} />
          <div>
            <h1>{title}</h1>
            <p>{t("app.name")}</p>
          </div>
        </div>
        {children}
      </main>
    </div>
  );
}
