import { expect, it } from "vitest";
import { utcOfTimestamp } from "./rtpTime";

const filmedMs = Date.UTC(2026, 10, 23, 0, 41, 7, 320);
const timestampOf = (ms: number) => (ms * 90) % 2 ** 32;

it.each([0, 38, 1_000, 3_600_000, -5, -60_000])("finds the instant of a picture that is %d ms old", (ageMs) => {
  expect(utcOfTimestamp(timestampOf(filmedMs), filmedMs + ageMs)).toBeCloseTo(filmedMs, 1);
});

it("finds it on both sides of a turn of the counter", () => {
  const turnMs = Math.ceil((filmedMs * 90) / 2 ** 32) * (2 ** 32 / 90);
  for (const ms of [turnMs - 20, turnMs, turnMs + 20])
    expect(utcOfTimestamp(timestampOf(Math.round(ms)), Math.round(ms) + 40)).toBeCloseTo(Math.round(ms), 1);
});
