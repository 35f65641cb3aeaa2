import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "./client";
import { sessionQuery } from "./session";
import { tokensQuery } from "./tokens";

const lookEveryMs = 3_000;

/** A code to be shown here, and a claim that this page keeps to itself. Asked anew when the code has run out. */
export function useAskedAsKiosk() {
  return useQuery({
    queryKey: ["kiosk", "asked"],
    queryFn: async () => bodyOf(await api.POST("/api/v1/kiosks")),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: (query) => (query.state.data ? query.state.data.left_s * 1_000 : 60_000),
    refetchIntervalInBackground: true,
  });
}

/** True once somebody has let this display in; the browser then has its credential. */
export function useLetIn(claim: string | undefined): boolean {
  const queries = useQueryClient();
  const { data } = useQuery({
    queryKey: ["kiosk", "in", claim],
    queryFn: async () => {
      const { is_in: isIn } = bodyOf(await api.POST("/api/v1/kiosks/claim", { body: { claim: claim ?? "" } }));
      if (isIn) await queries.refetchQueries({ queryKey: sessionQuery.queryKey });
      return isIn;
    },
    enabled: claim !== undefined,
    retry: false,
    refetchInterval: (query) => (query.state.data ? false : lookEveryMs),
    refetchIntervalInBackground: true,
  });
  return data === true;
}

/** From where the display with this code asks. */
export function useLookAtKiosk() {
  return useMutation({
    mutationFn: async (code: string) => bodyOf(await api.POST("/api/v1/kiosks/look", { body: { code } })),
  });
}

export function useApproveKiosk() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: { code: string; name: string; days: number }) =>
      bodyOf(await api.POST("/api/v1/kiosks/approve", { body })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
}
