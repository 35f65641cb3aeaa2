import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type ApiToken = components["schemas"]["ApiTokenOut"];
export type ApiTokenIn = components["schemas"]["ApiTokenIn"];

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async (): Promise<ApiToken[]> => bodyOf(await api.GET("/api/v1/tokens")).items,
});

function useRefresh(): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
}

/** The answer is the only place where the secret is told. */
export function useMakeToken() {
  return useMutation({
    mutationFn: async (body: ApiTokenIn) => bodyOf(await api.POST("/api/v1/tokens", { body })),
    onSuccess: useRefresh(),
  });
}

export function useRevokeToken() {
  return useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: id } } });
    },
    onSettled: useRefresh(),
  });
}
