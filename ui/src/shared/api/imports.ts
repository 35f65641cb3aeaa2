import { queryOptions, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";
import { nameOf, saveBlob } from "./download";

export type ImportFile = components["schemas"]["ImportOut"];
export type ImportRow = components["schemas"]["ImportRowOut"];
export type Outcome = ImportRow["outcome"];

const key = ["imports"] as const;
const kinds = { xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", csv: "text/csv" } as const;

/** True while something goes on with the file by itself. */
export function isBusy(file: ImportFile | undefined): boolean {
  return file?.state === "UPLOADED" || file?.state === "RUNNING";
}

/** This person's newest files. */
export const importsQuery = queryOptions({
  queryKey: [...key, "list"],
  queryFn: async () => bodyOf(await api.GET("/api/v1/imports")).items,
});

export function importQuery(id: string) {
  return queryOptions({
    queryKey: [...key, "one", id],
    queryFn: async () => bodyOf(await api.GET("/api/v1/imports/{import_id}", { params: { path: { import_id: id } } })),
    refetchInterval: (query) => (isBusy(query.state.data) ? 1_000 : false),
  });
}

/** Rows of one outcome. `state` is part of the key, so that a finished step reads them anew. */
export function useImportRows(file: ImportFile, outcome: Outcome) {
  return useInfiniteQuery({
    queryKey: [...key, "rows", file.id, file.state, outcome],
    queryFn: async ({ pageParam }) =>
      bodyOf(
        await api.GET("/api/v1/imports/{import_id}/rows", {
          params: { path: { import_id: file.id }, query: { outcome, cursor: pageParam, limit: 50 } },
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (page) => (page.next_cursor === null ? undefined : Number(page.next_cursor)),
  });
}

/** The kind that a file's name tells, if it is one we read. */
export function kindOf(name: string): string | undefined {
  const extension = name.toLowerCase().split(".").pop() ?? "";
  return extension === "xlsx" || extension === "csv" ? kinds[extension] : undefined;
}

export function useUploadImport() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (file: File) =>
      bodyOf(
        await api.POST("/api/v1/imports", {
          params: { query: { name: file.name } },
          body: file as unknown as string,
          bodySerializer: (body) => body as unknown as BodyInit,
          headers: { "Content-Type": kindOf(file.name) ?? kinds.xlsx },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
}

export function useImportAct(act: "run" | "cancel") {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      const params = { path: { import_id: id } };
      return bodyOf(
        act === "run"
          ? await api.POST("/api/v1/imports/{import_id}/run", { params })
          : await api.POST("/api/v1/imports/{import_id}/cancel", { params }),
      );
    },
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
}

export async function downloadTemplate(): Promise<void> {
  const answer = await api.GET("/api/v1/imports/template.xlsx", { parseAs: "blob" });
  saveBlob(bodyOf(answer) as Blob, nameOf(answer.response, "template.xlsx"));
}

export async function downloadErrors(id: string): Promise<void> {
  const params = { path: { import_id: id } };
  const answer = await api.GET("/api/v1/imports/{import_id}/errors.xlsx", { params, parseAs: "blob" });
  saveBlob(bodyOf(answer) as Blob, nameOf(answer.response, "errors.xlsx"));
}
