import { CheckOutlined, CloseCircleFilled } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type Alarm, alarmsQuery } from "@/shared/api/recording";
import { useAbilities } from "@/shared/api/session";
import { zoneBeside } from "@/shared/camera/zones";
import { NodeFilter, nodeOf } from "@/shared/NodeFilter";
import { RegionFilter, regionOf } from "@/shared/premises/RegionFilter";
import { useKinds } from "@/shared/premises/useKinds";
import { playbackAddress, useMoments, useRecordingWords } from "@/shared/recording/words";
import { formatDuration } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { EmptyPanel, RecordingsHead, WhereCell } from "./RecordingsHead";

/** Playback opens a little before the recording ended: what is seen last tells why. */
const beforeMs = 10_000;

/** What should be recorded and is not, with the reason; and what was not. */
export function AlarmsPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  const isAll = query.get("g") === "all";
  const region = regionOf(query);
  const node = nodeOf(query);
  const alarms = useInfiniteQuery(alarmsQuery(isAll ? undefined : true, region, node));
  const put = (key: string, value: string | undefined) =>
    setQuery((old) => {
      if (value) old.set(key, value);
      else old.delete(key);
      return old;
    });
  const items = alarms.data?.pages.flatMap((page) => page.items);
  const count = alarms.data?.pages[0]?.open;
  const List = isPhone ? Cards : Rows;
  return (
    <div className="bk-page">
      <RecordingsHead word="tab.recordingAlarms" />
      <div className="bk-tools">
        <Segmented
          value={isAll ? "all" : "open"}
          onChange={(value) => put("g", value === "all" ? "all" : undefined)}
          options={[
            {
              value: "open",
              label:
                count === undefined
                  ? t("recording.alarms.group.open")
                  : t("recording.alarms.group.open.count", { count }),
            },
            { value: "all", label: t("recording.alarms.group.all") },
          ]}
        />
        <RegionFilter value={region} onChange={(code) => put("r", code)} />
        <NodeFilter node={node} onClear={() => put("node", undefined)} />
      </div>
      {alarms.isError && alarms.data === undefined ? (
        <ProblemPanel error={alarms.error} onRetry={() => void alarms.refetch()} />
      ) : items === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : items.length > 0 ? (
        <List items={items} />
      ) : isAll ? (
        <EmptyPanel title={t("recording.alarms.noneTitle")} text={t("recording.alarms.noneText")} />
      ) : (
        <EmptyPanel title={t("recording.alarms.noneOpenTitle")} text={t("recording.alarms.noneOpenText")} />
      )}
      {alarms.hasNextPage && (
        <p className="bk-more">
          <Button loading={alarms.isFetchingNextPage} onClick={() => void alarms.fetchNextPage()}>
            {t("onboarding.more")}
          </Button>
        </p>
      )}
    </div>
  );
}

function State({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  return alarm.closed_at === null ? (
    <span className="bk-missing-now">
      <CloseCircleFilled aria-hidden /> {t("recording.alarms.open")}
    </span>
  ) : (
    <span className="bk-flow bk-flow-done">
      <CheckOutlined aria-hidden /> {t("recording.alarms.closed")}
    </span>
  );
}

function Where({ alarm }: { alarm: Alarm }) {
  const kinds = useKinds();
  const below = [zoneBeside(alarm.camera_name, kinds.zone(alarm.zone)), alarm.camera_name].filter(Boolean).join("·");
  return <WhereCell premises={alarm.premises_name} below={below} />;
}

function Reason({ alarm }: { alarm: Alarm }) {
  const words = useRecordingWords();
  return (
    <div className="bk-name-cell">
      <span>{words.reason(alarm.reason)}</span>
      <span className="bk-secondary">{words.stream(alarm.profile)}</span>
    </div>
  );
}

function Since({ alarm }: { alarm: Alarm }) {
  const { t, i18n } = useTranslation();
  const { moment } = useMoments();
  const nowMs = useNow();
  const endMs = alarm.closed_at === null ? nowMs : Date.parse(alarm.closed_at);
  const duration = formatDuration(endMs - Date.parse(alarm.since_at), i18n.language);
  return (
    <div className="bk-name-cell">
      <time dateTime={alarm.since_at}>{moment(alarm.since_at)}</time>
      <span className="bk-secondary">
        {alarm.closed_at === null
          ? t("recording.alarms.for", { duration })
          : t("recording.alarms.lasted", { duration, at: moment(alarm.closed_at) })}
      </span>
    </div>
  );
}

function Links({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const abilities = useAbilities();
  return (
    <span className="bk-actions">
      {abilities.includes("camera.play") && (
        <Link to={playbackAddress(alarm.camera_id, Date.parse(alarm.since_at) - beforeMs)}>
          {t("recording.alarms.before")}
        </Link>
      )}
      {abilities.includes("camera.live") && <Link to={`/live?wall=1&c=${alarm.camera_id}`}>{t("recording.live")}</Link>}
    </span>
  );
}

function Rows({ items }: { items: Alarm[] }) {
  const { t } = useTranslation();
  const columns: TableColumnsType<Alarm> = [
    {
      key: "state",
      title: t("recording.alarms.state"),
      width: 150,
      render: (_, each) => <State alarm={each} />,
    },
    { key: "where", title: t("recording.alarms.where"), render: (_, each) => <Where alarm={each} /> },
    { key: "reason", title: t("recording.reason"), render: (_, each) => <Reason alarm={each} /> },
    { key: "since", title: t("recording.alarms.since"), width: 250, render: (_, each) => <Since alarm={each} /> },
    { key: "links", title: "", width: 250, render: (_, each) => <Links alarm={each} /> },
  ];
  return <Table<Alarm> rowKey="id" columns={columns} dataSource={items} pagination={false} />;
}

function Cards({ items }: { items: Alarm[] }) {
  return (
    <ul className="bk-cards">
      {items.map((each) => (
        <li key={each.id} className="bk-card">
          <Where alarm={each} />
          <State alarm={each} />
          <Reason alarm={each} />
          <Since alarm={each} />
          <Links alarm={each} />
        </li>
      ))}
    </ul>
  );
}
