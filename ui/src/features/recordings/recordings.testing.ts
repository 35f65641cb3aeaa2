import { HttpResponse, http } from "msw";
import type { Alarm, CameraPlan, Found, Hold, Rule, RuleIn } from "@/shared/api/recording";
import { server, session } from "@/testing/server";

export const cameraId = "cam_0000000000000001";

export function anAlarm(changes: Partial<Alarm> = {}): Alarm {
  return {
    id: "ral_1",
    camera_id: cameraId,
    camera_name: "烹饪间1号",
    premises_id: "prm_1",
    premises_name: "站前小学食堂",
    region: "210302006",
    zone: "COOK",
    profile: "main",
    reason: "not_writing",
    since_at: "2026-11-23T00:36:00Z",
    opened_at: "2026-11-23T00:36:45Z",
    closed_at: null,
    ...changes,
  };
}

export function aHold(changes: Partial<Hold> = {}): Hold {
  return {
    id: "hld_1",
    camera_id: cameraId,
    camera_name: "烹饪间1号",
    premises_id: "prm_1",
    premises_name: "站前小学食堂",
    from: "2026-11-20T00:00:00Z",
    to: "2026-11-20T01:30:00Z",
    why: "hand",
    belongs_to: "",
    note: "投诉件",
    placed_at: new Date(Date.now() - 3_600_000).toISOString(),
    released_at: null,
    release_reason: "",
    is_in_force: true,
    abilities: ["recording.view_hold", "recording.release_hold"],
    ...changes,
  };
}

export function aFound(event: Partial<Found["event"]> = {}): Found {
  return {
    event: {
      kind: "unrecorded",
      camera_id: cameraId,
      from: "2026-11-22T06:00:00Z",
      to: "2026-11-22T12:00:00Z",
      what: "node_away",
      object_id: "ral_1",
      ...event,
    },
    camera_name: "烹饪间1号",
    premises_id: "prm_1",
    premises_name: "站前小学食堂",
    zone: "COOK",
  };
}

export function aRule(changes: Partial<Rule> = {}): Rule {
  return {
    level: "category",
    subject: "PHARMACY",
    name: "",
    keep_days: 15,
    mode: "open_hours",
    reason: "省局要求",
    set_at: "2026-11-20T00:00:00Z",
    etag: '"4"',
    ...changes,
  };
}

export function aPlan(changes: Partial<CameraPlan> = {}): CameraPlan {
  return {
    camera_id: cameraId,
    keep_days: 30,
    mode: "sub_when_closed",
    floor_days: 30,
    keep_from: "category",
    mode_from: "premises",
    recorded: ["main", "sub"],
    quiet: [{ from: "2026-11-24T14:00:00Z", to: "2026-11-24T20:00:00Z" }],
    rules: [aRule({ keep_days: 15, mode: null })],
    changes: [
      {
        version: 4,
        level: "category",
        at: "2026-11-20T00:00:00Z",
        reason: "省局要求",
        old_keep_days: null,
        new_keep_days: 15,
        old_mode: null,
        new_mode: null,
      },
    ],
    abilities: ["recording.view_plan", "recording.set_rule"],
    ...changes,
  };
}

const everything = [
  "camera.list",
  "camera.live",
  "camera.play",
  "recording.view_plan",
  "recording.set_rule",
  "recording.set_category_rule",
  "recording.view_hold",
  "recording.place_hold",
  "recording.release_hold",
  "recording.view_alarm",
  "recording.view_volume",
  "recording.search",
];

const category = { name_en: "Pharmacy", name_zh: "药店", zone_profile: "PHARMACY", is_school: false };

export interface Answers {
  abilities?: string[];
  alarms?: Alarm[];
  found?: Found[];
  hasMore?: boolean;
  holds?: Hold[];
  rules?: Rule[];
  plan?: CameraPlan;
}

/** A city that records; returns what it was asked. */
export function serveRecordings({ abilities = everything, ...answers }: Answers = {}) {
  const asked: URL[] = [];
  const list = <T>(path: string, body: T) =>
    http.get(`*/api/v1/recording/${path}`, ({ request }) => {
      asked.push(new URL(request.url));
      return HttpResponse.json(body as object);
    });
  const alarms = answers.alarms ?? [];
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities })),
    http.get("*/api/v1/regions", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/kinds", () =>
      HttpResponse.json({
        categories: [{ ...category, code: "PHARMACY", retention_days: 30 }],
        zones: [{ code: "COOK", name_zh: "烹饪", name_en: "Cooking" }],
        must_zones: {},
      }),
    ),
    list("alarms", { items: alarms, next_cursor: null, open: alarms.filter((each) => !each.closed_at).length }),
    list("search", { items: answers.found ?? [], has_more: answers.hasMore ?? false }),
    list("holds", { items: answers.holds ?? [], next_cursor: null }),
    list("rules", { items: answers.rules ?? [], abilities }),
    list("cameras/:id", answers.plan ?? aPlan()),
  );
  return asked;
}

/** Takes rules; `answer` may refuse. Returns what was sent. */
export function takeRules(answer: (sent: { etag: string | null; body: RuleIn }) => Response) {
  const sent: { path: string; etag: string | null; body: RuleIn }[] = [];
  server.use(
    http.put("*/api/v1/recording/rules/:level/:subject", async ({ request, params }) => {
      const one = {
        path: `${params.level}/${params.subject}`,
        etag: request.headers.get("If-Match"),
        body: (await request.json()) as RuleIn,
      };
      sent.push(one);
      return answer(one);
    }),
  );
  return sent;
}
