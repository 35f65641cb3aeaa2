import { Alert, App, Form, Input, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import { type Hold, useReleaseHold } from "@/shared/api/recording";
import { useHoldRange } from "./useHoldRange";

/** Says what is lost by it, and asks why. */
export function ReleaseModal({ hold, onClose }: { hold: Hold; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const range = useHoldRange();
  const [form] = Form.useForm<{ reason: string }>();
  const release = useReleaseHold();
  const submit = ({ reason }: { reason: string }) =>
    release.mutate(
      { hold: hold.id, reason: reason.trim() },
      {
        onSuccess: () => {
          message.success(t("recording.holds.releaseDone"));
          onClose();
        },
      },
    );
  return (
    <Modal
      open
      title={t("recording.holds.release")}
      okText={t("recording.holds.release")}
      okButtonProps={{ danger: true }}
      cancelText={t("common.cancel")}
      confirmLoading={release.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p className="bk-lead">
        {t("recording.holds.releaseText", {
          camera: [hold.premises_name, hold.camera_name].filter(Boolean).join("·"),
          range: range(hold),
        })}
      </p>
      <Form form={form} layout="vertical" requiredMark={false} onFinish={submit}>
        <Form.Item
          name="reason"
          label={t("recording.holds.releaseReason")}
          rules={[{ required: true, whitespace: true, max: 200, message: t("recording.holds.needReason") }]}
        >
          <Input.TextArea rows={2} maxLength={200} />
        </Form.Item>
        {release.isError && <Alert type="error" showIcon role="alert" title={say(release.error)} />}
      </Form>
    </Modal>
  );
}
