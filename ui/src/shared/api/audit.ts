import { keepPreviousData, queryOptions, useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { components, operations } from "@/generated/api";
import { api, bodyOf } from "./client";
import { nameOf, saveBlob } from "./download";

type Schemas = components["schemas"];
export type AuditRow = Schemas["AuditRowOut"];
export type ChainState = Schemas["ChainStateOut"];
export type Watch = Schemas["WatchOut"];
type Query = NonNullable<operations["search_audit"]["parameters"]["query"]>;

/** What to look for, by the server's names; what is missing narrows nothing. */
export type AuditQuestion = Pick<
  Query,
  | "person"
  | "place"
  | "kind"
  | "decision"
  | "from"
  | "to"
  | "text"
  | "actor"
  | "object"
  | "premises"
  | "camera"
  | "session"
>;

const pageRows = 50;

export function useAuditRows(question: AuditQuestion) {
  const { i18n } = useTranslation();
  return useInfiniteQuery({
    queryKey: ["audit", "rows", question, i18n.language],
    queryFn: async ({ pageParam }) =>
      bodyOf(
        await api.GET("/api/v1/audit", { params: { query: { ...question, cursor: pageParam, limit: pageRows } } }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useAuditKinds() {
  const { i18n } = useTranslation();
  return queryOptions({
    queryKey: ["audit", "kinds", i18n.language],
    queryFn: async () => bodyOf(await api.GET("/api/v1/audit/kinds")).items,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export const chainStateQuery = queryOptions({
  queryKey: ["audit", "state"],
  queryFn: async (): Promise<ChainState> => bodyOf(await api.GET("/api/v1/audit/state")),
  refetchInterval: 60_000,
});

export function useExportAudit() {
  return useMutation({
    mutationFn: async (wanted: { question: AuditQuestion; purpose: string; kind: "xlsx" | "csv" }) => {
      const query = { ...wanted.question, purpose: wanted.purpose };
      const answer =
        wanted.kind === "xlsx"
          ? await api.GET("/api/v1/audit/export.xlsx", { params: { query }, parseAs: "blob" })
          : await api.GET("/api/v1/audit/export.csv", { params: { query }, parseAs: "blob" });
      saveBlob(bodyOf(answer) as Blob, nameOf(answer.response, `audit.${wanted.kind}`));
    },
  });
}

/** Who watched a premises, newest first. */
export function useWatchers(premises: string) {
  return useInfiniteQuery({
    queryKey: ["audit", "watchers", premises],
    queryFn: async ({ pageParam }) =>
      bodyOf(
        await api.GET("/api/v1/premises/{premises_id}/watchers", {
          params: { path: { premises_id: premises }, query: { cursor: pageParam, limit: pageRows } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}
