import { EllipsisOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Dropdown } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation, useNavigate } from "react-router";
import { StepUpDoor } from "@/shared/account/StepUpDoor";
import { followEvents } from "@/shared/api/events";
import { useZone } from "@/shared/api/system";
import { useTouch } from "@/shared/api/useTouch";
import { SealDoor } from "@/shared/evidence/SealDoor";
import { formatClock } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { PageError } from "./PageError";
import { type Entry, entriesFor, isUsable, isWithin } from "./pages";
import { TopBar } from "./TopBar";
import { useFocusReturn } from "./useFocusReturn";

/** Bar, rail and page. */
export function LoggedInFrame({ name, abilities }: { name: string; abilities: string[] }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  useTouch();
  useFocusReturn();
  return (
    <div className="bk-frame">
      <a className="bk-skip" href="#content">
        {t("app.skip")}
      </a>
      <TopBar name={name} />
      <StepUpDoor />
      <SealDoor />
      <LineStrip />
      <div className="bk-body">
        <Rail entries={entriesFor(abilities)} />
        <main id="content" className="bk-main" tabIndex={-1}>
          {isUsable(pathname, abilities) ? <Outlet /> : <PageError isMissing />}
        </main>
      </div>
    </div>
  );
}

const phonePlaces = 5;

/** The pages this person has a use for; on a telephone at the bottom, what has no place behind "more". */
function Rail({ entries }: { entries: readonly Entry[] }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const isPhone = useMedia(isPhoneQuery);
  if (entries.length === 0) return null;
  const shown = isPhone && entries.length > phonePlaces ? entries.slice(0, phonePlaces - 1) : entries;
  const hidden = entries.slice(shown.length);
  return (
    <nav className="bk-rail" aria-label={t("app.nav")}>
      {shown.map((entry) => (
        <Link
          key={entry.to}
          to={entry.to}
          className={isWithin(entry, pathname) ? "bk-rail-entry active" : "bk-rail-entry"}
          {...(isWithin(entry, pathname) ? { "aria-current": "page" as const } : {})}
        >
          <span aria-hidden className="bk-rail-icon">
            {entry.icon}
          </span>
          <span>{t(entry.word)}</span>
        </Link>
      ))}
      {hidden.length > 0 && <MoreEntries entries={hidden} />}
    </nav>
  );
}

function MoreEntries({ entries }: { entries: readonly Entry[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const items = entries.map(({ to, word, icon }) => ({
    key: to,
    icon,
    label: t(word),
    onClick: () => void navigate(to),
  }));
  const isHere = entries.some((entry) => isWithin(entry, pathname));
  return (
    <Dropdown menu={{ items }} trigger={["click"]} placement="topRight">
      <button type="button" className={isHere ? "bk-rail-entry active" : "bk-rail-entry"}>
        <span aria-hidden className="bk-rail-icon">
          <EllipsisOutlined />
        </span>
        <span>{t("common.more")}</span>
      </button>
    </Dropdown>
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
