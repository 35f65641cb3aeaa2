import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { type Camera, type CamerasAsked, cameraRowsQuery } from "@/shared/api/cameras";
import { type Grade, premisesListQuery } from "@/shared/api/premises";
import type { TurnFilter } from "./rotation";

/** In one answer; the server gives no more. */
const pageLimit = 200;
/** A round of this many takes an hour and a half on a wall of sixteen. */
export const mostTurning = 1_000;

export interface TurnCameras {
  cameras: readonly Camera[];
  /** Not all are read yet. */
  isReading: boolean;
  isFailing: boolean;
  /** There are more than take part. */
  isCut: boolean;
}

/** The connected cameras that a filter means, in their order, as far as this person may watch them. */
export function useTurnCameras(filter: TurnFilter | undefined): TurnCameras {
  const { region = "", category = "", zone = "", grade = "" } = filter ?? {};
  const enabled = filter !== undefined;
  const asked: CamerasAsked = {
    connected: true,
    limit: pageLimit,
    ...(region ? { region } : {}),
    ...(category ? { category } : {}),
    ...(zone ? { zone } : {}),
  };
  const rows = useAllPages(useInfiniteQuery({ ...cameraRowsQuery(asked), enabled }));
  const wish = {
    ...(region ? { region } : {}),
    ...(category ? { category } : {}),
    ...(grade ? { grade: grade as Grade } : {}),
  };
  const graded = useAllPages(
    useInfiniteQuery({ ...premisesListQuery(wish, pageLimit), enabled: enabled && grade !== "" }),
  );
  return useMemo(() => {
    const all = rows.pages.flatMap((page) => page.items);
    const premises = grade ? new Set(graded.pages.flatMap((page) => page.items.map(({ id }) => id))) : undefined;
    const found = all.filter(
      (camera) =>
        camera.abilities.includes("camera.live") &&
        (!premises || (camera.premises_id !== null && premises.has(camera.premises_id))),
    );
    return {
      cameras: found.slice(0, mostTurning),
      isReading: rows.isReading || (grade !== "" && graded.isReading),
      isFailing: rows.isFailing || graded.isFailing,
      isCut: rows.isCut || found.length > mostTurning,
    };
  }, [rows, graded, grade]);
}

interface Paged<Page> {
  data: { pages: Page[] } | undefined;
  isPending: boolean;
  isError: boolean;
  isFetching: boolean;
  /** Those of the filter before this one. */
  isPlaceholderData: boolean;
  hasNextPage: boolean;
  fetchNextPage: () => unknown;
}

const none: never[] = [];

/** Reads page after page, up to the most that can take part. */
function useAllPages<Page>(query: Paged<Page>) {
  const { data, isPending, isError, isFetching, isPlaceholderData, hasNextPage, fetchNextPage } = query;
  const pages = (isPlaceholderData ? undefined : data?.pages) ?? none;
  const isFull = pages.length * pageLimit >= mostTurning;
  const readsOn = hasNextPage && !isFull && !isError;
  useEffect(() => {
    if (readsOn && !isFetching) void fetchNextPage();
  }, [readsOn, isFetching, fetchNextPage]);
  return useMemo(
    () => ({
      pages,
      isReading: isPending || isPlaceholderData || readsOn,
      isFailing: isError,
      isCut: hasNextPage && isFull,
    }),
    [pages, isPending, isPlaceholderData, readsOn, isError, hasNextPage, isFull],
  );
}
