import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aCamera, server } from "@/testing/server";
import { saveLiveSnapshot, saveSnapshot } from "./snapshot";

const node = "http://127.0.0.1:8081";
const camera = aCamera();
const zone = "Asia/Shanghai";
const shownAtMs = Date.parse("2026-11-23T00:41:07.320Z");
const liveAt = "2026-11-23T00:41:08.100Z";
const saved: string[] = [];

/** past: what the node answers for a past moment: the time of a frame, or a status. */
function aNode(past: string | number) {
  const asked: (string | null)[] = [];
  server.use(
    http.post("*/api/v1/media/tokens", async ({ request }) => {
      const { items } = (await request.json()) as { items: object[] };
      return HttpResponse.json({
        items: items.map((item) => ({ ...item, token: "bk1.t", expires_in_s: 60, media_url: node })),
      });
    }),
    http.post(`${node}/media/session`, () => HttpResponse.json({ handle: "h".repeat(43), expires_in_s: 120 })),
    http.delete(`${node}/media/session`, () => new HttpResponse(null, { status: 204 })),
    http.get(`${node}/snapshot/:camera`, ({ request }) => {
      const at = new URL(request.url).searchParams.get("at");
      asked.push(at);
      if (at !== null && typeof past === "number") return new HttpResponse(null, { status: past });
      return HttpResponse.arrayBuffer(new ArrayBuffer(4), {
        headers: { "Content-Type": "image/jpeg", "BK-Frame-At": at === null ? liveAt : String(past) },
      });
    }),
  );
  return asked;
}

beforeEach(() => {
  saved.length = 0;
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push(this.download);
  });
});
afterEach(() => vi.restoreAllMocks());

describe("a snapshot", () => {
  it("of the frame on the screen carries that frame's time and name", async () => {
    aNode("2026-11-23T00:41:07.300Z");
    expect(await saveLiveSnapshot(camera, { shownAtMs, zone })).toEqual({
      atMs: Date.parse("2026-11-23T00:41:07.300Z"),
      insteadOfMs: undefined,
    });
    expect(saved).toEqual(["站前小学食堂_烹饪间1号_20261123-084107.jpg"]);
  });
  it.each([404, 503])("of what the camera shows now says so when the frame cannot be had (%d)", async (status) => {
    const asked = aNode(status);
    expect(await saveLiveSnapshot(camera, { shownAtMs, zone })).toEqual({
      atMs: Date.parse(liveAt),
      insteadOfMs: shownAtMs,
    });
    expect(asked).toEqual(["2026-11-23T00:41:07.320Z", null]);
    expect(saved).toEqual(["站前小学食堂_烹饪间1号_20261123-084108.jpg"]);
  });
  it("for which the node gave an earlier frame says so", async () => {
    aNode("2026-11-23T00:41:05.000Z");
    expect(await saveSnapshot(camera, { profile: "main", atMs: shownAtMs, zone })).toEqual({
      atMs: Date.parse("2026-11-23T00:41:05Z"),
      insteadOfMs: shownAtMs,
    });
  });
  it("that was refused is not replaced by another", async () => {
    const asked = aNode(403);
    await expect(saveLiveSnapshot(camera, { shownAtMs, zone })).rejects.toMatchObject({ status: 403 });
    expect(asked).toHaveLength(1);
    expect(saved).toEqual([]);
  });
});
