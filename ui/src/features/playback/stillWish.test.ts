import { describe, expect, it } from "vitest";
import type { Recorded } from "./geometry";
import { stillWishOf } from "./stillWish";

const recorded: Recorded = {
  spans: [
    { fromMs: 100_000, toMs: 200_000 },
    { fromMs: 300_000, toMs: 400_000 },
  ],
  gaps: [],
  firstAtMs: 100_000,
  lastAtMs: 400_000,
};
const gapAt = (atMs: number, fromMs?: number) => ({ kind: "gap", atMs, fromMs, toMs: undefined }) as const;

describe("the still under the words", () => {
  it("is the last picture before a gap, from whoever knows where the gap begins", () => {
    expect(stillWishOf(gapAt(250_000), 250_000, recorded)).toEqual({ atMs: 199_500 });
    expect(stillWishOf(gapAt(250_000, 210_000), 250_000, undefined)).toEqual({ atMs: 209_500 });
  });
  it("is the newest before the first recording, once that is known", () => {
    expect(stillWishOf(gapAt(50_000), 50_000, undefined)).toBeUndefined();
    expect(stillWishOf(gapAt(50_000), 50_000, recorded)).toBe("newest");
  });
  it("is that of the moment while it is read or cannot be played", () => {
    expect(stillWishOf({ kind: "loading", atMs: 150_000 }, 1, recorded)).toEqual({ atMs: 150_000 });
    expect(stillWishOf({ kind: "error", code: "failed", codec: "" }, 150_000, recorded)).toEqual({ atMs: 150_000 });
  });
  it.each(["playing", "paused", "buffering", "ended"] as const)(
    "is none while %s: the video shows a picture",
    (kind) => {
      expect(stillWishOf({ kind }, 150_000, recorded)).toBeUndefined();
    },
  );
});
