import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, DatePicker, Form, Input, InputNumber, Radio, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { zoneCodes } from "@/shared/camera/zones";
import { useKinds } from "@/shared/premises/useKinds";

type Path = (string | number)[];

interface FieldProps {
  path: Path;
  label: string;
  hint?: string;
  isOptional?: boolean;
}

function useRequired() {
  const { t } = useTranslation();
  return (label: string, isOptional = false) =>
    isOptional ? [] : [{ required: true, message: t("form.required", { field: label }) }];
}

function TextField({ path, label, hint, isOptional }: FieldProps) {
  const required = useRequired();
  return (
    <Form.Item name={path as never} label={label} extra={hint} rules={required(label, isOptional)}>
      <Input autoComplete="off" />
    </Form.Item>
  );
}

const isoDate = "YYYY-MM-DD";

/** A day, held as the API writes it. The browser's own field would speak the browser's language. */
function DateField({ path, label }: FieldProps) {
  const required = useRequired();
  return (
    <Form.Item
      name={path as never}
      label={label}
      rules={required(label)}
      getValueProps={(day?: string) => ({ value: day ? dayjs(day) : null })}
      normalize={(day: Dayjs | null) => day?.format(isoDate)}
    >
      <DatePicker className="bk-wide" format={isoDate} />
    </Form.Item>
  );
}

function NumberField({ path, label, min, max, unit }: FieldProps & { min: number; max: number; unit: string }) {
  const required = useRequired();
  return (
    <Form.Item name={path as never} label={label} rules={required(label)}>
      <InputNumber min={min} max={max} suffix={unit} className="bk-wide" />
    </Form.Item>
  );
}

function ZoneField({ path }: { path: Path }) {
  const { t } = useTranslation();
  const kinds = useKinds();
  const required = useRequired();
  const label = t("camera.zone");
  return (
    <Form.Item name={path as never} label={label} rules={required(label)} extra={t("form.zoneHint")}>
      <Select options={zoneCodes.map((code) => ({ value: code, label: kinds.zone(code) }))} />
    </Form.Item>
  );
}

export function ReasonField() {
  const { t } = useTranslation();
  const required = useRequired();
  return (
    <Form.Item name="reason" label={t("field.reason")} rules={required(t("field.reason"))}>
      <Input.TextArea rows={3} maxLength={200} showCount />
    </Form.Item>
  );
}

export function ContractFields() {
  const { t } = useTranslation();
  const required = useRequired();
  const at = (name: string): Path => ["contract", name];
  return (
    <>
      <TextField path={at("number")} label={t("field.contract.number")} />
      <TextField path={at("party")} label={t("field.contract.party")} />
      <TextField
        path={at("credit_code")}
        label={t("field.contract.credit_code")}
        hint={t("field.contract.creditHint")}
      />
      <div className="bk-two">
        <DateField path={at("from_on")} label={t("field.contract.from_on")} />
        <DateField path={at("to_on")} label={t("field.contract.to_on")} />
        <DateField path={at("signed_on")} label={t("field.contract.signed_on")} />
        <Form.Item
          name={["contract", "payer"]}
          label={t("field.contract.payer")}
          rules={required(t("field.contract.payer"))}
        >
          <Select
            options={(["MERCHANT", "OPERATOR", "GOVERNMENT"] as const).map((value) => ({
              value,
              label: t(`payer.${value}`),
            }))}
          />
        </Form.Item>
        <TextField path={at("manager")} label={t("field.contract.manager")} />
        <TextField path={at("operator")} label={t("field.contract.operator")} isOptional />
      </div>
      <Form.Item name={["contract", "data_clause_agreed"]} valuePropName="checked" initialValue={false}>
        <Checkbox>{t("field.contract.data_clause_agreed")}</Checkbox>
      </Form.Item>
    </>
  );
}

/** One entry to begin with; more by a button. */
function Entries({
  path,
  add,
  initial,
  children,
}: {
  path: [string, string];
  add: string;
  initial: object[];
  children: (at: number) => React.ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Form.List name={path} initialValue={initial}>
      {(entries, { add: append, remove }) => (
        <>
          {entries.map(({ key, name }) => (
            <fieldset key={key} className="bk-entry">
              {children(name)}
              {entries.length > 1 && (
                <Button type="text" icon={<DeleteOutlined />} onClick={() => remove(name)}>
                  {t("common.remove")}
                </Button>
              )}
            </fieldset>
          ))}
          <Button icon={<PlusOutlined />} onClick={() => append({})} className="bk-entry-add">
            {add}
          </Button>
        </>
      )}
    </Form.List>
  );
}

export function SurveyFields({ category }: { category: string }) {
  const { t } = useTranslation();
  const { kinds } = useKinds();
  const profile = kinds?.categories.find(({ code }) => code === category)?.zone_profile;
  const musts = (profile ? kinds?.must_zones[profile] : undefined)?.filter(({ need }) => need === "MUST") ?? [];
  return (
    <>
      <Entries
        path={["survey", "points"]}
        add={t("field.survey.add")}
        initial={musts.length > 0 ? musts.map(({ zone }) => ({ zone, has_power: true, light: "GOOD" })) : [{}]}
      >
        {(at) => <SurveyPoint at={at} />}
      </Entries>
      <TextField path={["survey", "materials"]} label={t("field.survey.materials")} isOptional />
      <Form.Item name={["survey", "result"]} label={t("field.survey.result")} initialValue="SUITABLE">
        <Radio.Group
          options={(["SUITABLE", "AFTER_WORKS"] as const).map((value) => ({ value, label: t(`survey.${value}`) }))}
        />
      </Form.Item>
    </>
  );
}

