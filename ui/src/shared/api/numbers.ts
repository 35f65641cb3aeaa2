import { keepPreviousData, queryOptions, useInfiniteQuery, useMutation } from "@tanstack/react-query";
import type { components, operations } from "@/generated/api";
import { api, bodyOf } from "./client";
import { nameOf, saveBlob } from "./download";

export type Numbers = components["schemas"]["NumbersOut"];
export type NumberCell = components["schemas"]["NumberCellOut"];
export type NumberWords = components["schemas"]["NumberWordsOut"];
export type DenominatorChange = components["schemas"]["DenominatorChangeOut"];
export type CountedRow = components["schemas"]["CountedRowOut"];
export type OpenNumber = operations["list_number_rows"]["parameters"]["query"]["number"];

/** What is counted. "" = all, now. */
export interface Cut {
  region: string;
  category: string;
  month: string;
}

function queryOf({ region, category, month }: Cut) {
  return { ...(region ? { region } : {}), ...(category ? { category: [category] } : {}), ...(month ? { month } : {}) };
}

/** By county (by township within one) and category. */
export function numbersQuery(region: string, month: string) {
  return queryOptions({
    queryKey: ["numbers", region, month],
    queryFn: async () =>
      bodyOf(
        await api.GET("/api/v1/numbers", {
          params: {
            query: {
              by: "region,category",
              level: region ? "township" : "county",
              ...queryOf({ region, category: "", month }),
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: month ? false : 60_000,
  });
}

/** The last twelve months, each as of its end. */
export function monthsQuery(region: string) {
  return queryOptions({
    queryKey: ["numbers", "months", region],
    queryFn: async () =>
      bodyOf(
        await api.GET("/api/v1/numbers", {
          params: { query: { by: "month", months: 12, ...queryOf({ region, category: "", month: "" }) } },
        }),
      ),
    staleTime: 300_000,
  });
}

/** What a number counts, a page after the other. */
export function useNumberRows(number: OpenNumber, cut: Cut) {
  return useInfiniteQuery({
    queryKey: ["numbers", "rows", number, cut],
    queryFn: async ({ pageParam }) =>
      bodyOf(
        await api.GET("/api/v1/numbers/rows", {
          params: { query: { number, ...queryOf(cut), cursor: pageParam, limit: 50 } },
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (page) => (page.next_cursor === null ? undefined : Number(page.next_cursor)),
  });
}

/** The log of what 100 % is counted from, newest first, a page after the other. */
export function useDenominatorChanges() {
  return useInfiniteQuery({
    queryKey: ["numbers", "changes"],
    queryFn: async ({ pageParam }) =>
      bodyOf(await api.GET("/api/v1/onboarding/changes", { params: { query: { cursor: pageParam } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    retry: false,
  });
}

export function useExportNumbers() {
  return useMutation({
    mutationFn: async (wanted: { cut: Cut; purpose: string; kind: "xlsx" | "csv"; number?: OpenNumber }) => {
      const query = {
        purpose: wanted.purpose,
        level: wanted.cut.region ? ("township" as const) : ("county" as const),
        ...queryOf(wanted.cut),
        ...(wanted.number ? { number: wanted.number } : {}),
      };
      const answer =
        wanted.kind === "xlsx"
          ? await api.GET("/api/v1/numbers/export.xlsx", { params: { query }, parseAs: "blob" })
          : await api.GET("/api/v1/numbers/export.csv", { params: { query }, parseAs: "blob" });
      saveBlob(bodyOf(answer) as Blob, nameOf(answer.response, `numbers.${wanted.kind}`));
    },
  });
}
