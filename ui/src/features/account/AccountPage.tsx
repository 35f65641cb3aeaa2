import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { accountQuery } from "@/shared/api/account";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { sessionQuery } from "@/shared/api/session";
import { ownIdentitiesQuery } from "@/shared/api/signOn";
import { ApiTokens } from "./ApiTokens";
import { FactorList } from "./FactorList";
import { OwnIdentities } from "./OwnIdentities";
import { OwnPassword } from "./OwnPassword";
import { OwnSessions } from "./OwnSessions";
import { RoleList } from "./RoleList";

/** Everything about one's own log-in. */
export function AccountPage() {
  const { t } = useTranslation();
  const session = useQuery(sessionQuery).data;
  const account = useQuery(accountQuery);
  const identities = useQuery(ownIdentitiesQuery).data;
  if (!session) return null;
  const { user } = session;
  return (
    <div className="bk-page bk-account">
      <div className="bk-page-head">
        <h1>{t("account.title")}</h1>
      </div>
      <Section title={t("account.me")}>
        <dl className="bk-pairs">
          <dt>{t("account.name")}</dt>
          <dd>{user.name || user.username}</dd>
          <dt>{t("login.username")}</dt>
          <dd className="bk-mono">{user.username}</dd>
          <dt>{t("account.roles")}</dt>
          <dd>
            <RoleList grants={user.grants} />
          </dd>
        </dl>
      </Section>
      {account.isError && account.data === undefined ? (
        <ProblemPanel error={account.error} onRetry={() => void account.refetch()} />
      ) : account.data ? (
        <>
          <Section title={t("login.password")}>
            <OwnPassword account={account.data} username={user.username} />
          </Section>
          <Section title={t("account.factors")}>
            <FactorList account={account.data} />
          </Section>
        </>
      ) : (
        <Skeleton active paragraph={{ rows: 6 }} />
      )}
      {identities && (identities.is_offered || identities.items.length > 0) && (
        <Section title={t("account.signOn.title")}>
          <OwnIdentities />
        </Section>
      )}
      <Section title={t("account.sessions")}>
        <OwnSessions />
      </Section>
      {session.abilities.includes("tokens.keep") && (
        <Section title={t("token.title")}>
          <ApiTokens grants={user.grants} />
        </Section>
      )}
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="bk-account-part" aria-label={title}>
      <h2 className="bk-panel-title">{title}</h2>
      {children}
    </section>
  );
}
