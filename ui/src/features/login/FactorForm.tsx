import { KeyOutlined } from "@ant-design/icons";
import { Alert, Button, Form, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { CodeInput } from "@/shared/account/CodeInput";
import { useProblemText } from "@/shared/api/ProblemText";
import { hasPasskeys, signWithPasskey } from "@/shared/api/passkey";
import { asProblem } from "@/shared/api/problem";
import { type FactorProof, type FactorStep, type Method, useFinishLogIn } from "@/shared/api/session";

/** The second step: a code of the app, a passkey or a recovery code. */
export function FactorForm({ step, onBack }: { step: FactorStep; onBack: () => void }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const finish = useFinishLogIn();
  const usable = step.methods.filter((method) => method !== "passkey" || hasPasskeys());
  const [way, setWay] = useState<Method>(usable[0] ?? "recovery");
  const [text, setText] = useState("");
  const [wasClosed, setWasClosed] = useState(false);
  const isOver = finish.isError && asProblem(finish.error).code === "auth.ticket_over";
  const send = (proof: FactorProof) => finish.mutate({ ticket: step.ticket, ...proof }, { onError: () => setText("") });
  const choose = (next: Method) => {
    setWay(next);
    setText("");
    setWasClosed(false);
    finish.reset();
  };
  const withPasskey = async () => {
    setWasClosed(false);
    const signed = step.passkey_options ? await signWithPasskey(step.passkey_options) : null;
    if (signed) send({ passkey: signed });
    else setWasClosed(true);
  };
  return (
    <div className="bk-stack-16">
      {finish.isError ? (
        <Alert type="warning" showIcon role="alert" title={say(finish.error)} />
      ) : (
        wasClosed && <Alert type="info" showIcon title={t("account.passkey.closed")} />
      )}
      {!isOver && way === "totp" && (
        <Form layout="vertical" onFinish={() => send({ totp: text })}>
          <Form.Item label={t("login.code")} htmlFor="login-code" extra={t("login.codeHint")}>
            <CodeInput
              id="login-code"
              value={text}
              onChange={setText}
              onFull={(totp) => send({ totp })}
              autoFocus
              disabled={finish.isPending}
            />
          </Form.Item>
          <Button
            type="primary"
            size="large"
            block
            htmlType="submit"
            loading={finish.isPending}
            disabled={text.length < 6}
          >
            {t("login.submit")}
          </Button>
        </Form>
      )}
      {!isOver && way === "recovery" && (
        <Form layout="vertical" onFinish={() => send({ recovery: text })}>
          <Form.Item label={t("login.recovery")} htmlFor="login-recovery" extra={t("login.recoveryHint")}>
            <Input
              id="login-recovery"
              size="large"
              className="bk-mono-input"
              value={text}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={40}
              onChange={(event) => setText(event.target.value)}
            />
          </Form.Item>
          <Button
            type="primary"
            size="large"
            block
            htmlType="submit"
            loading={finish.isPending}
            disabled={!text.trim()}
          >
            {t("login.submit")}
          </Button>
        </Form>
      )}
      {!isOver && way === "passkey" && (
        <Button
          type="primary"
          size="large"
          block
          icon={<KeyOutlined />}
          loading={finish.isPending}
          onClick={() => void withPasskey()}
        >
          {t("login.confirmPasskey")}
        </Button>
      )}
      <div className="bk-buttons bk-login-others">
        {!isOver &&
          usable
            .filter((method) => method !== way)
            .map((method) => (
              <Button key={method} type="link" onClick={() => choose(method)}>
                {t(`login.use.${method}`)}
              </Button>
            ))}
        <Button type="link" onClick={onBack}>
          {t("login.back")}
        </Button>
      </div>
    </div>
  );
}
