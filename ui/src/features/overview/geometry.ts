import type { Outline } from "@/shared/api/overview";

export interface Placed {
  code: string;
  longitude_deg: number | null;
  latitude_deg: number | null;
}

export interface Tile {
  code: string;
  /** Its first track from 1, as a grid of CSS counts, and how many it spans: rows of unlike length are equally wide. */
  column: number;
  span: number;
  row: number;
}

/** One tile for each area: in rows from north to south and in each row from west to east; in the order given where a seat is unknown. */
export function placeTiles(areas: readonly Placed[]): { tracks: number; tiles: Tile[] } {
  const isKnown = areas.every((area) => area.longitude_deg !== null && area.latitude_deg !== null);
  const columns = Math.max(1, Math.ceil(Math.sqrt(areas.length)));
  const ordered = isKnown
    ? [...areas].sort((one, other) => (other.latitude_deg ?? 0) - (one.latitude_deg ?? 0))
    : [...areas];
  const rows = Math.ceil(ordered.length / columns);
  const tracks = Math.max(1, columns * (columns - 1)); // rows hold as many tiles as there are columns, or one less
  const tiles: Tile[] = [];
  let taken = 0;
  for (let row = 0; row < rows; row += 1) {
    // rows of nearly the same length, so that none holds a lone tile
    const size = Math.ceil((ordered.length - taken) / (rows - row));
    const some = ordered.slice(taken, taken + size);
    taken += size;
    if (isKnown) some.sort((one, other) => (one.longitude_deg ?? 0) - (other.longitude_deg ?? 0));
    const span = tracks / Math.max(1, size);
    some.forEach(({ code }, index) => {
      tiles.push({ code, column: index * span + 1, span, row: row + 1 });
    });
  }
  return { tracks, tiles };
}

export interface Shape {
  code: string;
  /** An SVG path. */
  path: string;
  /** Where its name and value stand. */
  label: { x: number; y: number };
}

export interface Drawn {
  shapes: Shape[];
  /** Areas too small for their words, once more and larger. */
  inset: Shape[];
}

interface Box {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

type Line = readonly (readonly number[])[];
/** An area whose box is less than this share of the whole cannot hold its words. */
const smallShare = 0.06;

/** Draws the areas into a box of that size, and the small ones once more into `insetSize`; undefined unless all are there. */
export function drawOutlines(
  outlines: readonly Outline[],
  codes: readonly string[],
  size: { width: number; height: number },
  insetSize: { width: number; height: number },
): Drawn | undefined {
  const wanted = codes.map((code) => outlines.find((outline) => outline.code === code));
  if (codes.length === 0 || !wanted.every((outline) => outline !== undefined)) return undefined;
  const whole = boxOf(wanted.flatMap(linesOf));
  const small = wanted.filter((outline) => areaOf(boxOf(linesOf(outline))) < smallShare * areaOf(whole));
  return {
    shapes: drawInto(wanted, size),
    inset: small.length > 0 && small.length < wanted.length ? drawInto(small, insetSize) : [],
  };
}

function linesOf(outline: Outline): Line[] {
  return outline.polygons.flat();
}

function boxOf(lines: readonly Line[]): Box {
  const box = { minX: 180, minY: 90, maxX: -180, maxY: -90 };
  for (const line of lines)
    for (const [x = 0, y = 0] of line) {
      box.minX = Math.min(box.minX, x);
      box.maxX = Math.max(box.maxX, x);
      box.minY = Math.min(box.minY, y);
      box.maxY = Math.max(box.maxY, y);
    }
  return box;
}

function areaOf({ minX, minY, maxX, maxY }: Box): number {
  return (maxX - minX) * (maxY - minY);
}

/** A city is small: a degree of longitude counts as long as it is in its middle. */
function drawInto(outlines: readonly Outline[], { width, height }: { width: number; height: number }): Shape[] {
  const box = boxOf(outlines.flatMap(linesOf));
  const squeeze = Math.cos((((box.minY + box.maxY) / 2) * Math.PI) / 180);
  const wide = Math.max((box.maxX - box.minX) * squeeze, 1e-9);
  const high = Math.max(box.maxY - box.minY, 1e-9);
  const scale = Math.min(width / wide, height / high);
  const left = (width - wide * scale) / 2;
  const top = (height - high * scale) / 2;
  const project = (x: number, y: number) => [
    round(left + (x - box.minX) * squeeze * scale),
    round(top + (box.maxY - y) * scale),
  ];
  return outlines.map((outline) => {
    const lines = linesOf(outline).map((line) => line.map(([x = 0, y = 0]) => project(x, y)));
    const largest = outline.polygons
      .map((polygon) => polygon[0] ?? [])
      .map((line) => line.map(([x = 0, y = 0]) => project(x, y)))
      .reduce((one, other) => (Math.abs(ringArea(other)) > Math.abs(ringArea(one)) ? other : one));
    return {
      code: outline.code,
      path: lines.map((line) => `M${line.map(([x, y]) => `${x} ${y}`).join("L")}Z`).join(""),
      label: centreOf(largest),
    };
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function ringArea(line: readonly (readonly number[])[]): number {
  let sum = 0;
  line.forEach(([x = 0, y = 0], index) => {
    const [nextX = 0, nextY = 0] = line[(index + 1) % line.length] ?? [];
    sum += x * nextY - nextX * y;
  });
  return sum / 2;
}

function centreOf(line: readonly (readonly number[])[]): { x: number; y: number } {
  const area = ringArea(line);
  let [sumX, sumY] = [0, 0];
  line.forEach(([x = 0, y = 0], index) => {
    const [nextX = 0, nextY = 0] = line[(index + 1) % line.length] ?? [];
    const cross = x * nextY - nextX * y;
    sumX += (x + nextX) * cross;
    sumY += (y + nextY) * cross;
  });
  const [first = [0, 0]] = line;
  return area === 0
    ? { x: first[0] ?? 0, y: first[1] ?? 0 }
    : { x: round(sumX / (6 * area)), y: round(sumY / (6 * area)) };
}
