import { CloseCircleFilled, SearchOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Input, Skeleton, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { type BoardWish, boardQuery, type RoadState, type Standing } from "@/shared/api/onboarding";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { formatCount } from "@/shared/numbers/share";
import { PremisesStateTag } from "@/shared/premises/PremisesStateTag";
import { RegionSelect } from "@/shared/premises/RegionSelect";
import { useKinds } from "@/shared/premises/useKinds";
import { premisesTabs, Tabs } from "@/shared/Tabs";
import { formatDuration } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";

const side = new Set<RoadState>(["REFUSED", "REWORK", "SUSPENDED", "RELOCATED", "TERMINATED"]);

/** How many premises are at which state, and who has been there longest. */
export function OnboardingPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  const wish = wishOf(query);
  const board = useInfiniteQuery(boardQuery(wish));
  const put = (key: string, value: string | undefined) =>
    setQuery(
      (old) => {
        if (value) old.set(key, value);
        else old.delete(key);
        return old;
      },
      { replace: true },
    );
  const counts = board.data?.pages[0]?.counts;
  const items = board.data?.pages.flatMap((page) => page.items);
  const List = isPhone ? Cards : Rows;
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("onboarding.title")}</h1>
      </div>
      <Tabs tabs={premisesTabs} label={t("nav.premises")} />
      <div className="bk-tools">
        <Input
          className="bk-search"
          allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("camera.clearSearch")} /> }}
          prefix={<SearchOutlined aria-hidden />}
          placeholder={t("onboarding.searchHint")}
          aria-label={t("onboarding.searchHint")}
          value={query.get("q") ?? ""}
          onChange={({ target }) => put("q", target.value)}
        />
        <RegionSelect
          className="bk-filter"
          allowClear
          label={t("onboarding.region")}
          placeholder={t("onboarding.region")}
          value={wish.region}
          onChange={(code) => put("r", code)}
        />
      </div>
      {board.isError && board.data === undefined ? (
        <ProblemPanel error={board.error} onRetry={() => void board.refetch()} />
      ) : (
        <>
          <ul className="bk-road" aria-label={t("onboarding.byState")}>
            {(counts ?? []).map(({ state, count }) => (
              <li key={state} className={side.has(state) ? "bk-road-side" : ""}>
                <button
                  type="button"
                  className="bk-road-state"
                  aria-pressed={wish.state === state}
                  onClick={() => put("state", wish.state === state ? undefined : state)}
                >
                  <span className="bk-road-count">{formatCount(count)}</span>
                  <span>{t(`premises.state.${state}`)}</span>
                </button>
              </li>
            ))}
          </ul>
          {items === undefined ? (
            <Skeleton active={false} paragraph={{ rows: 8 }} />
          ) : items.length === 0 ? (
            <div className="bk-panel">
              <p>{t("onboarding.none")}</p>
            </div>
          ) : (
            <List items={items} />
          )}
          {board.hasNextPage && (
            <p className="bk-more">
              <Button loading={board.isFetchingNextPage} onClick={() => void board.fetchNextPage()}>
                {t("onboarding.more")}
              </Button>
            </p>
          )}
        </>
      )}
    </div>
  );
}

function wishOf(query: URLSearchParams): BoardWish {
  const [state, region, q] = [query.get("state"), query.get("r"), query.get("q")];
  return {
    ...(state ? { state: state as RoadState } : {}),
    ...(region ? { region } : {}),
    ...(q?.trim() ? { q: q.trim() } : {}),
  };
}

function Rows({ items }: { items: Standing[] }) {
  const { t } = useTranslation();
  const kinds = useKinds();
  const columns: TableColumnsType<Standing> = [
    {
      key: "name",
      title: t("onboarding.premises"),
      render: (_, each) => (
        <div className="bk-name-cell">
          <Link to={`/onboarding/${each.premises_id}`}>
            <strong>{each.name}</strong>
          </Link>
          <span className="bk-secondary">{kinds.category(each.category)}</span>
        </div>
      ),
    },
    { key: "region", title: t("onboarding.region"), width: 200, render: (_, each) => each.region_name },
    {
      key: "state",
      title: t("onboarding.state"),
      width: 120,
      render: (_, each) => <PremisesStateTag state={each.state} />,
    },
    {
      key: "since",
      title: t("onboarding.since"),
      width: 140,
      align: "right",
      render: (_, each) => <Stay item={each} />,
    },
    { key: "due", title: t("onboarding.due"), width: 140, align: "right", render: (_, each) => <Due item={each} /> },
    { key: "next", title: t("onboarding.next"), width: 220, render: (_, each) => <Next item={each} /> },
  ];
  return <Table<Standing> rowKey="premises_id" columns={columns} dataSource={items} pagination={false} />;
}

function Cards({ items }: { items: Standing[] }) {
  const { t } = useTranslation();
  return (
    <ul className="bk-cards">
      {items.map((each) => (
        <li key={each.premises_id} className="bk-card">
          <div className="bk-name-cell">
            <Link to={`/onboarding/${each.premises_id}`}>
              <strong>{each.name}</strong>
            </Link>
            <span className="bk-secondary">{each.region_name}</span>
          </div>
          <div className="bk-card-figures">
            <PremisesStateTag state={each.state} />
            <span>
              {t("onboarding.since")} <Stay item={each} />
            </span>
            <Due item={each} />
          </div>
          <Next item={each} />
        </li>
      ))}
    </ul>
  );
}

function Stay({ item }: { item: Standing }) {
  const { i18n } = useTranslation();
  const nowMs = useNow(60_000);
  return <>{formatDuration(nowMs - Date.parse(item.state_at), i18n.language)}</>;
}

export function Due({ item }: { item: Standing }) {
  const { t, i18n } = useTranslation();
  const nowMs = useNow(60_000);
  if (!item.due_at) return <span className="bk-muted">{t("onboarding.noDue")}</span>;
  const leftMs = Date.parse(item.due_at) - nowMs;
  const duration = formatDuration(Math.abs(leftMs), i18n.language);
  return leftMs < 0 ? (
    <span className="bk-late">{t("onboarding.late", { duration })}</span>
  ) : (
    t("onboarding.left", { duration })
  );
}

/** The next step, and whose it is. */
function Next({ item }: { item: Standing }) {
  const { t } = useTranslation();
  const step = item.steps[0];
  if (!step || item.state === "IN_SERVICE" || item.state === "REFUSED" || item.state === "TERMINATED")
    return <span className="bk-muted">{t("onboarding.noNext")}</span>;
  return (
    <div className="bk-name-cell">
      <span>{t(`onboarding.event.${step.event}`)}</span>
      <span className="bk-secondary">
        {step.allowed ? t("onboarding.yours") : t(`onboarding.by.${ownerOf(step.roles)}`)}
      </span>
    </div>
  );
}

/** Operator or regulator: whose turn a step is. The city's administrator may stand in for an operator. */
export function ownerOf(roles: readonly string[]): "operator" | "regulator" {
  return roles.some((role) => role.startsWith("OPERATOR")) ? "operator" : "regulator";
}
