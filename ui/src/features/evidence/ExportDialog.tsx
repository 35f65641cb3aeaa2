import { App, Form, Input, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { type Evidence, type Purpose, purposesOut, useExport } from "@/shared/api/evidence";
import { useProblemText } from "@/shared/api/ProblemText";
import { PurposeFields } from "@/shared/evidence/PurposeFields";

interface Given {
  purpose: Purpose;
  note?: string;
  case_no: string;
  recipient: string;
}

/** What leaves, for what, in which case, to whom. */
export function ExportDialog({ items, onClose }: { items: readonly Evidence[]; onClose: (begun: boolean) => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const [form] = Form.useForm<Given>();
  const begin = useExport();
  const send = async (given: Given) => {
    try {
      await begin.mutateAsync({ ...given, note: given.note ?? "", items: items.map(({ id }) => id) });
      message.info(t("evidence.exportBegun"), 8);
      onClose(true);
    } catch {
      // Said in the dialog; what was typed stays.
    }
  };
  const known = [...new Set(items.map((item) => item.case_no).filter(Boolean))];
  return (
    <Modal
      open
      title={t("evidence.exportTitle", { count: items.length })}
      okText={t("evidence.export")}
      cancelText={t("common.cancel")}
      confirmLoading={begin.isPending}
      onOk={() => form.submit()}
      onCancel={() => onClose(false)}
    >
      <p>{t("evidence.exportHint")}</p>
      <Form<Given>
        form={form}
        layout="vertical"
        initialValues={{ case_no: known.length === 1 ? known[0] : "" }}
        onFinish={(given) => void send(given)}
      >
        <PurposeFields choices={purposesOut} />
        <Form.Item
          name="case_no"
          label={t("evidence.case")}
          rules={[{ required: true, whitespace: true, message: t("evidence.caseNeeded") }]}
        >
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item
          name="recipient"
          label={t("evidence.recipient")}
          rules={[{ required: true, whitespace: true, message: t("evidence.recipientNeeded") }]}
        >
          <Input maxLength={100} />
        </Form.Item>
      </Form>
      {begin.isError && (
        <p role="alert" className="bk-seal-problem">
          {say(begin.error)}
        </p>
      )}
    </Modal>
  );
}
