import { CheckOutlined, HourglassOutlined, LockFilled, LockOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type Hold, type HoldsAsked, holdsQuery } from "@/shared/api/recording";
import { useAbilities } from "@/shared/api/session";
import { playbackAddress, useMoments } from "@/shared/recording/words";
import { formatDuration } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { PlaceHoldDrawer } from "./PlaceHoldDrawer";
import { EmptyPanel, RecordingsHead, WhereCell } from "./RecordingsHead";
import { ReleaseModal } from "./ReleaseModal";
import { useHoldRange } from "./useHoldRange";

const groups: Record<string, HoldsAsked> = {
  open: { open: true },
  due: { due: true },
  released: { open: false },
  all: {},
};

/** A hold that stands for so long is to be looked at again. */
const reviewAfterMs = 180 * 86_400_000;

/** Recordings that nothing deletes until somebody with the right lets them go. */
export function HoldsPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  const canPlace = useAbilities().includes("recording.place_hold");
  const [isPlacing, setPlacing] = useState(false);
  const [releasing, setReleasing] = useState<Hold>();
  const group = query.get("g") ?? "open";
  const camera = query.get("c") ?? "";
  const holds = useInfiniteQuery(holdsQuery({ ...groups[group], ...(camera ? { camera } : {}) }));
  const items = holds.data?.pages.flatMap((page) => page.items);
  const List = isPhone ? Cards : Rows;
  const put = (key: string, value: string) =>
    setQuery((old) => {
      if (value) old.set(key, value);
      else old.delete(key);
      return old;
    });
  return (
    <div className="bk-page">
      <RecordingsHead word="tab.recordingHolds">
        {canPlace && (
          <Button type="primary" icon={<LockOutlined />} onClick={() => setPlacing(true)}>
            {t("recording.holds.place")}
          </Button>
        )}
      </RecordingsHead>
      <div className="bk-tools">
        <Segmented
          value={group}
          onChange={(value) => put("g", value === "open" ? "" : value)}
          options={Object.keys(groups).map((value) => ({ value, label: t(`recording.holds.group.${value}`) }))}
        />
        {camera && (
          <>
            <span className="bk-secondary">{t("recording.holds.ofCamera")}</span>
            <Button onClick={() => put("c", "")}>{t("recording.holds.allCameras")}</Button>
          </>
        )}
      </div>
      {holds.isError && holds.data === undefined ? (
        <ProblemPanel error={holds.error} onRetry={() => void holds.refetch()} />
      ) : items === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : items.length > 0 ? (
        <List items={items} onRelease={setReleasing} />
      ) : group === "due" ? (
        <EmptyPanel title={t("recording.holds.noneDueTitle")} text={t("recording.holds.noneDueText")} />
      ) : (
        <EmptyPanel title={t("recording.holds.noneTitle")} text={t("recording.holds.noneText")} />
      )}
      {holds.hasNextPage && (
        <p className="bk-more">
          <Button loading={holds.isFetchingNextPage} onClick={() => void holds.fetchNextPage()}>
            {t("onboarding.more")}
          </Button>
        </p>
      )}
      {isPlacing && <PlaceHoldDrawer camera={camera} onClose={() => setPlacing(false)} />}
      {releasing && <ReleaseModal hold={releasing} onClose={() => setReleasing(undefined)} />}
    </div>
  );
}

interface ListProps {
  items: Hold[];
  onRelease: (hold: Hold) => void;
}

function State({ hold }: { hold: Hold }) {
  const { t, i18n } = useTranslation();
  const { moment } = useMoments();
  const stoodMs = serverNowMs() - Date.parse(hold.placed_at);
  if (hold.released_at !== null)
    return (
      <div className="bk-name-cell">
        <span>
          <CheckOutlined aria-hidden /> {t("recording.holds.released")}
        </span>
        <span className="bk-secondary">{moment(hold.released_at)}</span>
        <span className="bk-secondary">{t("recording.holds.because", { reason: hold.release_reason })}</span>
      </div>
    );
  return (
    <div className="bk-name-cell">
      {hold.is_in_force ? (
        <span className="bk-held-mark">
          <LockFilled aria-hidden /> {t("recording.holds.inForce")}
        </span>
      ) : (
        <>
          <span>
            <HourglassOutlined aria-hidden /> {t("recording.holds.setting")}
          </span>
          <span className="bk-secondary">{t("recording.holds.settingText")}</span>
        </>
      )}
      {stoodMs >= reviewAfterMs && (
        <span className="bk-warning-text">
          {t("recording.holds.due")} ·{" "}
          {t("recording.holds.dueText", { duration: formatDuration(stoodMs, i18n.language) })}
        </span>
      )}
    </div>
  );
}

function Why({ hold }: { hold: Hold }) {
  const { t } = useTranslation();
  return (
    <div className="bk-name-cell">
      <span>{t(`recording.holds.why.${hold.why}`)}</span>
      {hold.note && <span className="bk-secondary">{hold.note}</span>}
    </div>
  );
}

function Actions({ hold, onRelease }: { hold: Hold; onRelease: (hold: Hold) => void }) {
  const { t } = useTranslation();
  const canPlay = useAbilities().includes("camera.play");
  return (
    <span className="bk-actions">
      {canPlay && <Link to={playbackAddress(hold.camera_id, Date.parse(hold.from))}>{t("recording.play")}</Link>}
      {hold.abilities.includes("recording.release_hold") && (
        <Button type="link" className="bk-link-button" onClick={() => onRelease(hold)}>
          {t("recording.holds.release")}
        </Button>
      )}
    </span>
  );
}

function Rows({ items, onRelease }: ListProps) {
  const { t } = useTranslation();
  const { moment } = useMoments();
  const range = useHoldRange();
  const columns: TableColumnsType<Hold> = [
    { key: "state", title: t("recording.holds.state"), width: 210, render: (_, each) => <State hold={each} /> },
    {
      key: "where",
      title: t("recording.alarms.where"),
      render: (_, each) => <WhereCell premises={each.premises_name} below={each.camera_name} />,
    },
    { key: "range", title: t("recording.holds.stretch"), width: 250, render: (_, each) => range(each) },
    { key: "why", title: t("recording.holds.why"), render: (_, each) => <Why hold={each} /> },
    { key: "placed", title: t("recording.holds.placedAt"), width: 160, render: (_, each) => moment(each.placed_at) },
    {
      key: "actions",
      title: "",
      width: 180,
      render: (_, each) => <Actions hold={each} onRelease={onRelease} />,
    },
  ];
  return <Table<Hold> rowKey="id" columns={columns} dataSource={items} pagination={false} />;
}

function Cards({ items, onRelease }: ListProps) {
  const range = useHoldRange();
  return (
    <ul className="bk-cards">
      {items.map((each) => (
        <li key={each.id} className="bk-card">
          <WhereCell premises={each.premises_name} below={each.camera_name} />
          <State hold={each} />
          <span>{range(each)}</span>
          <Why hold={each} />
          <Actions hold={each} onRelease={onRelease} />
        </li>
      ))}
    </ul>
  );
}
