import { KeyOutlined } from "@ant-design/icons";
import { Alert, Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Enrolled, useAddPasskey, useBeginPasskey } from "@/shared/api/account";
import { useProblemText } from "@/shared/api/ProblemText";
import { createPasskey } from "@/shared/api/passkey";

interface Props {
  onEnrolled: (enrolled: Enrolled) => void;
  /** Asks what to call it, for whoever has several. */
  withName?: boolean;
}

/** Makes a passkey on this device. */
export function PasskeySetup({ onEnrolled, withName = false }: Props) {
  const { t } = useTranslation();
  const say = useProblemText();
  const begin = useBeginPasskey();
  const add = useAddPasskey();
  const [name, setName] = useState("");
  const [wasClosed, setWasClosed] = useState(false);
  const make = async () => {
    setWasClosed(false);
    const { ticket, options } = await begin.mutateAsync();
    const credential = await createPasskey(options);
    if (!credential) return setWasClosed(true);
    onEnrolled(await add.mutateAsync({ ticket, credential, name: name.trim() }));
  };
  const error = begin.error ?? add.error;
  return (
    <div className="bk-stack-16">
      {error ? (
        <Alert type="warning" showIcon role="alert" title={say(error)} />
      ) : (
        wasClosed && <Alert type="info" showIcon title={t("account.passkey.closed")} />
      )}
      <div className="bk-buttons">
        {withName && (
          <Input
            className="bk-passkey-name"
            aria-label={t("account.passkey.name")}
            placeholder={t("account.passkey.name")}
            maxLength={60}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
        <Button
          icon={<KeyOutlined />}
          loading={begin.isPending || add.isPending}
          onClick={() => void make().catch(() => undefined)}
        >
          {t("account.passkey.add")}
        </Button>
      </div>
    </div>
  );
}
