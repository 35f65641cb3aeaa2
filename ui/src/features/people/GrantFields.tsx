import { useQuery } from "@tanstack/react-query";
import { DatePicker, Form, Select, TreeSelect } from "antd";
import type { Dayjs } from "dayjs";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { type GrantIn, grantableRolesQuery, regionsQuery } from "@/shared/api/people";
import { premisesFoundQuery } from "@/shared/api/premisesSearch";
import { useZone } from "@/shared/api/system";
import { parseZoned } from "@/shared/time/format";
import { levelsOf, regionTree, usePeopleWords } from "./words";

export interface GrantFieldValues {
  role: string;
  region?: string;
  premises?: string;
  until?: Dayjs | null;
}

/** What is sent: a role ends with the last second of the day chosen, by the city's clock. */
export function grantFrom(values: GrantFieldValues, zone: string): GrantIn {
  const endsMs = values.until ? parseZoned(values.until.format("YYYY-MM-DD"), "23:59:59", zone) : undefined;
  return {
    role: values.role,
    region: values.region ?? "",
    categories: [],
    premises: values.premises ?? null,
    expires_at: endsMs === undefined ? null : new Date(endsMs).toISOString(),
  };
}

export function useGrantFrom() {
  const zone = useZone();
  return (values: GrantFieldValues) => grantFrom(values, zone);
}

/** Role, and what the role demands besides. Must stand in a form of `GrantFieldValues`. */
export function GrantFields() {
  const { t } = useTranslation();
  const words = usePeopleWords();
  const roles = useQuery(grantableRolesQuery).data ?? [];
  const regions = useQuery(regionsQuery).data ?? [];
  const form = Form.useFormInstance<GrantFieldValues>();
  const chosen = Form.useWatch("role", form);
  const role = roles.find((each) => each.role === chosen);
  const levels = levelsOf(role?.reach ?? "");
  return (
    <>
      <Form.Item name="role" label={t("people.role")} rules={[{ required: true, message: t("people.needRole") }]}>
        <Select
          options={roles.map((each) => ({ value: each.role, label: words.role(each.role) }))}
          onChange={() => form.resetFields(["region", "premises"])}
          {...(role?.needs_four_eyes ? { status: "" as const } : {})}
        />
      </Form.Item>
      {role?.needs_four_eyes && <p className="bk-secondary bk-field-note">{t("people.needsFourEyes")}</p>}
      {levels.length > 0 && (
        <Form.Item
          name="region"
          label={t("people.region")}
          rules={[{ required: true, message: t("people.needRegion") }]}
        >
          <TreeSelect
            treeData={regionTree(regions, levels)}
            treeDefaultExpandAll={regions.length < 40}
            {...(regions[0] ? { treeDefaultExpandedKeys: [regions[0].code] } : {})}
            showSearch
            treeNodeFilterProp="title"
            placeholder={t(`people.reach.${role?.reach ?? "region"}`)}
          />
        </Form.Item>
      )}
      {role?.reach === "premises" && <PremisesField />}
      <Form.Item name="until" label={t("people.until")} extra={t("people.untilHint")}>
        <DatePicker className="bk-wide" placeholder={t("people.untilNone")} />
      </Form.Item>
    </>
  );
}

function PremisesField() {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const found = useQuery(premisesFoundQuery(useDeferredValue(text)));
  return (
    <Form.Item
      name="premises"
      label={t("people.premises")}
      rules={[{ required: true, message: t("people.needPremises") }]}
    >
      <Select
        showSearch={{ filterOption: false, onSearch: setText }}
        placeholder={t("people.premisesHint")}
        loading={found.isFetching}
        notFoundContent={text ? t("people.premisesNone") : t("people.premisesHint")}
        options={(found.data ?? []).map((each) => ({ value: each.id, label: each.name }))}
      />
    </Form.Item>
  );
}
