import { describe, expect, it } from "vitest";
import { parseMediaList, placeOf, skipBetween, wallTimeAt } from "./wallTime";

const t0 = Date.UTC(2026, 10, 23, 0, 0, 0);
/** Ten seconds, a rounding of 40 ms, ten seconds, a gap of 29 minutes, ten seconds. */
const pieces = [
  { startS: 0, durationS: 10, atMs: t0 },
  { startS: 10, durationS: 10, atMs: t0 + 10_040 },
  { startS: 20, durationS: 10, atMs: t0 + 20_040 + 29 * 60_000 },
];

describe("wall time", () => {
  it("follows the recording through a gap and stops at its edges", () => {
    expect(wallTimeAt(pieces, 4)).toBe(t0 + 4_000);
    expect(wallTimeAt(pieces, 12)).toBe(t0 + 12_040);
    expect(wallTimeAt(pieces, 25)).toBe(t0 + 25_040 + 29 * 60_000);
    expect(wallTimeAt(pieces, 99)).toBe(t0 + 30_040 + 29 * 60_000);
    expect(wallTimeAt([], 1)).toBeUndefined();
  });
  it("finds the place of a moment, and forgives roundings", () => {
    expect(placeOf(pieces, t0 + 7_500)).toEqual({ timeS: 7.5 });
    expect(placeOf(pieces, t0 + 10_020)).toEqual({ timeS: 10 });
  });
  it("names the gap that a moment is in, open where the recording ends", () => {
    const [second, third] = [pieces[1], pieces[2]];
    expect(placeOf(pieces, t0 + 60_000)).toEqual({ gap: { fromMs: (second?.atMs ?? 0) + 10_000, toMs: third?.atMs } });
    expect(placeOf(pieces, t0 - 1)).toEqual({ gap: { fromMs: undefined, toMs: t0 } });
    expect(placeOf(pieces, t0 + 90 * 60_000)).toEqual({
      gap: { fromMs: (third?.atMs ?? 0) + 10_000, toMs: undefined },
    });
  });
  it("notices a gap that was played over, and no rounding", () => {
    expect(skipBetween(pieces, 9.9, 10.1)).toBeUndefined();
    expect(skipBetween(pieces, 19.9, 20.1)).toEqual({ fromMs: t0 + 20_040, toMs: t0 + 20_040 + 29 * 60_000 });
    expect(skipBetween(pieces, 20.1, 20.4)).toBeUndefined();
  });
  it("is read from a media list, also where a segment has no date of its own", () => {
    const list = [
      "#EXTM3U",
      "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:00.000000Z",
      "#EXTINF:2.000000,",
      "video/a.m4s",
      "#EXTINF:2.5,",
      "video/b.m4s",
      "#EXT-X-DISCONTINUITY",
      "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:29:00Z",
      "#EXTINF:1,",
      "video/c.m4s",
      "#EXT-X-ENDLIST",
    ].join("\n");
    expect(parseMediaList(list)).toEqual([
      { startS: 0, durationS: 2, atMs: t0 },
      { startS: 2, durationS: 2.5, atMs: t0 + 2_000 },
      { startS: 4.5, durationS: 1, atMs: t0 + 29 * 60_000 },
    ]);
    expect(parseMediaList("#EXTM3U\n#EXT-X-ENDLIST")).toEqual([]);
  });
});
