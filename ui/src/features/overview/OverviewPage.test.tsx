import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http, ws } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { Overview, OverviewArea } from "@/shared/api/overview";
import { refusal, server, session } from "@/testing/server";

const cell = {
  values: { due: 30, base: 28, signed_due: 29, completed: 21, watched: 80, online_now: 76 },
  rates: { completed_rate: 0.75, signed_rate: 0.96667, online_now_rate: 0.95 },
  alarms: 2,
  faults: 1,
};

function anArea(code: string, name: string, changes: Partial<OverviewArea> = {}): OverviewArea {
  return { ...cell, code, name, longitude_deg: 123, latitude_deg: 41, ...changes };
}

function anOverview(changes: Partial<Overview> = {}): Overview {
  return {
    at: "2026-11-23T00:41:00Z",
    region: "",
    region_name: "",
    level: "county",
    words: [{ key: "completed_rate", name: "完成率", definition: "完成除以分母。", parts: ["completed", "base"] }],
    total: cell,
    areas: [anArea("210302", "铁东区", { longitude_deg: 122.99 }), anArea("210381", "海城市", { latitude_deg: 40.8 })],
    ...changes,
  };
}

const alarm = {
  id: "ral_1",
  camera_id: "cam_1",
  camera_name: "烹饪1号",
  premises_id: "prm_1",
  premises_name: "站前小学食堂",
  region: "210302006",
  zone: "COOK",
  profile: "main",
  reason: "behind",
  since_at: "2026-11-23T00:36:00Z",
  opened_at: "2026-11-23T00:37:00Z",
  closed_at: null,
};

interface Kept {
  overview: Overview;
  alarms: object[];
  asked: { alarms: number; regions: (string | null)[] };
}

function serve(kept: Kept, abilities: string[] = ["overview.view", "numbers.view", "camera.live"]) {
  server.use(
    http.get("*/api/v1/session", () =>
      HttpResponse.json({
        ...session,
        abilities: [...abilities, "recording.view_alarm", "fault.view"],
      }),
    ),
    http.get("*/api/v1/overview", ({ request }) => {
      kept.asked.regions.push(new URL(request.url).searchParams.get("region"));
      return HttpResponse.json(kept.overview);
    }),
    http.get("*/api/v1/kinds", () => HttpResponse.json({ categories: [], zones: [], must_zones: {} })),
    http.get("*/api/v1/regions", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/overview/outlines", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/recording/alarms", () => {
      kept.asked.alarms += 1;
      return HttpResponse.json({ items: kept.alarms, next_cursor: null, open: kept.alarms.length });
    }),
    http.get("*/api/v1/faults", () => HttpResponse.json({ items: [], counts: [], next_cursor: null })),
  );
}

let kept: Kept;
beforeEach(() => {
  kept = { overview: anOverview(), alarms: [alarm], asked: { alarms: 0, regions: [] } };
});

describe("the overview", () => {
  it("leads from every figure to the list it counts, with the same filter", async () => {
    serve(kept);
    renderAt("/overview");
    const table = await screen.findByRole("region", { name: "各区域数字" }, { timeout: 8_000 });
    const row = within(table).getAllByRole("row")[1];
    if (!row) throw new Error("no row");
    const links = within(row).getAllByRole("link");
    expect(links.map((link) => [link.textContent, link.getAttribute("href")])).toEqual([
      ["铁东区", "/overview?r=210302"],
      ["30", "/numbers?r=210302&n=due"],
      ["75.0%", "/numbers?r=210302&n=completed"],
      ["96.7%", "/numbers?r=210302&n=signed_due"],
      ["95.0%", "/numbers?r=210302&n=online_now"],
      ["2", "/recordings/alarms?r=210302"],
      ["1", "/faults?r=210302"],
    ]);
    expect(row).toHaveTextContent("21/28");
    expect(table).toHaveTextContent("没有归入以上区域的单位和摄像头只计入合计。"); // 30 in all, 60 by county
    const heads = screen.getAllByRole("link").filter((link) => link.classList.contains("bk-head"));
    expect(heads.map((link) => link.getAttribute("href"))).toEqual([
      "/numbers?n=completed",
      "/numbers?n=signed_due",
      "/numbers?n=online_now",
      "/recordings/alarms",
      "/faults",
    ]);
  });

  it("shows a county's townships, whose tiles lead to lists", async () => {
    kept.overview = anOverview({
      region: "210302",
      region_name: "铁东区",
      level: "township",
      areas: [anArea("210302006", "站前街道", { longitude_deg: null, latitude_deg: null })],
    });
    serve(kept);
    renderAt("/overview?r=210302&show=online_now_rate");
    expect(await screen.findByText("铁东区", {}, { timeout: 8_000 })).toBeInTheDocument();
    expect(kept.asked.regions).toEqual(["210302"]);
    expect(screen.getByRole("link", { name: /站前街道95.0%76\/80/ })).toHaveAttribute(
      "href",
      "/numbers?r=210302006&n=online_now",
    );
    expect(screen.getByRole("link", { name: /返回全部/ })).toHaveAttribute("href", "/overview");
  });

  it("shows no figure that this person has no right to", async () => {
    kept.overview = anOverview({ total: { ...cell, faults: null } });
    serve(kept);
    renderAt("/overview");
    const table = await screen.findByRole("region", { name: "各区域数字" }, { timeout: 8_000 });
    expect(within(table).queryByText("故障")).toBeNull();
    expect(screen.getAllByRole("link").some((link) => link.getAttribute("href")?.startsWith("/faults"))).toBe(false);
  });

  it("reads alarms again when the event line says that there is news, and not otherwise", async () => {
    serve(kept);
    let say: (data: string) => void = () => undefined;
    server.use(
      ws.link("ws://*/api/v1/events").addEventListener("connection", ({ client }) => {
        say = (data) => client.send(data);
      }),
    );
    renderAt("/overview");
    expect(await screen.findByRole("link", { name: "站前小学食堂" }, { timeout: 8_000 })).toHaveAttribute(
      "href",
      "/live?wall=1&c=cam_1",
    );
    const before = kept.asked.alarms;
    say('{"type":"alive","server_at":"2026-11-23T00:41:00Z"}');
    kept.alarms = [{ ...alarm, id: "ral_2", premises_name: "老街饺子馆", opened_at: "2026-11-23T00:40:00Z" }, alarm];
    expect(kept.asked.alarms).toBe(before);
    for (let count = 0; count < 20; count += 1) say('{"type":"work"}');
    expect(await screen.findByRole("link", { name: "老街饺子馆" }, { timeout: 4_000 })).toBeInTheDocument();
    expect(kept.asked.alarms - before).toBeLessThanOrEqual(2); // a storm of news is one question
  });

  it("says in words that nothing waits", async () => {
    kept.alarms = [];
    kept.overview = anOverview({ total: { ...cell, alarms: 0, faults: 0 } });
    serve(kept);
    renderAt("/overview");
    expect(await screen.findByText("当前没有需要立即处理的事项。", {}, { timeout: 8_000 })).toBeInTheDocument();
    expect(document.querySelector(".bk-head-alert")).toBeNull();
  });

  it("does not exist for somebody without it", async () => {
    serve(kept, ["camera.live"]);
    renderAt("/overview");
    expect(await screen.findByText(/没有找到/, {}, { timeout: 8_000 })).toBeInTheDocument();
    expect(kept.asked.regions).toEqual([]);
  });
});

