import { describe, expect, it } from "vitest";
import { askedOf, dayMs, isRangeFit, readWanted, writeWanted } from "./asked";
import { placeOf } from "./RangeBar";

const nowMs = Date.parse("2026-11-23T00:00:00Z");

describe("a search", () => {
  it("survives the address, whatever was asked", () => {
    for (const address of [
      "",
      "days=7&kind=offline&kind=held&r=210302&zone=COOK",
      "from=2026-11-01T00%3A00%3A00.000Z&to=2026-11-05T00%3A00%3A00.000Z&category=PHARMACY&c=cam_1&q=abc",
    ])
      expect(writeWanted(readWanted(new URLSearchParams(address), nowMs)).toString()).toBe(address);
  });

  it("falls back to the last day for a range that no server takes", () => {
    for (const address of [
      "from=2026-09-01T00:00:00Z&to=2026-11-01T00:00:00Z",
      "from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z",
      "from=x&to=y",
      "days=400",
    ])
      expect(askedOf(readWanted(new URLSearchParams(address), nowMs))).toMatchObject({
        from: "2026-11-22T00:00:00.000Z",
        to: "2026-11-23T00:00:00.000Z",
      });
  });

  it("covers 31 days and not a moment more", () => {
    expect([
      isRangeFit(0, 31 * dayMs),
      isRangeFit(0, 31 * dayMs + 1),
      isRangeFit(5, 5),
      isRangeFit(Number.NaN, 5),
    ]).toEqual([true, false, false, false]);
  });
});

describe("the bar of an event", () => {
  const at = (ms: number) => new Date(ms).toISOString();
  const place = (kind: "offline" | "evidence", from: number, to: number | null, now = 100) =>
    placeOf({ kind, from: at(from), to: to === null ? null : at(to) }, 0, 200, now);
  it("shows the part of it that lies in the range", () => {
    expect(place("offline", 50, 100)).toEqual({ left: 25, width: 25 });
    expect(place("offline", -50, 500)).toEqual({ left: 0, width: 100 });
  });
  it("lasts until now where it is not over, and stays visible where it is a moment or at the very end", () => {
    expect(place("offline", 50, null)).toEqual({ left: 25, width: 25 });
    expect(place("evidence", 50, null)).toEqual({ left: 25, width: 1 });
    expect(place("offline", 200, null)).toEqual({ left: 99, width: 1 });
  });
});
