import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

type Schemas = components["schemas"];
export type Settings = Schemas["SettingsOut"];
export type Library = Schemas["LibraryOut"];

const againMs = 60_000;

/** How the installation is set up. */
export const settingsQuery = queryOptions({
  queryKey: ["settings"] as const,
  queryFn: async ({ signal }) => bodyOf(await api.GET("/api/v1/settings", { signal })),
  refetchInterval: againMs,
});

/** What this page is built on; written beside it when it was built. */
export const pageLibrariesQuery = queryOptions({
  queryKey: ["settings", "page-libraries"] as const,
  queryFn: async ({ signal }): Promise<Library[]> => {
    const answer = await fetch("/licences.json", { signal });
    return answer.ok ? ((await answer.json()) as Library[]) : [];
  },
  staleTime: Number.POSITIVE_INFINITY,
});
