import { describe, expect, it } from "vitest";
import { drawnBetween } from "./drawn";

describe("what is drawn", () => {
  it("is what came onto the screen, by the second", () => {
    const former = { frames: 100, dropped: 4, atMs: 1_000 };
    expect(drawnBetween(former, { frames: 150, dropped: 4, atMs: 3_000 })).toEqual({ fps: 25, lost: 0 });
    expect(drawnBetween(former, { frames: 125, dropped: 9, atMs: 2_000 })).toEqual({ fps: 20, lost: 5 });
  });
  it("is unknown where another element began to count, or no time went by", () => {
    const former = { frames: 100, dropped: 0, atMs: 1_000 };
    expect(drawnBetween(former, { frames: 10, dropped: 0, atMs: 2_000 })).toBeUndefined();
    expect(drawnBetween(former, { frames: 101, dropped: 0, atMs: 1_000 })).toBeUndefined();
  });
});
