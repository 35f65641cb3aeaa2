import { PlusOutlined } from "@ant-design/icons";
import { App, Button, Form, Input, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import {
  type Person,
  type PremisesFile,
  type Purpose,
  type SecretField,
  useAddPerson,
  useChangePerson,
  useRemovePerson,
  useUnmask,
} from "@/shared/api/premises";
import { showFieldProblems, useRequired } from "./form";
import { personKinds, purposes } from "./words";

const unmaskAction: Record<SecretField, string> = {
  phone: "premises.unmask_phone",
  id_no: "premises.unmask_id_no",
};

/** Who answers for the premises. Numbers are masked; 查看 asks for the purpose and is written into the audit. */
export function PeoplePanel({ premises }: { premises: PremisesFile }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState<Person | "new">();
  const [asking, setAsking] = useState<{ person: Person; field: SecretField }>();
  const mayEdit = premises.abilities.includes("premises.people");
  const mayUnmask = (field: SecretField) => premises.abilities.includes(unmaskAction[field]);
  return (
    <section className="bk-section">
      <div className="bk-section-head">
        <h2>{t("premises.people")}</h2>
        {mayEdit && (
          <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => setEditing("new")}>
            {t("premises.addPerson")}
          </Button>
        )}
      </div>
      {premises.people.length === 0 && <p className="bk-muted">{t("premises.noPeople")}</p>}
      <ul className="bk-people">
        {premises.people.map((person) => (
          <li key={person.id}>
            <div className="bk-person-name">
              <strong>{person.name}</strong>
              <span className="bk-secondary">{t(`premises.person.${person.kind}`)}</span>
              <span className="bk-grow" />
              {mayEdit && (
                <Button type="link" size="small" onClick={() => setEditing(person)}>
                  {t("common.edit")}
                </Button>
              )}
            </div>
            {(["phone", "id_no"] as const).map(
              (field) =>
                person[field] && (
                  <div key={field} className="bk-person-number">
                    <span className="bk-secondary">{t(`premises.${field}`)}</span>
                    <span className="bk-figures">{person[field]}</span>
                    {mayUnmask(field) && (
                      <Button type="link" size="small" onClick={() => setAsking({ person, field })}>
                        {t("premises.unmask")}
                      </Button>
                    )}
                  </div>
                ),
            )}
          </li>
        ))}
      </ul>
      {editing && (
        <PersonDialog
          premises={premises}
          person={editing === "new" ? undefined : editing}
          onClose={() => setEditing(undefined)}
        />
      )}
      {asking && <UnmaskDialog premises={premises} {...asking} onClose={() => setAsking(undefined)} />}
    </section>
  );
}

interface UnmaskProps {
  premises: PremisesFile;
  person: Person;
  field: SecretField;
  onClose: () => void;
}

function UnmaskDialog({ premises, person, field, onClose }: UnmaskProps) {
  const { t } = useTranslation();
  const say = useProblemText();
  const unmask = useUnmask(premises.id);
  const [purpose, setPurpose] = useState<Purpose>();
  const ask = () => purpose && unmask.mutate({ person: person.id, field, purpose });
  return (
    <Modal
      open
      title={t("premises.unmaskTitle", { name: person.name, field: t(`premises.${field}`) })}
      onCancel={onClose}
      footer={
        unmask.data ? (
          <Button onClick={onClose}>{t("common.close")}</Button>
        ) : (
          <>
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button type="primary" disabled={!purpose} loading={unmask.isPending} onClick={ask}>
              {t("premises.unmask")}
            </Button>
          </>
        )
      }
    >
      {unmask.data ? (
        <p className="bk-unmasked" role="status">
          {unmask.data}
        </p>
      ) : (
        <div className="bk-stack bk-gap">
          <p>{t("premises.unmaskText")}</p>
          <Select<Purpose>
            aria-label={t("premises.purpose")}
            placeholder={t("premises.purpose")}
            value={purpose ?? null}
            options={purposes.map((value) => ({ value, label: t(`premises.purpose.${value}`) }))}
            onChange={setPurpose}
          />
          {unmask.isError && (
            <p className="bk-error-text" role="alert">
              {say(unmask.error)}
            </p>
          )}
        </div>
      )}
    </Modal>
  );
}

interface PersonFields {
  kind: Person["kind"];
  name: string;
  phone?: string;
  id_no?: string;
}

function PersonDialog({
  premises,
  person,
  onClose,
}: {
  premises: PremisesFile;
  person: Person | undefined;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const required = useRequired();
  const [form] = Form.useForm<PersonFields>();
  const add = useAddPerson(premises.id);
  const change = useChangePerson(premises.id);
  const remove = useRemovePerson(premises.id);
  const failed = [add, change, remove].find((each) => each.isError)?.error;
  const submit = ({ kind, name, phone, id_no }: PersonFields) => {
    const numbers = { ...(phone ? { phone } : {}), ...(id_no ? { id_no } : {}) };
    const options = {
      onSuccess: () => {
        message.success(t("premises.personSaved", { name }));
        onClose();
      },
      onError: (error: unknown) => showFieldProblems(form, error, ["kind", "name", "phone", "id_no"]),
    };
    if (person) change.mutate({ person, patch: { kind, name, ...numbers } }, options);
    else add.mutate({ kind, name, ...numbers }, options);
  };
  return (
    <Modal
      open
      title={person ? t("premises.editPerson") : t("premises.addPerson")}
      onCancel={onClose}
      footer={
        <div className="bk-dialog-foot">
          {person && (
            <Button loading={remove.isPending} onClick={() => remove.mutate(person, { onSuccess: onClose })}>
              {t("premises.removePerson")}
            </Button>
          )}
          <span className="bk-grow" />
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="primary" loading={add.isPending || change.isPending} onClick={() => form.submit()}>
            {t("common.save")}
          </Button>
        </div>
      }
    >
      <Form<PersonFields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={person ? { kind: person.kind, name: person.name } : { kind: "RESPONSIBLE" }}
        onFinish={submit}
      >
        <Form.Item name="kind" label={t("premises.personKind")}>
          <Select options={personKinds.map((value) => ({ value, label: t(`premises.person.${value}`) }))} />
        </Form.Item>
        <Form.Item name="name" label={t("premises.personName")} rules={required(t("premises.personName"))}>
          <Input maxLength={50} autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="phone"
          label={t("premises.phone")}
          extra={person?.phone ? t("premises.numberKept", { number: person.phone }) : undefined}
        >
          <Input maxLength={20} autoComplete="off" inputMode="tel" />
        </Form.Item>
        <Form.Item
          name="id_no"
          label={t("premises.id_no")}
          extra={person?.id_no ? t("premises.numberKept", { number: person.id_no }) : t("premises.idHint")}
        >
          <Input maxLength={20} autoComplete="off" className="bk-mono" />
        </Form.Item>
      </Form>
      {failed !== undefined && (
        <p className="bk-error-text" role="alert">
          {say(failed)}
        </p>
      )}
    </Modal>
  );
}
