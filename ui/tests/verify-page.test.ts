import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildPage, PAGE } from "../verify/build";
import { isSigned, parseCanonical, spell, text } from "../verify/bytes";

describe("the page inside every export", () => {
  it("is what its sources make; otherwise: npm run verify-page", async () => {
    const page = await buildPage();
    if (process.env.BK_REGENERATE === "1") writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, "utf-8")).toBe(page);
  }, 60_000);

  it("spells JSON as RFC 8785 does, and refuses other spellings", () => {
    const value = { b: ["€$\u000f\nA'B\"\\/", true, null], a: -7, a1: { z: "厨", y: 0 } };
    const said = '{"a":-7,"a1":{"y":0,"z":"厨"},"b":["€$\\u000f\\nA\'B\\"\\\\/",true,null]}';
    expect(spell(value)).toBe(said);
    expect(parseCanonical(text(said))).toEqual(value);
    for (const other of ['{"b":1,"a":2}', '{"a":1.0}', '{"a":1 }', '{"a":1,"a":1}', "[1]", '\ufeff{"a":1}']) {
      expect(() => parseCanonical(text(other))).toThrow();
    }
  });

  it("verifies Ed25519 as RFC 8032 §7.1 test 2 says", () => {
    const key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const signature =
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    expect(isSigned(key, signature, Uint8Array.of(0x72))).toBe(true);
    expect(isSigned(key, signature, Uint8Array.of(0x73))).toBe(false);
    expect(isSigned(key, `00${signature.slice(2)}`, Uint8Array.of(0x72))).toBe(false);
  });
});
