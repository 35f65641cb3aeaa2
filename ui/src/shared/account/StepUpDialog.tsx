import { KeyOutlined } from "@ant-design/icons";
import { Alert, Button, Form, Input, Modal, Segmented } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type StepUpProof, useBeginStepUp, useStepUp } from "@/shared/api/account";
import { useProblemText } from "@/shared/api/ProblemText";
import { hasPasskeys, signWithPasskey } from "@/shared/api/passkey";
import { CodeInput } from "./CodeInput";

type Way = "password" | "totp";

/** Asks for a fresh proof. onClose hears whether it was given. */
export function StepUpDialog({ onClose }: { onClose: (proven: boolean) => void }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const begin = useBeginStepUp();
  const prove = useStepUp();
  const [way, setWay] = useState<Way>("password");
  const [text, setText] = useState("");
  const { mutate: beginNow } = begin;
  useEffect(() => {
    beginNow(undefined, { onSuccess: ({ methods }) => setWay(methods.includes("totp") ? "totp" : "password") });
  }, [beginNow]);
  const send = (proof: StepUpProof) =>
    prove.mutate(proof, { onSuccess: () => onClose(true), onError: () => setText("") });
  const methods = begin.data?.methods ?? ["password"];
  const withPasskey = async () => {
    const options = begin.data;
    const signed = options?.passkey_options ? await signWithPasskey(options.passkey_options) : null;
    if (options && signed) send({ passkey: signed, ticket: options.ticket });
    beginNow(); // the ticket opens once
  };
  return (
    <Modal open title={t("account.stepUp.title")} onCancel={() => onClose(false)} footer={null} width={420}>
      <div className="bk-stack-16">
        <p>{t("account.stepUp.why")}</p>
        {prove.isError && <Alert type="warning" showIcon role="alert" title={say(prove.error)} />}
        {methods.includes("totp") && (
          <Segmented<Way>
            value={way}
            onChange={(next) => {
              setWay(next);
              setText("");
            }}
            options={[
              { value: "totp", label: t("login.method.totp") },
              { value: "password", label: t("login.password") },
            ]}
          />
        )}
        <Form layout="vertical" onFinish={() => send(way === "totp" ? { totp: text } : { password: text })}>
          <Form.Item label={way === "totp" ? t("login.code") : t("login.password")} htmlFor="step-up">
            {way === "totp" ? (
              <CodeInput id="step-up" value={text} onChange={setText} onFull={(totp) => send({ totp })} />
            ) : (
              <Input.Password
                id="step-up"
                size="large"
                value={text}
                autoComplete="current-password"
                maxLength={256}
                onChange={(event) => setText(event.target.value)}
              />
            )}
          </Form.Item>
          <div className="bk-buttons">
            <Button type="primary" htmlType="submit" loading={prove.isPending} disabled={!text}>
              {t("account.stepUp.submit")}
            </Button>
            {methods.includes("passkey") && hasPasskeys() && (
              <Button icon={<KeyOutlined />} onClick={() => void withPasskey()}>
                {t("login.method.passkey")}
              </Button>
            )}
            <Button onClick={() => onClose(false)}>{t("common.cancel")}</Button>
          </div>
        </Form>
      </div>
    </Modal>
  );
}
