import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { MediaNode, Volume } from "@/shared/api/nodes";
import { server, session } from "@/testing/server";

const TiB = 2 ** 40;

function aVolume(changes: Partial<Volume> = {}): Volume {
  return {
    name: "store",
    state: "ok",
    total_bytes: 4 * TiB,
    free_bytes: TiB,
    used_bytes: 1.5 * TiB,
    quota_bytes: 3 * TiB,
    held_bytes: TiB / 4,
    oldest_at: "2026-10-24T00:00:00Z",
    kept_days: 30.4,
    forecast: { rate_bps: 4_250_000, lasts_days: 61.4, full_in_s: null },
    ...changes,
  };
}

function aNode(changes: Partial<MediaNode> = {}): MediaNode {
  return {
    id: "node-0",
    state: "connected",
    since_at: new Date(Date.now() - 7_200_000).toISOString(),
    url: "https://kitchen.example.cn/media/node-0",
    vitals: {
      version: "0.1.0",
      started_at: "2026-11-20T00:00:00Z",
      cpu_percent: 137,
      memory_bytes: 300 * 2 ** 20,
      host_cores: 8,
      host_used_percent: 41.6,
      host_memory_bytes: 16 * 2 ** 30,
      host_memory_free_bytes: 9 * 2 ** 30,
    },
    counts: { assigned: 160, recording: 157, resting: 1, missing: 2 },
    asked_days: { least: 30, most: 30 },
    volumes: [aVolume()],
    ...changes,
  };
}

function serve(nodes: MediaNode[], abilities = ["recording.view_volume", "camera.list", "recording.view_alarm"]) {
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities })),
    http.get("*/api/v1/nodes", () => HttpResponse.json({ items: nodes })),
  );
}

describe("a node", () => {
  it("says since when it is there, how it is, and opens the lists behind its figures", async () => {
    serve([aNode()]);
    renderAt("/nodes");
    const node = within(await screen.findByRole("region", { name: "媒体节点node-0" }));
    expect(node.getByText(/起，已2小时/)).toBeInTheDocument();
    expect(node.getByText("本节点用1.4核；整机8核，已用42%")).toBeInTheDocument();
    expect(node.getByText("本节点300 MiB；整机剩余9.0 GiB，共16.0 GiB")).toBeInTheDocument();
    expect(node.getByRole("link", { name: "负责的摄像头：160，查看列表" })).toHaveAttribute(
      "href",
      "/devices?on=all&node=node-0",
    );
    expect(node.getByRole("link", { name: "应录未录：2，查看列表" })).toHaveAttribute(
      "href",
      "/recordings/alarms?node=node-0",
    );
    expect(node.getByText("没有在录").nextSibling).toHaveTextContent("2");
  });

  it("that is lost says what that means, what to do, and that its figures are old", async () => {
    serve([aNode({ state: "away", url: "" })], ["recording.view_volume"]);
    renderAt("/nodes");
    const node = within(await screen.findByRole("region", { name: "媒体节点node-0" }));
    expect(node.getByText("失联")).toBeInTheDocument();
    expect(node.getByText(/http:\/\/127\.0\.0\.1:8091\/readyz/)).toBeInTheDocument();
    expect(node.getByText("失联前的数据")).toBeInTheDocument();
    expect(node.queryByText("正常")).toBeNull();
    expect(node.queryByRole("link")).toBeNull();
  });

  it("that never came and is not just starting is missing; one that starts is given a minute", async () => {
    const now = new Date().toISOString();
    serve([
      aNode({ state: "new", vitals: null, volumes: [], url: "" }),
      aNode({ id: "node-1", state: "new", since_at: now, vitals: null, volumes: [], url: "" }),
    ]);
    renderAt("/nodes");
    const lost = within(await screen.findByRole("region", { name: "媒体节点node-0" }));
    expect(lost.getByText("没有连上")).toBeInTheDocument();
    const starting = within(screen.getByRole("region", { name: "媒体节点node-1" }));
    expect(starting.getByText("正在启动")).toBeInTheDocument();
    expect(starting.queryByText(/readyz/)).toBeNull();
  });
});

describe("a volume", () => {
  it("says how full it is, how long it keeps and that it will do", async () => {
    serve([aNode()]);
    renderAt("/nodes");
    const bar = await screen.findByRole("img", { name: "已用1.5 TiB，限额3.0 TiB，其中锁定256 GiB" });
    expect([...bar.querySelectorAll("rect")].map((rect) => rect.getAttribute("width"))).toEqual([
      "50",
      String((100 * 0.25) / 3),
    ]);
    const saidFor = (word: string) => screen.getByText(word).nextSibling?.textContent;
    expect(saidFor("已保存")).toBe("30天9小时");
    expect(saidFor("要求保存")).toBe("30天");
    expect(saidFor("写入速度（近一天）")).toBe("4.3 Mbps");
    expect(saidFor("预计写满")).toBe("保存期内不会写满");
    expect(saidFor("放得下")).toBe("61天");
  });

  it("that is too small says when it is full, how far it will reach, and what helps", async () => {
    const small = aVolume({ forecast: { rate_bps: 9e7, lasts_days: 12.7, full_in_s: 5 * 86_400 } });
    serve([aNode({ volumes: [small] })], ["recording.view_volume", "recording.view_plan"]);
    renderAt("/nodes");
    expect(await screen.findByText(/要求保存30天，只够约12天：请增加磁盘，或缩短保存天数。/)).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "录像策略" })).toHaveAttribute("href", "/recordings/rules");
    expect(screen.getByText("约5天后")).toBeInTheDocument();
  });

  it("that is not well says in words what to do", async () => {
    serve([
      aNode({
        volumes: [
          aVolume({ name: "disk1", state: "failing" }),
          aVolume({ name: "disk2", state: "missing" }),
          aVolume({ name: "disk3", state: "full" }),
          aVolume({ name: "disk4", state: "filling" }),
        ],
      }),
    ]);
    renderAt("/nodes");
    expect(await screen.findByText("磁盘拒绝写入，录像已停。请在服务器上用dmesg查看磁盘错误。")).toBeInTheDocument();
    expect(screen.getByText(/请挂载正确的磁盘，不需要重启。/)).toBeInTheDocument();
    expect(screen.getByText(/请扩容，或解除不再需要的锁定。/)).toBeInTheDocument();
    expect(screen.getByText("正在腾空间")).toBeInTheDocument();
    expect(screen.getAllByRole("img", { name: /已用/ })).toHaveLength(3);
  });

  it("that was not measured for long makes no promise", async () => {
    serve([aNode({ volumes: [aVolume({ forecast: null, oldest_at: null, kept_days: null })] })]);
    renderAt("/nodes");
    expect(await screen.findAllByText("录满10分钟后可知")).toHaveLength(2);
    expect(screen.getByText("还没有录像")).toBeInTheDocument();
  });
});
