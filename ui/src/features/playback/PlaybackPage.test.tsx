import { act, screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import { installMediaSource } from "@/testing/mediaSource";
import { aCamera, citySaying, server } from "@/testing/server";

const node = "http://127.0.0.1:8081";
const camera = aCamera();
const wanted = "2026-11-22T00:20:00.000Z";

/** A node that recorded until 00:12 and from 00:30 on, and keeps what it was asked for. */
function aNode() {
  const thumbs: (string | null)[] = [];
  const lists: (string | null)[] = [];
  server.use(
    citySaying([camera]),
    http.post("*/api/v1/media/tokens", async ({ request }) => {
      const { items } = (await request.json()) as { items: { camera: string; act: string }[] };
      return HttpResponse.json({
        items: items.map((item) => ({ ...item, token: "bk1.t", expires_in_s: 60, media_url: node })),
      });
    }),
    http.post(`${node}/media/session`, () =>
      HttpResponse.json({
        handle: "h".repeat(43),
        camera: camera.id,
        act: "play",
        from: null,
        to: null,
        expires_in_s: 120,
      }),
    ),
    http.delete(`${node}/media/session`, () => new HttpResponse(null, { status: 204 })),
    http.get(`${node}/play/:camera/stream.mp4`, ({ request }) => {
      lists.push(new URL(request.url).searchParams.get("from"));
      return new HttpResponse(null, { status: 204 });
    }),
    http.get(`${node}/play/:camera/timeline`, () =>
      HttpResponse.json({
        first_at: "2026-11-22T00:00:00Z",
        last_at: "2026-11-22T00:41:00Z",
        spans: [
          { from: "2026-11-22T00:00:00Z", to: "2026-11-22T00:12:00Z" },
          { from: "2026-11-22T00:30:00Z", to: "2026-11-22T00:41:00Z" },
        ],
        gaps: [{ from: "2026-11-22T00:12:00Z", to: "2026-11-22T00:30:00Z", reason: "host_unreachable" }],
      }),
    ),
    http.get(`${node}/thumb/:camera`, ({ request }) => {
      const at = new URL(request.url).searchParams.get("at");
      thumbs.push(at);
      if (at === wanted) return new HttpResponse(null, { status: 404 });
      return HttpResponse.arrayBuffer(new ArrayBuffer(4), {
        headers: { "Content-Type": "image/jpeg", "BK-Frame-At": at ?? "2026-11-22T00:41:00Z" },
      });
    }),
  );
  return { thumbs, lists };
}

beforeEach(installMediaSource);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("playback", () => {
  it("shows the last still before a gap, dated, under the words with reason and next step", async () => {
    const { thumbs } = aNode();
    renderAt(`/play?c=${camera.id}&t=${wanted}`);
    expect(
      await screen.findByText(/08:12:00—.*08:30:00没有录像，原因：连不上。/, {}, { timeout: 4_000 }),
    ).toBeInTheDocument();
    expect(screen.getByRole("button", { name: /看下一段录像（.*08:30:00）/ })).toBeInTheDocument();
    expect(await screen.findByRole("img", { name: /烹饪间1号，.*08:11:59的画面/ })).toBeInTheDocument();
    expect(screen.getByText(/底图为.*08:11:59的画面/)).toBeInTheDocument();
    expect(thumbs).toContain("2026-11-22T00:11:59.000Z");
  });

  it("shows the newest still before the first recording", async () => {
    const { thumbs } = aNode();
    renderAt(`/play?c=${camera.id}&t=2026-11-21T20:00:00Z`);
    expect(await screen.findByText(/之前没有这一路的录像/)).toBeInTheDocument();
    await waitFor(() => expect(thumbs).toContain(null));
    expect(await screen.findByRole("img", { name: /08:41:00的画面/ })).toBeInTheDocument();
  });

  it("goes to the moment of a link that is followed while it is open, with the ruler around it", async () => {
    const { lists } = aNode();
    const router = renderAt(`/play?c=${camera.id}&t=${wanted}`);
    const ruler = await screen.findByRole("slider", { name: "时间轴" });
    await waitFor(() => expect(lists[0]).toBe(wanted));
    const moment = Date.parse("2026-11-20T05:00:00Z");
    await act(() => router.navigate(`/play?c=${camera.id}&t=2026-11-20T05:00:00Z`));
    await waitFor(() => expect(lists).toContain("2026-11-20T05:00:00.000Z"));
    expect(ruler).toHaveAttribute("aria-valuenow", String(moment / 1000));
    expect(ruler).toHaveAttribute("aria-valuemin", String(moment / 1000 - 1_800));
    expect(ruler).toHaveAttribute("aria-valuemax", String(moment / 1000 + 1_800));
  });

  it("begins with a camera whose pictures this browser decodes, when none was named", async () => {
    const { main } = camera.streams;
    const newer = aCamera({
      id: "cam_b",
      name: "分餐间1号",
      streams: { main: main && { ...main, video_codec: "hvc1.1.6.L120.90" }, sub: null },
    });
    aNode();
    server.use(citySaying([newer, camera]));
    const router = renderAt("/play");
    expect(await screen.findByRole("slider", { name: "时间轴" })).toBeInTheDocument();
    expect(screen.getByText(new RegExp(`· ${camera.name}`))).toBeInTheDocument();
    expect(screen.queryByText(/分餐间1号/)).not.toBeInTheDocument();
    expect(router.state.location.pathname).toBe("/play");
  });
});
