/** A wall that turns (轮巡): which cameras hang on it when. Pure: the clock comes as an argument, ms that never step back. */

export const minDwellS = 5;
export const maxDwellS = 120;
/** So long before their turn pictures are opened, and so long a camera without one is given. */
export const aheadMs = 3_000;
export const patienceMs = 3_000;
const keptGroups = 50;

export interface Rotation {
  /** All cameras, in their order. */
  readonly all: readonly string[];
  /** In this round's order: what had no picture in the last one comes at its end. */
  readonly order: readonly string[];
  readonly size: number;
  readonly dwellMs: number;
  /** Shown now; as many as there are tiles, or all cameras if they are fewer. */
  readonly places: readonly string[];
  /** Since when each place shows its camera. */
  readonly placedMs: readonly number[];
  /** Of `order`: the first that had no turn in this round. */
  readonly next: number;
  /** Since when this group is shown; pauses are not counted. */
  readonly sinceMs: number;
  readonly pausedMs: number | undefined;
  /** Had no picture in this round, in the order of their turns. */
  readonly dead: readonly string[];
  /** The same, of the round before. */
  readonly lastDead: readonly string[];
  /** The groups before this one, the newest last. */
  readonly past: readonly (readonly string[])[];
}

export function beginRotation(all: readonly string[], size: number, dwellS: number, nowMs: number): Rotation {
  const dwellMs = Math.min(maxDwellS, Math.max(minDwellS, dwellS)) * 1000;
  const empty: Rotation = {
    ...{ all, order: all, size, dwellMs, places: [], placedMs: [], next: 0, sinceMs: nowMs },
    ...{ pausedMs: undefined, dead: [], lastDead: [], past: [] },
  };
  return withGroup(empty, nowMs);
}

/** There is another group to turn to. */
export function isTurning(rotation: Rotation): boolean {
  return rotation.all.length > rotation.size;
}

/** The next camera that has its turn, and is not among these; a round that ends begins anew. */
function taken(rotation: Rotation, among: readonly string[]): [Rotation, string | undefined] {
  let now = rotation;
  for (let looked = 0; looked <= now.order.length; looked += 1) {
    if (now.next >= now.order.length) now = withNewRound(now);
    const id = now.order[now.next];
    now = { ...now, next: now.next + 1 };
    if (id !== undefined && !among.includes(id)) return [now, id];
  }
  return [rotation, undefined];
}

function withNewRound(rotation: Rotation): Rotation {
  const { all, dead } = rotation;
  const order = [...all.filter((id) => !dead.includes(id)), ...dead];
  return { ...rotation, order, next: 0, lastDead: dead, dead: [] };
}

function withGroup(rotation: Rotation, nowMs: number): Rotation {
  let now = rotation;
  const places: string[] = [];
  while (places.length < Math.min(now.size, now.all.length)) {
    const [then, id] = taken(now, places);
    if (id === undefined) break;
    now = then;
    places.push(id);
  }
  return { ...now, places, placedMs: places.map(() => nowMs), sinceMs: nowMs };
}

/** The next group, now. A pause goes on from here. */
export function withNextGroup(rotation: Rotation, nowMs: number): Rotation {
  if (!isTurning(rotation)) return rotation;
  const past = [...rotation.past, rotation.places].slice(-keptGroups);
  return stillPaused({ ...withGroup(rotation, nowMs), past }, nowMs);
}

/** The group before this one, as it was shown. */
export function withFormerGroup(rotation: Rotation, nowMs: number): Rotation {
  const places = rotation.past.at(-1);
  if (!places) return rotation;
  const first = rotation.order.indexOf(rotation.places[0] ?? "");
  const next = first >= 0 ? first : rotation.next;
  const past = rotation.past.slice(0, -1);
  return stillPaused({ ...rotation, places, past, next, placedMs: places.map(() => nowMs), sinceMs: nowMs }, nowMs);
}

function stillPaused(rotation: Rotation, nowMs: number): Rotation {
  return rotation.pausedMs === undefined ? rotation : { ...rotation, pausedMs: nowMs };
}

export function paused(rotation: Rotation, nowMs: number): Rotation {
  return rotation.pausedMs === undefined ? { ...rotation, pausedMs: nowMs } : rotation;
}

