import { CloseCircleFilled, PlusOutlined, SearchOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Input, Select } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type Grade, type PremisesState, type PremisesWish, premisesListQuery } from "@/shared/api/premises";
import { sessionQuery } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { ListExport } from "@/shared/ListExport";
import { RegionSelect } from "@/shared/premises/RegionSelect";
import { useKinds } from "@/shared/premises/useKinds";
import { premisesTabs, Tabs } from "@/shared/Tabs";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { PremisesCards } from "./PremisesCards";
import { PremisesDrawer } from "./PremisesDrawer";
import { PremisesTable } from "./PremisesTable";
import { grades, states } from "./words";

type Query = ReturnType<typeof usePremisesAddress>;

/** The register: who is supervised, and how far each has come. */
export function PremisesPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [isAdding, setAdding] = useState(false);
  const canAdd = useQuery(sessionQuery).data?.abilities.includes("premises.add") ?? false;
  const address = usePremisesAddress();
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("premises.title")}</h1>
        <span className="bk-grow" />
        <ListExport taken={{ list: "premises", asked: address.wish }} />
        {canAdd && (
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setAdding(true)}>
            {t("premises.add")}
          </Button>
        )}
      </div>
      <Tabs tabs={premisesTabs} label={t("nav.premises")} />
      <PremisesFilters address={address} />
      <PremisesList address={address} />
      {isAdding && (
        <PremisesDrawer
          premises={undefined}
          onClose={() => setAdding(false)}
          onSaved={({ id }) => void navigate(`/premises/${id}`)}
        />
      )}
    </div>
  );
}

/** Filter, order and search live in the address, so that a list can be sent to somebody. */
function usePremisesAddress() {
  const [query, setQuery] = useSearchParams();
  const get = (name: string) => query.get(name) ?? "";
  const state = states.find((each) => each === get("s"));
  const grade = grades.find((each) => each === get("g"));
  const sort = (["name", "region", "state", "updated"] as const).find((each) => each === get("sort"));
  const is = get("is");
  const wish: PremisesWish = {
    ...(get("q").trim() ? { text: get("q").trim().slice(0, 64) } : {}),
    ...(/^\d{6}(\d{3}){0,2}$/.test(get("r")) ? { region: get("r") } : {}),
    ...(/^[A-Z0-9_]{1,24}$/.test(get("c")) ? { category: get("c") } : {}),
    ...(state ? { state } : {}),
    ...(grade ? { grade } : {}),
    ...(sort ? { sort } : {}),
    ...(is === "incomplete" ? { is_complete: false } : {}),
    ...(is === "complete" ? { is_complete: true } : {}),
    ...(is === "suspended" ? { is_suspended: true } : {}),
  };
  const put = (name: string, value: string | undefined) =>
    setQuery(
      (old) => {
        if (value) old.set(name, value);
        else old.delete(name);
        return old;
      },
      { replace: true },
    );
  const isNarrowed = ["q", "r", "c", "s", "g", "is"].some((name) => get(name));
  return { get, put, wish, isNarrowed, clear: () => setQuery({}, { replace: true }) };
}

