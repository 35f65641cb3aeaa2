import {
  BarChartOutlined,
  ClusterOutlined,
  HistoryOutlined,
  ImportOutlined,
  PlaySquareOutlined,
  ShopOutlined,
  TeamOutlined,
  VideoCameraOutlined,
} from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, NavLink, Outlet, useLocation } from "react-router";
import { StepUpDialog } from "@/shared/account/StepUpDialog";
import { followEvents } from "@/shared/api/events";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { hasLeft, sessionQuery } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { useTouch } from "@/shared/api/useTouch";
import { recordingTabs } from "@/shared/Tabs";
import { formatClock } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { TopBar } from "./TopBar";

/** One of them is enough: each has a page of its own. */
const recordingAbilities = recordingTabs.map(({ ability }) => ability);

/** ability: what a person must be able to do somewhere for the entry to be of use. */
const entries = [
  { to: "/live", word: "nav.live", icon: <PlaySquareOutlined />, ability: "camera.live" },
  { to: "/play", word: "nav.play", icon: <HistoryOutlined />, ability: "camera.play" },
  { to: "/premises", word: "nav.premises", icon: <ShopOutlined />, ability: "premises.list" },
  { to: "/devices", word: "nav.devices", icon: <ClusterOutlined />, ability: "camera.list" },
  { to: "/recordings", word: "nav.recordings", icon: <VideoCameraOutlined />, ability: recordingAbilities },
  { to: "/people", word: "nav.people", icon: <TeamOutlined />, ability: "people.list" },
  { to: "/numbers", word: "nav.numbers", icon: <BarChartOutlined />, ability: "numbers.view" },
  { to: "/imports", word: "nav.imports", icon: <ImportOutlined />, ability: "imports.create" },
] as const;

/** Bar, rail and page, for whoever is logged in. */
export function Frame() {
  const session = useQuery(sessionQuery);
  const location = useLocation();
  const wasIn = useRef(false);
  if (session.data) wasIn.current = true;
  if (session.isPending) return <div className="bk-frame" aria-busy />;
  if (session.isError && session.data === undefined)
    return (
      <div className="bk-page">
        <ProblemPanel error={session.error} onRetry={() => void session.refetch()} />
      </div>
    );
  // Something has to be done first: the log-in page leads through it and comes back.
  if (!session.data || session.data.pending.length > 0)
    return (
      <Navigate
        to={`/login?next=${encodeURIComponent(location.pathname + location.search)}`}
        state={{ hasEnded: wasIn.current && !hasLeft() }}
        replace
      />
    );
  const { user, abilities } = session.data;
  return <LoggedInFrame name={user.name || user.username} abilities={abilities} />;
}

function LoggedInFrame({ name, abilities }: { name: string; abilities: string[] }) {
  const { t } = useTranslation();
  useTouch();
  return (
    <div className="bk-frame">
      <a className="bk-skip" href="#content">
        {t("app.skip")}
      </a>
      <TopBar name={name} />
      <StepUpDialog />
      <LineStrip />
      <div className="bk-body">
        <nav className="bk-rail" aria-label={t("app.nav")}>
          {entries
            .filter((entry) => [entry.ability].flat().some((each) => abilities.includes(each)))
            .map(({ to, word, icon }) => (
              <NavLink key={to} to={to} className="bk-rail-entry">
                <span aria-hidden className="bk-rail-icon">
                  {icon}
                </span>
                <span>{t(word)}</span>
              </NavLink>
            ))}
        </nav>
        <main id="content" className="bk-main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </div>
  );
}

/** Follows the server's events and says when the line to it is down. */
function LineStrip() {
  const { t } = useTranslation();
  const zone = useZone();
  const queries = useQueryClient();
  const [downSinceMs, setDownSinceMs] = useState<number>();
  useEffect(
    () => followEvents(queries, (isUp) => setDownSinceMs((old) => (isUp ? undefined : (old ?? serverNowMs())))),
    [queries],
  );
  if (downSinceMs === undefined) return null;
  return (
    <div className="bk-strip" role="status">
      {t("error.lineLost", { at: formatClock(downSinceMs, zone) })}
    </div>
  );
}
