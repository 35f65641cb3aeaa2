import { Alert, Button, Form, QRCode } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Enrolled, useBeginTotp, useConfirmTotp } from "@/shared/api/account";
import { useProblemText } from "@/shared/api/ProblemText";
import { CodeInput } from "./CodeInput";

/** Picture and typed key for an authenticator app, and the first code of it. */
export function TotpSetup({ onEnrolled }: { onEnrolled: (enrolled: Enrolled) => void }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const { mutate: begin, data: setup, error: refused, isPending } = useBeginTotp();
  const confirm = useConfirmTotp();
  const [code, setCode] = useState("");
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    begin();
  }, [begin]);
  const send = (digits: string) => confirm.mutate(digits, { onSuccess: onEnrolled, onError: () => setCode("") });
  if (refused)
    return (
      <Alert
        type="warning"
        showIcon
        title={say(refused)}
        action={<Button onClick={() => begin()}>{t("common.retry")}</Button>}
      />
    );
  if (!setup) return <div className="bk-qr-place" aria-busy={isPending} />;
  return (
    <div className="bk-stack-16">
      <ol className="bk-numbered">
        <li>{t("account.totp.scan")}</li>
        <li>{t("account.totp.type")}</li>
      </ol>
      <div className="bk-qr">
        <QRCode
          value={setup.uri}
          type="svg"
          size={180}
          color="#000000"
          bgColor="#ffffff"
          aria-label={t("account.totp.picture")}
        />
        <div className="bk-stack-16">
          <div>
            <p className="bk-secondary">{t("account.totp.byHand")}</p>
            <p className="bk-mono bk-key">{setup.key.replace(/(.{4})/g, "$1 ").trim()}</p>
          </div>
          <Form layout="vertical" onFinish={() => send(code)}>
            <Form.Item label={t("login.code")} htmlFor="totp-first-code">
              <CodeInput
                id="totp-first-code"
                value={code}
                onChange={setCode}
                onFull={send}
                disabled={confirm.isPending}
              />
            </Form.Item>
            <Button type="primary" htmlType="submit" loading={confirm.isPending} disabled={code.length < 6}>
              {t("account.totp.confirm")}
            </Button>
          </Form>
        </div>
      </div>
      {confirm.isError && <Alert type="warning" showIcon role="alert" title={say(confirm.error)} />}
    </div>
  );
}
