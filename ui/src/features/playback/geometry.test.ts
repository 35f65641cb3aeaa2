import { describe, expect, it } from "vitest";
import {
  centredOn,
  dayMs,
  gapAt,
  hourMs,
  isRecordedAt,
  minuteMs,
  neighbours,
  panBy,
  spanOf,
  ticksOf,
  timeAt,
  withVisible,
  xOf,
  zoomAt,
} from "./geometry";
import { askedRange, parseTimeline } from "./timelineApi";

const now = Date.UTC(2026, 10, 23, 0, 41, 7);
const view = { fromMs: now - 2 * hourMs, toMs: now - hourMs };

describe("the ruler", () => {
  it("maps pixels to time and back", () => {
    expect(xOf(view, 1_000, view.fromMs + 15 * minuteMs)).toBe(250);
    expect(timeAt(view, 1_000, 250)).toBe(view.fromMs + 15 * minuteMs);
  });
  it("zooms with the time under the pointer staying there", () => {
    const pinned = view.fromMs + 15 * minuteMs;
    for (const factor of [0.5, 1.7]) {
      const next = zoomAt(view, pinned, factor, now);
      expect(xOf(next, 1_000, pinned)).toBeCloseTo(250, 6);
      expect(spanOf(next)).toBeCloseTo(hourMs * factor, 3);
    }
  });
  it("zooms no further than twenty seconds and seven days", () => {
    expect(spanOf(zoomAt(view, view.fromMs, 1e-9, now))).toBe(20_000);
    expect(spanOf(zoomAt(view, view.fromMs, 1e9, now))).toBe(7 * dayMs);
  });
  it("stops at now with an eighth to spare", () => {
    expect(panBy(view, 10 * hourMs, now)).toEqual({ fromMs: now + hourMs / 8 - hourMs, toMs: now + hourMs / 8 });
    expect(centredOn(now, hourMs, now).toMs).toBe(now + hourMs / 8);
  });
  it("moves just when the playhead leaves", () => {
    expect(withVisible(view, view.fromMs + minuteMs, now)).toBe(view);
    const next = withVisible(view, view.toMs + minuteMs, now);
    expect(next.fromMs).toBeLessThan(view.toMs + minuteMs);
    expect(next.toMs).toBeGreaterThan(view.toMs + minuteMs);
  });
  it.each([20_000, minuteMs, 10 * minuteMs, hourMs, 6 * hourMs, dayMs, 7 * dayMs])(
    "labels a span of %d ms on the city's round times without crowding",
    (spanMs) => {
      const wide = { fromMs: now - spanMs, toMs: now };
      const labelled = ticksOf(wide, 1_200, "Asia/Shanghai").filter((tick) => tick.label);
      const places = labelled.map((tick) => xOf(wide, 1_200, tick.atMs));
      expect(labelled.length).toBeGreaterThan(1);
      for (let index = 1; index < places.length; index += 1)
        expect((places[index] ?? 0) - (places[index - 1] ?? 0)).toBeGreaterThanOrEqual(76);
    },
  );
  it("writes the date at the city's midnight", () => {
    const night = { fromMs: Date.UTC(2026, 10, 22, 14), toMs: Date.UTC(2026, 10, 22, 18) };
    const dates = ticksOf(night, 1_200, "Asia/Shanghai").filter((tick) => tick.label === "date");
    expect(dates.map((tick) => tick.atMs)).toEqual([Date.UTC(2026, 10, 22, 16)]);
  });
});

describe("what is recorded", () => {
  const recorded = parseTimeline({
    first_at: "2026-11-23T00:00:00Z",
    last_at: "2026-11-23T00:41:00Z",
    spans: [
      { from: "2026-11-23T00:00:00Z", to: "2026-11-23T00:12:00Z" },
      { from: "2026-11-23T00:30:00Z", to: "2026-11-23T00:41:00Z" },
    ],
    gaps: [{ from: "2026-11-23T00:12:00Z", to: "2026-11-23T00:30:00Z", reason: "host_unreachable" }],
  });
  const inGap = Date.parse("2026-11-23T00:20:00Z");

  it("is told apart from gaps with their reason and neighbours", () => {
    expect(isRecordedAt(recorded, inGap)).toBe(false);
    expect(isRecordedAt(recorded, inGap - 10 * minuteMs)).toBe(true);
    expect(gapAt(recorded, inGap)?.reason).toBe("host_unreachable");
    expect(neighbours(recorded, inGap)).toEqual({
      beforeMs: Date.parse("2026-11-23T00:12:00Z"),
      afterMs: Date.parse("2026-11-23T00:30:00Z"),
    });
  });
  it("is asked for in whole steps around the view, never after now", () => {
    const asked = askedRange(view, now);
    expect(asked.fromMs % hourMs).toBe(0);
    expect(asked.fromMs).toBeLessThanOrEqual(view.fromMs);
    expect(asked.toMs).toBeGreaterThanOrEqual(view.toMs);
    expect(asked.toMs).toBeLessThanOrEqual(now + minuteMs);
    expect(askedRange({ fromMs: view.fromMs + 5, toMs: view.toMs + 5 }, now)).toEqual(asked);
  });
});
