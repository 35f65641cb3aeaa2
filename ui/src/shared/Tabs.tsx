import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import { sessionQuery } from "@/shared/api/session";

export interface Tab {
  to: string;
  word: string;
  /** What a person must be able to do somewhere for the tab to be of use. */
  ability: string;
}

export const deviceTabs: readonly Tab[] = [
  { to: "/devices", word: "tab.cameras", ability: "camera.list" },
  { to: "/devices/inventory", word: "tab.inventory", ability: "device.view" },
  { to: "/faults", word: "tab.faults", ability: "fault.view" },
  { to: "/nodes", word: "tab.nodes", ability: "recording.view_volume" },
];
export const premisesTabs: readonly Tab[] = [
  { to: "/premises", word: "tab.premises", ability: "premises.list" },
  { to: "/onboarding", word: "tab.onboarding", ability: "onboarding.view" },
  { to: "/approvals/frames", word: "tab.frames", ability: "camera.approve" },
];

export const recordingTabs: readonly Tab[] = [
  { to: "/recordings/alarms", word: "tab.recordingAlarms", ability: "recording.view_alarm" },
  { to: "/recordings/search", word: "tab.recordingSearch", ability: "recording.search" },
  { to: "/recordings/holds", word: "tab.recordingHolds", ability: "recording.view_hold" },
  { to: "/recordings/rules", word: "tab.recordingRules", ability: "recording.view_plan" },
];

/** The pages of one entry of the rail, as far as the person has a use for them. */
export function Tabs({ tabs, label }: { tabs: readonly Tab[]; label: string }) {
  const { t } = useTranslation();
  const abilities = useQuery(sessionQuery).data?.abilities ?? [];
  const shown = tabs.filter(({ ability }) => abilities.includes(ability));
  if (shown.length < 2) return null;
  return (
    <nav className="bk-tabs" aria-label={label}>
      {shown.map(({ to, word }) => (
        <NavLink key={to} to={to} end className="bk-tab">
          {t(word)}
        </NavLink>
      ))}
    </nav>
  );
}