export function resumed(rotation: Rotation, nowMs: number): Rotation {
  const { pausedMs } = rotation;
  if (pausedMs === undefined) return rotation;
  const later = nowMs - pausedMs;
  return {
    ...rotation,
    pausedMs: undefined,
    sinceMs: rotation.sinceMs + later,
    placedMs: rotation.placedMs.map((atMs) => atMs + later),
  };
}

/** What time brings: cameras that stay without a picture lose their turn, and the group changes when its time is over. */
export function ticked(rotation: Rotation, nowMs: number, hasPicture: (id: string) => boolean): Rotation {
  if (rotation.pausedMs !== undefined || !isTurning(rotation)) return rotation;
  const now = withoutDead(rotation, nowMs, hasPicture);
  const isOver = nowMs - now.sinceMs >= now.dwellMs;
  // Nobody would come in their place any more: there is nothing to wait for.
  const isEmpty = now.places.every((id) => now.dead.includes(id));
  return isOver || isEmpty ? withNextGroup(now, nowMs) : now;
}

function withoutDead(rotation: Rotation, nowMs: number, hasPicture: (id: string) => boolean): Rotation {
  let now = rotation;
  rotation.places.forEach((id, place) => {
    const isDue = nowMs - (now.placedMs[place] ?? nowMs) >= patienceMs;
    if (!isDue || hasPicture(id) || now.dead.includes(id)) return;
    now = { ...now, dead: [...now.dead, id] };
    // Only within the round: its end is a new group.
    const heir = now.order.slice(now.next).find((each) => !now.places.includes(each));
    if (heir === undefined) return;
    now = {
      ...now,
      next: now.order.indexOf(heir) + 1,
      places: now.places.map((each, at) => (at === place ? heir : each)),
      placedMs: now.placedMs.map((each, at) => (at === place ? nowMs : each)),
    };
  });
  if (now === rotation) return now;
  // Whoever comes in their place gets the whole time, unless others of the group have begun theirs.
  const living = now.placedMs.filter((_, place) => !now.dead.includes(now.places[place] ?? ""));
  return living.length > 0 ? { ...now, sinceMs: Math.min(...living) } : now;
}

/** Cameras to be opened now for the next group. */
export function opensAhead(rotation: Rotation, nowMs: number): readonly string[] {
  if (!isTurning(rotation) || rotation.pausedMs !== undefined) return [];
  if (rotation.sinceMs + rotation.dwellMs - nowMs > aheadMs) return [];
  return withGroup(rotation, nowMs).places.filter((id) => !rotation.places.includes(id));
}

/** How much of this group's time is over, 0 to 1. */
export function progressOf(rotation: Rotation, nowMs: number): number {
  const atMs = rotation.pausedMs ?? nowMs;
  return Math.min(1, Math.max(0, (atMs - rotation.sinceMs) / rotation.dwellMs));
}

/** Which cameras take their turns; "" = all. */
export interface TurnFilter {
  region: string;
  category: string;
  grade: string;
  /** Only cameras that count for a zone which the premises has to show. */
  mustZones: boolean;
}

export interface Turn {
  dwellS: number;
  filter: TurnFilter;
}

const filterKeys = ["region", "category", "grade"] as const;

/** The rotation of an address; undefined: it has none. */
export function readTurn(query: URLSearchParams): Turn | undefined {
  const dwellS = Number(query.get("turn") ?? Number.NaN);
  if (!(dwellS >= minDwellS && dwellS <= maxDwellS)) return undefined;
  const of = (key: (typeof filterKeys)[number]) => query.get(key) ?? "";
  return {
    dwellS,
    filter: {
      region: of("region"),
      category: of("category"),
      grade: of("grade"),
      mustZones: query.get("must") === "1",
    },
  };
}

export function writeTurn(query: URLSearchParams, turn: Turn | undefined): URLSearchParams {
  const written = new URLSearchParams(query);
  if (!turn) return written;
  written.set("turn", String(turn.dwellS));
  for (const key of filterKeys) if (turn.filter[key]) written.set(key, turn.filter[key]);
  if (turn.filter.mustZones) written.set("must", "1");
  return written;
}
