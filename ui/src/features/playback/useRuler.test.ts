import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { hourMs, isInSight, minuteMs, panBy, spanOf } from "./geometry";
import { lookingMs, useRuler } from "./useRuler";

const start = Date.UTC(2026, 10, 23, 0, 41, 7);
const late = start + 10 * hourMs;

function aRuler() {
  return renderHook(({ atMs, isMoving, nowMs }) => useRuler(start, atMs, isMoving, nowMs), {
    initialProps: { atMs: start, isMoving: true, nowMs: late },
  });
}

describe("the ruler's view", () => {
  it("follows the playhead that leaves it, and stays while that is in sight", () => {
    const { result, rerender } = aRuler();
    const first = result.current.view;
    rerender({ atMs: start + 20 * minuteMs, isMoving: true, nowMs: late });
    expect(result.current.view).toBe(first);
    rerender({ atMs: start + 30 * minuteMs, isMoving: true, nowMs: late });
    expect(isInSight(result.current.view, start + 30 * minuteMs)).toBe(true);
    expect(spanOf(result.current.view)).toBe(hourMs);
  });
  it("does not follow while it is held, and does so when it is let go", () => {
    const { result, rerender } = aRuler();
    const first = result.current.view;
    act(() => result.current.hold(true));
    rerender({ atMs: start + hourMs, isMoving: true, nowMs: late });
    expect(result.current.view).toBe(first);
    act(() => result.current.hold(false));
    rerender({ atMs: start + hourMs + 250, isMoving: true, nowMs: late });
    expect(isInSight(result.current.view, start + hourMs + 250)).toBe(true);
  });
  it("is left alone for a while where somebody panned to, then comes back", () => {
    const { result, rerender } = aRuler();
    const away = panBy(result.current.view, -3 * hourMs, late);
    act(() => result.current.move(away));
    rerender({ atMs: start + 1_000, isMoving: true, nowMs: late + lookingMs - 1 });
    expect(result.current.view).toBe(away);
    rerender({ atMs: start + 8_000, isMoving: true, nowMs: late + lookingMs });
    expect(isInSight(result.current.view, start + 8_000)).toBe(true);
  });
  it("is left alone while nothing plays", () => {
    const { result, rerender } = aRuler();
    const away = panBy(result.current.view, -3 * hourMs, late);
    act(() => result.current.move(away));
    rerender({ atMs: start, isMoving: false, nowMs: late + hourMs });
    expect(result.current.view).toBe(away);
  });
  it("is centred on a moment jumped to that was out of sight, and not moved for one in sight", () => {
    const { result, rerender } = aRuler();
    rerender({ atMs: start, isMoving: false, nowMs: late }); // it is loading
    const first = result.current.view;
    act(() => result.current.show(start + 10 * minuteMs));
    expect(result.current.view).toBe(first);
    act(() => result.current.show(start + 5 * hourMs));
    expect(result.current.view).toEqual({ fromMs: start + 4.5 * hourMs, toMs: start + 5.5 * hourMs });
  });
});
