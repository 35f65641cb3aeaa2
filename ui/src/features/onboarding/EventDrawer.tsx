import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Drawer, Form } from "antd";
import { useTranslation } from "react-i18next";
import { type EventIn, type Road, type Step, useMovePremises } from "@/shared/api/onboarding";
import { useProblemText } from "@/shared/api/ProblemText";
import { premisesCamerasQuery } from "@/shared/api/premises";
import { asProblem } from "@/shared/api/problem";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import {
  AcceptanceFields,
  ClosedDaysFields,
  ContractFields,
  InstallationFields,
  ReasonField,
  SurveyFields,
  WorkOrderFields,
} from "./fields";

/** What one step needs, typed in; the server says what is missing, in words. */
export function EventDrawer({ road, step, onClose }: { road: Road; step: Step; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<EventIn>();
  const say = useProblemText();
  const isPhone = useMedia(isPhoneQuery);
  const { premises_id: id, name } = road.standing;
  const move = useMovePremises(id);
  const needs = new Set(step.needs);
  const cameras = useQuery({ ...premisesCamerasQuery(id), enabled: needs.has("installation") }).data;
  const word = t(`onboarding.event.${step.event}`);
  const submit = (body: EventIn) =>
    move.mutate(
      { event: step.event, body },
      {
        onSuccess: () => {
          message.success(t("onboarding.moved", { name, event: word }));
          onClose();
        },
        onError: (error) =>
          form.setFields(
            asProblem(error).fields.map(({ field, detail }) => ({
              name: field.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part)) as never,
              errors: [detail],
            })),
          ),
      },
    );
  const problem = move.error ? asProblem(move.error) : undefined;
  const wantsReason = needs.has("reason");
  return (
    <Drawer
      open
      size={isPhone ? "100%" : 520}
      title={t("onboarding.doing", { event: word, name })}
      onClose={onClose}
      mask={{ closable: false }}
      footer={
        <div className="bk-drawer-foot">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="primary" loading={move.isPending} onClick={form.submit}>
            {word}
          </Button>
        </div>
      }
    >
      {problem && (
        <Alert
          type="warning"
          showIcon
          className="bk-form-alert"
          title={say(move.error)}
          description={
            problem.fields.length > 0 && (
              <ul className="bk-missing">
                {problem.fields.map(({ field, detail }) => (
                  <li key={`${field}${detail}`}>{detail}</li>
                ))}
              </ul>
            )
          }
        />
      )}
      <Form<EventIn> form={form} layout="vertical" requiredMark={false} onFinish={submit}>
        {needs.has("contract") && <ContractFields />}
        {needs.has("survey") && <SurveyFields category={road.standing.category} />}
        {needs.has("work_order") && <WorkOrderFields />}
        {needs.has("installation") && <InstallationFields cameras={cameras ?? []} />}
        {needs.has("acceptance") && <AcceptanceFields />}
        {needs.has("suspension") && <ClosedDaysFields />}
        {wantsReason && <ReasonField />}
        {step.needs.length === 0 && <p>{t("onboarding.nothingNeeded")}</p>}
      </Form>
    </Drawer>
  );
}
