import { CheckCircleFilled, CloseCircleFilled, WarningFilled } from "@ant-design/icons";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { MediaNode, Volume } from "@/shared/api/nodes";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { useMoments } from "@/shared/recording/words";
import { formatSize } from "@/shared/size";
import { formatDate, formatDuration } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";

type AskedDays = MediaNode["asked_days"];

const broken: ReadonlySet<string> = new Set(["full", "failing", "missing"]);

interface Props {
  volume: Volume;
  asked: AskedDays;
  /** Its node is away: this is what it said last. */
  isStale: boolean;
}

/** One place that is recorded to: how it is, what to do about it, how full it is and how long that lasts. */
export function VolumeCard({ volume, asked, isStale }: Props) {
  const { t, i18n } = useTranslation();
  const text = `nodes.volume.text.${volume.state}`;
  return (
    <li className="bk-volume">
      <div className="bk-card-title">
        <strong>{volume.name}</strong>
        {isStale ? <span className="bk-muted">{t("nodes.volume.stale")}</span> : <State state={volume.state} />}
      </div>
      {i18n.exists(text) && <p className={broken.has(volume.state) ? "bk-error-text" : "bk-warning-text"}>{t(text)}</p>}
      {volume.state !== "missing" && (
        <>
          <Shortage volume={volume} asked={asked} />
          <VolumeBar volume={volume} />
          <VolumeFacts volume={volume} asked={asked} />
        </>
      )}
    </li>
  );
}

function State({ state }: { state: Volume["state"] }) {
  const { t } = useTranslation();
  const word = t(`nodes.volume.state.${state}`);
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

/** What is asked for does not fit: when it is full, how far back recordings will go then, and what helps. */
function Shortage({ volume: { forecast, state }, asked }: { volume: Volume; asked: AskedDays }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const nowMs = useNow();
  const abilities = useAbilities();
  if (forecast === null || forecast.full_in_s === null || asked === null || broken.has(state)) return null;
  const on = formatDate(nowMs + forecast.full_in_s * 1000, zone, i18n.language, nowMs);
  return (
    <p className="bk-warning-text">
      {t(forecast.full_in_s < 86_400 ? "nodes.shortage.now" : "nodes.shortage", {
        on,
        asked: asked.most,
        lasts: daysOf(forecast.lasts_days),
      })}{" "}
      {abilities.includes("recording.view_plan") && <Link to="/recordings/rules">{t("tab.recordingRules")}</Link>}
    </p>
  );
}

function VolumeFacts({ volume, asked }: { volume: Volume; asked: AskedDays }) {
  const { t, i18n } = useTranslation();
  const { moment } = useMoments();
  const { used_bytes, held_bytes, quota_bytes, total_bytes, free_bytes, oldest_at, kept_days, forecast } = volume;
  const facts: [string, string][] = [
    ["nodes.volume.used", formatSize(used_bytes)],
    [
      "nodes.volume.quota",
      quota_bytes > 0 ? formatSize(quota_bytes) : t("nodes.volume.noQuota", { size: formatSize(total_bytes) }),
    ],
    ["nodes.volume.held", formatSize(held_bytes)],
    ["nodes.volume.free", t("nodes.volume.freeOf", { free: formatSize(free_bytes), total: formatSize(total_bytes) })],
    ["nodes.volume.oldest", oldest_at ? moment(oldest_at) : t("nodes.volume.nothingYet")],
    ["nodes.volume.kept", kept_days === null ? "—" : formatDuration(kept_days * 86_400_000, i18n.language)],
    ["nodes.volume.asked", asked ? askedOf(asked, t) : "—"],
    ["nodes.volume.rate", forecast ? rateOf(forecast.rate_bps) : t("nodes.volume.notMeasured")],
    [
      "nodes.volume.full",
      forecast === null
        ? t("nodes.volume.notMeasured")
        : forecast.full_in_s === null
          ? t("nodes.volume.never")
          : t("nodes.volume.fullIn", { count: daysOf(forecast.full_in_s / 86_400) }),
    ],
    ["nodes.volume.lasts", forecast ? t("nodes.days", { count: daysOf(forecast.lasts_days) }) : "—"],
  ];
  return (
    <dl className="bk-volume-facts">
      {facts.map(([word, value]) => (
        <div key={word}>
          <dt>{t(word)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
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
      aria-label={t("nodes.volume.barLabel", {
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

/** Tenths while they say something. */
function daysOf(days: number): number {
  return days < 10 ? Math.floor(days * 10) / 10 : Math.floor(days);
}

function askedOf({ least, most }: NonNullable<AskedDays>, t: TFunction): string {
  return least === most ? t("nodes.days", { count: most }) : t("nodes.daysBetween", { least, most });
}

function rateOf(rateBps: number): string {
  const mbps = rateBps / 1e6;
  return `${mbps < 10 ? mbps.toFixed(1) : Math.round(mbps)} Mbps`;
}
