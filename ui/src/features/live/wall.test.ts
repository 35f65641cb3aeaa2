import { describe, expect, it } from "vitest";
import {
  type Carried,
  dropOf,
  layoutOfKey,
  movedSelection,
  noPlace,
  readWall,
  tilesAround,
  withAllPlaced,
  withDropped,
  withLayout,
  withPlaced,
  withRemoved,
  writeWall,
} from "./wall";

const number = (at: number) => `cam_${at}`;

describe("the wall in the address", () => {
  it("is read as it was written, and anything else is a wall of four", () => {
    const wall = { layout: 4 as const, places: ["cam_a", "", "cam_b", ""] };
    expect(readWall(writeWall(wall))).toEqual(wall);
    expect(readWall(new URLSearchParams("wall=7&c=x"))).toEqual({ layout: 4, places: ["x", "", "", ""] });
  });
  it.each([1, 4, 6, 9, 16] as const)("holds %d places", (layout) => {
    const wall = { layout, places: Array.from({ length: layout }, (_, at) => number(at)) };
    expect(readWall(writeWall(wall))).toEqual(wall);
  });
  it("keeps the selected picture when it shrinks", () => {
    const wall = { layout: 9 as const, places: ["a", "b", "c", "d", "e", "f", "g", "h", "i"] };
    expect(withLayout(wall, 1, 6).places).toEqual(["g"]);
    expect(withLayout(wall, 4, 1).places).toEqual(["a", "b", "c", "d"]);
    expect(withLayout(wall, 6, noPlace).places).toEqual(["a", "b", "c", "d", "e", "f"]);
  });
  it("swaps a picture that hangs there already, and never shows one twice", () => {
    const wall = { layout: 4 as const, places: ["a", "b", "", ""] };
    expect(withPlaced(wall, 0, "b").places).toEqual(["b", "a", "", ""]);
    expect(withPlaced(wall, 3, "a").places).toEqual(["", "b", "", "a"]);
    expect(withRemoved(wall, 1).places).toEqual(["a", "", "", ""]);
  });
  it("takes all cameras of a premises from a place on, each once, and no more than fit", () => {
    const wall = { layout: 4 as const, places: ["a", "b", "c", "d"] };
    expect(withAllPlaced(wall, 3, ["x", "a"]).places).toEqual(["a", "b", "c", "x"]);
    expect(withAllPlaced(wall, 1, ["v", "w", "x", "y", "z"]).places).toEqual(["y", "v", "w", "x"]);
  });
});

describe("the selection", () => {
  it("moves by arrows and stops at the edges", () => {
    expect(movedSelection(4, 9, "ArrowUp")).toBe(1);
    expect(movedSelection(2, 9, "ArrowRight")).toBe(2);
    expect(movedSelection(0, 4, "ArrowDown")).toBe(2);
    expect(movedSelection(15, 16, "ArrowDown")).toBe(15);
    expect(movedSelection(5, 16, "ArrowLeft")).toBe(4);
    expect(movedSelection(0, 1, "ArrowRight")).toBe(0);
  });
  it.each([
    [0, "ArrowRight", 1],
    [0, "ArrowDown", 3],
    [1, "ArrowLeft", 0],
    [1, "ArrowDown", 2],
    [2, "ArrowLeft", 0],
    [2, "ArrowDown", 5],
    [3, "ArrowUp", 0],
    [4, "ArrowUp", 0],
    [4, "ArrowRight", 5],
    [5, "ArrowUp", 2],
    [5, "ArrowRight", 5],
  ])("of six goes from %d by %s to %d: the first is four cells large", (from, code, to) => {
    expect(movedSelection(from, 6, code)).toBe(to);
  });
  it("begins with the first tile where none is selected", () => {
    expect(movedSelection(noPlace, 9, "ArrowLeft")).toBe(0);
    expect(movedSelection(noPlace, 9, "KeyX")).toBe(noPlace);
  });
});

describe("letting go of what is dragged", () => {
  const wall = { layout: 4 as const, places: ["a", "b", "", ""] };
  const camera = (id: string): Carried => ({ kind: "camera", id });
  const tile = (id: string): Carried => ({ kind: "place", id, from: wall.places.indexOf(id) });
  it.each([
    [camera("x"), 0, "put", ["x", "b", "", ""]],
    [camera("x"), 2, "put", ["a", "b", "x", ""]],
    [camera("b"), 0, "swap", ["b", "a", "", ""]],
    [camera("b"), 1, undefined, ["a", "b", "", ""]],
    [camera("x"), "outside", undefined, ["a", "b", "", ""]],
    [camera("x"), 9, undefined, ["a", "b", "", ""]],
    [tile("a"), 1, "swap", ["b", "a", "", ""]],
    [tile("a"), 3, "put", ["", "b", "", "a"]],
    [tile("a"), 0, undefined, ["a", "b", "", ""]],
    [tile("a"), "outside", "close", ["", "b", "", ""]],
  ] as const)("%o at %s: %s", (carried, target, drop, places) => {
    expect(dropOf(wall, carried, target)).toBe(drop);
    expect((drop ? withDropped(wall, carried.id, target) : wall).places).toEqual(places);
  });
  it("of a premises puts its cameras there, of a region lets them take turns, and neither does anything outside", () => {
    const premises: Carried = { kind: "premises", id: "prm_1" };
    const region: Carried = { kind: "branch", by: "region", id: "210302" };
    expect([dropOf(wall, premises, 0), dropOf(wall, premises, "outside")]).toEqual(["put", undefined]);
    expect([dropOf(wall, region, 3), dropOf(wall, region, "outside")]).toEqual(["turn", undefined]);
  });
});

it("has a key for each layout, and counts the large one of six as one alone", () => {
  expect(["Digit1", "Digit4", "Digit6", "Digit9", "Digit0"].map(layoutOfKey)).toEqual([1, 4, 6, 9, 16]);
  expect(layoutOfKey("Digit2")).toBeUndefined();
  expect([tilesAround(6, 0), tilesAround(6, 1), tilesAround(9, 0)]).toEqual([1, 6, 9]);
});
