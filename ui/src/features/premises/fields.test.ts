import { describe, expect, it } from "vitest";
import { bodyOf, clashesOf, emptyFields, type Fields, mayChange, mergeFields, patchOf } from "./fields";

const base: Fields = { ...emptyFields, name: "站前小学食堂", address: "1号", diners: 100, hours: "1 06:00-07:00" };

describe("what is sent", () => {
  it("is only what was changed, with null for what was emptied", () => {
    const mine = { ...base, address: "2号", credit_code: "", exempt_reason: "", diners: null };
    expect(patchOf({ ...base, credit_code: "91350100M000100Y43" }, mine)).toEqual({
      address: "2号",
      credit_code: null,
      diners: null,
    });
  });
  it("is nothing that a new premises does not have", () => {
    expect(bodyOf({ ...emptyFields, name: "甲", category: "SNACK", region: "210302" })).toEqual({
      name: "甲",
      category: "SNACK",
      region: "210302",
    });
  });
});

describe("two people and one record", () => {
  const mine = { ...base, address: "2号", diners: 200 };
  const theirs = { ...base, address: "3号", hours: "", diners: 200 };
  it("clash only where both changed a field, and differently", () => {
    expect(clashesOf(base, mine, theirs)).toEqual([{ name: "address", mine: "2号", theirs: "3号" }]);
  });
  it.each([
    [new Set(["address"] as const), "2号"],
    [new Set([] as const), "3号"],
  ])("lose nothing that only one of them changed", (chosen, address) => {
    const merged = mergeFields({ ...base, name: "旧" }, { ...mine, name: "旧" }, { ...theirs, name: "新" }, chosen);
    expect(merged).toEqual({ ...base, name: "新", address, hours: "", diners: 200 });
  });
});

describe("fields", () => {
  it("belong to different people", () => {
    expect(
      ["name", "hours", "risk_grade", "is_due"].map((name) => mayChange(name as "name", ["premises.hours"])),
    ).toEqual([false, true, false, false]);
  });
});
