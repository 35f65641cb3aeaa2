import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

type Schemas = components["schemas"];
export type Person = Schemas["AccountOut"];
export type HeldGrant = Schemas["GrantOut"];
export type GrantIn = Schemas["GrantIn"];
export type AccountIn = Schemas["AccountIn"];
export type GrantableRole = Schemas["RoleOut"];
export type Approval = Schemas["ApprovalOut"];
export type Recovery = Schemas["RecoveryOut"];
export type Region = Schemas["RegionOut"];
export type Organisation = Schemas["OrganisationOut"];
export type OrganisationIn = Schemas["OrganisationIn"];

export interface PeopleFilter {
  q: string;
  role: string;
  region: string;
}

const key = ["people"] as const;

/** The people whom the caller looks after, by account name; at most 1,000, then the search has to narrow it. */
export function peopleQuery(filter: PeopleFilter) {
  return queryOptions({
    queryKey: [...key, "list", filter],
    queryFn: async (): Promise<Person[]> => {
      const people: Person[] = [];
      let cursor: string | null = "";
      while (cursor !== null && people.length < 1000) {
        const page: Schemas["AccountListOut"] = bodyOf(
          await api.GET("/api/v1/people", { params: { query: { ...filter, cursor, limit: 200 } } }),
        );
        people.push(...page.items);
        cursor = page.next_cursor;
      }
      return people;
    },
    placeholderData: keepPreviousData,
  });
}

export function personQuery(id: string) {
  return queryOptions({
    queryKey: [...key, "one", id],
    queryFn: async () => bodyOf(await api.GET("/api/v1/people/{user_id}", { params: { path: { user_id: id } } })),
  });
}

export const grantableRolesQuery = queryOptions({
  queryKey: [...key, "roles"],
  queryFn: async () => bodyOf(await api.GET("/api/v1/people/roles")).items,
  staleTime: 300_000,
});

export const approvalsQuery = queryOptions({
  queryKey: [...key, "approvals"],
  queryFn: async () => bodyOf(await api.GET("/api/v1/approvals")).items,
});

export const recoveriesQuery = queryOptions({
  queryKey: [...key, "recoveries"],
  queryFn: async () => bodyOf(await api.GET("/api/v1/recoveries")).items,
});

export const regionsQuery = queryOptions({
  queryKey: ["regions"],
  queryFn: async () => bodyOf(await api.GET("/api/v1/regions")).items,
  staleTime: 600_000,
});

export const organisationsQuery = queryOptions({
  queryKey: ["organisations"],
  queryFn: async () => bodyOf(await api.GET("/api/v1/organisations")).items,
});

/** Everything about people is read again after any change: roles, requests and recoveries move together. */
function useChange<Wish, Result>(run: (wish: Wish) => Promise<Result>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
}

const pathOf = (id: string) => ({ params: { path: { user_id: id } } });

export function useInvite() {
  return useChange(async (body: AccountIn) => bodyOf(await api.POST("/api/v1/people", { body })));
}

export function useRenewInvitation() {
  return useChange(async (id: string) => bodyOf(await api.POST("/api/v1/people/{user_id}/invitation", pathOf(id))));
}

export function useGiveGrant() {
  return useChange(async ({ id, grant }: { id: string; grant: GrantIn }) =>
    bodyOf(await api.POST("/api/v1/people/{user_id}/grants", { ...pathOf(id), body: grant })),
  );
}

export function useRevokeGrant() {
  return useChange(async ({ id, grant }: { id: string; grant: string }) => {
    await api.DELETE("/api/v1/people/{user_id}/grants/{grant_id}", {
      params: { path: { user_id: id, grant_id: grant } },
    });
  });
}

export type PersonAct = "disable" | "enable" | "end-sessions" | "offboard" | "confirm" | "recovery";

export function usePersonAct() {
  return useChange(async ({ id, act }: { id: string; act: PersonAct }) => {
    await api.POST(`/api/v1/people/{user_id}/${act}`, pathOf(id));
  });
}

export function useChangePerson() {
  return useChange(async ({ person, patch }: { person: Person; patch: Schemas["AccountPatchIn"] }) =>
    bodyOf(
      await api.PATCH("/api/v1/people/{user_id}", {
        params: { path: { user_id: person.id }, header: { "If-Match": person.etag } },
        body: patch,
      }),
    ),
  );
}

export function useDecide() {
  return useChange(async ({ id, agree, reason }: { id: string; agree: boolean; reason: string }) =>
    bodyOf(
      await api.POST("/api/v1/approvals/{approval_id}", {
        params: { path: { approval_id: id } },
        body: { agree, reason },
      }),
    ),
  );
}

export function useRecoveryAct() {
  return useChange(async ({ id, act }: { id: string; act: "agree" | "refuse" }) =>
    bodyOf(await api.POST(`/api/v1/recoveries/{recovery_id}/${act}`, { params: { path: { recovery_id: id } } })),
  );
}

export function useSaveOrganisation() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({
      old,
      body,
    }: {
      old: Organisation | undefined;
      body: OrganisationIn & { retired?: boolean };
    }) =>
      bodyOf(
        old
          ? await api.PATCH("/api/v1/organisations/{organisation_id}", {
              params: { path: { organisation_id: old.id }, header: { "If-Match": old.etag } },
              body,
            })
          : await api.POST("/api/v1/organisations", { body }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ["organisations"] }),
  });
}

/** Whose invitation a code is. */
export async function lookAtInvitation(code: string) {
  return bodyOf(await api.POST("/api/v1/invitations/look", { body: { code } }));
}

/** Chooses a password by the code of an invitation, or of a recovery. returns: the account name. */
export function useChoosePassword(purpose: "invitation" | "recovery") {
  return useMutation({
    mutationFn: async (body: { code: string; password: string }) =>
      bodyOf(
        purpose === "invitation"
          ? await api.POST("/api/v1/invitations/accept", { body })
          : await api.POST("/api/v1/recovery/reset", { body }),
      ).username,
  });
}

export function useAskForRecovery() {
  return useMutation({
    mutationFn: async (username: string) => {
      await api.POST("/api/v1/recovery/ask", { body: { username } });
    },
  });
}
