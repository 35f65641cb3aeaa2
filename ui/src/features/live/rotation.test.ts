import { describe, expect, it } from "vitest";
import {
  beginRotation,
  opensAhead,
  paused,
  progressOf,
  type Rotation,
  readTurn,
  resumed,
  ticked,
  withFormerGroup,
  withNextGroup,
  writeTurn,
} from "./rotation";

const ten = Array.from("abcdefghij");
const everybody = () => true;

/** Each quarter of a second from one instant until another. */
function passed(
  from: Rotation,
  fromMs: number,
  toMs: number,
  hasPicture: (id: string) => boolean = everybody,
): Rotation {
  let now = from;
  for (let atMs = fromMs; atMs <= toMs; atMs += 250) now = ticked(now, atMs, hasPicture);
  return now;
}

describe("a rotation", () => {
  it("shows its cameras in order, a group for each dwell time, and goes on from the first", () => {
    const begun = beginRotation(ten, 4, 15, 1_000);
    expect(begun.places).toEqual(["a", "b", "c", "d"]);
    expect(passed(begun, 1_000, 15_750).places).toEqual(["a", "b", "c", "d"]);
    expect(passed(begun, 1_000, 16_000).places).toEqual(["e", "f", "g", "h"]);
    expect(passed(begun, 1_000, 31_000).places).toEqual(["i", "j", "a", "b"]);
    expect(passed(begun, 1_000, 46_000).places).toEqual(["c", "d", "e", "f"]);
  });

  it("never shows a camera twice at once, and stands still when all fit", () => {
    const five = ten.slice(0, 5);
    let now = beginRotation(five, 4, 5, 0);
    for (let turn = 0; turn < 12; turn += 1) {
      expect(new Set(now.places).size).toBe(4);
      now = withNextGroup(now, 0);
    }
    const all = beginRotation(ten, 16, 5, 0);
    expect(all.places).toEqual(ten);
    expect(passed(all, 0, 60_000)).toBe(all);
    expect(opensAhead(all, 4_900)).toEqual([]);
  });

  it("opens the next group three seconds ahead, and not earlier", () => {
    const begun = beginRotation(ten, 4, 15, 0);
    expect(opensAhead(begun, 11_999)).toEqual([]);
    expect(opensAhead(begun, 12_000)).toEqual(["e", "f", "g", "h"]);
    expect(passed(begun, 0, 15_000).places).toEqual(["e", "f", "g", "h"]);
    const last = passed(begun, 0, 30_000);
    expect(last.places).toEqual(["i", "j", "a", "b"]);
    expect(opensAhead(beginRotation(ten.slice(0, 5), 4, 5, 0), 3_000)).toEqual(["e"]);
  });

  it("gives a dead camera three seconds, then its place to the next", () => {
    const hasPicture = (id: string) => id !== "b";
    const begun = beginRotation(ten, 4, 15, 0);
    expect(passed(begun, 0, 2_750, hasPicture).places).toEqual(["a", "b", "c", "d"]);
    const now = passed(begun, 0, 3_000, hasPicture);
    expect(now.places).toEqual(["a", "e", "c", "d"]);
    expect(now.dead).toEqual(["b"]);
    expect(passed(now, 3_250, 15_000, hasPicture).places).toEqual(["f", "g", "h", "i"]);
  });

  it("does not wait for the rest of a group in which nobody has a picture", () => {
    const hasPicture = (id: string) => id > "d";
    const begun = beginRotation(ten, 1, 30, 0);
    const now = passed(begun, 0, 12_000, hasPicture);
    expect([now.places, now.dead]).toEqual([["e"], ["a", "b", "c", "d"]]);
    const nobody = () => false;
    const three = beginRotation(ten.slice(0, 3), 2, 30, 0);
    expect(passed(three, 0, 5_750, nobody).places).toEqual(["c", "b"]);
    expect(passed(three, 0, 6_000, nobody).lastDead).toEqual(["a", "b", "c"]);
  });

  it("puts the dead at the end of the next round, and lists them when a round has ended", () => {
    const hasPicture = (id: string) => id !== "a" && id !== "c";
    const four = ten.slice(0, 4);
    const second = passed(beginRotation(four, 1, 5, 0), 0, 16_000, hasPicture); // a 3 s, b 5 s, c 3 s, d 5 s
    expect([second.places, second.lastDead, second.dead]).toEqual([["b"], ["a", "c"], []]);
    expect(second.order).toEqual(["b", "d", "a", "c"]);
    const revived = passed(second, 16_250, 42_000, everybody);
    expect([revived.lastDead, revived.order]).toEqual([[], four]);
  });

  it("stands while it is paused, and goes on with the time that was left", () => {
    const begun = beginRotation(ten, 4, 10, 0);
    const stopped = paused(passed(begun, 0, 8_000), 8_000);
    expect(passed(stopped, 8_000, 90_000, () => false).places).toEqual(["a", "b", "c", "d"]);
    expect(progressOf(stopped, 90_000)).toBe(0.8);
    expect(opensAhead(stopped, 90_000)).toEqual([]);
    const on = resumed(stopped, 90_000);
    expect(progressOf(on, 90_000)).toBe(0.8);
    expect(passed(on, 90_000, 91_750).places).toEqual(["a", "b", "c", "d"]);
    expect(passed(on, 90_000, 92_000).places).toEqual(["e", "f", "g", "h"]);
    expect(resumed(on, 99_000)).toBe(on);
  });

  it("goes to the next and the former group by hand, also while paused", () => {
    const stopped = paused(beginRotation(ten, 4, 10, 0), 4_000);
    const second = withNextGroup(stopped, 5_000);
    expect([second.places, progressOf(second, 60_000)]).toEqual([["e", "f", "g", "h"], 0]);
    const first = withFormerGroup(second, 6_000);
    expect(first.places).toEqual(["a", "b", "c", "d"]);
    expect(withFormerGroup(first, 7_000)).toBe(first);
    expect(withNextGroup(first, 8_000).places).toEqual(["e", "f", "g", "h"]);
  });

  it("dwells between 5 and 120 seconds", () => {
    expect(beginRotation(ten, 1, 1, 0).dwellMs).toBe(5_000);
    expect(beginRotation(ten, 1, 999, 0).dwellMs).toBe(120_000);
  });

  it("of nobody shows nothing", () => {
    const empty = beginRotation([], 4, 15, 0);
    expect(empty.places).toEqual([]);
    expect(passed(empty, 0, 60_000)).toBe(empty);
  });
});

describe("the rotation in the address", () => {
  it("is read as it was written, beside the wall", () => {
    const turn = { dwellS: 15, filter: { region: "210302", category: "SCHOOL", grade: "D", mustZones: true } };
    const written = writeTurn(new URLSearchParams("wall=4&c=x"), turn);
    expect(readTurn(new URLSearchParams(written.toString()))).toEqual(turn);
    expect(written.get("wall")).toBe("4");
    expect(writeTurn(new URLSearchParams("wall=4"), undefined).toString()).toBe("wall=4");
  });
  it.each(["wall=4", "turn=", "turn=2", "turn=999", "turn=x"])("is none in %s", (query) => {
    expect(readTurn(new URLSearchParams(query))).toBeUndefined();
  });
});
