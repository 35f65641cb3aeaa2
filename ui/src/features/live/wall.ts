/** What hangs on the wall, as the address says it: pure. */

export const layouts = [1, 4, 6, 9, 16] as const;
export type Layout = (typeof layouts)[number];

export interface Wall {
  layout: Layout;
  /** Camera ids by place; "" = empty. Always `layout` long. */
  places: string[];
}

/** Nothing is selected: a wall that turns by itself has no selected tile. */
export const noPlace = -1;

export function readWall(query: URLSearchParams): Wall {
  const ids = (query.get("c") ?? "").split(",");
  const layout = layouts.find((each) => String(each) === query.get("wall")) ?? 4;
  return { layout, places: Array.from({ length: layout }, (_, index) => ids[index] ?? "") };
}

export function writeWall({ layout, places }: Wall): URLSearchParams {
  return new URLSearchParams({ wall: String(layout), c: places.join(",").replace(/,+$/, "") });
}

/** A larger wall keeps its pictures; a smaller one keeps the selected one first if it would fall off. */
export function withLayout(wall: Wall, layout: Layout, selected: number): Wall {
  const kept = [...wall.places];
  const chosen = kept[selected];
  if (chosen && selected >= layout) {
    kept.splice(selected, 1);
    kept.splice(layout - 1, 0, chosen);
  }
  return { layout, places: Array.from({ length: layout }, (_, index) => kept[index] ?? "") };
}

/** Puts a camera at a place; one that hangs elsewhere changes places with what was there. */
export function withPlaced(wall: Wall, index: number, id: string): Wall {
  const places = [...wall.places];
  const elsewhere = places.indexOf(id);
  if (elsewhere >= 0) places[elsewhere] = places[index] ?? "";
  places[index] = id;
  return { ...wall, places };
}

export function withRemoved(wall: Wall, index: number): Wall {
  return { ...wall, places: wall.places.map((id, at) => (at === index ? "" : id)) };
}

/** Puts several cameras on the wall, from a place on; places that are there already are kept for their cameras. */
export function withAllPlaced(wall: Wall, index: number, ids: readonly string[]): Wall {
  const coming = new Set(ids);
  const places = wall.places.map((id) => (coming.has(id) ? "" : id));
  ids.slice(0, wall.layout).forEach((id, at) => {
    places[(index + at) % wall.layout] = id;
  });
  return { ...wall, places };
}

/** Fills an empty wall with the first cameras there are. */
export function filled(wall: Wall, ids: readonly string[]): Wall {
  return { ...wall, places: Array.from({ length: wall.layout }, (_, index) => ids[index] ?? "") };
}

/** What is dragged: a camera of the list, what hangs at a place, all of a premises, or a branch with too many for that. */
export type Carried =
  | { kind: "camera"; id: string }
  | { kind: "place"; id: string; from: number }
  | { kind: "premises"; id: string }
  | { kind: "branch"; by: "region" | "category"; id: string };

/** What letting go would do. */
export type Drop = "put" | "swap" | "close" | "turn";

/** undefined: nothing. target: a place, or "outside" of the wall. */
export function dropOf(wall: Wall, carried: Carried, target: number | "outside"): Drop | undefined {
  if (target === "outside") return carried.kind === "place" ? "close" : undefined;
  const there = wall.places[target];
  if (there === undefined) return undefined;
  if (carried.kind === "branch") return "turn";
  if (carried.kind === "premises") return "put";
  if (there === carried.id) return undefined;
  return there !== "" && wall.places.includes(carried.id) ? "swap" : "put";
}

/** The wall after one camera was let go of. */
export function withDropped(wall: Wall, id: string, target: number | "outside"): Wall {
  return target === "outside" ? withRemoved(wall, wall.places.indexOf(id)) : withPlaced(wall, target, id);
}

/** The wall as a table of places, row by row; the first place of six is four cells large. */
function cellsOf(layout: Layout): readonly (readonly number[])[] {
  if (layout === 6)
    return [
      [0, 0, 1],
      [0, 0, 2],
      [3, 4, 5],
    ];
  const side = Math.sqrt(layout);
  return Array.from({ length: side }, (_, row) => Array.from({ length: side }, (_, column) => row * side + column));
}

const steps: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** Where the selection goes by an arrow key: to the next other place in that direction, if there is one. */
export function movedSelection(selected: number, layout: Layout, code: string): number {
  const step = steps[code];
  if (!step) return selected;
  if (selected === noPlace) return 0;
  const cells = cellsOf(layout);
  let row = cells.findIndex((each) => each.includes(selected));
  let column = cells[row]?.indexOf(selected) ?? 0;
  for (;;) {
    row += step[0];
    column += step[1];
    const found = cells[row]?.[column];
    if (found === undefined) return selected;
    if (found !== selected) return found;
  }
}

const layoutKeys: Readonly<Record<string, Layout>> = { Digit1: 1, Digit4: 4, Digit6: 6, Digit9: 9, Digit0: 16 };

export function layoutOfKey(code: string): Layout | undefined {
  return layoutKeys[code];
}

/** Among how many pictures this one counts when its stream is chosen: the large one of six is watched as one alone is. */
export function tilesAround(layout: Layout, place: number): number {
  return layout === 6 && place === 0 ? 1 : layout;
}
