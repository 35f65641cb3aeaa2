import {
  AuditOutlined,
  BarChartOutlined,
  ClusterOutlined,
  DashboardOutlined,
  HistoryOutlined,
  ImportOutlined,
  PlaySquareOutlined,
  SafetyCertificateOutlined,
  SettingOutlined,
  ShopOutlined,
  TeamOutlined,
  VideoCameraOutlined,
} from "@ant-design/icons";
import type { ReactNode } from "react";
import { matchPath } from "react-router";
import { recordingTabs } from "@/shared/Tabs";

/** What a person must be able to do somewhere for a page to be of use, one of them; a page not named here is for everybody. */
const needs: readonly (readonly [pattern: string, ...abilities: string[]])[] = [
  ["/overview", "overview.view"],
  ["/screen", "overview.view"],
  ["/live", "camera.live"],
  ["/play", "camera.play"],
  ["/premises", "premises.list"],
  ["/premises/:id", "premises.card"],
  ["/onboarding", "onboarding.view"],
  ["/onboarding/:id", "onboarding.view"],
  ["/approvals/frames", "camera.approve"],
  ["/devices", "camera.list"],
  ["/devices/inventory", "device.view"],
  ["/faults", "fault.view"],
  ["/nodes", "recording.view_volume"],
  ["/admin/settings", "system.view_settings"],
  ["/recordings", ...recordingTabs.map(({ ability }) => ability)],
  ...recordingTabs.map(({ to, ability }) => [to, ability] as const),
  ["/people/:id?", "people.list"],
  ["/organisations", "organisations.list"],
  ["/evidence/:id?", "evidence.view"],
  ["/numbers", "numbers.view"],
  ["/imports", "imports.create"],
  ["/audit", "audit.search"],
];

/** True if the person can do there what the page is for. */
export function isUsable(pathname: string, abilities: readonly string[]): boolean {
  const need = needs.find(([pattern]) => matchPath(pattern, pathname));
  return need === undefined || need.slice(1).some((each) => abilities.includes(each));
}

export interface Entry {
  to: string;
  word: string;
  icon: ReactNode;
  /** Further pages below this entry of the rail. */
  also?: readonly string[];
  /** What it opens for who has no use for the first page, the first that fits. */
  otherwise?: readonly string[];
}

const entries: readonly Entry[] = [
  { to: "/overview", word: "nav.overview", icon: <DashboardOutlined />, also: ["/screen"] },
  { to: "/live", word: "nav.live", icon: <PlaySquareOutlined /> },
  { to: "/play", word: "nav.play", icon: <HistoryOutlined /> },
  { to: "/premises", word: "nav.premises", icon: <ShopOutlined />, also: ["/onboarding", "/approvals"] },
  {
    to: "/devices",
    word: "nav.devices",
    icon: <ClusterOutlined />,
    also: ["/faults", "/nodes"],
    otherwise: ["/nodes"],
  },
  { to: "/recordings", word: "nav.recordings", icon: <VideoCameraOutlined /> },
  { to: "/people", word: "nav.people", icon: <TeamOutlined />, also: ["/organisations"] },
  { to: "/evidence", word: "nav.evidence", icon: <SafetyCertificateOutlined /> },
  { to: "/numbers", word: "nav.numbers", icon: <BarChartOutlined /> },
  { to: "/audit", word: "nav.audit", icon: <AuditOutlined /> },
  { to: "/imports", word: "nav.imports", icon: <ImportOutlined /> },
  { to: "/admin/settings", word: "nav.settings", icon: <SettingOutlined /> },
];

export function entriesFor(abilities: readonly string[]): Entry[] {
  return entries.flatMap((entry) => {
    const to = [entry.to, ...(entry.otherwise ?? [])].find((path) => isUsable(path, abilities));
    return to ? [{ ...entry, to }] : [];
  });
}

export function isWithin(entry: Entry, pathname: string): boolean {
  return [entry.to, ...(entry.also ?? [])].some((path) => pathname === path || pathname.startsWith(`${path}/`));
}

/** Each with what makes it somebody's morning page; the first that fits counts. */
const starts: readonly (readonly [path: string, ...abilities: string[]])[] = [
  ["/overview", "overview.view"], // whoever answers for a city, a county or its schools
  ["/live", "camera.live", "camera.play"], // whoever supervises a street, and whose kitchen it is
  ["/onboarding", "onboarding.view", "onboarding.order"], // the operator's project manager
  ["/faults", "fault.view", "fault.handle"], // installers, the operations centre
  ["/audit", "audit.search"],
  ["/people", "people.list", "people.grant"],
  ["/premises", "premises.list"],
];

/** The page of this person's day; one's own account is everybody's. */
export function startFor(abilities: readonly string[]): string {
  const found = starts.find(
    ([path, ...all]) => isUsable(path, abilities) && all.every((each) => abilities.includes(each)),
  );
  return found?.[0] ?? entriesFor(abilities)[0]?.to ?? "/account";
}
