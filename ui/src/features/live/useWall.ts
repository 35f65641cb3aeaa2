import { useCallback, useEffect, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { Camera } from "@/shared/api/cameras";
import { readTurn, type Turn, writeTurn } from "./rotation";
import { filled, readWall, type Wall, withLayout, writeWall } from "./wall";

const lastWallKey = "bk.wall";

export interface Hung {
  wall: Wall;
  turn: Turn | undefined;
}

/** What hung on the wall last on this device; an address that names a number of pictures and no cameras says how many it has. */
export function lastWall(isPhone: boolean, query: URLSearchParams): Hung {
  const kept = new URLSearchParams(localStorage.getItem(lastWallKey) ?? (isPhone ? "wall=1" : ""));
  const wall = readWall(kept);
  return { wall: query.has("wall") ? withLayout(wall, readWall(query).layout, 0) : wall, turn: readTurn(kept) };
}

export interface Beginning {
  /** What the wall begins with. */
  first: readonly Camera[];
  /** What hangs on it, as far as it may be watched. */
  cameras: readonly Camera[];
  /** What hung on it last. */
  last: Hung;
  /** More of what hangs on it is still being read. */
  isReading: boolean;
}

/** The wall of the address, else the last one, else the first cameras. */
export function useWall({ first, cameras, last, isReading }: Beginning) {
  const [query, setQuery] = useSearchParams();
  const put = useCallback(
    (wall: Wall, turn?: Turn) => {
      const written = writeTurn(writeWall(wall), turn);
      localStorage.setItem(lastWallKey, written.toString());
      setQuery(written, { replace: true });
    },
    [setQuery],
  );
  const hasAddress = query.has("c");
  useEffect(() => {
    if (hasAddress || (isReading && last.wall.places.some(Boolean))) return;
    const known = new Set(cameras.map((camera) => camera.id));
    const places = last.wall.places.map((id) => (known.has(id) ? id : ""));
    const firstIds = first.map((camera) => camera.id);
    put(places.some(Boolean) ? { ...last.wall, places } : filled(last.wall, firstIds), last.turn);
  }, [hasAddress, first, cameras, last, isReading, put]);
  const wall = useMemo(() => readWall(query), [query]);
  const turn = useMemo(() => readTurn(query), [query]);
  return { wall, turn, put };
}
