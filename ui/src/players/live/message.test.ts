import { describe, expect, it } from "vitest";
import { fragment, mediaMessage } from "@/testing/liveBrowser";
import { parseMedia, parseText, readDecodeTime } from "./message";

describe("live messages", () => {
  it("carry kind, flags and the instant in microseconds", () => {
    const atMs = Date.UTC(2026, 10, 23, 0, 41, 7, 320);
    const { bytes, ...head } = parseMedia(mediaMessage(2, atMs, fragment(90_000), 3));
    expect(head).toEqual({ kind: "video", atKey: true, discontinuity: true, firstAtUs: atMs * 1000 });
    expect(bytes).toEqual(fragment(90_000));
  });
  it("are refused when too short or of unknown kind", () => {
    expect(() => parseMedia(new ArrayBuffer(10))).toThrow(RangeError);
    const unknown = mediaMessage(1, 0, new Uint8Array(4));
    new DataView(unknown).setUint8(0, 9);
    expect(() => parseMedia(unknown)).toThrow(RangeError);
  });
  it("tell the decode time of both tfdt versions, beyond 32 bits", () => {
    expect(readDecodeTime(fragment(2 ** 40))).toBe(2 ** 40);
    expect(readDecodeTime(fragment(12_345, 0))).toBe(12_345);
  });
  it("without a decode time, or cut at any byte, are no crash", () => {
    const whole = fragment(1_000);
    for (let size = 0; size < 60; size += 1) expect(readDecodeTime(whole.slice(0, size))).toBeUndefined();
  });
  it("of a type that this version does not know are passed over", () => {
    expect(parseText('{"type":"weather"}')).toBeUndefined();
    expect(() => parseText("[1")).toThrow(SyntaxError);
    expect(() => parseText("1")).toThrow(SyntaxError);
  });
});
