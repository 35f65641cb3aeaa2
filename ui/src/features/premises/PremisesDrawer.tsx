import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Checkbox, Drawer, Form, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import { type PremisesFile, useAddPremises, useChangePremises } from "@/shared/api/premises";
import { asProblem } from "@/shared/api/problem";
import { regionsQuery } from "@/shared/api/regions";
import { sessionQuery } from "@/shared/api/session";
import { RegionSelect } from "@/shared/premises/RegionSelect";
import { useKinds } from "@/shared/premises/useKinds";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { ConflictDialog } from "./ConflictDialog";
import { bodyOf, emptyFields, type FieldName, type Fields, fieldNames, fieldsOf, mayChange, patchOf } from "./fields";
import { showFieldProblems, useRequired } from "./form";
import { grades } from "./words";

interface Props {
  premises: PremisesFile | undefined;
  onClose: () => void;
  onSaved: (saved: { id: string }) => void;
}

/** Adding or changing a premises. Shows only the fields that are this person's to change. */
export function PremisesDrawer({ premises, onClose, onSaved }: Props) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const isPhone = useMedia(isPhoneQuery);
  const [form] = Form.useForm<Fields>();
  const add = useAddPremises();
  const change = useChangePremises(premises?.id ?? "");
  const general = useQuery(sessionQuery).data?.abilities ?? [];
  const abilities = premises
    ? premises.abilities
    : general.map((each) => (each === "premises.add" ? "premises.change" : each));
  // What the form began with; after a conflict, what somebody else saved.
  const [base, setBase] = useState<{ fields: Fields; etag: string }>(() =>
    premises ? { fields: fieldsOf(premises), etag: premises.etag } : { fields: emptyFields, etag: "" },
  );
  const [conflict, setConflict] = useState<{ mine: Fields; theirs: PremisesFile }>();
  const regionName = useRegionName();
  const failed = premises ? change.error : add.error;
  const onSuccess = (saved: { id: string; name: string }) => {
    message.success(t(premises ? "premises.saved" : "premises.added", { name: saved.name }));
    onSaved(saved);
  };
  const onError = (mine: Fields) => (error: unknown) => {
    const { status, current } = asProblem(error);
    if (status === 412 && isFile(current)) setConflict({ mine, theirs: current });
    else showFieldProblems(form, error, fieldNames);
  };
  const save = (fields: Fields, before: { fields: Fields; etag: string }) => {
    const options = { onSuccess, onError: onError(fields) };
    if (!premises) add.mutate(bodyOf(fields), options);
    else change.mutate({ etag: before.etag, patch: patchOf(before.fields, fields) }, options);
  };
  const resolve = (merged: Fields) => {
    if (!conflict) return;
    const next = { fields: fieldsOf(conflict.theirs), etag: conflict.theirs.etag };
    setBase(next);
    setConflict(undefined);
    form.setFieldsValue(merged);
    save(merged, next);
  };
  const submit = (given: Partial<Fields>) => save({ ...base.fields, ...trimmed(given) }, base);
  return (
    <Drawer
      open
      size={isPhone ? "100%" : 560}
      title={premises ? t("premises.editTitle") : t("premises.addTitle")}
      onClose={onClose}
      mask={{ closable: false }}
      footer={
        <div className="bk-drawer-foot">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="primary" loading={add.isPending || change.isPending} onClick={() => form.submit()}>
            {t("common.save")}
          </Button>
        </div>
      }
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        initialValues={base.fields}
        onFinish={submit}
        scrollToFirstError
        requiredMark={false}
      >
        <FormFields may={(name) => mayChange(name, abilities)} />
        {failed && asProblem(failed).status !== 412 && <Alert type="error" showIcon role="alert" title={say(failed)} />}
      </Form>
      {conflict && (
        <ConflictDialog
          base={base.fields}
          mine={conflict.mine}
          theirs={fieldsOf(conflict.theirs)}
          regionName={regionName}
          onResolved={resolve}
          onClose={() => setConflict(undefined)}
        />
      )}
    </Drawer>
  );
}

function isFile(value: unknown): value is PremisesFile {
  return typeof value === "object" && value !== null && "view" in value && value.view === "file";
}

/** Text without needless spaces; a field that the form leaves undefined is empty. */
function trimmed(given: Partial<Fields>): Partial<Fields> {
  const entries = Object.entries(given).map(([name, value]) => [
    name,
    typeof value === "string" ? value.trim() : (value ?? emptyFields[name as FieldName]),
  ]);
  return Object.fromEntries(entries) as Partial<Fields>;
}

