import { useMutation } from "@tanstack/react-query";
import type { paths } from "@/generated/api";
import { api, bodyOf } from "./client";
import { nameOf, saveBlob } from "./download";

type PremisesAsked = NonNullable<paths["/api/v1/premises/export.xlsx"]["get"]["parameters"]["query"]>;
type CamerasAsked = NonNullable<paths["/api/v1/cameras/export.xlsx"]["get"]["parameters"]["query"]>;
type FaultsAsked = NonNullable<paths["/api/v1/faults/export.xlsx"]["get"]["parameters"]["query"]>;

/** A list with what it is narrowed by. */
export type TakenList =
  | { list: "premises"; asked: Omit<PremisesAsked, "purpose"> }
  | { list: "cameras"; asked: Omit<CamerasAsked, "purpose"> }
  | { list: "faults"; asked: Omit<FaultsAsked, "purpose"> };

/** Fetches a whole list as a workbook and gives it to the person to save. */
export function useTakeList() {
  return useMutation({
    mutationFn: async ({ taken, purpose }: { taken: TakenList; purpose: string }) => {
      const { body, response } = await fetchList(taken, purpose);
      saveBlob(body as Blob, nameOf(response, `${taken.list}.xlsx`));
    },
  });
}

async function fetchList(taken: TakenList, purpose: string): Promise<{ body: unknown; response: Response }> {
  if (taken.list === "premises") {
    const query = { purpose, ...taken.asked };
    const answer = await api.GET("/api/v1/premises/export.xlsx", { params: { query }, parseAs: "blob" });
    return { body: bodyOf(answer), response: answer.response };
  }
  if (taken.list === "cameras") {
    const query = { purpose, ...taken.asked };
    const answer = await api.GET("/api/v1/cameras/export.xlsx", { params: { query }, parseAs: "blob" });
    return { body: bodyOf(answer), response: answer.response };
  }
  const query = { purpose, ...taken.asked };
  const answer = await api.GET("/api/v1/faults/export.xlsx", { params: { query }, parseAs: "blob" });
  return { body: bodyOf(answer), response: answer.response };
}
