import { describe, expect, it } from "vitest";
import { drawOutlines, placeTiles } from "./geometry";

const seat = (code: string, longitude_deg: number | null, latitude_deg: number | null) => ({
  code,
  longitude_deg,
  latitude_deg,
});

/** A square with its south-west corner there. */
function square(code: string, x: number, y: number, side: number) {
  const ring = [
    [x, y],
    [x + side, y],
    [x + side, y + side],
    [x, y + side],
    [x, y],
  ];
  return { code, polygons: [[ring]] };
}

const size = { width: 600, height: 400 };
const insetSize = { width: 200, height: 200 };

describe("tiles", () => {
  it("lie as the seats do: north above south, west left of east", () => {
    const { tracks, tiles } = placeTiles([
      seat("210381", 122.7, 40.9),
      seat("210321", 122.4, 41.4),
      seat("210323", 123.3, 40.3),
      seat("210302", 123.0, 41.1),
    ]);
    expect(tracks).toBe(2);
    expect(tiles).toEqual([
      { code: "210321", column: 1, span: 1, row: 1 },
      { code: "210302", column: 2, span: 1, row: 1 },
      { code: "210381", column: 1, span: 1, row: 2 },
      { code: "210323", column: 2, span: 1, row: 2 },
    ]);
  });
  it("keep the order they came in where a seat is unknown, and leave none alone in the last row", () => {
    const codes = Array.from({ length: 7 }, (_, index) => `21030200${index}`);
    const { tracks, tiles } = placeTiles(codes.map((code) => seat(code, null, null)));
    expect(tracks).toBe(6);
    expect(tiles.map(({ code }) => code)).toEqual(codes);
    expect([1, 2, 3].map((row) => tiles.filter((tile) => tile.row === row).length)).toEqual([3, 2, 2]);
  });
  it("fill every row from side to side and never share a place", () => {
    for (let count = 1; count < 40; count += 1) {
      const { tracks, tiles } = placeTiles(
        Array.from({ length: count }, (_, index) => seat(`${index}`, (index * 7) % 5, (index * 3) % 11)),
      );
      expect(new Set(tiles.map(({ code }) => code)).size).toBe(count);
      const taken = tiles.flatMap(({ column, span, row }) =>
        Array.from({ length: span }, (_, index) => `${row} ${column + index}`),
      );
      const rows = Math.max(...tiles.map(({ row }) => row));
      expect([count, new Set(taken).size, taken.length]).toEqual([count, rows * tracks, rows * tracks]);
    }
  });
});

describe("outlines", () => {
  const large = [square("210381", 122, 40, 1), square("210323", 123, 40, 1)];

  it("are drawn north up, west left, inside the box, with a label inside each", () => {
    const drawn = drawOutlines(large, ["210381", "210323"], size, insetSize);
    expect(drawn?.inset).toEqual([]);
    const [west, east] = drawn?.shapes ?? [];
    expect(west?.path).toMatch(/^M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){4}Z$/);
    expect((west?.label.x ?? 0) < (east?.label.x ?? 0)).toBe(true);
    expect(west?.label.y).toBeCloseTo(200, 0);
    const numbers = [west, east].flatMap((shape) => [...(shape?.path.matchAll(/[\d.]+/g) ?? [])].map(Number));
    expect(Math.max(...numbers)).toBeLessThanOrEqual(600);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  });
  it("draw what is too small for its words once more", () => {
    const all = [...large, square("210302", 122.9, 40.9, 0.05), square("210303", 122.95, 40.9, 0.05)];
    const drawn = drawOutlines(all, ["210302", "210303", "210323", "210381"], size, insetSize);
    expect(drawn?.shapes.map(({ code }) => code)).toEqual(["210302", "210303", "210323", "210381"]);
    expect(drawn?.inset.map(({ code }) => code)).toEqual(["210302", "210303"]);
    expect(Math.abs((drawn?.inset[0]?.label.x ?? 0) - (drawn?.inset[1]?.label.x ?? 0))).toBeGreaterThan(80);
  });
  it("are not drawn unless every area has one", () => {
    expect(drawOutlines(large, ["210381", "210302"], size, insetSize)).toBeUndefined();
    expect(drawOutlines(large, [], size, insetSize)).toBeUndefined();
  });
});
