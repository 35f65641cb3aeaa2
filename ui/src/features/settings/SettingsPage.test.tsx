import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { Settings } from "@/shared/api/settings";
import { server, session } from "@/testing/server";

const day = 86_400_000;
const certificate: NonNullable<Settings["ways_in"]["certificate"]> = {
  names: ["kitchen.example.cn", "192.168.1.5"],
  not_before_at: new Date(Date.now() - 30 * day).toISOString(),
  not_after_at: new Date(Date.now() + 20.5 * day).toISOString(),
  fingerprint: "01:E1:05",
};
const settings: Settings = {
  version: "0.1.0",
  database: "postgresql",
  city: { name: "鞍山市", code: "210300", counties: 7, townships: 96, time_zone: "Asia/Shanghai", demo: false },
  ways_in: { origins: ["https://192.168.1.5:8443"], encryption: "generated", certificate },
  host_clock: { at: new Date().toISOString(), state: "synchronised", error_us: 1500 },
  log_in: { second_factor: true, strict: true, single_sign_on: null },
  urban_hours: 8,
  rural_hours: 24,
  evidence_suite: "sm2",
  c2pa: true,
  libraries: [{ name: "fastapi", version: "0.165.0", licence: "MIT" }],
};

function serve(changes: Partial<Settings> = {}) {
  server.use(
    http.get("*/api/v1/session", () =>
      HttpResponse.json({ ...session, abilities: ["system.view_settings", "recording.view_volume"] }),
    ),
    http.get("*/api/v1/settings", () => HttpResponse.json({ ...settings, ...changes })),
    http.get("*/licences.json", () => HttpResponse.json([{ name: "react", version: "19.3.1", licence: "MIT" }])),
  );
}

const panel = async (name: string) => within(await screen.findByRole("region", { name }));

describe("settings", () => {
  it("show what is in force in words", async () => {
    serve();
    renderAt("/admin/settings");
    expect((await panel("城市与区划")).getByText("210300，7个县区，96个乡镇街道")).toBeInTheDocument();
    expect((await panel("时间")).getByText("已同步，误差不超过1.5毫秒")).toBeInTheDocument();
    expect((await panel("录像与故障")).getByText("城区8小时，农村24小时")).toBeInTheDocument();
    expect((await panel("登录")).getByText("按等保三级")).toBeInTheDocument();
    expect((await panel("证据")).getByText("SM2 + SM3")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "设置" })).toHaveAttribute("aria-current", "page");
  });

  it("warn of a certificate that ends soon, and give out the root certificate of one that was made here", async () => {
    serve();
    renderAt("/admin/settings");
    const https = await panel("访问地址与证书");
    expect(https.getByText(/还有20天/)).toHaveClass("bk-warning-text");
    expect(https.getByText("01:E1:05")).toBeInTheDocument();
    expect(https.getByRole("link", { name: "下载根证书（ca.crt）" })).toHaveAttribute("href", "/ca.crt");
  });

  it("offer no root certificate where somebody else made it, and say what is wrong", async () => {
    serve({
      ways_in: { origins: ["http://127.0.0.1:8080"], encryption: "none", certificate: null },
      host_clock: { at: new Date().toISOString(), state: "unsynchronised", error_us: null },
    });
    renderAt("/admin/settings");
    const https = await panel("访问地址与证书");
    expect(https.getByText("没有加密，只应在本机使用")).toHaveClass("bk-warning-text");
    expect(https.queryByRole("link")).toBeNull();
    expect((await panel("时间")).getByText(/请在服务器上启用chrony/)).toBeInTheDocument();
  });

  it("list what server and page are built on, when asked", async () => {
    serve();
    renderAt("/admin/settings");
    const about = await panel("版本与许可");
    expect(about.queryByText("fastapi")).toBeNull();
    await userEvent.click(about.getByRole("button", { name: "查看清单" }));
    expect(await about.findByRole("row", { name: "react 19.3.1 MIT 网页" })).toBeInTheDocument();
    expect(about.getByRole("row", { name: "fastapi 0.165.0 MIT 服务器" })).toBeInTheDocument();
  });
});
