import { CloseCircleFilled, SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, DatePicker, Input, Select, Tag } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type AuditQuestion, useAuditKinds } from "@/shared/api/audit";
import { useZone } from "@/shared/api/system";
import { formatClock, formatIsoDate, parseZoned } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { groupOf, groupWords, narrowings, type Wish } from "./question";

interface Props {
  question: AuditQuestion;
  put: (changes: Partial<Record<Wish, string>>) => void;
  onClear: () => void;
}

/** Person, action, premises, time, result; and what was chosen in a row. */
export function AuditTools({ question, put, onClear }: Props) {
  const { t } = useTranslation();
  const isPhone = useMedia(isPhoneQuery);
  const [isOpen, setOpen] = useState(false);
  const chosen = narrowings.filter((name) => question[name]);
  if (isPhone && !isOpen)
    return (
      <div className="bk-tools">
        <WordField name="person" value={question.person} put={put} />
        <Button className="bk-audit-all" onClick={() => setOpen(true)}>
          {t("audit.moreConditions")}
        </Button>
      </div>
    );
  return (
    <>
      <div className="bk-tools">
        <WordField name="person" value={question.person} put={put} />
        <WordField name="place" value={question.place} put={put} />
        <KindField kinds={question.kind ?? []} put={put} />
        <TimeField question={question} put={put} />
        <Select
          className="bk-filter"
          allowClear
          aria-label={t("audit.result")}
          placeholder={t("audit.anyResult")}
          value={question.decision || null}
          options={(["allowed", "refused"] as const).map((value) => ({ value, label: t(`audit.result.${value}`) }))}
          onChange={(value?: string | null) => put({ decision: value ?? "" })}
        />
        <WordField name="text" value={question.text} put={put} />
      </div>
      {chosen.length > 0 && (
        <div className="bk-tools">
          {chosen.map((name) => (
            <Tag key={name} closable onClose={() => put({ [name]: "" })} className="bk-narrowing">
              {t(`audit.narrow.${name}`)} <span className="bk-mono">{question[name]}</span>
            </Tag>
          ))}
          <Button type="link" className="bk-link-button" onClick={onClear}>
            {t("audit.clear")}
          </Button>
        </div>
      )}
    </>
  );
}

function WordField({
  name,
  value,
  put,
}: {
  name: "person" | "place" | "text";
  value: string | undefined;
  put: Props["put"];
}) {
  const { t } = useTranslation();
  return (
    <Input
      className="bk-audit-word"
      allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("audit.clearField")} /> }}
      prefix={<SearchOutlined aria-hidden />}
      aria-label={t(`audit.field.${name}`)}
      placeholder={t(`audit.field.${name}`)}
      maxLength={64}
      value={value ?? ""}
      onChange={(event) => put({ [name]: event.target.value })}
    />
  );
}

function KindField({ kinds, put }: { kinds: readonly string[]; put: Props["put"] }) {
  const { t } = useTranslation();
  const known = useQuery(useAuditKinds()).data ?? [];
  const options = groupWords
    .map((word) => ({
      label: t(`audit.group.${word}`),
      options: known
        .filter(({ kind }) => groupOf(kind) === word)
        .map(({ kind, action }) => ({ value: kind, label: action })),
    }))
    .filter((group) => group.options.length > 0);
  return (
    <Select<string[]>
      mode="multiple"
      className="bk-audit-kinds"
      allowClear
      maxTagCount="responsive"
      aria-label={t("audit.action")}
      placeholder={t("audit.anyAction")}
      optionFilterProp="label"
      popupMatchSelectWidth={false}
      listHeight={400}
      value={known.length > 0 ? [...kinds] : []}
      options={options}
      onChange={(values) => put({ kind: values.join(",") })}
    />
  );
}

const dayMs = 86_400_000;

/** From and to by the city's clock, whatever clock this machine goes by. */
function TimeField({ question, put }: { question: AuditQuestion; put: Props["put"] }) {
  const { t } = useTranslation();
  const zone = useZone();
  const shown = (at: string | undefined) => {
    const ms = at ? Date.parse(at) : Number.NaN;
    return Number.isNaN(ms) ? null : dayjs(`${formatIsoDate(ms, zone)}T${formatClock(ms, zone)}`);
  };
  const instant = (at: Dayjs | null | undefined) =>
    at ? new Date(parseZoned(at.format("YYYY-MM-DD"), at.format("HH:mm:ss"), zone)).toISOString() : "";
  const today = dayjs(`${formatIsoDate(serverNowMs(), zone)}T00:00:00`);
  const since = (days: number): [Dayjs, Dayjs] => [
    dayjs(today.valueOf() - days * dayMs),
    dayjs(today.valueOf() + dayMs),
  ];
  return (
    <DatePicker.RangePicker
      className="bk-audit-time"
      showTime={{ format: "HH:mm" }}
      format="YYYY-MM-DD HH:mm"
      allowEmpty={[true, true]}
      inputReadOnly
      aria-label={t("audit.time")}
      placeholder={[t("audit.from"), t("audit.to")]}
      value={[shown(question.from), shown(question.to)]}
      presets={[
        { label: t("audit.today"), value: since(0) },
        { label: t("audit.days", { count: 7 }), value: since(6) },
        { label: t("audit.days", { count: 30 }), value: since(29) },
      ]}
      onChange={(range) => put({ from: instant(range?.[0]), to: instant(range?.[1]) })}
    />
  );
}