describe("the wall display", () => {
  it("names no premises, has nothing to click, and touches no session by itself", async () => {
    serve(kept);
    let touched = 0;
    server.use(
      http.post("*/api/v1/session/touch", () => {
        touched += 1;
        return new HttpResponse(null, { status: 204 });
      }),
    );
    renderAt("/screen");
    expect(await screen.findByText("各县区完成率", {}, { timeout: 8_000 })).toBeInTheDocument();
    expect(await screen.findByText(/^铁东区 · 烹饪/)).toBeInTheDocument();
    expect(screen.getAllByText("应录未录")).toHaveLength(2);
    expect(screen.queryByText("站前小学食堂")).toBeNull();
    expect(screen.queryAllByRole("link")).toEqual([]);
    expect(screen.queryAllByRole("button")).toEqual([]);
    expect(touched).toBe(0);
  });

  it("does not say that nothing waits before it has looked, nor when it could not", async () => {
    serve(kept);
    let refuse = () => {};
    const held = new Promise<void>((done) => {
      refuse = done;
    });
    const gone = () => refusal(403, "access.none", "没有找到该内容，或您没有查看权限。");
    server.use(
      http.get("*/api/v1/recording/alarms", () => held.then(gone)),
      http.get("*/api/v1/faults", () => held.then(gone)),
    );
    renderAt("/screen");
    expect(await screen.findByText("各县区完成率", {}, { timeout: 8_000 })).toBeInTheDocument();
    expect(screen.queryByText("当前没有需要立即处理的事项。")).toBeNull();
    refuse();
    expect(await screen.findByText("没有找到该内容，或您没有查看权限。")).toBeInTheDocument();
    expect(screen.queryByText("当前没有需要立即处理的事项。")).toBeNull();
  });

  it("says when its figures are old", async () => {
    kept.overview = anOverview({ at: new Date(Date.now() - 130_000).toISOString() });
    serve(kept);
    renderAt("/screen");
    expect(await screen.findByText("数据没有更新，正在重新连接。", {}, { timeout: 8_000 })).toBeInTheDocument();
  });
});

describe("the lists behind the figures", () => {
  it("of alarms and faults ask for the region that the address names", async () => {
    const asked: string[] = [];
    serve(kept);
    server.use(
      http.get("*/api/v1/recording/alarms", ({ request }) => {
        asked.push(new URL(request.url).search);
        return HttpResponse.json({ items: [alarm], next_cursor: null, open: 2 });
      }),
    );
    renderAt("/recordings/alarms?r=210302");
    expect(await screen.findByText("应录未录2", {}, { timeout: 8_000 })).toBeInTheDocument();
    expect(asked[0]).toBe("?open=true&region=210302");
  });

  it("of numbers open at once, and close into the table", async () => {
    const user = userEvent.setup();
    serve(kept);
    server.use(
      http.get("*/api/v1/numbers", () =>
        HttpResponse.json({
          ...{ at: "2026-11-23T00:41:00Z", month: "2026-11", is_now: true, day: "", abilities: [] },
          words: [{ key: "completed", name: "完成", definition: "", parts: [] }],
          ...{ opens: ["completed"], regions: [{ code: "210302", name: "铁东区" }], categories: [] },
          ...{ cells: [], by_region: [], by_category: [] },
          total: { region: "", category: "", month: "", values: {}, rates: {}, target: null },
        }),
      ),
      http.get("*/api/v1/numbers/rows", () =>
        HttpResponse.json({ number: "completed", total: 21, items: [], next_cursor: null }),
      ),
      http.get("*/api/v1/onboarding/changes", () => HttpResponse.json({ items: [], next_cursor: null })),
    );
    const router = renderAt("/numbers?r=210302&n=completed");
    const drawer = await screen.findByRole("dialog", {}, { timeout: 8_000 });
    expect(await within(drawer).findByText(/完成 · 铁东区/)).toHaveTextContent("完成 · 铁东区 21家");
    await user.click(within(drawer).getByRole("button", { name: /close/i }));
    await waitFor(() => expect(router.state.location.search).toBe("?r=210302"));
  });
});
