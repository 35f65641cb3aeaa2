import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { components } from "@/generated/api";
import { type Camera, sortCameras } from "./cameras";
import { api, bodyOf } from "./client";

type Schemas = components["schemas"];
export type PremisesRow = Schemas["PremisesRowOut"];
export type PremisesFile = Schemas["PremisesOut"];
export type PremisesCard = Schemas["PremisesCardOut"];
export type PremisesShown = PremisesFile | PremisesCard;
export type PremisesIn = Schemas["PremisesIn"];
export type PremisesPatch = Schemas["PremisesPatchIn"];
export type Person = Schemas["PersonOut"];
export type PersonIn = Schemas["PersonIn"];
export type PersonPatch = Schemas["PersonPatchIn"];
export type Suspension = Schemas["SuspensionOut"];
export type SuspensionIn = Schemas["SuspensionIn"];
export type ZoneCoverage = Schemas["ZoneCoverageOut"];
export type Kinds = Schemas["KindsOut"];
export type PremisesState = PremisesFile["state"];
export type Grade = NonNullable<PremisesFile["risk_grade"]>;
export type SecretField = Schemas["UnmaskIn"]["field"];
export type Purpose = Schemas["UnmaskIn"]["purpose"];

export interface PremisesWish {
  text?: string;
  region?: string;
  category?: string;
  state?: PremisesState;
  grade?: Grade;
  is_complete?: boolean;
  is_due?: boolean;
  is_suspended?: boolean;
  sort?: "name" | "region" | "state" | "updated";
}

const key = ["premises"] as const;
export const pageSize = 50;

/** The list, page by page; the rows of the last question stay until the next answer is there. */
export function premisesListQuery(wish: PremisesWish, limit = pageSize) {
  return infiniteQueryOptions({
    queryKey: [...key, "list", wish, limit] as const,
    queryFn: async ({ pageParam, signal }) =>
      bodyOf(
        await api.GET("/api/v1/premises", {
          params: { query: { ...wish, limit, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function premisesQuery(id: string) {
  return queryOptions({
    queryKey: [...key, "one", id] as const,
    queryFn: async (): Promise<PremisesShown> =>
      bodyOf(await api.GET("/api/v1/premises/{premises_id}", { params: { path: { premises_id: id } } })),
  });
}

/** The channels of one premises. */
export function premisesCamerasQuery(id: string) {
  return queryOptions({
    queryKey: ["cameras", "of", id] as const,
    queryFn: async (): Promise<Camera[]> =>
      sortCameras(bodyOf(await api.GET("/api/v1/cameras", { params: { query: { premises: id, limit: 200 } } })).items),
  });
}

/** Categories, zones and must-zones; they hardly ever change. */
export const kindsQuery = queryOptions({
  queryKey: ["kinds"] as const,
  queryFn: async (): Promise<Kinds> => bodyOf(await api.GET("/api/v1/kinds")),
  staleTime: 3_600_000,
});

/** A mutation after which everything that was read of premises is read again. */
function usePremisesMutation<In, Out>(run: (given: In) => Promise<Out>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: run, onSuccess: () => queries.invalidateQueries({ queryKey: key }) });
}

export function useAddPremises() {
  return usePremisesMutation(async (body: PremisesIn) => bodyOf(await api.POST("/api/v1/premises", { body })));
}

export function useChangePremises(id: string) {
  return usePremisesMutation(async ({ etag, patch }: { etag: string; patch: PremisesPatch }) =>
    bodyOf(
      await api.PATCH("/api/v1/premises/{premises_id}", {
        params: { path: { premises_id: id }, header: { "If-Match": etag } },
        body: patch,
      }),
    ),
  );
}

export function useRetirePremises(id: string) {
  return usePremisesMutation(async (etag: string) => {
    await api.DELETE("/api/v1/premises/{premises_id}", {
      params: { path: { premises_id: id }, header: { "If-Match": etag } },
    });
  });
}

export function useAddPerson(id: string) {
  return usePremisesMutation(async (body: PersonIn) =>
    bodyOf(await api.POST("/api/v1/premises/{premises_id}/people", { params: { path: { premises_id: id } }, body })),
  );
}

export function useChangePerson(id: string) {
  return usePremisesMutation(async ({ person, patch }: { person: Person; patch: PersonPatch }) =>
    bodyOf(
      await api.PATCH("/api/v1/premises/{premises_id}/people/{person_id}", {
        params: { path: { premises_id: id, person_id: person.id }, header: { "If-Match": person.etag } },
        body: patch,
      }),
    ),
  );
}

export function useRemovePerson(id: string) {
  return usePremisesMutation(async (person: Person) => {
    await api.DELETE("/api/v1/premises/{premises_id}/people/{person_id}", {
      params: { path: { premises_id: id, person_id: person.id } },
    });
  });
}

/** One number in clear. It is kept nowhere: whoever asked holds it. */
export function useUnmask(id: string) {
  return useMutation({
    gcTime: 0,
    mutationFn: async (given: { person: string; field: SecretField; purpose: Purpose }) =>
      bodyOf(
        await api.POST("/api/v1/premises/{premises_id}/people/{person_id}/unmask", {
          params: { path: { premises_id: id, person_id: given.person } },
          body: { field: given.field, purpose: given.purpose },
        }),
      ).value,
  });
}

export function useRequestSuspension(id: string) {
  return usePremisesMutation(async (body: SuspensionIn) =>
    bodyOf(
      await api.POST("/api/v1/premises/{premises_id}/suspensions", { params: { path: { premises_id: id } }, body }),
    ),
  );
}

export function useDecideSuspension(id: string) {
  return usePremisesMutation(async ({ suspension, approve }: { suspension: string; approve: boolean }) =>
    bodyOf(
      await api.POST("/api/v1/premises/{premises_id}/suspensions/{suspension_id}/decision", {
        params: { path: { premises_id: id, suspension_id: suspension } },
        body: { approve },
      }),
    ),
  );
}

export function useEndSuspension(id: string) {
  return usePremisesMutation(async (suspension: string) =>
    bodyOf(
      await api.POST("/api/v1/premises/{premises_id}/suspensions/{suspension_id}/end", {
        params: { path: { premises_id: id, suspension_id: suspension } },
      }),
    ),
  );
}
