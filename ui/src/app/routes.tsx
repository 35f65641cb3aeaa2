import { createBrowserRouter, type RouteObject } from "react-router";
import { Frame, StartPage } from "./Frame";
import { PageError } from "./PageError";

export const routes: RouteObject[] = [
  {
    path: "/login",
    errorElement: <PageError />,
    hydrateFallbackElement: <div aria-busy />,
    lazy: async () => ({ Component: (await import("@/features/login/LoginPage")).LoginPage }),
  },
  {
    path: "/login/sso",
    errorElement: <PageError />,
    hydrateFallbackElement: <div aria-busy />,
    lazy: async () => ({ Component: (await import("@/features/login/SignOnPage")).SignOnPage }),
  },
  {
    path: "/invite",
    errorElement: <PageError />,
    hydrateFallbackElement: <div aria-busy />,
    lazy: async () => ({ Component: (await import("@/features/people/ChoosePasswordPage")).InvitePage }),
  },
  {
    path: "/reset",
    errorElement: <PageError />,
    hydrateFallbackElement: <div aria-busy />,
    lazy: async () => ({ Component: (await import("@/features/people/ChoosePasswordPage")).ResetPage }),
  },
  {
    path: "/recover",
    errorElement: <PageError />,
    hydrateFallbackElement: <div aria-busy />,
    lazy: async () => ({ Component: (await import("@/features/people/RecoverPage")).RecoverPage }),
  },
  {
    path: "/kiosk",
    errorElement: <PageError />,
    hydrateFallbackElement: <div aria-busy />,
    lazy: async () => ({ Component: (await import("@/features/login/KioskPage")).KioskPage }),
  },
  {
    path: "/screen",
    errorElement: <PageError />,
    hydrateFallbackElement: <div aria-busy />,
    lazy: async () => ({ Component: (await import("./WallFrame")).WallFrame }),
  },
  {
    element: <Frame />,
    errorElement: <PageError />,
    hydrateFallbackElement: <div className="bk-frame" aria-busy />,
    children: [
      { index: true, element: <StartPage /> },
      {
        path: "/overview",
        lazy: async () => ({ Component: (await import("@/features/overview/OverviewPage")).OverviewPage }),
      },
      {
        path: "/live",
        lazy: async () => ({ Component: (await import("@/features/live/LivePage")).LivePage }),
      },
      {
        path: "/play",
        lazy: async () => ({ Component: (await import("@/features/playback/PlaybackPage")).PlaybackPage }),
      },
      {
        path: "/premises",
        lazy: async () => ({ Component: (await import("@/features/premises/PremisesPage")).PremisesPage }),
      },
      {
        path: "/premises/:id",
        lazy: async () => ({ Component: (await import("@/features/premises/PremisesFilePage")).PremisesFilePage }),
      },
      {
        path: "/devices",
        lazy: async () => ({ Component: (await import("@/features/cameras/CamerasPage")).CamerasPage }),
      },
      {
        path: "/account",
        lazy: async () => ({ Component: (await import("@/features/account/AccountPage")).AccountPage }),
      },
      {
        path: "/people/:id?",
        lazy: async () => ({ Component: (await import("@/features/people/PeoplePage")).PeoplePage }),
      },
      {
        path: "/organisations",
        lazy: async () => ({ Component: (await import("@/features/people/OrganisationsPage")).OrganisationsPage }),
      },
      {
        path: "/evidence",
        lazy: async () => ({ Component: (await import("@/features/evidence/EvidencePage")).EvidencePage }),
      },
      {
        path: "/evidence/:id",
        lazy: async () => ({ Component: (await import("@/features/evidence/EvidenceItemPage")).EvidenceItemPage }),
      },
      {
        path: "/numbers",
        lazy: async () => ({ Component: (await import("@/features/numbers/NumbersPage")).NumbersPage }),
      },
      {
        path: "/audit",
        lazy: async () => ({ Component: (await import("@/features/audit/AuditPage")).AuditPage }),
      },
      {
        path: "/imports",
        lazy: async () => ({ Component: (await import("@/features/imports/ImportsPage")).ImportsPage }),
      },
      {
        path: "/devices/inventory",
        lazy: async () => ({ Component: (await import("@/features/inventory/InventoryPage")).InventoryPage }),
      },
      {
        path: "/faults",
        lazy: async () => ({ Component: (await import("@/features/faults/FaultsPage")).FaultsPage }),
      },
      {
        path: "/onboarding",
        lazy: async () => ({ Component: (await import("@/features/onboarding/OnboardingPage")).OnboardingPage }),
      },
      {
        path: "/onboarding/:id",
        lazy: async () => ({ Component: (await import("@/features/onboarding/RoadPage")).RoadPage }),
      },
      {
        path: "/approvals/frames",
        lazy: async () => ({ Component: (await import("@/features/frames/FramesPage")).FramesPage }),
      },
      {
        path: "/recordings",
        lazy: async () => ({ Component: (await import("@/features/recordings/RecordingsHead")).RecordingsStart }),
      },
      {
        path: "/recordings/alarms",
        lazy: async () => ({ Component: (await import("@/features/recordings/AlarmsPage")).AlarmsPage }),
      },
      {
        path: "/recordings/search",
        lazy: async () => ({ Component: (await import("@/features/recordings/SearchPage")).SearchPage }),
      },
      {
        path: "/recordings/holds",
        lazy: async () => ({ Component: (await import("@/features/recordings/HoldsPage")).HoldsPage }),
      },
      {
        path: "/recordings/rules",
        lazy: async () => ({ Component: (await import("@/features/recordings/RulesPage")).RulesPage }),
      },
      {
        path: "/admin/settings",
        lazy: async () => ({ Component: (await import("@/features/settings/SettingsPage")).SettingsPage }),
      },
      {
        path: "/nodes",
        lazy: async () => ({ Component: (await import("@/features/nodes/NodesPage")).NodesPage }),
      },
      { path: "*", element: <PageError isMissing /> },
    ],
  },
];

export function buildRouter() {
  return createBrowserRouter(routes);
}
