import { CheckCircleFilled, CloseCircleFilled, WarningFilled } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type Volume, volumesQuery } from "@/shared/api/recording";
import { useMoments } from "@/shared/recording/words";
import { formatSize } from "@/shared/size";
import { EmptyPanel, RecordingsHead } from "./RecordingsHead";

/** Where each node writes to: how full it is, what is held, and what is wrong. */
export function VolumesPage() {
  const { t } = useTranslation();
  const volumes = useQuery(volumesQuery);
  const items = volumes.data?.items ?? [];
  const nodes = [...new Set(items.map(({ node }) => node))];
  return (
    <div className="bk-page">
      <RecordingsHead word="tab.recordingVolumes" />
      {volumes.isError && volumes.data === undefined ? (
        <ProblemPanel error={volumes.error} onRetry={() => void volumes.refetch()} />
      ) : volumes.data === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : nodes.length === 0 ? (
        <EmptyPanel title={t("recording.volumes.noneTitle")} text={t("recording.volumes.noneText")} />
      ) : (
        nodes.map((node) => (
          <section key={node} className="bk-section" aria-label={t("recording.volumes.node", { node })}>
            <div className="bk-section-head">
              <h2>{t("recording.volumes.node", { node })}</h2>
            </div>
            <ul className="bk-volumes">
              {items
                .filter((each) => each.node === node)
                .map((each) => (
                  <VolumeCard key={each.name} volume={each} />
                ))}
            </ul>
          </section>
        ))
      )}
    </div>
  );
}

const broken: ReadonlySet<string> = new Set(["full", "failing", "missing"]);

function State({ state }: { state: string }) {
  const { t, i18n } = useTranslation();
  const key = `recording.volumes.state.${state}`;
  const word = i18n.exists(key) ? t(key) : state;
  if (state === "ok")
    return (
      <span>
        <CheckCircleFilled className="bk-ok" aria-hidden /> {word}
      </span>
    );
  return broken.has(state) ? (
    <span className="bk-missing-now">
      <CloseCircleFilled aria-hidden /> {word}
    </span>
  ) : (
    <span className="bk-warning-text">
      <WarningFilled aria-hidden /> {word}
    </span>
  );
}

function VolumeCard({ volume }: { volume: Volume }) {
  const { t, i18n } = useTranslation();
  const { moment } = useMoments();
  const { state, used_bytes, held_bytes, quota_bytes, total_bytes, free_bytes, oldest_at } = volume;
  const text = `recording.volumes.text.${state}`;
  const facts: [string, string][] = [
    ["recording.volumes.used", formatSize(used_bytes)],
    [
      "recording.volumes.quota",
      quota_bytes > 0 ? formatSize(quota_bytes) : t("recording.volumes.noQuota", { size: formatSize(total_bytes) }),
    ],
    ["recording.volumes.held", formatSize(held_bytes)],
    [
      "recording.volumes.free",
      t("recording.volumes.freeOf", { free: formatSize(free_bytes), total: formatSize(total_bytes) }),
    ],
    ["recording.volumes.oldest", oldest_at ? moment(oldest_at) : t("recording.volumes.nothingYet")],
  ];
  return (
    <li className="bk-volume">
      <div className="bk-card-title">
        <strong>{volume.name}</strong>
        <State state={state} />
      </div>
      {i18n.exists(text) && <p className={broken.has(state) ? "bk-error-text" : "bk-warning-text"}>{t(text)}</p>}
      {state !== "missing" && (
        <>
          <VolumeBar volume={volume} />
          <dl className="bk-volume-facts">
            {facts.map(([word, value]) => (
              <div key={word}>
                <dt>{t(word)}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </li>
  );
}

/** Of the quota (of the disk where there is none): what is held, what is used besides, what is left. */
function VolumeBar({ volume: { used_bytes, held_bytes, quota_bytes, total_bytes } }: { volume: Volume }) {
  const { t } = useTranslation();
  const wholeBytes = quota_bytes > 0 ? quota_bytes : total_bytes;
  const share = (bytes: number) => (wholeBytes > 0 ? Math.min(100, (100 * bytes) / wholeBytes) : 0);
  const [held, used] = [share(held_bytes), share(used_bytes)];
  return (
    <svg
      className="bk-volume-bar"
      viewBox="0 0 100 10"
      preserveAspectRatio="none"
      role="img"
      aria-label={t("recording.volumes.barLabel", {
        used: formatSize(used_bytes),
        quota: formatSize(wholeBytes),
        held: formatSize(held_bytes),
      })}
    >
      <rect className="bk-volume-used" width={used} height="10" />
      <rect className="bk-volume-held" width={Math.min(held, used)} height="10" />
    </svg>
  );
}
