import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Drawer, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import { organisationsQuery, useInvite } from "@/shared/api/people";
import { asProblem } from "@/shared/api/problem";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { GrantFields, type GrantFieldValues, useGrantFrom } from "./GrantFields";
import { LinkOnce } from "./LinkOnce";

interface Fields extends GrantFieldValues {
  username: string;
  name: string;
  organisation?: string;
}

const ownFields = ["username", "name", "organisation", "role", "region", "premises"] as const;

/** Makes a log-in and shows its link, once. */
export function InviteDrawer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Fields>();
  const say = useProblemText();
  const invite = useInvite();
  const grantFrom = useGrantFrom();
  const organisations = useQuery(organisationsQuery).data ?? [];
  const isPhone = useMedia(isPhoneQuery);
  const submit = (fields: Fields) =>
    invite.mutate(
      {
        username: fields.username.trim(),
        name: fields.name.trim(),
        organisation: fields.organisation ?? "",
        grants: [grantFrom(fields)],
      },
      {
        onError: (error) =>
          form.setFields(
            asProblem(error).fields.flatMap(({ field, detail }) => {
              const name = ownFields.find((each) => each === field);
              return name ? [{ name, errors: [detail] }] : [];
            }),
          ),
      },
    );
  const made = invite.data;
  return (
    <Drawer
      open
      size={isPhone ? "100%" : 480}
      title={t("people.inviteTitle")}
      onClose={onClose}
      mask={{ closable: false }}
      footer={
        <div className="bk-drawer-foot">
          {made ? (
            <Button type="primary" onClick={onClose}>
              {t("people.linkDone")}
            </Button>
          ) : (
            <>
              <Button onClick={onClose}>{t("common.cancel")}</Button>
              <Button type="primary" loading={invite.isPending} onClick={() => form.submit()}>
                {t("people.makeLink")}
              </Button>
            </>
          )}
        </div>
      }
    >
      {made ? (
        <>
          <LinkOnce
            page="invite"
            code={made.code}
            expiresAt={made.expires_at}
            title={t("people.invited", { name: made.person.name })}
            advice={t("people.inviteAdvice")}
          />
          {made.requests.length > 0 && <Alert type="info" showIcon title={t("people.requested")} />}
        </>
      ) : (
        <Form<Fields> form={form} layout="vertical" requiredMark={false} onFinish={submit} scrollToFirstError>
          <Form.Item name="name" label={t("people.name")} rules={[{ required: true, message: t("people.needName") }]}>
            <Input maxLength={50} autoComplete="off" />
          </Form.Item>
          <Form.Item
            name="username"
            label={t("people.username")}
            extra={t("people.usernameHint")}
            rules={[
              { required: true, message: t("people.needUsername") },
              { pattern: /^[A-Za-z0-9._@-]{1,64}$/, message: t("people.usernameHint") },
            ]}
          >
            <Input maxLength={64} autoComplete="off" autoCapitalize="none" spellCheck={false} />
          </Form.Item>
          {organisations.length > 0 && (
            <Form.Item name="organisation" label={t("people.organisation")}>
              <Select
                allowClear
                showSearch={{ optionFilterProp: "label" }}
                placeholder={t("people.none")}
                options={organisations.map(({ id, name }) => ({ value: id, label: name }))}
              />
            </Form.Item>
          )}
          <GrantFields />
          {invite.isError && <Alert type="error" showIcon role="alert" title={say(invite.error)} />}
        </Form>
      )}
    </Drawer>
  );
}
