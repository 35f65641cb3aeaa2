import { SearchOutlined } from "@ant-design/icons";
import { Button, Input, Segmented, Select } from "antd";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { RegionSelect } from "@/shared/premises/RegionSelect";
import { useKinds } from "@/shared/premises/useKinds";
import { isRangeFit, searchedKinds, type Wanted } from "./asked";
import { MomentInput } from "./MomentInput";

interface Props {
  wanted: Wanted;
  onSearch: (wanted: Wanted) => void;
  isSearching: boolean;
}

const offeredDays = [1, 7, 31, 0];

/** When, where and what; nothing is asked before it is sent. */
export function SearchForm({ wanted, onSearch, isSearching }: Props) {
  const { t } = useTranslation();
  const { kinds, zone, categoryOptions } = useKinds();
  const [form, setForm] = useState(wanted);
  const [isUnfit, setUnfit] = useState(false);
  const put = (changes: Partial<Wanted>) => setForm((old) => ({ ...old, ...changes }));
  const send = (event: FormEvent) => {
    event.preventDefault();
    const isFit = form.lastDays > 0 || isRangeFit(form.fromMs, form.toMs);
    setUnfit(!isFit);
    if (isFit) onSearch(form);
  };
  const days = offeredDays.includes(form.lastDays) ? offeredDays : [form.lastDays, ...offeredDays];
  return (
    <form className="bk-search-form" onSubmit={send}>
      <Segmented<number>
        aria-label={t("recording.search.quick")}
        value={form.lastDays}
        onChange={(lastDays) => put({ lastDays })}
        options={days.map((value) => ({
          value,
          label: offeredDays.includes(value)
            ? t(`recording.search.last.${value}`)
            : t("recording.days", { count: value }),
        }))}
      />
      {form.lastDays === 0 && (
        <>
          <MomentInput
            label={t("recording.from")}
            value={form.fromMs}
            onChange={(atMs) => put({ fromMs: atMs ?? Number.NaN })}
          />
          <MomentInput
            label={t("recording.to")}
            value={form.toMs}
            onChange={(atMs) => put({ toMs: atMs ?? Number.NaN })}
          />
        </>
      )}
      <Select
        className="bk-search-kinds"
        mode="multiple"
        aria-label={t("recording.search.kinds")}
        placeholder={t("recording.search.allKinds")}
        value={form.kinds}
        onChange={(next) => put({ kinds: next })}
        maxTagCount="responsive"
        options={searchedKinds.map((value) => ({ value, label: t(`recording.event.${value}`) }))}
      />
      <RegionSelect
        label={t("recording.search.region")}
        placeholder={t("recording.search.allRegions")}
        allowClear
        value={form.region || undefined}
        onChange={(code) => put({ region: code ?? "" })}
      />
      <Select
        aria-label={t("recording.search.category")}
        placeholder={t("recording.search.allCategories")}
        allowClear
        {...(form.category ? { value: form.category } : {})}
        onChange={(code?: string) => put({ category: code ?? "" })}
        options={categoryOptions}
        popupMatchSelectWidth={false}
      />
      <Select
        aria-label={t("recording.search.zone")}
        placeholder={t("recording.search.allZones")}
        allowClear
        {...(form.zone ? { value: form.zone } : {})}
        onChange={(code?: string) => put({ zone: code ?? "" })}
        options={(kinds?.zones ?? []).map(({ code }) => ({ value: code, label: zone(code) }))}
      />
      <Input
        aria-label={t("recording.search.text")}
        placeholder={t("recording.search.textHint")}
        allowClear
        maxLength={64}
        value={form.text}
        onChange={({ target }) => put({ text: target.value })}
      />
      <Button type="primary" htmlType="submit" icon={<SearchOutlined />} loading={isSearching}>
        {t("recording.search.go")}
      </Button>
      {isUnfit && (
        <p className="bk-error-text" role="alert">
          {t("recording.search.badRange")}
        </p>
      )}
    </form>
  );
}
