import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

type Schemas = components["schemas"];
export type Evidence = Schemas["EvidenceOut"];
export type EvidenceView = Schemas["EvidenceViewOut"];
export type EvidenceFile = Schemas["EvidenceFileOut"];
export type EvidenceState = Evidence["state"];
export type EvidenceKind = Evidence["kind"];
export type Purpose = Evidence["purpose"];
export type Finding = Schemas["FindingOut"];
export type Export = Schemas["ExportOut"];
export type CaptureWish = Schemas["CaptureIn"];
export type ExportWish = Schemas["ExportIn"];

export const purposes: readonly Purpose[] = ["PATROL", "COMPLAINT", "VIOLATION", "PENALTY", "COURT", "OTHER"];
export const purposesOut: readonly Purpose[] = ["VIOLATION", "PENALTY", "COURT", "COMPLAINT", "OTHER"];

const evidenceKey = ["evidence"] as const;
const exportsKey = ["evidence-exports"] as const;
const followMs = 1_000;

export function evidenceListQuery(wish: {
  kind?: EvidenceKind;
  state?: EvidenceState;
  text?: string;
  premises?: string;
}) {
  return infiniteQueryOptions({
    queryKey: [...evidenceKey, "list", wish] as const,
    queryFn: async ({ pageParam, signal }) =>
      bodyOf(
        await api.GET("/api/v1/evidence", {
          params: { query: { ...wish, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** id: or number. While it waits for its seal it is asked again. */
export function evidenceQuery(id: string) {
  return queryOptions({
    queryKey: [...evidenceKey, "one", id] as const,
    queryFn: async ({ signal }) =>
      bodyOf(await api.GET("/api/v1/evidence/{item_id}", { params: { path: { item_id: id } }, signal })),
    refetchInterval: (query) => (query.state.data?.state === "CAPTURED" ? followMs : false),
  });
}

/** The person's own exports; followed while one is under way. */
export const exportsQuery = queryOptions({
  queryKey: exportsKey,
  queryFn: async ({ signal }) => bodyOf(await api.GET("/api/v1/evidence/exports", { signal })).items,
  refetchInterval: (query) =>
    query.state.data?.some(({ state }) => state === "QUEUED" || state === "RUNNING") ? followMs : false,
});

function useChange<Given, Answer>(send: (given: Given) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: () =>
      Promise.all([evidenceKey, exportsKey].map((queryKey) => queries.invalidateQueries({ queryKey: [...queryKey] }))),
  });
}

export function useCapture() {
  return useChange(async (body: CaptureWish) => bodyOf(await api.POST("/api/v1/evidence", { body })));
}

export function useLinkEvidence(id: string) {
  return useChange(async (case_no: string) =>
    bodyOf(await api.POST("/api/v1/evidence/{item_id}/link", { params: { path: { item_id: id } }, body: { case_no } })),
  );
}

export function useEndEvidence(id: string, act: "release" | "dispose") {
  return useChange(async (reason: string) =>
    bodyOf(
      await api.POST(`/api/v1/evidence/{item_id}/${act}`, { params: { path: { item_id: id } }, body: { reason } }),
    ),
  );
}

export function useCheckEvidence(id: string) {
  return useMutation({
    mutationFn: async () =>
      bodyOf(await api.POST("/api/v1/evidence/{item_id}/check", { params: { path: { item_id: id } } })).findings,
  });
}

export function useExport() {
  return useChange(async (body: ExportWish) => bodyOf(await api.POST("/api/v1/evidence/exports", { body })));
}

export function useCancelExport() {
  return useChange(async (id: string) =>
    bodyOf(await api.POST("/api/v1/evidence/exports/{export_id}/cancel", { params: { path: { export_id: id } } })),
  );
}

/** Where the page shows a file of an item from. */
export function fileUrl(item: string, name: string): string {
  return `/api/v1/evidence/${item}/files/${name}`;
}

export function exportUrl(id: string): string {
  return `/api/v1/evidence/exports/${id}/file`;
}
