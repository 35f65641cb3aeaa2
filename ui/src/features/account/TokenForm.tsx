import { Alert, Checkbox, DatePicker, Form, Input, Modal } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import { asProblem } from "@/shared/api/problem";
import type { Session } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { useMakeToken } from "@/shared/api/tokens";
import { formatIsoDate, parseZoned } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";

interface Values {
  name: string;
  roles: number[];
  networks?: string;
  until: Dayjs;
}

interface Props {
  grants: Session["user"]["grants"];
  onClose: () => void;
  onMade: (bearer: string) => void;
}

const firstDays = 90;
const mostDays = 364;

/** Name, which of one's own roles, from where, until when. */
export function TokenForm({ grants, onClose, onMade }: Props) {
  const { t } = useTranslation();
  const say = useProblemText();
  const zone = useZone();
  const make = useMakeToken();
  const [form] = Form.useForm<Values>();
  const today = dayjs(formatIsoDate(serverNowMs(), zone));
  const send = ({ name, roles, networks, until }: Values) =>
    make.mutate(
      {
        name: name.trim(),
        grants: roles.flatMap((index) => {
          const grant = grants[index];
          if (!grant) return [];
          const { role, region, categories, premises_id: premises } = grant;
          return [{ role, region, categories, premises }];
        }),
        networks: (networks ?? "").split(/[\s,，、]+/).filter(Boolean),
        expires_at: new Date(parseZoned(until.format("YYYY-MM-DD"), "23:59:59", zone)).toISOString(),
      },
      { onSuccess: (made) => onMade(made.bearer) },
    );
  return (
    <Modal
      open
      title={t("token.make")}
      okText={t("token.makeNow")}
      cancelText={t("common.cancel")}
      confirmLoading={make.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ roles: grants.map((_, index) => index), until: today.add(firstDays, "day") }}
        onFinish={send}
      >
        <Form.Item
          name="name"
          label={t("token.name")}
          extra={t("token.nameHint")}
          rules={[{ required: true, whitespace: true, message: t("token.needName") }]}
        >
          <Input maxLength={60} autoFocus />
        </Form.Item>
        <Form.Item
          name="roles"
          label={t("token.roles")}
          extra={t("token.rolesHint")}
          required={false} // a group of boxes has no aria-required; the rule says it
          rules={[{ required: true, type: "array", min: 1, message: t("token.needRole") }]}
        >
          <Checkbox.Group
            className="bk-stack"
            options={grants.map((grant, index) => {
              const where = grant.premises_name || grant.region_name;
              const role = t(`role.${grant.role}`);
              return { value: index, label: where ? t("token.roleAt", { role, where }) : role };
            })}
          />
        </Form.Item>
        <Form.Item name="networks" label={t("token.networks")} extra={t("token.networksHint")}>
          <Input.TextArea rows={2} maxLength={600} placeholder="10.1.0.0/16" />
        </Form.Item>
        <Form.Item name="until" label={t("token.expires")} rules={[{ required: true, message: t("token.needExpiry") }]}>
          <DatePicker
            className="bk-wide"
            allowClear={false}
            inputReadOnly
            minDate={today}
            maxDate={today.add(mostDays, "day")}
          />
        </Form.Item>
        {make.isError && asProblem(make.error).code !== "auth.step_up_required" && (
          <Alert type="warning" showIcon role="alert" title={say(make.error)} />
        )}
      </Form>
    </Modal>
  );
}
