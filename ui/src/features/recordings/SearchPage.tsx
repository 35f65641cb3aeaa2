import { useQuery } from "@tanstack/react-query";
import { Alert, Skeleton, Table, type TableColumnsType } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type Found, recordingSearchQuery } from "@/shared/api/recording";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { zoneBeside } from "@/shared/camera/zones";
import { useKinds } from "@/shared/premises/useKinds";
import { playbackAddress, useMoments, useRecordingWords } from "@/shared/recording/words";
import { formatDuration, formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { askedOf, readWanted, type Wanted, writeWanted } from "./asked";
import { EventWord, RangeBar } from "./RangeBar";
import { EmptyPanel, RecordingsHead, WhereCell } from "./RecordingsHead";
import { SearchForm } from "./SearchForm";

/** Finds recordings by time, place and event; the address keeps the question. */
export function SearchPage() {
  const [query, setQuery] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  // What is asked stands still while its answer is read; asking again moves "the last day" on.
  const [wanted, setWanted] = useState(() => readWanted(query, serverNowMs()));
  const address = query.toString();
  useEffect(() => {
    setWanted((old) =>
      writeWanted(old).toString() === address ? old : readWanted(new URLSearchParams(address), serverNowMs()),
    );
  }, [address]);
  const found = useQuery(recordingSearchQuery(askedOf(wanted)));
  const search = (next: Wanted) => {
    const nextQuery = writeWanted(next);
    setWanted(readWanted(nextQuery, serverNowMs()));
    setQuery(nextQuery);
  };
  return (
    <div className="bk-page">
      <RecordingsHead word="tab.recordingSearch" />
      <SearchForm key={address} wanted={wanted} onSearch={search} isSearching={found.isFetching} />
      {found.isError ? (
        <ProblemPanel error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : (
        <Results items={found.data.items} hasMore={found.data.has_more} wanted={wanted} isPhone={isPhone} />
      )}
    </div>
  );
}

interface ResultsProps {
  items: Found[];
  hasMore: boolean;
  wanted: Wanted;
  isPhone: boolean;
}

function Results({ items, hasMore, wanted, isPhone }: ResultsProps) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const moment = (atMs: number) => formatMoment(atMs, zone, i18n.language, serverNowMs());
  const range = { from: moment(wanted.fromMs), to: moment(wanted.toMs) };
  const List = isPhone ? Cards : Rows;
  if (items.length === 0)
    return <EmptyPanel title={t("recording.search.noneTitle")} text={t("recording.search.noneText")} />;
  return (
    <>
      <p className="bk-secondary bk-found" role="status">
        {t("recording.search.found", { ...range, count: items.length })}
      </p>
      {hasMore && <Alert type="warning" showIcon title={t("recording.search.hasMore", { count: items.length })} />}
      <List items={items} wanted={wanted} />
    </>
  );
}

interface ListProps {
  items: Found[];
  wanted: Wanted;
}

function Where({ found }: { found: Found }) {
  const kinds = useKinds();
  const below = [zoneBeside(found.camera_name, kinds.zone(found.zone)), found.camera_name].filter(Boolean).join("·");
  return <WhereCell premises={found.premises_name} below={below} />;
}

function What({ event }: { event: Found["event"] }) {
  const { t } = useTranslation();
  const words = useRecordingWords();
  return (
    <div className="bk-name-cell">
      <EventWord kind={event.kind} />
      <span className="bk-secondary">{event.note || words.what(event.kind, event.what)}</span>
      {event.by_name && <span className="bk-secondary">{t("recording.search.by", { name: event.by_name })}</span>}
    </div>
  );
}

function When({ event }: { event: Found["event"] }) {
  const { t, i18n } = useTranslation();
  const { moment, range } = useMoments();
  if (event.to === null && event.kind === "mark") return <span>{moment(event.from)}</span>;
  if (event.to === null) return <span>{t("recording.lasting", { from: moment(event.from) })}</span>;
  return (
    <div className="bk-name-cell">
      <span>{range(event.from, event.to)}</span>
      <span className="bk-secondary">
        {formatDuration(Date.parse(event.to) - Date.parse(event.from), i18n.language)}
      </span>
    </div>
  );
}

/** Playback opens where the event begins, or where the range does. */
function Play({ found, fromMs }: { found: Found; fromMs: number }) {
  const { t } = useTranslation();
  if (!useAbilities().includes("camera.play")) return null;
  const atMs = Math.max(Date.parse(found.event.from), fromMs);
  return (
    <span className="bk-actions">
      <Link to={playbackAddress(found.event.camera_id, atMs)}>{t("recording.play")}</Link>
    </span>
  );
}

const keyOf = ({ event }: Found) => `${event.kind}${event.camera_id}${event.from}${event.object_id}`;

function Rows({ items, wanted: { fromMs, toMs } }: ListProps) {
  const { t } = useTranslation();
  const nowMs = serverNowMs();
  const columns: TableColumnsType<Found> = [
    { key: "event", title: t("recording.search.event"), width: 210, render: (_, { event }) => <What event={event} /> },
    { key: "where", title: t("recording.alarms.where"), render: (_, each) => <Where found={each} /> },
    { key: "when", title: t("recording.search.when"), width: 260, render: (_, { event }) => <When event={event} /> },
    {
      key: "bar",
      title: t("recording.search.bar"),
      width: "24%",
      render: (_, { event }) => <RangeBar {...{ event, fromMs, toMs, nowMs }} />,
    },
    { key: "play", title: "", width: 100, render: (_, each) => <Play found={each} fromMs={fromMs} /> },
  ];
  return <Table<Found> rowKey={keyOf} columns={columns} dataSource={items} pagination={false} />;
}

function Cards({ items, wanted: { fromMs, toMs } }: ListProps) {
  const nowMs = serverNowMs();
  return (
    <ul className="bk-cards">
      {items.map((each) => (
        <li key={keyOf(each)} className="bk-card">
          <Where found={each} />
          <What event={each.event} />
          <When event={each.event} />
          <RangeBar {...{ event: each.event, fromMs, toMs, nowMs }} />
          <Play found={each} fromMs={fromMs} />
        </li>
      ))}
    </ul>
  );
}
