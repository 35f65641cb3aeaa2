import type { EventKind, SearchAsked } from "@/shared/api/recording";

export const dayMs = 86_400_000;
export const mostDays = 31;

/** What can be searched for. Changes of rules stand on timelines only. */
export const searchedKinds = [
  "unrecorded",
  "offline",
  "held",
  "deleted",
  "mark",
] as const satisfies readonly EventKind[];

/** A search as the address keeps it: the last days, or a range of its own. Instants in UTC milliseconds. */
export interface Wanted {
  lastDays: number;
  fromMs: number;
  toMs: number;
  kinds: EventKind[];
  region: string;
  category: string;
  zone: string;
  camera: string;
  text: string;
}

/** Whether the server takes that range. */
export function isRangeFit(fromMs: number, toMs: number): boolean {
  return toMs > fromMs && toMs - fromMs <= mostDays * dayMs;
}

/** The last day unless the address says otherwise. */
export function readWanted(query: URLSearchParams, nowMs: number): Wanted {
  const [fromMs, toMs] = [Date.parse(query.get("from") ?? ""), Date.parse(query.get("to") ?? "")];
  const hasOwn = isRangeFit(fromMs, toMs);
  const asked = Number(query.get("days"));
  const lastDays = hasOwn ? 0 : asked >= 1 && asked <= mostDays ? Math.floor(asked) : 1;
  return {
    lastDays,
    fromMs: hasOwn ? fromMs : nowMs - lastDays * dayMs,
    toMs: hasOwn ? toMs : nowMs,
    kinds: searchedKinds.filter((kind) => query.getAll("kind").includes(kind)),
    region: query.get("r") ?? "",
    category: query.get("category") ?? "",
    zone: query.get("zone") ?? "",
    camera: query.get("c") ?? "",
    text: query.get("q") ?? "",
  };
}

export function writeWanted({ lastDays, fromMs, toMs, kinds, region, ...rest }: Wanted): URLSearchParams {
  const query = new URLSearchParams();
  if (lastDays === 0) {
    query.set("from", new Date(fromMs).toISOString());
    query.set("to", new Date(toMs).toISOString());
  } else if (lastDays !== 1) query.set("days", String(lastDays));
  for (const kind of kinds) query.append("kind", kind);
  for (const [key, value] of Object.entries({ r: region, category: rest.category, zone: rest.zone }))
    if (value) query.set(key, value);
  if (rest.camera) query.set("c", rest.camera);
  if (rest.text.trim()) query.set("q", rest.text.trim());
  return query;
}

export function askedOf({ fromMs, toMs, text, lastDays: _, ...rest }: Wanted): SearchAsked {
  return { ...rest, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), text: text.trim() };
}
