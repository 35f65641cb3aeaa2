import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type Notice = components["schemas"]["NoticeOut"];

/** What one has to know about one's own account and those one answers for, newest first. */
export const noticesQuery = queryOptions({
  queryKey: ["notices"],
  queryFn: async (): Promise<Notice[]> => bodyOf(await api.GET("/api/v1/notices")).items,
  refetchInterval: 120_000,
});

export function useReadNotices() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await api.POST("/api/v1/notices/read");
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: noticesQuery.queryKey }),
  });
}
