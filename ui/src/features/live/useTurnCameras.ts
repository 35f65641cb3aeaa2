import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { type Camera, type CamerasAsked, cameraRowsQuery } from "@/shared/api/cameras";
import type { TurnFilter } from "./rotation";

/** In one answer; the server gives no more. */
const pageLimit = 200;
/** A round of this many takes a quarter of an hour on a wall of sixteen. */
export const mostTurning = 1_000;

export interface TurnCameras {
  cameras: readonly Camera[];
  /** Not all are read yet. */
  isReading: boolean;
  isFailing: boolean;
  /** There are more than take part. */
  isCut: boolean;
}

function askedFor({ region, category, grade, mustZones }: TurnFilter): CamerasAsked {
  return {
    connected: true,
    limit: pageLimit,
    ...(region ? { region } : {}),
    ...(category ? { category } : {}),
    ...(grade ? { grade: grade as NonNullable<CamerasAsked["grade"]> } : {}),
    ...(mustZones ? { must_zones: true } : {}),
  };
}

const everything: TurnFilter = { region: "", category: "", grade: "", mustZones: false };

/** The connected cameras that a filter means, in their order, as far as this person may watch them. */
export function useTurnCameras(filter: TurnFilter | undefined): TurnCameras {
  const enabled = filter !== undefined;
  const query = useInfiniteQuery({ ...cameraRowsQuery(askedFor(filter ?? everything)), enabled });
  const { data, isPending, isError, isFetching, isPlaceholderData, hasNextPage, fetchNextPage } = query;
  // What is kept of the filter before this one is not what is meant.
  const pages = isPlaceholderData || !enabled ? undefined : data?.pages;
  const isFull = (pages?.length ?? 0) * pageLimit >= mostTurning;
  const readsOn = enabled && hasNextPage && !isFull && !isError;
  useEffect(() => {
    if (readsOn && !isFetching) void fetchNextPage();
  }, [readsOn, isFetching, fetchNextPage]);
  return useMemo(() => {
    const found = (pages ?? [])
      .flatMap((page) => page.items)
      .filter(({ abilities }) => abilities.includes("camera.live"));
    return {
      cameras: found.slice(0, mostTurning),
      isReading: enabled && !isError && (isPending || isPlaceholderData || readsOn),
      isFailing: enabled && isError,
      isCut: enabled && hasNextPage && isFull,
    };
  }, [pages, enabled, isPending, isPlaceholderData, readsOn, isError, hasNextPage, isFull]);
}
