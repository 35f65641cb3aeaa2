import { KeyOutlined } from "@ant-design/icons";
import { Alert, Button, Form, Input, Modal, Segmented } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type StepUpProof, useBeginStepUp, useStepUp } from "@/shared/api/account";
import { useProblemText } from "@/shared/api/ProblemText";
import { hasPasskeys, signWithPasskey } from "@/shared/api/passkey";
import { setAskForProof } from "@/shared/api/stepUp";
import { CodeInput } from "./CodeInput";

type Way = "password" | "totp";

/** Stands in the frame; opens when the server wants a fresh proof, and lets the refused request go on after it. */
export function StepUpDialog() {
  const { t } = useTranslation();
  const say = useProblemText();
  const begin = useBeginStepUp();
  const prove = useStepUp();
  const settle = useRef<(proven: boolean) => void>(undefined);
  const [isOpen, setIsOpen] = useState(false);
  const [way, setWay] = useState<Way>("password");
  const [text, setText] = useState("");
  const { mutate: beginNow } = begin;
  const { reset } = prove;

  useEffect(() => {
    setAskForProof(
      () =>
        new Promise((resolve) => {
          settle.current = resolve;
          reset();
          setText("");
          setIsOpen(true);
          beginNow(undefined, { onSuccess: ({ methods }) => setWay(methods.includes("totp") ? "totp" : "password") });
        }),
    );
    return () => {
      setAskForProof(undefined);
      settle.current?.(false);
    };
  }, [beginNow, reset]);

  const close = (proven: boolean) => {
    setIsOpen(false);
    settle.current?.(proven);
    settle.current = undefined;
  };
  const send = (proof: StepUpProof) =>
    prove.mutate(proof, { onSuccess: () => close(true), onError: () => setText("") });
  const methods = begin.data?.methods ?? ["password"];
  const withPasskey = async () => {
    const options = begin.data;
    const signed = options?.passkey_options ? await signWithPasskey(options.passkey_options) : null;
    if (options && signed) send({ passkey: signed, ticket: options.ticket });
    beginNow(); // the ticket opens once
  };
  return (
    <Modal
      open={isOpen}
      title={t("account.stepUp.title")}
      onCancel={() => close(false)}
      footer={null}
      destroyOnHidden
      width={420}
    >
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
            <Button onClick={() => close(false)}>{t("common.cancel")}</Button>
          </div>
        </Form>
      </div>
    </Modal>
  );
}
