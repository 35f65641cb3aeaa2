import { CheckCircleFilled, DisconnectOutlined, HourglassOutlined } from "@ant-design/icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { MediaNode, Vitals } from "@/shared/api/nodes";
import { useAbilities } from "@/shared/api/session";
import { useMoments } from "@/shared/recording/words";
import { formatSize } from "@/shared/size";
import { formatDuration } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";
import { VolumeCard } from "./VolumeCard";

const connectingMs = 60_000;

/** One media node with its disks. */
export function NodeSection({ node }: { node: MediaNode }) {
  const { t } = useTranslation();
  const name = t("nodes.node", { node: node.id });
  return (
    <section className="bk-section" aria-label={name}>
      <div className="bk-section-head bk-node-head">
        <h2>{name}</h2>
        <NodeState node={node} />
      </div>
      <NodeCounts node={node} />
      <NodeFacts node={node} />
      {node.volumes.length > 0 ? (
        <ul className="bk-volumes">
          {node.volumes.map((volume) => (
            <VolumeCard
              key={volume.name}
              volume={volume}
              asked={node.asked_days}
              isStale={node.state !== "connected"}
            />
          ))}
        </ul>
      ) : (
        <p className="bk-secondary">{t("nodes.noVolumes")}</p>
      )}
    </section>
  );
}

/** Whether it is there and since when; while it is not, what that means and what to do. */
function NodeState({ node: { state, since_at, id } }: { node: MediaNode }) {
  const { t, i18n } = useTranslation();
  const { moment } = useMoments();
  const forMs = useNow() - Date.parse(since_at);
  const since = t("nodes.since", { at: moment(since_at), duration: formatDuration(forMs, i18n.language) });
  const port = `${8091 + Number(id.replace("node-", "") || 0)}`;
  if (state === "connected")
    return (
      <span>
        <CheckCircleFilled className="bk-ok" aria-hidden /> {t("nodes.state.connected")}{" "}
        <span className="bk-secondary">{since}</span>
      </span>
    );
  const isStarting = state === "new" && forMs < connectingMs;
  return (
    <div className="bk-node-trouble">
      <span className={isStarting ? undefined : "bk-missing-now"}>
        {isStarting ? <HourglassOutlined aria-hidden /> : <DisconnectOutlined aria-hidden />}{" "}
        {t(`nodes.state.${isStarting ? "starting" : state}`)} <span className="bk-secondary">{since}</span>
      </span>
      {!isStarting && <p>{t("nodes.awayText", { id, port })}</p>}
    </div>
  );
}

/** How many cameras it serves, and how many of them are as they should be; each figure opens its list where there is one. */
function NodeCounts({ node: { id, counts } }: { node: MediaNode }) {
  const abilities = useAbilities();
  const cameras = abilities.includes("camera.list") ? `/devices?on=all&node=${id}` : undefined;
  const alarms = abilities.includes("recording.view_alarm") ? `/recordings/alarms?node=${id}` : undefined;
  const rest = Math.max(0, counts.assigned - counts.recording - counts.resting);
  return (
    <ul className="bk-node-counts">
      <Count word="nodes.assigned" count={counts.assigned} to={cameras} />
      <Count word="nodes.recording" count={counts.recording} />
      <Count word="nodes.resting" count={counts.resting} />
      <Count word="nodes.notRecording" count={rest} />
      <Count word="nodes.missing" count={counts.missing} to={alarms} isWrong={counts.missing > 0} />
    </ul>
  );
}

interface CountProps {
  word: string;
  count: number;
  to?: string | undefined;
  isWrong?: boolean;
}

function Count({ word, count, to, isWrong = false }: CountProps) {
  const { t, i18n } = useTranslation();
  const figure = <strong className="bk-figures">{new Intl.NumberFormat(i18n.language).format(count)}</strong>;
  return (
    <li className={isWrong ? "bk-missing-now" : undefined}>
      <span className="bk-secondary">{t(word)}</span>
      {to ? (
        <Link to={to} aria-label={t("nodes.open", { word: t(word), count })}>
          {figure}
        </Link>
      ) : (
        figure
      )}
    </li>
  );
}

function Address({ url }: { url: string }) {
  const { t } = useTranslation();
  return url ? <span className="bk-mono">{url}</span> : t("nodes.noUrl");
}

function NodeFacts({ node: { url, vitals } }: { node: MediaNode }) {
  const { t } = useTranslation();
  const facts: [string, ReactNode][] = [
    ["nodes.url", <Address key="url" url={url} />],
    ...(vitals ? vitalFacts(vitals) : []),
  ];
  return (
    <dl className="bk-volume-facts bk-node-facts">
      {facts.map(([word, value]) => (
        <div key={word}>
          <dt>{t(word)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function vitalFacts(vitals: Vitals): [string, ReactNode][] {
  return [
    ["nodes.version", vitals.version],
    ["nodes.started", <Started key="started" at={vitals.started_at} />],
    ["nodes.cpu", <Cpu key="cpu" vitals={vitals} />],
    ["nodes.memory", <Memory key="memory" vitals={vitals} />],
  ];
}

function Started({ at }: { at: string }) {
  const { moment } = useMoments();
  return <time dateTime={at}>{moment(at)}</time>;
}

function Cpu({ vitals: { cpu_percent, host_cores, host_used_percent } }: { vitals: Vitals }) {
  const { t } = useTranslation();
  return t("nodes.cpuOf", {
    cores: (cpu_percent / 100).toFixed(1),
    count: host_cores,
    used: Math.round(host_used_percent),
  });
}

function Memory({ vitals: { memory_bytes, host_memory_bytes, host_memory_free_bytes } }: { vitals: Vitals }) {
  const { t } = useTranslation();
  return t("nodes.memoryOf", {
    own: formatSize(memory_bytes),
    free: formatSize(host_memory_free_bytes),
    total: formatSize(host_memory_bytes),
  });
}
