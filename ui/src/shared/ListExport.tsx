import { DownloadOutlined } from "@ant-design/icons";
import { App, Button, Form, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type TakenList, useTakeList } from "@/shared/api/lists";
import { useProblemText } from "@/shared/api/ProblemText";
import { useAbilities } from "@/shared/api/session";

/** Takes out what a list shows with its filter, for who may; asks why first. */
export function ListExport({ taken }: { taken: TakenList }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  if (!useAbilities().includes(`list.export_${taken.list}`)) return null;
  return (
    <>
      <Button icon={<DownloadOutlined aria-hidden />} onClick={() => setOpen(true)}>
        {t("list.export")}
      </Button>
      {isOpen && <PurposeDialog taken={taken} onClose={() => setOpen(false)} />}
    </>
  );
}

function PurposeDialog({ taken, onClose }: { taken: TakenList; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const [form] = Form.useForm<{ purpose: string }>();
  const run = useTakeList();
  const send = async () => {
    const { purpose } = await form.validateFields();
    await run.mutateAsync({ taken, purpose: purpose.trim() });
    message.success(t("list.exported"));
    onClose();
  };
  return (
    <Modal
      open
      title={t("list.export")}
      okText={t("list.exportNow")}
      cancelText={t("common.cancel")}
      confirmLoading={run.isPending}
      onOk={() => void send().catch(() => undefined)}
      onCancel={onClose}
    >
      <Form form={form} layout="vertical" requiredMark={false}>
        <p className="bk-secondary">{t("list.exportText")}</p>
        <Form.Item
          name="purpose"
          label={t("list.purpose")}
          extra={t("list.purposeHint")}
          rules={[{ required: true, whitespace: true, min: 2, max: 100, message: t("list.needPurpose") }]}
        >
          <Input maxLength={100} autoFocus />
        </Form.Item>
        {run.isPending && <p role="status">{t("list.exporting")}</p>}
        {run.isError && (
          <p className="bk-error-text" role="alert">
            {say(run.error)}
          </p>
        )}
      </Form>
    </Modal>
  );
}
