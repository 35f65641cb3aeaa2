import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";
import { ProblemError } from "./problem";

export type Session = components["schemas"]["SessionOut"];
export type FactorStep = components["schemas"]["FactorStepOut"];
export type FactorProof = Omit<components["schemas"]["FactorIn"], "ticket">;
export type Method = FactorStep["methods"][number];

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

/** Takes the session that an answer brought. */
export function useTakeSession(): (session: Session) => void {
  const queries = useQueryClient();
  return (session) => {
    left = false;
    queries.setQueryData(key, session);
  };
}

/** Name and password: a session, or the question for the second factor. */
export function useOpenSession() {
  const take = useTakeSession();
  return useMutation({
    mutationFn: async (credentials: { username: string; password: string }): Promise<Session | FactorStep> =>
      bodyOf(await api.POST("/api/v1/session", { body: credentials })),
    onSuccess: (answer) => {
      if (!("step" in answer)) take(answer);
    },
  });
}

/** A log-in without a name: the passkey says who. */
export function useBeginPasskeyLogIn() {
  return useMutation({
    mutationFn: async (): Promise<FactorStep> => bodyOf(await api.POST("/api/v1/session/passkey")),
  });
}

/** The answer to the question for the second factor. */
export function useFinishLogIn() {
  const take = useTakeSession();
  return useMutation({
    mutationFn: async (proof: FactorProof & { ticket: string }): Promise<Session> =>
      bodyOf(await api.POST("/api/v1/session/factor", { body: proof })),
    onSuccess: take,
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
