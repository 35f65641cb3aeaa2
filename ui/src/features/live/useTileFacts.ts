import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Camera } from "@/shared/api/cameras";
import { type Opening, openingsQuery } from "@/shared/api/cameraTree";
import { cameraFaultsQuery, type Ticket } from "@/shared/api/maintenance";
import { useAbilities } from "@/shared/api/session";

/** What the register and the operator know of the tiles' cameras: is somebody there to cook, and is it being mended? */
export interface TileFacts {
  opening: Opening | undefined;
  fault: Ticket | undefined;
}

export function useTileFacts(cameras: readonly Camera[]): (camera: Camera) => TileFacts {
  const maySeeFaults = useAbilities().includes("fault.view");
  const openings = useQuery(openingsQuery(cameras.map(({ premises_id }) => premises_id ?? ""))).data;
  const faultsOf = cameraFaultsQuery(cameras.map(({ id }) => id));
  const faults = useQuery({ ...faultsOf, enabled: maySeeFaults && cameras.length > 0 }).data;
  return useMemo(() => {
    const byPremises = new Map(openings?.map((each) => [each.premises_id, each]));
    const byCamera = new Map(faults?.map((each) => [each.camera_id ?? "", each]));
    return (camera) => ({
      opening: camera.premises_id ? byPremises.get(camera.premises_id) : undefined,
      fault: byCamera.get(camera.id),
    });
  }, [openings, faults]);
}
