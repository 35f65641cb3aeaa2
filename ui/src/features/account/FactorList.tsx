import { KeyOutlined, MobileOutlined } from "@ant-design/icons";
import { Alert, App, Button, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { PasskeySetup } from "@/shared/account/PasskeySetup";
import { RecoveryCodes } from "@/shared/account/RecoveryCodes";
import { TotpSetup } from "@/shared/account/TotpSetup";
import { type Account, type Enrolled, useMakeRecoveryCodes, useRemoveFactor } from "@/shared/api/account";
import { useProblemText } from "@/shared/api/ProblemText";
import { hasPasskeys } from "@/shared/api/passkey";
import { useTakeSession } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { formatIsoDate } from "@/shared/time/format";

type Factor = Account["factors"][number];

/** What is asked for besides the password; adding, removing, recovery codes. */
export function FactorList({ account }: { account: Account }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const take = useTakeSession();
  const { message, modal } = App.useApp();
  const remove = useRemoveFactor();
  const fresh = useMakeRecoveryCodes();
  const [isAdding, setIsAdding] = useState(false);
  const [codes, setCodes] = useState<string[]>([]);
  const enrolled = (made: Enrolled) => {
    take(made.session);
    setIsAdding(false);
    if (made.recovery_codes.length > 0) setCodes(made.recovery_codes);
    else message.success(t("account.factor.added"));
  };
  const askToRemove = (factor: Factor) =>
    modal.confirm({
      title: t("account.factor.removeTitle"),
      content: t("account.factor.removeWhat"),
      okText: t("common.remove"),
      okButtonProps: { danger: true },
      cancelText: t("common.cancel"),
      onOk: () => remove.mutateAsync(factor.id).catch(() => undefined),
    });
  const error = remove.error ?? fresh.error;
  return (
    <div className="bk-stack-16">
      {error && <Alert type="warning" showIcon role="alert" title={say(error)} />}
      {account.factors.length === 0 ? (
        <p>{account.needs_factor ? t("account.factor.noneNeeded") : t("account.factor.none")}</p>
      ) : (
        <ul className="bk-rows">
          {account.factors.map((factor) => (
            <FactorRow key={factor.id} factor={factor} onRemove={() => askToRemove(factor)} />
          ))}
        </ul>
      )}
      <div className="bk-buttons">
        <Button icon={<MobileOutlined />} onClick={() => setIsAdding(true)}>
          {t("account.totp.add")}
        </Button>
        {account.passkeys_possible && hasPasskeys() && <PasskeySetup onEnrolled={enrolled} withName />}
      </div>
      {!account.passkeys_possible && <p className="bk-small">{t("account.passkey.notHere")}</p>}
      {account.factors.length > 0 && (
        <div className="bk-row">
          <span>{t("account.recovery.left", { count: account.recovery_codes_left })}</span>
          <Button
            loading={fresh.isPending}
            onClick={() => fresh.mutate(undefined, { onSuccess: (made) => setCodes(made) })}
          >
            {t("account.recovery.renew")}
          </Button>
        </div>
      )}
      <Modal
        open={isAdding}
        title={t("account.totp.add")}
        footer={null}
        onCancel={() => setIsAdding(false)}
        destroyOnHidden
        width={480}
      >
        <TotpSetup onEnrolled={enrolled} />
      </Modal>
      <Modal
        open={codes.length > 0}
        title={t("account.recovery.title")}
        footer={null}
        closable={false}
        mask={{ closable: false }}
        width={480}
      >
        <RecoveryCodes codes={codes} doneKey="account.recovery.kept" onDone={() => setCodes([])} />
      </Modal>
    </div>
  );
}

function FactorRow({ factor, onRemove }: { factor: Factor; onRemove: () => void }) {
  const { t } = useTranslation();
  const zone = useZone();
  const day = (at: string) => formatIsoDate(Date.parse(at), zone);
  const word = t(`login.method.${factor.kind}`);
  return (
    <li className="bk-row">
      <span aria-hidden className="bk-row-icon">
        {factor.kind === "passkey" ? <KeyOutlined /> : <MobileOutlined />}
      </span>
      <span className="bk-row-text">
        <span>{factor.name || word}</span>
        <span className="bk-secondary">
          {factor.last_used_at
            ? t("account.factor.used", { added: day(factor.created_at), used: day(factor.last_used_at) })
            : t("account.factor.unused", { added: day(factor.created_at) })}
        </span>
      </span>
      <Button onClick={onRemove} aria-label={`${t("common.remove")} ${factor.name || word}`}>
        {t("common.remove")}
      </Button>
    </li>
  );
}
