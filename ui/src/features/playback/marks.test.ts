import { describe, expect, it } from "vitest";
import { markAt, markBeside, marksOf, type TimelineMark } from "./marks";

const from = Date.parse("2026-11-23T00:00:00Z");
const view = { fromMs: from, toMs: from + 100_000 };
const aMark = (id: string, afterMs: number): TimelineMark => ({
  ...{ id, atMs: from + afterMs, note: "", byName: "", isOwn: false },
});
const marks = [aMark("a", 10_000), aMark("b", 50_000), aMark("c", 50_900)];

describe("marks", () => {
  it("are taken from what happened, by time, and say whose they are", () => {
    const event = { from: "2026-11-23T00:00:50Z", note: "鼠迹", by_name: "王志远", object_id: "mrk_2" };
    const found = marksOf([
      { ...event, kind: "mark", abilities: ["mark.change"] },
      { ...event, kind: "offline", abilities: [] },
      { ...event, kind: "mark", abilities: [], object_id: "mrk_1", from: "2026-11-23T00:00:10Z" },
    ]);
    expect(found.map(({ id, isOwn }) => [id, isOwn])).toEqual([
      ["mrk_1", false],
      ["mrk_2", true],
    ]);
    expect(found[1]).toMatchObject({ atMs: from + 50_000, note: "鼠迹", byName: "王志远" });
  });
  it("are hit by the pointer, the nearest of several, and not from afar", () => {
    expect(markAt(marks, view, 1_000, 104)?.id).toBe("a");
    expect(markAt(marks, view, 1_000, 502)?.id).toBe("b");
    expect(markAt(marks, view, 1_000, 507)?.id).toBe("c");
    expect(markAt(marks, view, 1_000, 120)).toBeUndefined();
  });
  it("are gone to one after the other, forth and back", () => {
    expect(markBeside(marks, from, 1)?.id).toBe("a");
    expect(markBeside(marks, from + 10_000, 1)?.id).toBe("b");
    expect(markBeside(marks, from + 60_000, -1)?.id).toBe("c");
    // a second after having gone there it plays on: back means the one before
    expect(markBeside(marks, from + 11_000, -1)).toBeUndefined();
    expect(markBeside(marks, from + 53_500, -1)?.id).toBe("c");
    expect(markBeside(marks, from + 90_000, 1)).toBeUndefined();
  });
});
