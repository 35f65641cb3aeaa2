import { Alert, App, Button, Drawer, Form, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import { asProblem, type ProblemError } from "@/shared/api/problem";
import { type Mode, noRuleEtag, useSetRule } from "@/shared/api/recording";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { CameraPick } from "./CameraPick";
import { PremisesPick } from "./PremisesPick";
import { RuleConflict } from "./RuleConflict";
import { type Edited, fewestDays, isSame, modes, mostDays, nothingSaid, readTheirs, type Said } from "./rule";

interface Fields {
  subject: string;
  keep_days: number | null;
  mode?: Mode | null;
  reason: string;
}

interface Clash {
  subject: string;
  mine: Said;
  reason: string;
  theirs: ReturnType<typeof readTheirs>;
}

const fieldNames = ["keep_days", "mode", "reason"] as const;

/** Says how a category, a premises or a camera is recorded, with the reason; or takes back what was said. */
export function RuleDrawer({ edited, onClose }: { edited: Edited; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const [form] = Form.useForm<Fields>();
  const isPhone = useMedia(isPhoneQuery);
  const set = useSetRule();
  const [clash, setClash] = useState<Clash>();
  const { level, rule } = edited;
  const isConflict = (problem: ProblemError) => problem.code === "edit.conflict";
  const save = (subject: string, said: Said, reason: string, etag: string) =>
    set.mutate(
      { level, subject, etag, body: { ...said, reason: reason.trim() } },
      {
        onSuccess: () => {
          message.success(isSame(said, nothingSaid) ? t("recording.rules.takenBack") : t("recording.rules.saved"));
          onClose();
        },
        onError: (error) => {
          const problem = asProblem(error);
          if (isConflict(problem)) setClash({ subject, mine: said, reason, theirs: readTheirs(problem.current) });
          form.setFields(
            problem.fields.flatMap(({ field, detail }) => {
              const name = fieldNames.find((each) => each === field);
              return name ? [{ name, errors: [detail] }] : [];
            }),
          );
        },
      },
    );
  const submit = ({ subject, keep_days, mode, reason }: Fields) =>
    save(edited.subject || subject, { keep_days, mode: mode ?? null }, reason, rule?.etag ?? noRuleEtag);
  const takeBack = async () => {
    const fields = await form.validateFields(["reason"]).catch(() => undefined);
    if (fields && rule) save(edited.subject, nothingSaid, form.getFieldValue("reason"), rule.etag);
  };
  const resolve = (merged: Said) => {
    if (!clash) return;
    setClash(undefined);
    form.setFieldsValue(merged);
    if (isSame(merged, clash.theirs.said)) onClose();
    else save(clash.subject, merged, clash.reason, clash.theirs.etag);
  };
  return (
    <Drawer
      open
      size={isPhone ? "100%" : 480}
      title={t(`recording.rules.title.${level}`)}
      onClose={onClose}
      mask={{ closable: false }}
      footer={
        <div className="bk-drawer-foot">
          {rule && <Button onClick={() => void takeBack()}>{t("recording.rules.takeBack")}</Button>}
          <span className="bk-grow" />
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="primary" loading={set.isPending} onClick={() => form.submit()}>
            {t("common.save")}
          </Button>
        </div>
      }
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={submit}
        initialValues={{ keep_days: rule?.keep_days ?? null, mode: rule?.mode ?? null }}
      >
        <SubjectField edited={edited} />
        <RuleFields />
        {set.isError && !isConflict(asProblem(set.error)) && (
          <Alert type="error" showIcon role="alert" title={say(set.error)} />
        )}
      </Form>
      {clash && (
        <RuleConflict
          mine={clash.mine}
          theirs={clash.theirs.said}
          isGone={clash.theirs.isGone}
          onResolved={resolve}
          onClose={() => setClash(undefined)}
        />
      )}
    </Drawer>
  );
}

function SubjectField({ edited: { level, subject, name } }: { edited: Edited }) {
  const { t } = useTranslation();
  if (subject)
    return (
      <Form.Item label={t("recording.rules.subject")}>
        <strong>{name}</strong>
      </Form.Item>
    );
  return (
    <Form.Item
      name="subject"
      label={t("recording.rules.subject")}
      rules={[{ required: true, message: t("recording.rules.needSubject") }]}
    >
      {level === "camera" ? <CameraPick /> : <PremisesPick />}
    </Form.Item>
  );
}

function RuleFields() {
  const { t } = useTranslation();
  const form = Form.useFormInstance<Fields>();
  const mode = Form.useWatch<Mode | null | undefined>("mode", form);
  const checkDays = async (_: unknown, days: number | null | undefined) => {
    if (days === null || days === undefined) return;
    if (!Number.isInteger(days) || days < fewestDays || days > mostDays) throw new Error(t("recording.rules.daysBad"));
  };
  const checkSomething = async () => {
    const { keep_days, mode: said } = form.getFieldsValue();
    if ((keep_days ?? null) === null && !said) throw new Error(t("recording.rules.needSomething"));
  };
  return (
    <>
      <Form.Item
        name="keep_days"
        label={t("recording.rules.keepDays")}
        extra={t("recording.rules.daysHint")}
        rules={[{ validator: checkDays }]}
      >
        <InputNumber className="bk-wide" />
      </Form.Item>
      <Form.Item
        name="mode"
        label={t("recording.rules.mode")}
        dependencies={["keep_days"]}
        rules={[{ validator: checkSomething }]}
        {...(mode ? { extra: t(`recording.modeText.${mode}`) } : {})}
      >
        <Select<Mode>
          allowClear
          placeholder={t("recording.rules.nothing")}
          options={modes.map((value) => ({ value, label: t(`recording.mode.${value}`) }))}
        />
      </Form.Item>
      {mode === "never" && (
        <Alert className="bk-form-alert" type="warning" showIcon title={t("recording.rules.neverText")} />
      )}
      <Form.Item
        name="reason"
        label={t("recording.reason")}
        extra={t("recording.rules.reasonHint")}
        rules={[{ required: true, whitespace: true, max: 200, message: t("recording.rules.needReason") }]}
      >
        <Input.TextArea rows={2} maxLength={200} />
      </Form.Item>
    </>
  );
}
