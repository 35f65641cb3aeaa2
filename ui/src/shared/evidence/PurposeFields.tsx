import { Form, Input, Radio } from "antd";
import { useTranslation } from "react-i18next";
import { type Purpose, purposes } from "@/shared/api/evidence";

const mostNote = 500;

/** What for, and a note, which "other" needs. Fields of the form around it. */
export function PurposeFields({ choices = purposes }: { choices?: readonly Purpose[] }) {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item
        name="purpose"
        label={t("evidence.purpose")}
        rules={[{ required: true, message: t("evidence.purposeNeeded") }]}
      >
        <Radio.Group options={choices.map((value) => ({ value, label: t(`evidence.purpose.${value}`) }))} />
      </Form.Item>
      <Form.Item noStyle dependencies={["purpose"]}>
        {({ getFieldValue }) => (
          <Form.Item
            name="note"
            label={t("evidence.note")}
            rules={[
              { required: getFieldValue("purpose") === "OTHER", whitespace: true, message: t("evidence.noteNeeded") },
            ]}
          >
            <Input.TextArea rows={2} maxLength={mostNote} />
          </Form.Item>
        )}
      </Form.Item>
    </>
  );
}
