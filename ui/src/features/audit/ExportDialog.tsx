import { App, Form, Input, Modal, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type AuditQuestion, useExportAudit } from "@/shared/api/audit";
import { useProblemText } from "@/shared/api/ProblemText";

/** Asks why before anything leaves; the purpose is kept. */
export function ExportDialog({ question, onClose }: { question: AuditQuestion; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const [form] = Form.useForm<{ purpose: string }>();
  const [kind, setKind] = useState<"xlsx" | "csv">("xlsx");
  const run = useExportAudit();
  const send = async () => {
    const { purpose } = await form.validateFields();
    await run.mutateAsync({ question, purpose: purpose.trim(), kind });
    message.success(t("audit.exported"));
    onClose();
  };
  return (
    <Modal
      open
      title={t("audit.exportTitle")}
      okText={t("audit.exportNow")}
      cancelText={t("common.cancel")}
      confirmLoading={run.isPending}
      onOk={() => void send().catch(() => undefined)}
      onCancel={onClose}
    >
      <Form form={form} layout="vertical" requiredMark={false}>
        <p className="bk-secondary">{t("audit.exportText")}</p>
        <Form.Item
          name="purpose"
          label={t("audit.purpose")}
          extra={t("audit.purposeHint")}
          rules={[{ required: true, whitespace: true, min: 2, max: 100, message: t("audit.needPurpose") }]}
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
        {run.isError && (
          <p className="bk-error-text" role="alert">
            {say(run.error)}
          </p>
        )}
      </Form>
    </Modal>
  );
}
