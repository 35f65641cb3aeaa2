import { describe, expect, it } from "vitest";
import { movedSelection, readWall, withLayout, withPlaced, withRemoved, writeWall } from "./wall";

describe("the wall in the address", () => {
  it("is read as it was written, and anything else is a wall of four", () => {
    const wall = { layout: 4 as const, places: ["cam_a", "", "cam_b", ""] };
    expect(readWall(writeWall(wall))).toEqual(wall);
    expect(readWall(new URLSearchParams("wall=7&c=x"))).toEqual({ layout: 4, places: ["x", "", "", ""] });
  });
  it("keeps the selected picture when it shrinks", () => {
    const wall = { layout: 9 as const, places: ["a", "b", "c", "d", "e", "f", "g", "h", "i"] };
    expect(withLayout(wall, 1, 6).places).toEqual(["g"]);
    expect(withLayout(wall, 4, 1).places).toEqual(["a", "b", "c", "d"]);
  });
  it("swaps a picture that hangs there already, and never shows one twice", () => {
    const wall = { layout: 4 as const, places: ["a", "b", "", ""] };
    expect(withPlaced(wall, 0, "b").places).toEqual(["b", "a", "", ""]);
    expect(withPlaced(wall, 3, "a").places).toEqual(["", "b", "", "a"]);
    expect(withRemoved(wall, 1).places).toEqual(["a", "", "", ""]);
  });
  it("moves the selection by arrows and stops at the edges", () => {
    expect(movedSelection(4, 9, "ArrowUp")).toBe(1);
    expect(movedSelection(2, 9, "ArrowRight")).toBe(2);
    expect(movedSelection(0, 4, "ArrowDown")).toBe(2);
  });
});