function SurveyPoint({ at }: { at: number }) {
  const { t } = useTranslation();
  return (
    <>
      <ZoneField path={[at, "zone"]} />
      <TextField path={[at, "place"]} label={t("field.survey.place")} />
      <div className="bk-two">
        <NumberField path={[at, "up_mbps"]} label={t("field.up_mbps")} min={0.1} max={10_000} unit="Mbps" />
        <NumberField path={[at, "height_m"]} label={t("field.height_m")} min={0.5} max={20} unit="m" />
        <Form.Item name={[at, "light"]} label={t("field.survey.light")} initialValue="GOOD">
          <Select
            options={(["GOOD", "DIM", "BACKLIT"] as const).map((value) => ({ value, label: t(`light.${value}`) }))}
          />
        </Form.Item>
        <TextField path={[at, "obstacles"]} label={t("field.survey.obstacles")} isOptional />
      </div>
      <Form.Item name={[at, "has_power"]} valuePropName="checked" initialValue={true}>
        <Checkbox>{t("field.survey.has_power")}</Checkbox>
      </Form.Item>
    </>
  );
}

export function WorkOrderFields() {
  const { t } = useTranslation();
  return (
    <>
      <div className="bk-two">
        <TextField path={["work_order", "installer"]} label={t("field.order.installer")} />
        <DateField path={["work_order", "planned_on"]} label={t("field.order.planned_on")} />
      </div>
      <Entries path={["work_order", "cameras"]} add={t("field.order.add")} initial={[{}]}>
        {(at) => (
          <>
            <div className="bk-two">
              <TextField path={[at, "sn"]} label={t("field.sn")} />
              <TextField path={[at, "model"]} label={t("field.model")} />
              <TextField path={[at, "mac"]} label={t("field.mac")} />
            </div>
            <TextField path={[at, "gb_id"]} label={t("field.gb_id")} hint={t("field.gbHint")} isOptional />
          </>
        )}
      </Entries>
    </>
  );
}

export function InstallationFields({ cameras }: { cameras: Camera[] }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance();
  useEffect(() => {
    if (cameras.length > 0)
      form.setFieldValue(
        ["installation", "cameras"],
        cameras.map(({ id, zone }) => ({ camera: id, zone })),
      );
  }, [cameras, form]);
  if (cameras.length === 0) return <p>{t("onboarding.noCameras")}</p>;
  return (
    <Form.List name={["installation", "cameras"]}>
      {(entries) =>
        entries.map(({ key, name }) => (
          <fieldset key={key} className="bk-entry">
            <legend>{cameras[name]?.name}</legend>
            <Form.Item name={[name, "camera"]} hidden>
              <Input />
            </Form.Item>
            <ZoneField path={[name, "zone"]} />
            <div className="bk-two">
              <NumberField path={[name, "height_m"]} label={t("field.height_m")} min={0.5} max={20} unit="m" />
              <NumberField path={[name, "angle_deg"]} label={t("field.angle_deg")} min={0} max={90} unit="°" />
              <NumberField path={[name, "up_mbps"]} label={t("field.speed")} min={0.1} max={10_000} unit="Mbps" />
            </div>
          </fieldset>
        ))
      }
    </Form.List>
  );
}

export function AcceptanceFields() {
  const { t } = useTranslation();
  const required = useRequired();
  return (
    <>
      <Form.Item name={["acceptance", "talk"]} label={t("check.talk")} rules={required(t("check.talk"))}>
        <Radio.Group
          options={(["OK", "NOT_CAPABLE"] as const).map((value) => ({ value, label: t(`talk.${value}`) }))}
        />
      </Form.Item>
      <Form.Item name={["acceptance", "notice_sign_confirmed"]} valuePropName="checked" initialValue={false}>
        <Checkbox>{t("field.acceptance.notice_sign_confirmed")}</Checkbox>
      </Form.Item>
      <TextField
        path={["acceptance", "notice_sign_note"]}
        label={t("field.acceptance.notice_sign_note")}
        hint={t("field.acceptance.noPhotoYet")}
        isOptional
      />
      <TextField path={["acceptance", "police_filing_no"]} label={t("field.acceptance.police_filing_no")} isOptional />
    </>
  );
}

export function ClosedDaysFields() {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item name={["suspension", "kind"]} label={t("field.closed.kind")} initialValue="CLOSED">
        <Radio.Group
          options={(["CLOSED", "HOLIDAY", "RENOVATION"] as const).map((value) => ({
            value,
            label: t(`closed.${value}`),
          }))}
        />
      </Form.Item>
      <div className="bk-two">
        <DateField path={["suspension", "from_on"]} label={t("field.closed.from_on")} />
        <DateField path={["suspension", "to_on"]} label={t("field.closed.to_on")} />
      </div>
    </>
  );
}
