import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { nodesQuery } from "@/shared/api/nodes";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { deviceTabs, Tabs } from "@/shared/Tabs";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { NodeSection } from "./NodeSection";
import "./nodes.css";

/** The media nodes and their disks: what is wrong, since when, what to do, and how long the room lasts. */
export function NodesPage() {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const nodes = useQuery(nodesQuery);
  const at = formatMoment(nodes.dataUpdatedAt || serverNowMs(), zone, i18n.language, serverNowMs());
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("nodes.title")}</h1>
        <span className="bk-grow" />
        {nodes.data && (
          <span className={nodes.isError ? "bk-warning-text" : "bk-muted bk-small"}>
            {nodes.isError ? t("error.stale", { at }) : t("camera.asOf", { at })}
          </span>
        )}
      </div>
      <Tabs tabs={deviceTabs} label={t("nav.devices")} />
      {nodes.isError && nodes.data === undefined ? (
        <ProblemPanel error={nodes.error} onRetry={() => void nodes.refetch()} />
      ) : nodes.data === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 10 }} />
      ) : (
        nodes.data.map((node) => <NodeSection key={node.id} node={node} />)
      )}
    </div>
  );
}