function PremisesFilters({ address: { get, put } }: { address: Query }) {
  const { t } = useTranslation();
  const { categoryOptions } = useKinds();
  const text = useDelayed(get("q"), (value) => put("q", value));
  return (
    <div className="bk-tools">
      <Input
        className="bk-search"
        allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("premises.clearSearch")} /> }}
        prefix={<SearchOutlined aria-hidden />}
        placeholder={t("premises.searchHint")}
        aria-label={t("premises.searchHint")}
        maxLength={64}
        value={text.value}
        onChange={(event) => text.set(event.target.value)}
      />
      <RegionSelect
        className="bk-filter"
        allowClear
        label={t("premises.region")}
        placeholder={t("premises.region")}
        value={get("r") || undefined}
        onChange={(code) => put("r", code)}
      />
      <Filter label={t("premises.category")} value={get("c")} options={categoryOptions} onChange={(v) => put("c", v)} />
      <Filter<PremisesState>
        label={t("premises.stateName")}
        value={get("s")}
        options={states.map((value) => ({ value, label: t(`premises.state.${value}`) }))}
        onChange={(value) => put("s", value)}
      />
      <Filter<Grade>
        label={t("premises.grade")}
        value={get("g")}
        options={grades.map((value) => ({ value, label: t("premises.gradeOf", { grade: value }) }))}
        onChange={(value) => put("g", value)}
      />
      <Filter
        label={t("premises.only")}
        value={get("is")}
        options={(["incomplete", "complete", "suspended"] as const).map((value) => ({
          value,
          label: t(`premises.only.${value}`),
        }))}
        onChange={(value) => put("is", value)}
      />
    </div>
  );
}

interface FilterProps<T extends string> {
  label: string;
  value: string;
  options: { value: T; label: string }[];
  onChange: (value: T | undefined) => void;
}

function Filter<T extends string>({ label, value, options, onChange }: FilterProps<T>) {
  return (
    <Select<T>
      className="bk-filter"
      allowClear
      aria-label={label}
      placeholder={label}
      value={options.find((each) => each.value === value)?.value ?? null}
      options={options}
      onChange={(next) => onChange(next ?? undefined)}
      popupMatchSelectWidth={false}
    />
  );
}

/** What is typed is shown at once and asked for when the hands rest. */
function useDelayed(kept: string, keep: (value: string) => void) {
  const [typed, setTyped] = useState<string>();
  useEffect(() => {
    if (typed === undefined) return;
    const timer = setTimeout(() => {
      keep(typed);
      setTyped(undefined);
    }, 200);
    return () => clearTimeout(timer);
  });
  return { value: typed ?? kept, set: setTyped };
}

function PremisesList({ address }: { address: Query }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const isPhone = useMedia(isPhoneQuery);
  const list = useInfiniteQuery(premisesListQuery(address.wish));
  if (list.isError && list.data === undefined)
    return <ProblemPanel error={list.error} title={t("premises.readFailed")} onRetry={() => void list.refetch()} />;
  const rows = list.data?.pages.flatMap((page) => page.items);
  const total = list.data?.pages[0]?.total ?? 0;
  const at = formatMoment(list.dataUpdatedAt || serverNowMs(), zone, i18n.language, serverNowMs());
  const figure = (count: number) => new Intl.NumberFormat(i18n.language).format(count);
  const List = isPhone ? PremisesCards : PremisesTable;
  return (
    <>
      <div className="bk-tools">
        {rows && (
          <span className="bk-muted" role="status">
            {address.isNarrowed
              ? t("premises.found", { number: figure(total) })
              : t("premises.total", { number: figure(total) })}
          </span>
        )}
        {address.isNarrowed && (
          <Button type="link" size="small" onClick={address.clear}>
            {t("premises.clearFilters")}
          </Button>
        )}
        <span className="bk-grow" />
        {rows && (
          <span className={list.isError ? "bk-warning-text" : "bk-muted bk-small"}>
            {list.isError ? t("error.stale", { at }) : t("camera.asOf", { at })}
          </span>
        )}
      </div>
      {rows?.length === 0 ? (
        <div className="bk-panel">
          <p>{address.isNarrowed ? t("premises.emptySearch") : t("premises.empty")}</p>
          {address.isNarrowed && <Button onClick={address.clear}>{t("premises.clearFilters")}</Button>}
        </div>
      ) : (
        <List rows={rows} sort={address.wish.sort ?? "name"} onSort={(sort) => address.put("sort", sort)} />
      )}
      {list.hasNextPage && rows && (
        <div className="bk-more">
          <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t("premises.more", { shown: figure(rows.length), total: figure(total) })}
          </Button>
        </div>
      )}
    </>
  );
}
