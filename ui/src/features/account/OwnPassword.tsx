import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { PasswordForm } from "@/shared/account/PasswordForm";
import type { Account } from "@/shared/api/account";
import { useZone } from "@/shared/api/system";
import { formatIsoDate } from "@/shared/time/format";

/** Since when the password is in use, and another one. */
export function OwnPassword({ account, username }: { account: Account; username: string }) {
  const { t } = useTranslation();
  const zone = useZone();
  const { message } = App.useApp();
  const [isOpen, setIsOpen] = useState(false);
  const day = (at: string) => formatIsoDate(Date.parse(at), zone);
  const done = () => {
    setIsOpen(false);
    message.success(t("account.password.changed"));
  };
  return (
    <div className="bk-stack-16">
      <p>
        {t("account.password.since", { date: day(account.password_set_at) })}
        {account.password_expires_at && t("account.password.until", { date: day(account.password_expires_at) })}
      </p>
      {isOpen ? (
        <div className="bk-narrow">
          <PasswordForm
            username={username}
            needsClasses={account.password_needs_classes}
            submitKey="account.password.submit"
            onDone={done}
          />
        </div>
      ) : (
        <div>
          <Button onClick={() => setIsOpen(true)}>{t("account.password.change")}</Button>
        </div>
      )}
    </div>
  );
}
