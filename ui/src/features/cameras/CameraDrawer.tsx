import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, AutoComplete, Button, Checkbox, Drawer, Form, type FormInstance, Input, Select } from "antd";
import { type ReactNode, useDeferredValue, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import {
  type Camera,
  type CameraIn,
  type CameraPatch,
  camerasKey,
  useAddCamera,
  useChangeCamera,
} from "@/shared/api/cameras";
import { useProblemText } from "@/shared/api/ProblemText";
import { premisesListQuery } from "@/shared/api/premises";
import { useProbe } from "@/shared/api/probe";
import { asProblem } from "@/shared/api/problem";
import { sessionQuery } from "@/shared/api/session";
import { zoneCodeOf, zoneCodes } from "@/shared/camera/zones";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { checkAddress, splitAddress } from "./address";
import { ProbeResult } from "./ProbeResult";
import { RecordingFacts } from "./RecordingFacts";

interface Fields {
  name: string;
  /** Set while the name is that of a premises which was chosen from the register. */
  premises_id?: string | null;
  premises_name: string;
  zone: string;
  url: string;
  username?: string;
  password?: string;
  sub_path?: string;
  allow_basic?: boolean;
}

const fieldNames = [
  "name",
  "premises_id",
  "premises_name",
  "zone",
  "url",
  "username",
  "password",
  "sub_path",
  "allow_basic",
] as const;

/** What is sent: an empty password is left out, so that a kept one stays. */
export function bodyFrom(fields: Fields): CameraIn {
  const subPath = fields.sub_path?.trim() ?? "";
  return {
    name: fields.name.trim(),
    ...(fields.premises_id === undefined ? {} : { premises_id: fields.premises_id }),
    premises_name: fields.premises_name.trim(),
    zone: fields.zone,
    url: fields.url.trim(),
    username: fields.username?.trim() ?? "",
    ...(fields.password ? { password: fields.password } : {}),
    sub_path: subPath || null,
    allow_basic: fields.allow_basic ?? false,
  };
}

/** What is sent to change a camera: a log-in that nobody touched is left out and stays. */
export function patchFrom(fields: Fields): CameraPatch {
  const { username, password, ...rest } = bodyFrom(fields);
  const login = username || password ? { ...(username ? { username } : {}), ...(password ? { password } : {}) } : {};
  return { ...rest, ...login };
}

function initialFields(camera: Camera | undefined): Partial<Fields> {
  if (!camera) return {};
  return {
    name: camera.name,
    ...(camera.premises_id ? { premises_id: camera.premises_id } : {}),
    premises_name: camera.premises_name,
    zone: zoneCodeOf(camera.zone),
    url: camera.address,
    sub_path: camera.sub_path ?? "",
    allow_basic: camera.allow_basic,
  };
}

export function CameraDrawer({ camera, onClose }: { camera: Camera | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const say = useProblemText();
  const add = useAddCamera();
  const change = useChangeCamera();
  const save = camera ? change : add;
  const isPhone = useMedia(isPhoneQuery);
  const queries = useQueryClient();
  const onFailed = (error: unknown) => {
    showFieldProblems(form, error);
    // Somebody saved first: what is typed stays, and the next attempt is made on what they saved.
    if (asProblem(error).status === 412) void queries.invalidateQueries({ queryKey: camerasKey });
  };
  const submit = (fields: Fields) => {
    const body = bodyFrom(fields);
    const done = (key: "camera.added" | "camera.saved") => () => {
      message.success(t(key, { name: body.name }));
      onClose();
    };
    if (camera)
      change.mutate({ camera, patch: patchFrom(fields) }, { onSuccess: done("camera.saved"), onError: onFailed });
    else add.mutate(body, { onSuccess: done("camera.added"), onError: onFailed });
  };
  return (
    <Drawer
      open
      size={isPhone ? "100%" : 480}
      title={camera ? t("form.editTitle") : t("form.addTitle")}
      onClose={onClose}
      mask={{ closable: false }}
      footer={
        <div className="bk-drawer-foot">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="primary" loading={save.isPending} onClick={() => form.submit()}>
            {camera ? t("common.save") : t("form.submitAdd")}
          </Button>
        </div>
      }
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        initialValues={initialFields(camera)}
        onFinish={submit}
        scrollToFirstError
        requiredMark={false}
      >
        <PlaceFields />
        <ConnectionFields hasPassword={camera?.has_password ?? false} />
        <ProbeRow form={form} camera={camera} />
        {save.isError && <Alert type="error" showIcon role="alert" title={say(save.error)} />}
      </Form>
      {camera && <RecordingFacts camera={camera.id} />}
    </Drawer>
  );
}

function showFieldProblems(form: FormInstance<Fields>, error: unknown): void {
  const found = asProblem(error).fields.flatMap(({ field, detail }) => {
    const name = field === "premises_id" ? "premises_name" : fieldNames.find((each) => each === field);
    return name ? [{ name, errors: [detail] }] : [];
  });
  if (found.length > 0) form.setFields(found);
}

function useRequired() {
  const { t } = useTranslation();
  return (label: string) => [{ required: true, whitespace: true, message: t("form.required", { field: label }) }];
}

interface PremisesOption {
  key: string;
  value: string;
  label: ReactNode;
  premises_id: string;
}

const offered = 20;

/** Premises of the register whose name, initials or number fit what is typed. */
function usePremisesOptions(text: string): PremisesOption[] {
  const wanted = useDeferredValue(text.trim());
  const canList = useQuery(sessionQuery).data?.abilities.includes("premises.list") ?? false;
  const found = useInfiniteQuery({
    ...premisesListQuery(wanted ? { text: wanted.slice(0, 64) } : {}, offered),
    enabled: canList,
  }).data?.pages[0]?.items;
  return (found ?? []).map(({ id, name, region_name }) => ({
    key: id,
    value: name,
    premises_id: id,
    label: (
      <span className="bk-name-cell">
        <span>{name}</span>
        <span className="bk-secondary">{region_name}</span>
      </span>
    ),
  }));
}

function PlaceFields() {
  const { t } = useTranslation();
  const required = useRequired();
  const form = Form.useFormInstance<Fields>();
  const options = usePremisesOptions(Form.useWatch<string | undefined>("premises_name") ?? "");
  // Another name is another premises: the link to the register goes with the old one.
  const unlink = () => {
    if (form.getFieldValue("premises_id") !== undefined) form.setFieldValue("premises_id", null);
  };
  return (
    <>
      <Form.Item name="name" label={t("camera.name")} rules={required(t("camera.name"))}>
        <Input maxLength={100} />
      </Form.Item>
      <Form.Item name="premises_name" label={t("camera.premises")} rules={required(t("camera.premises"))}>
        <AutoComplete
          options={options}
          showSearch={{ onSearch: unlink }}
          onSelect={(_, { premises_id }) => form.setFieldValue("premises_id", premises_id)}
        />
      </Form.Item>
      <Form.Item name="premises_id" hidden>
        <Input />
      </Form.Item>
      <Form.Item name="zone" label={t("camera.zone")} rules={required(t("camera.zone"))} extra={t("form.zoneHint")}>
        <Select options={zoneCodes.map((code) => ({ value: code, label: t(`zone.${code}`) }))} />
      </Form.Item>
    </>
  );
}

function ConnectionFields({ hasPassword }: { hasPassword: boolean }) {
  const { t } = useTranslation();
  const required = useRequired();
  const form = Form.useFormInstance<Fields>();
  const takeLogin = () => {
    const split = splitAddress(form.getFieldValue("url") ?? "");
    if (!split) return;
    form.setFieldsValue({
      url: split.url,
      username: split.username,
      ...(split.password ? { password: split.password } : {}),
    });
    void form.validateFields(["url"]).catch(() => undefined);
  };
  const checkUrl = async (_: unknown, value: string | undefined) => {
    const fault = value ? checkAddress(value) : "";
    if (fault) throw new Error(t(`form.${fault}`));
  };
  const checkSub = async (_: unknown, value: string | undefined) => {
    if (value?.trim() && !value.trim().startsWith("/")) throw new Error(t("form.subBad"));
  };
  return (
    <>
      <Form.Item
        name="url"
        label={t("form.url")}
        rules={[...required(t("form.url")), { validator: checkUrl }]}
        validateTrigger="onBlur"
        extra={t("form.urlHint")}
      >
        <Input className="bk-mono" spellCheck={false} autoCapitalize="none" maxLength={1000} onBlur={takeLogin} />
      </Form.Item>
      <div className="bk-two">
        <Form.Item name="username" label={t("form.username")}>
          <Input autoComplete="off" spellCheck={false} autoCapitalize="none" maxLength={100} />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("form.password")}
          extra={hasPassword ? t("form.passwordKept") : t("form.passwordHint")}
        >
          <Input.Password autoComplete="new-password" maxLength={200} />
        </Form.Item>
      </div>
      <Form.Item
        name="sub_path"
        label={t("form.subPath")}
        rules={[{ validator: checkSub }]}
        validateTrigger="onBlur"
        extra={t("form.subPathHint")}
      >
        <Input className="bk-mono" spellCheck={false} autoCapitalize="none" maxLength={1000} />
      </Form.Item>
      <Form.Item name="allow_basic" valuePropName="checked">
        <Checkbox>{t("form.allowBasic")}</Checkbox>
      </Form.Item>
    </>
  );
}

/** Tries the address as it stands in the form; nothing is kept. */
function ProbeRow({ form, camera }: { form: FormInstance<Fields>; camera: Camera | undefined }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const probe = useProbe();
  const box = useRef<HTMLDivElement>(null);
  const isAnswered = probe.isSuccess || probe.isError;
  useEffect(() => {
    if (isAnswered) box.current?.scrollIntoView({ block: "end" });
  }, [isAnswered]);
  const run = async () => {
    const fields = await form
      .validateFields(["url", "username", "password", "sub_path", "allow_basic"])
      .catch(() => undefined);
    if (!fields) return;
    const { url, username, password, allow_basic } = bodyFrom({
      ...form.getFieldsValue(),
      name: "",
      premises_name: "",
    });
    probe.mutate(
      {
        url,
        username: username ?? "",
        ...(password ? { password } : {}),
        allow_basic: allow_basic ?? false,
        ...(camera ? { camera: camera.id } : {}),
      },
      { onError: (error) => showFieldProblems(form, error) },
    );
  };
  return (
    <div className="bk-probe" aria-live="polite" ref={box}>
      <Button onClick={() => void run()} loading={probe.isPending}>
        {probe.isPending ? t("form.probing") : t("form.probe")}
      </Button>
      {probe.isError && <Alert type="warning" showIcon title={say(probe.error)} />}
      {probe.data && !probe.isPending && <ProbeResult probe={probe.data} />}
    </div>
  );
}
