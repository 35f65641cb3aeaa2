import { PlusOutlined } from "@ant-design/icons";
import { App, Button, DatePicker, Form, Input, Modal, Select } from "antd";
import type { Dayjs } from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import {
  type PremisesFile,
  type Suspension,
  useDecideSuspension,
  useEndSuspension,
  useRequestSuspension,
} from "@/shared/api/premises";
import { showFieldProblems, useRequired } from "./form";
import { suspensionKinds } from "./words";

/** When it is closed: asked for by the site or the operator, decided by an officer who did not ask. */
export function SuspensionPanel({ premises }: { premises: PremisesFile }) {
  const { t } = useTranslation();
  const [isAsking, setAsking] = useState(false);
  return (
    <section className="bk-section">
      <div className="bk-section-head">
        <h2>{t("premises.suspensions")}</h2>
        {premises.abilities.includes("premises.suspend") && (
          <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => setAsking(true)}>
            {t("premises.suspend")}
          </Button>
        )}
      </div>
      {premises.suspensions.length === 0 && <p className="bk-muted">{t("premises.noSuspensions")}</p>}
      <ul className="bk-people">
        {premises.suspensions.map((each) => (
          <SuspensionRow key={each.id} premises={premises} suspension={each} />
        ))}
      </ul>
      {isAsking && <SuspensionDialog premises={premises} onClose={() => setAsking(false)} />}
    </section>
  );
}

function SuspensionRow({ premises, suspension }: { premises: PremisesFile; suspension: Suspension }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const decide = useDecideSuspension(premises.id);
  const end = useEndSuspension(premises.id);
  const onError = (error: unknown) => void message.warning(say(error), 8);
  const { id, kind, from_on, to_on, reason, state, is_mine } = suspension;
  const mayDecide = state === "REQUESTED" && premises.abilities.includes("premises.decide");
  return (
    <li>
      <div className="bk-person-name">
        <strong>{t(`premises.suspension.${kind}`)}</strong>
        <span className={`bk-flow ${state === "REQUESTED" ? "bk-flow-waiting" : "bk-flow-over"}`}>
          {t(`premises.suspensionState.${state}`)}
        </span>
      </div>
      <span>{from_on <= to_on ? t("premises.fromTo", { from: from_on, to: to_on }) : t("premises.neverClosed")}</span>
      <span className="bk-secondary">{reason}</span>
      {mayDecide && is_mine && <span className="bk-secondary">{t("premises.suspensionOwn")}</span>}
      {mayDecide && !is_mine && (
        <span className="bk-row-buttons">
          <Button
            size="small"
            loading={decide.isPending}
            onClick={() => decide.mutate({ suspension: id, approve: true }, { onError })}
          >
            {t("premises.approve")}
          </Button>
          <Button
            size="small"
            loading={decide.isPending}
            onClick={() => decide.mutate({ suspension: id, approve: false }, { onError })}
          >
            {t("premises.refuse")}
          </Button>
        </span>
      )}
      {state === "APPROVED" && premises.abilities.includes("premises.resume") && (
        <span className="bk-row-buttons">
          <Button size="small" loading={end.isPending} onClick={() => end.mutate(id, { onError })}>
            {t("premises.resume")}
          </Button>
        </span>
      )}
    </li>
  );
}

interface Fields {
  kind: Suspension["kind"];
  days: [Dayjs, Dayjs];
  from_on?: string;
  to_on?: string;
  reason: string;
}

function SuspensionDialog({ premises, onClose }: { premises: PremisesFile; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const required = useRequired();
  const [form] = Form.useForm<Fields>();
  const ask = useRequestSuspension(premises.id);
  const submit = ({ kind, days: [from, to], reason }: Fields) =>
    ask.mutate(
      { kind, from_on: from.format("YYYY-MM-DD"), to_on: to.format("YYYY-MM-DD"), reason },
      {
        onSuccess: () => {
          message.success(t("premises.suspensionAsked"));
          onClose();
        },
        onError: (error) => showFieldProblems(form, error, ["reason"]),
      },
    );
  return (
    <Modal
      open
      title={t("premises.suspend")}
      okText={t("premises.suspensionSend")}
      cancelText={t("common.cancel")}
      confirmLoading={ask.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p className="bk-secondary">{t("premises.suspensionText")}</p>
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ kind: "CLOSED" }}
        onFinish={submit}
      >
        <Form.Item name="kind" label={t("premises.suspensionKind")}>
          <Select options={suspensionKinds.map((value) => ({ value, label: t(`premises.suspension.${value}`) }))} />
        </Form.Item>
        <Form.Item
          name="days"
          label={t("premises.suspensionDays")}
          rules={[{ required: true, message: t("form.required", { field: t("premises.suspensionDays") }) }]}
        >
          <DatePicker.RangePicker inputReadOnly />
        </Form.Item>
        <Form.Item name="reason" label={t("premises.reason")} rules={required(t("premises.reason"))}>
          <Input.TextArea maxLength={200} rows={2} />
        </Form.Item>
      </Form>
      {ask.isError && (
        <p className="bk-error-text" role="alert">
          {say(ask.error)}
        </p>
      )}
    </Modal>
  );
}
