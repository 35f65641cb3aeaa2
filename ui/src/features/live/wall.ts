/** What hangs on the wall, as the address says it: pure. */

export const layouts = [1, 4, 9] as const;
export type Layout = (typeof layouts)[number];

export interface Wall {
  layout: Layout;
  /** Camera ids by place; "" = empty. Always `layout` long. */
  places: string[];
}

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

/** Fills an empty wall with the first cameras there are. */
export function filled(wall: Wall, ids: readonly string[]): Wall {
  return { ...wall, places: Array.from({ length: wall.layout }, (_, index) => ids[index] ?? "") };
}

/** Where the selection goes by an arrow key on a square wall. */
export function movedSelection(selected: number, layout: Layout, code: string): number {
  const side = Math.sqrt(layout);
  const [row, column] = [Math.floor(selected / side), selected % side];
  const clamp = (value: number) => Math.min(side - 1, Math.max(0, value));
  if (code === "ArrowLeft") return row * side + clamp(column - 1);
  if (code === "ArrowRight") return row * side + clamp(column + 1);
  if (code === "ArrowUp") return clamp(row - 1) * side + column;
  if (code === "ArrowDown") return clamp(row + 1) * side + column;
  return selected;
}