function useRegionName() {
  const regions = useQuery(regionsQuery).data ?? [];
  const names = new Map(regions.map(({ code, name }) => [code, name]));
  return (code: string) =>
    [names.get(code.slice(0, 6)), code.length > 6 ? names.get(code) : ""].filter(Boolean).join(" ");
}

function FormFields({ may }: { may: (name: FieldName) => boolean }) {
  const { t } = useTranslation();
  const required = useRequired();
  const { categoryOptions, optionalZones, zone } = useKinds();
  const category = Form.useWatch<string | undefined>("category");
  const isDue = Form.useWatch<boolean | undefined>("is_due");
  const options = optionalZones(category);
  const isAll = may("name");
  return (
    <>
      {isAll && (
        <>
          <Form.Item name="name" label={t("premises.fieldName.name")} rules={required(t("premises.fieldName.name"))}>
            <Input maxLength={100} />
          </Form.Item>
          <div className="bk-two">
            <Form.Item
              name="category"
              label={t("premises.category")}
              rules={[{ required: true, message: t("form.required", { field: t("premises.category") }) }]}
            >
              <Select showSearch={{ optionFilterProp: "label" }} options={categoryOptions} />
            </Form.Item>
            <Form.Item
              name="region"
              label={t("premises.region")}
              rules={[{ required: true, message: t("form.required", { field: t("premises.region") }) }]}
            >
              <RegionSelect />
            </Form.Item>
          </div>
          <Form.Item name="address" label={t("premises.address")}>
            <Input maxLength={200} />
          </Form.Item>
          <Form.Item name="credit_code" label={t("premises.creditCode")} extra={t("premises.creditHint")}>
            <Input className="bk-mono" maxLength={24} spellCheck={false} autoCapitalize="characters" />
          </Form.Item>
          <div className="bk-two">
            <Form.Item name="licence_no" label={t("premises.licenceNo")} extra={t("premises.licenceHint")}>
              <Input className="bk-mono" maxLength={24} spellCheck={false} autoCapitalize="characters" />
            </Form.Item>
            <Form.Item name="licence_expires_on" label={t("premises.licenceUntil")} extra={t("premises.dateHint")}>
              <Input maxLength={10} inputMode="numeric" />
            </Form.Item>
          </div>
          <div className="bk-two">
            <Form.Item name="longitude_deg" label={t("premises.longitude")} extra={t("premises.pointHint")}>
              <InputNumber className="bk-wide" controls={false} precision={6} />
            </Form.Item>
            <Form.Item name="latitude_deg" label={t("premises.latitude")}>
              <InputNumber className="bk-wide" controls={false} precision={6} />
            </Form.Item>
            <Form.Item name="area_m2" label={t("premises.area")} extra={t("premises.areaHint")}>
              <InputNumber className="bk-wide" controls={false} suffix="m²" />
            </Form.Item>
            <Form.Item name="diners" label={t("premises.diners")}>
              <InputNumber className="bk-wide" controls={false} precision={0} />
            </Form.Item>
          </div>
          {options.length > 0 && (
            <Form.Item name="present_zones" label={t("premises.presentZones")} extra={t("premises.presentHint")}>
              <Checkbox.Group options={options.map((code) => ({ value: code, label: zone(code) }))} />
            </Form.Item>
          )}
        </>
      )}
      {may("hours") && (
        <Form.Item name="hours" label={t("premises.hours")} extra={t("premises.hoursHint")}>
          <Input className="bk-mono" maxLength={200} />
        </Form.Item>
      )}
      {may("risk_grade") && (
        <Form.Item name="risk_grade" label={t("premises.grade")}>
          <Select
            allowClear
            options={grades.map((value) => ({ value, label: t("premises.gradeOf", { grade: value }) }))}
          />
        </Form.Item>
      )}
      {isAll && (
        <Form.Item name="external_no" label={t("premises.externalNo")} extra={t("premises.externalHint")}>
          <Input maxLength={40} />
        </Form.Item>
      )}
      {may("is_due") && (
        <>
          <Form.Item name="is_due" valuePropName="checked">
            <Checkbox>{t("premises.dueYes")}</Checkbox>
          </Form.Item>
          {isDue && (
            <Form.Item name="exempt_reason" label={t("premises.exemptReason")} extra={t("premises.exemptHint")}>
              <Input maxLength={200} />
            </Form.Item>
          )}
        </>
      )}
    </>
  );
}
