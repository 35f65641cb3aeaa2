import { Alert, App, Form, Input, InputNumber, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { useApproveKiosk, useLookAtKiosk } from "@/shared/api/kiosks";
import { useProblemText } from "@/shared/api/ProblemText";
import { asProblem } from "@/shared/api/problem";

interface Values {
  code: string;
  name: string;
  days: number;
}

const mostDays = 30;
const codeChars = 8;
const tidy = (code: string) => code.replace(/[\s-]/g, "").toUpperCase();

/** Lets the display that shows a code in: first where it stands, then what it is called and for how long. */
export function PairDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const { message } = App.useApp();
  const look = useLookAtKiosk();
  const approve = useApproveKiosk();
  const [form] = Form.useForm<Values>();
  const found = look.data;
  const problem = approve.error ?? look.error;
  const send = ({ code, name, days }: Values) => {
    if (!found) {
      look.mutate(tidy(code));
      return;
    }
    approve.mutate(
      { code: tidy(code), name: name.trim(), days },
      {
        onSuccess: () => {
          message.success(t("kiosk.done", { name: name.trim() }));
          onClose();
        },
      },
    );
  };
  return (
    <Modal
      open
      title={t("kiosk.pair")}
      okText={found ? t("kiosk.letIn") : t("kiosk.next")}
      cancelText={t("common.cancel")}
      confirmLoading={look.isPending || approve.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ code: "", name: t("kiosk.firstName"), days: mostDays }}
        onFinish={send}
      >
        <Form.Item
          name="code"
          label={t("kiosk.codeShown")}
          extra={t("kiosk.codeHint")}
          rules={[
            {
              validator: (_, code: string) =>
                tidy(code).length === codeChars ? Promise.resolve() : Promise.reject(new Error(t("kiosk.needCode"))),
            },
          ]}
          validateTrigger="onSubmit"
        >
          <Input
            className="bk-mono"
            autoFocus
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={12}
            disabled={found !== undefined}
          />
        </Form.Item>
        {found && (
          <>
            <Alert
              type="info"
              showIcon
              title={t("kiosk.from", { address: found.address, device: found.device || t("kiosk.unknownDevice") })}
              description={t("kiosk.compare")}
            />
            <Form.Item
              name="name"
              label={t("kiosk.name")}
              rules={[{ required: true, whitespace: true, message: t("kiosk.needName") }]}
            >
              <Input maxLength={60} />
            </Form.Item>
            <Form.Item name="days" label={t("kiosk.days")} extra={t("kiosk.daysHint")}>
              <InputNumber min={1} max={mostDays} precision={0} />
            </Form.Item>
          </>
        )}
        {problem && asProblem(problem).code !== "auth.step_up_required" && (
          <Alert type="warning" showIcon role="alert" title={say(problem)} />
        )}
      </Form>
    </Modal>
  );
}
