import { HttpResponse, http, ws } from "msw";
import { setupServer } from "msw/node";
import type { Camera } from "@/shared/api/cameras";
import type { Session } from "@/shared/api/session";

export const origin = "http://localhost:3000";

export function aCamera(changes: Partial<Camera> = {}): Camera {
  return {
    id: "cam_0000000000000001",
    name: "烹饪间1号",
    premises_id: null,
    premises_name: "站前小学食堂",
    zone: "COOK",
    zones: [],
    activity: "ACTIVE",
    quarantined_at: null,
    retired_at: null,
    quarantine_zone: "",
    address: "rtsp://10.0.0.1:554/main",
    sub_path: "/sub",
    has_password: true,
    transport: "auto",
    record: ["main"],
    audio: true,
    allow_basic: false,
    streams: {
      main: {
        state: "live",
        reason: null,
        detail: "",
        since_at: "2026-11-23T00:00:00Z",
        last_frame_at: "2026-11-23T00:41:07Z",
        recording: true,
        recorded_until_at: "2026-11-23T00:41:06Z",
        bitrate_bps: 4_200_000,
        fps: 25,
        lost_packets: 0,
        loss_ratio: 0,
        video_codec: "avc1.640028",
        width_px: 1920,
        height_px: 1080,
        audio_codec: "pcma",
        viewers: 1,
        attempt: 0,
      },
      sub: null,
    },
    node: { id: "node-0", port: 8081, connected: true },
    abilities: ["camera.view", "camera.change", "camera.remove", "camera.live", "camera.play", "camera.snapshot"],
    created_at: "2026-11-22T00:00:00Z",
    etag: '"1"',
    ...changes,
  };
}

/** Answers as the server does: the cameras asked for, in their order, a page of them, and how many there are. */
export function answerCameras(cameras: readonly Camera[], url: URL) {
  const asked = url.searchParams;
  const words = (asked.get("text") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const ids = asked.getAll("id");
  const found = cameras.filter(
    (camera) =>
      (ids.length === 0 || ids.includes(camera.id)) &&
      (asked.get("connected") ?? String(camera.address !== "")) === String(camera.address !== "") &&
      (asked.get("abnormal") !== "true" || camera.activity === "OFFLINE") &&
      words.every((word) => `${camera.name}\n${camera.premises_name}`.toLowerCase().includes(word)),
  );
  const begin = found.findIndex((camera) => camera.id === asked.get("cursor")) + 1;
  const items = found.slice(begin, begin + Number(asked.get("limit") ?? 200));
  const last = items.at(-1);
  const hasMore = last !== undefined && last !== found.at(-1);
  return { items, next_cursor: hasMore ? last.id : null, total: found.length };
}

/** Branches of the tree of cameras, as the server counts them. */
export function aLevel(
  level: "region" | "category" | "premises",
  branches: readonly [id: string, name: string, online: number, cameras: number][],
) {
  const counts = (online: number, cameras: number) => ({ cameras, online, abnormal: cameras - online, premises: 1 });
  return {
    level,
    items: branches.map(([id, name, online, cameras]) => ({
      ...{ kind: level, id, name, region: "", category: "" },
      counts: counts(online, cameras),
    })),
    next_cursor: null,
    total: counts(0, 0),
  };
}

/** A server with these cameras; `questions` keeps what it was asked. */
export function citySaying(cameras: readonly Camera[], questions: URLSearchParams[] = []) {
  return http.get("*/api/v1/cameras", ({ request }) => {
    const url = new URL(request.url);
    questions.push(url.searchParams);
    return HttpResponse.json(answerCameras(cameras, url));
  });
}

export const session = {
  user: {
    id: "usr_1",
    username: "wang",
    name: "王志远",
    grants: [
      {
        role: "COUNTY_OFFICER",
        region: "210302",
        region_name: "铁东区",
        categories: [],
        premises_id: null,
        premises_name: "",
      },
    ],
  },
  abilities: [
    ...["camera.list", "camera.add", "camera.probe", "camera.live", "camera.play"],
    ...["premises.list", "premises.card", "onboarding.view", "device.view", "fault.view"],
  ],
  pending: [] as Session["pending"],
  proven_until_at: "2026-11-23T00:46:07Z",
  idle_s: 1800,
  ends_at: "2026-11-23T12:41:07Z",
} satisfies Session;

export function refusal(status: number, code: string, detail: string, more: object = {}) {
  return HttpResponse.json(
    { type: "about:blank", title: "", status, code, detail, params: {}, instance: "req_7zqk", ...more },
    { status, headers: { "Content-Type": "application/problem+json" } },
  );
}

/** An event line that stands and says nothing. */
const events = ws.link("ws://*/api/v1/events").addEventListener("connection", () => undefined);

/** Somebody is logged in, there are no cameras, no node gives pictures. Tests put their own answers before these. */
export const server = setupServer(
  events,
  http.get("*/api/v1/session", () => HttpResponse.json(session)),
  http.get("*/api/v1/account/identities", () => HttpResponse.json({ items: [], is_offered: false })),
  http.get("*/api/v1/people/:id/identities", () => HttpResponse.json({ items: [], is_on: false })),
  http.get("*/api/v1/system", () =>
    HttpResponse.json({
      version: "0.1.0",
      demo: false,
      city: "鞍山市",
      server_at: new Date().toISOString(),
      time_zone: "Asia/Shanghai",
      second_factor: true,
      own_authority: false,
      single_sign_on: null,
    }),
  ),
  citySaying([]),
  http.get("*/api/v1/camera-tree", () => HttpResponse.json(aLevel("region", []))),
  http.get("*/api/v1/walls", () => HttpResponse.json({ items: [], next_cursor: null })),
  http.post("*/api/v1/media/tokens", () => refusal(503, "node.none_connected", "没有可用的媒体服务。")),
);
