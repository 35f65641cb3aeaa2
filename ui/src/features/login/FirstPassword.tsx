import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { PasswordForm } from "@/shared/account/PasswordForm";
import { accountQuery } from "@/shared/api/account";
import { LeaveButton } from "./LeaveButton";

/** Somebody else knows the password, or it is too old: another one comes first. */
export function FirstPassword({ username }: { username: string }) {
  const { t } = useTranslation();
  const account = useQuery(accountQuery).data;
  return (
    <div className="bk-stack-16">
      <p>{account?.password_expires_at ? t("login.first.passwordOld") : t("login.first.passwordSeen")}</p>
      <PasswordForm
        username={username}
        needsClasses={account?.password_needs_classes ?? false}
        submitKey="login.first.passwordSubmit"
      />
      <LeaveButton />
    </div>
  );
}
