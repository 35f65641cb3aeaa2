import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, bodyOf } from "./client";

/** Premises by a part of the name or by pinyin initials, the first twenty; none for an empty text. */
export function premisesFoundQuery(text: string) {
  return queryOptions({
    queryKey: ["premises", "found", text],
    queryFn: async () =>
      text.trim()
        ? bodyOf(await api.GET("/api/v1/premises", { params: { query: { text: text.trim(), limit: 20 } } })).items
        : [],
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}
