import { describe, expect, it } from "vitest";
import { formatSize } from "./size";

describe("sizes", () => {
  it("are said in the unit that keeps them short", () => {
    expect([0, 812, 1_000, 5_242_880, 999 * 2 ** 20, 1_000 * 2 ** 20, 1.44 * 2 ** 40].map(formatSize)).toEqual([
      "0 B",
      "812 B",
      "1.0 KiB",
      "5.0 MiB",
      "999 MiB",
      "1.0 GiB",
      "1.4 TiB",
    ]);
  });
});
