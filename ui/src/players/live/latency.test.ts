import { expect, it } from "vitest";
import { decideLatency, nextTarget } from "./latency";

it.each([
  [{ currentS: 0, startS: 5, endS: 9, targetS: 0.3 }, { seekToS: 8.7 }],
  [{ currentS: 7, startS: 5, endS: 9, targetS: 0.3 }, { seekToS: 8.7 }],
  [{ currentS: 8.1, startS: 5, endS: 9, targetS: 0.3 }, { rate: 1.1 }],
  [{ currentS: 8.55, startS: 5, endS: 9, targetS: 0.3 }, { rate: 1.04 }],
  [{ currentS: 8.8, startS: 5, endS: 9, targetS: 0.3 }, { rate: 1 }],
  [{ currentS: 20, startS: 5, endS: 9, targetS: 0.3 }, { seekToS: 8.7 }],
  [{ currentS: 0, startS: 5, endS: 5.1, targetS: 0.3 }, { seekToS: 5 }],
  [{ currentS: 5, startS: 5, endS: 9, targetS: 0.3, isOpening: true }, { rate: 1.1 }],
  [{ currentS: 5, startS: 5, endS: 9, targetS: 0.3 }, { seekToS: 8.7 }],
  [{ currentS: 4, startS: 5, endS: 9, targetS: 0.3, isOpening: true }, { seekToS: 8.7 }],
])("from %j does %j", (input, move) => {
  expect(decideLatency({ isOpening: false, ...input })).toEqual(move);
});

it("keeps further away after a stop and never beyond its bounds", () => {
  expect(nextTarget(0.3, true)).toBeCloseTo(0.5);
  expect(nextTarget(1.15, true)).toBe(1.2);
  expect(nextTarget(0.26, false)).toBe(0.25);
});
