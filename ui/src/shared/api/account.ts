import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";
import { useTakeSession } from "./session";

export type Account = components["schemas"]["OwnAccountOut"];
export type OwnSession = components["schemas"]["OwnSessionOut"];
export type Enrolled = components["schemas"]["EnrolledOut"];
export type StepUpProof = components["schemas"]["StepUpIn"];

export const accountQuery = queryOptions({
  queryKey: ["account"],
  queryFn: async (): Promise<Account> => bodyOf(await api.GET("/api/v1/account")),
});

export const ownSessionsQuery = queryOptions({
  queryKey: ["account", "sessions"],
  queryFn: async (): Promise<OwnSession[]> => bodyOf(await api.GET("/api/v1/account/sessions")).items,
});

/** Reads the account again after a change, and what hangs on it. */
function useRefresh(): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ queryKey: accountQuery.queryKey });
}

export function useChangePassword() {
  const take = useTakeSession();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (body: { old: string; new: string }) =>
      bodyOf(await api.POST("/api/v1/account/password", { body })),
    onSuccess: (session) => {
      take(session);
      refresh();
    },
  });
}

export function useBeginTotp() {
  return useMutation({ mutationFn: async () => bodyOf(await api.POST("/api/v1/account/totp")) });
}

export function useConfirmTotp() {
  return useMutation({
    mutationFn: async (code: string): Promise<Enrolled> =>
      bodyOf(await api.POST("/api/v1/account/totp/confirm", { body: { code } })),
    onSuccess: useRefresh(),
  });
}

export function useBeginPasskey() {
  return useMutation({ mutationFn: async () => bodyOf(await api.POST("/api/v1/account/passkeys/options")) });
}

export function useAddPasskey() {
  return useMutation({
    mutationFn: async (body: components["schemas"]["PasskeyIn"]): Promise<Enrolled> =>
      bodyOf(await api.POST("/api/v1/account/passkeys", { body })),
    onSuccess: useRefresh(),
  });
}

export function useRemoveFactor() {
  return useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE("/api/v1/account/factors/{factor_id}", { params: { path: { factor_id: id } } });
    },
    onSuccess: useRefresh(),
  });
}

export function useMakeRecoveryCodes() {
  return useMutation({
    mutationFn: async () => bodyOf(await api.POST("/api/v1/account/recovery-codes")).recovery_codes,
    onSuccess: useRefresh(),
  });
}

export function useEndSession() {
  return useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE("/api/v1/account/sessions/{session_id}", { params: { path: { session_id: id } } });
    },
    onSuccess: useRefresh(),
  });
}

export function useEndOtherSessions() {
  return useMutation({
    mutationFn: async () => bodyOf(await api.DELETE("/api/v1/account/sessions")).ended,
    onSuccess: useRefresh(),
  });
}

export function useBeginStepUp() {
  return useMutation({ mutationFn: async () => bodyOf(await api.POST("/api/v1/session/step-up/options")) });
}

export function useStepUp() {
  const take = useTakeSession();
  return useMutation({
    mutationFn: async (body: StepUpProof) => bodyOf(await api.POST("/api/v1/session/step-up", { body })),
    onSuccess: take,
  });
}
