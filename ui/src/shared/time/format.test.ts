import { describe, expect, it } from "vitest";
import { formatClock, formatDate, formatDuration, formatMoment, parseZoned, zoneOffsetMs } from "./format";

const zone = "Asia/Shanghai";
const atMs = Date.UTC(2026, 10, 23, 0, 41, 7);

describe("time in the city's zone", () => {
  it("shows the zone's clock whatever the computer's zone is", () => {
    expect(formatClock(atMs, zone)).toBe("08:41:07");
    expect(formatClock(atMs, "UTC", false)).toBe("00:41");
    expect(zoneOffsetMs(atMs, zone)).toBe(8 * 3600_000);
  });
  it("finds the instant of a wall clock, also across a change of summer time", () => {
    expect(parseZoned("2026-11-23", "08:41:07", zone)).toBe(atMs);
    expect(parseZoned("2026-03-29", "03:30:00", "Europe/Berlin")).toBe(Date.UTC(2026, 2, 29, 1, 30));
    expect(parseZoned("2026-13-01", "08:00:00", zone)).toBeNaN();
  });
  it("writes dates as people of the language do", () => {
    expect(formatDate(atMs, zone, "zh-CN", atMs)).toBe("11月23日");
    expect(formatDate(atMs, zone, "en", Date.UTC(2027, 1, 1))).toBe("23 Nov 2026");
    expect(formatMoment(atMs, zone, "zh-CN", atMs + 86_400_000)).toBe("11月23日08:41:07");
    expect(formatMoment(atMs, zone, "en", atMs)).toBe("08:41:07");
  });
  it.each([
    [12_000, "12秒", "12 s"],
    [29 * 60_000, "29分钟", "29 min"],
    [134 * 60_000, "2小时14分", "2 h 14 min"],
    [76 * 3600_000, "3天4小时", "3 d 4 h"],
    [-5, "0秒", "0 s"],
  ])("writes %d ms shortly", (durationMs, zh, en) => {
    expect(formatDuration(durationMs, "zh-CN")).toBe(zh);
    expect(formatDuration(durationMs, "en")).toBe(en);
  });
});
