import { Alert, Button, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { useChangePassword } from "@/shared/api/account";
import { useProblemText } from "@/shared/api/ProblemText";

interface Fields {
  old: string;
  fresh: string;
  again: string;
}

interface Props {
  username: string;
  needsClasses: boolean;
  submitKey: string;
  onDone?: () => void;
}

/** The old password and a new one, twice. What is wrong with it, the server says. */
export function PasswordForm({ username, needsClasses, submitKey, onDone }: Props) {
  const { t } = useTranslation();
  const say = useProblemText();
  const change = useChangePassword();
  const [form] = Form.useForm<Fields>();
  const submit = (fields: Fields) =>
    change.mutate(
      { old: fields.old, new: fields.fresh },
      {
        onSuccess: () => {
          form.resetFields();
          onDone?.();
        },
      },
    );
  return (
    <Form<Fields> form={form} layout="vertical" requiredMark={false} onFinish={submit} disabled={change.isPending}>
      {change.isError && (
        <Alert type="warning" showIcon role="alert" title={say(change.error)} className="bk-form-alert" />
      )}
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      <Form.Item
        name="old"
        label={t("account.password.old")}
        rules={[{ required: true, message: t("login.needPassword") }]}
      >
        <Input.Password autoComplete="current-password" maxLength={256} />
      </Form.Item>
      <Form.Item
        name="fresh"
        label={t("account.password.new")}
        extra={needsClasses ? t("account.password.ruleClasses") : t("account.password.rule")}
        rules={[
          { required: true, message: t("account.password.needNew") },
          { min: 12, message: t("account.password.short") },
        ]}
        validateTrigger="onBlur"
      >
        <Input.Password autoComplete="new-password" maxLength={256} />
      </Form.Item>
      <Form.Item
        name="again"
        label={t("account.password.again")}
        dependencies={["fresh"]}
        validateTrigger="onBlur"
        rules={[
          ({ getFieldValue }) => ({
            validator: (_, value: string | undefined) =>
              value === getFieldValue("fresh")
                ? Promise.resolve()
                : Promise.reject(new Error(t("account.password.differs"))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" maxLength={256} />
      </Form.Item>
      <Button type="primary" htmlType="submit" loading={change.isPending}>
        {t(submitKey)}
      </Button>
    </Form>
  );
}
