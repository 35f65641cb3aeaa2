import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";
import { type FactorStep, type Session, useTakeSession } from "./session";

type Schemas = components["schemas"];
export type Identity = Schemas["IdentityOut"];
export type Returned = Schemas["SignOnReturnIn"];

/** Why the browser went to the single sign-on, and where it goes on afterwards; kept in this tab until it is back. */
export interface Trip {
  purpose: "login" | "link";
  next: string;
}

const place = "bk.sso";

/** Leaves for the single sign-on. Its address comes from the server, which knows the provider's hosts. */
function leave(url: string, trip: Trip): void {
  window.sessionStorage.setItem(place, JSON.stringify(trip));
  window.location.assign(url);
}

/** The trip that this tab is on; without one, whoever comes back wanted to log in. */
export function takeTrip(): Trip {
  const kept = window.sessionStorage.getItem(place);
  window.sessionStorage.removeItem(place);
  try {
    const trip = JSON.parse(kept ?? "{}") as Partial<Trip>;
    return { purpose: trip.purpose === "link" ? "link" : "login", next: trip.next ?? "" };
  } catch {
    return { purpose: "login", next: "" };
  }
}

/** What stands in the address to which the browser came back. */
export function readReturned(query: URLSearchParams): Returned {
  return {
    state: query.get("state") ?? "",
    code: query.get("code") ?? "",
    iss: query.get("iss") ?? "",
    error: query.get("error") ?? "",
  };
}

export function useBeginSignOn() {
  return useMutation({
    mutationFn: async (next: string) => {
      const { url } = bodyOf(await api.POST("/api/v1/session/sso"));
      leave(url, { purpose: "login", next });
    },
  });
}

export function useFinishSignOn() {
  const take = useTakeSession();
  return useMutation({
    mutationFn: async (body: Returned): Promise<Session | FactorStep> =>
      bodyOf(await api.POST("/api/v1/session/sso/finish", { body })),
    onSuccess: (answer) => {
      if (!("step" in answer)) take(answer);
    },
  });
}

const ownKey = ["account", "identities"] as const;

export const ownIdentitiesQuery = queryOptions({
  queryKey: ownKey,
  queryFn: async () => bodyOf(await api.GET("/api/v1/account/identities")),
});

export function useBeginLink() {
  return useMutation({
    mutationFn: async () => {
      const { url } = bodyOf(await api.POST("/api/v1/account/identities"));
      leave(url, { purpose: "link", next: "/account" });
    },
  });
}

export function useFinishLink() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: Returned) => bodyOf(await api.POST("/api/v1/account/identities/finish", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ownKey }),
  });
}

export function useUnlinkOwn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE("/api/v1/account/identities/{own_identity_id}", { params: { path: { own_identity_id: id } } });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ownKey }),
  });
}

/** Below ["people"], so that a decision of a second person reads it again. */
export function identitiesQuery(person: string) {
  return queryOptions({
    queryKey: ["people", "identities", person],
    queryFn: async () =>
      bodyOf(await api.GET("/api/v1/people/{user_id}/identities", { params: { path: { user_id: person } } })),
  });
}

function usePeopleChange<Wish>(run: (wish: Wish) => Promise<void>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: run, onSettled: () => queries.invalidateQueries({ queryKey: ["people"] }) });
}

export function useRequestLink() {
  return usePeopleChange(async ({ person, subject }: { person: string; subject: string }) => {
    await api.POST("/api/v1/people/{user_id}/identities", {
      params: { path: { user_id: person } },
      body: { subject },
    });
  });
}

export function useUnlinkIdentity() {
  return usePeopleChange(async ({ person, id }: { person: string; id: string }) => {
    await api.DELETE("/api/v1/people/{user_id}/identities/{identity_id}", {
      params: { path: { user_id: person, identity_id: id } },
    });
  });
}
