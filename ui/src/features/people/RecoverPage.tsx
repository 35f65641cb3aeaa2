import { Alert, Button, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useProblemText } from "@/shared/api/ProblemText";
import { useAskForRecovery } from "@/shared/api/people";
import { DoorPage } from "./DoorPage";

/** For whoever cannot log in: asks the administrators for help. Never says whether there is such an account. */
export function RecoverPage() {
  const { t } = useTranslation();
  const say = useProblemText();
  const ask = useAskForRecovery();
  return (
    <DoorPage title={t("recover.title")}>
      {ask.isSuccess ? (
        <Alert type="success" showIcon title={t("recover.asked")} description={t("recover.next")} />
      ) : (
        <>
          <p>{t("recover.hello")}</p>
          <Form<{ username: string }>
            layout="vertical"
            requiredMark={false}
            onFinish={({ username }) => ask.mutate(username.trim())}
          >
            <Form.Item
              name="username"
              label={t("login.username")}
              rules={[{ required: true, message: t("login.needUsername") }]}
            >
              <Input size="large" autoComplete="username" autoCapitalize="none" spellCheck={false} maxLength={64} />
            </Form.Item>
            {ask.isError && <Alert type="warning" showIcon role="alert" title={say(ask.error)} />}
            <Button
              type="primary"
              size="large"
              block
              htmlType="submit"
              loading={ask.isPending}
              className="bk-door-submit"
            >
              {t("recover.submit")}
            </Button>
          </Form>
        </>
      )}
      <Link to="/login" className="bk-door-link">
        {t("invite.toLogin")}
      </Link>
    </DoorPage>
  );
}
