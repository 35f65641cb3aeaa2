import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";
import { ProblemError } from "./problem";

export type Session = components["schemas"]["SessionOut"];

const key = ["session"] as const;

/** Who is logged in; null = nobody. */
export const sessionQuery = queryOptions({
  queryKey: key,
  queryFn: async (): Promise<Session | null> => {
    try {
      return bodyOf(await api.GET("/api/v1/session"));
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

let left = false;

/** True after this person logged out by hand: then the log-in page need not explain itself. */
export function hasLeft(): boolean {
  return left;
}

export function useOpenSession() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (credentials: { username: string; password: string }) =>
      bodyOf(await api.POST("/api/v1/session", { body: credentials })),
    onSuccess: (session) => {
      left = false;
      queries.setQueryData(key, session);
    },
  });
}

export function useCloseSession() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await api.DELETE("/api/v1/session");
    },
    onSuccess: () => {
      left = true;
      // The session first: the frame goes, and with it everything that would read again.
      queries.setQueryData(key, null);
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== key[0] });
    },
  });
}

/** What this person can do somewhere; [] until it is known. */
export function useAbilities(): readonly string[] {
  return useQuery(sessionQuery).data?.abilities ?? [];
}
