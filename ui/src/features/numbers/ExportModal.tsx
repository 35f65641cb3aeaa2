import { App, Form, Input, Modal, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Cut, useExportNumbers } from "@/shared/api/numbers";
import { useProblemText } from "@/shared/api/ProblemText";

/** Asks why before anything leaves; the purpose is kept. */
export function ExportModal({ cut, onClose }: { cut: Cut; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const [form] = Form.useForm<{ purpose: string }>();
  const [kind, setKind] = useState<"xlsx" | "csv">("xlsx");
  const run = useExportNumbers();
  const send = async () => {
    const { purpose } = await form.validateFields();
    try {
      await run.mutateAsync({ cut, purpose: purpose.trim(), kind });
      message.success(t("numbers.exported"));
      onClose();
    } catch (error) {
      message.warning(say(error), 8);
    }
  };
  return (
    <Modal
      open
      title={t("numbers.export")}
      okText={t("numbers.exportNow")}
      cancelText={t("common.cancel")}
      confirmLoading={run.isPending}
      onOk={() => void send().catch(() => undefined)}
      onCancel={onClose}
    >
      <Form form={form} layout="vertical" requiredMark={false}>
        <Form.Item
          name="purpose"
          label={t("numbers.purpose")}
          extra={t("numbers.purposeHint")}
          rules={[{ required: true, whitespace: true, min: 2, max: 100, message: t("numbers.needPurpose") }]}
        >
          <Input maxLength={100} autoFocus />
        </Form.Item>
        <Segmented<"xlsx" | "csv">
          value={kind}
          onChange={setKind}
          options={[
            { value: "xlsx", label: "Excel" },
            { value: "csv", label: "CSV" },
          ]}
        />
      </Form>
    </Modal>
  );
}
