import { describe, expect, it } from "vitest";
import type { Region } from "@/shared/api/people";
import { levelsOf, regionTree } from "./words";

const region = (code: string, name: string, parent: string, level: number): Region => ({
  code,
  name,
  parent,
  level,
  longitude_deg: null,
  latitude_deg: null,
});
const city = [
  region("210300", "鞍山市", "", 2),
  region("210302", "铁东区", "210300", 3),
  region("210302006", "站前街道", "210302", 4),
];

describe("region tree", () => {
  it("offers only the levels that the role demands, and nothing below them", () => {
    const [root] = regionTree(city, levelsOf("county"));
    expect(root).toMatchObject({ value: "210300", disabled: true });
    expect(root?.children).toMatchObject([{ value: "210302", disabled: false, children: [] }]);
  });
  it("offers townships for a station", () => {
    const [root] = regionTree(city, levelsOf("township"));
    expect(root?.children[0]).toMatchObject({ disabled: true, children: [{ value: "210302006", disabled: false }] });
  });
  it("begins where the reader's own reach begins", () => {
    expect(regionTree(city.slice(1), levelsOf("township"))).toMatchObject([{ value: "210302" }]);
  });
  it("knows no levels for a role that is not by region", () => {
    expect(levelsOf("premises")).toEqual([]);
    expect(levelsOf("everywhere")).toEqual([]);
  });
});
