import { describe, expect, it } from "vitest";
import { zoneBeside } from "./zones";

describe("the zone beside a camera's name", () => {
  it.each([
    ["烹饪间1号", "烹饪", ""],
    ["北侧2号", "烹饪", "烹饪"],
    ["cooking line 2", "Cooking", ""],
    ["任意", "", ""],
  ])("of %s in %s is “%s”", (name, zone, shown) => {
    expect(zoneBeside(name, zone)).toBe(shown);
  });
});
