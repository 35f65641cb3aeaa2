import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { Device } from "@/shared/api/maintenance";
import { refusal, server, session } from "@/testing/server";

const device = {
  id: "dev_1",
  sn: "E43902217",
  kind: "IPC",
  vendor: "海康威视",
  model: "DS-2CD",
  gb_id: null,
  premises_id: "prm_1",
  premises_name: "站前小学食堂",
  zone: "WASH",
  state: "ACTIVE",
  state_at: "2026-11-01T00:00:00Z",
  events: ["assign", "repair", "scrap"],
  abilities: ["device.view", "device.move"],
  etag: '"1"',
} as unknown as Device;

const asked: URLSearchParams[] = [];

function serve(devices: Device[], ...abilities: string[]) {
  asked.length = 0;
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities: ["device.view", ...abilities] })),
    http.get("*/api/v1/devices", ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json({ items: devices, counts: [{ state: "ACTIVE", count: 7 }], next_cursor: null });
    }),
  );
}

beforeEach(() => {
  server.use(http.get("*/api/v1/kinds", () => HttpResponse.json({ categories: [], zones: [], must_zones: {} })));
});

describe("the inventory", () => {
  it("shows what a device is and where it hangs, and asks for what is typed", async () => {
    const user = userEvent.setup();
    serve([device]);
    renderAt("/devices/inventory");
    const row = (await screen.findByText("E43902217")).closest("tr");
    expect(row).toHaveTextContent(/^摄像头海康威视 DS-2CDE43902217—站前小学食堂洗消在用/);
    expect(screen.queryByRole("button", { name: /登记设备/ })).not.toBeInTheDocument();
    await user.type(screen.getByRole("textbox"), "E439");
    await waitFor(() => expect(asked.at(-1)?.get("q")).toBe("E439"));
  });

  it("offers a device's moves but never assigning, and sends the reason of this move alone", async () => {
    const user = userEvent.setup();
    const sent: [string, unknown][] = [];
    serve([device], "device.move");
    server.use(
      http.post("*/api/v1/devices/dev_1/:event", async ({ params, request }) => {
        sent.push([String(params.event), await request.json()]);
        return HttpResponse.json({ device, history: [] });
      }),
    );
    renderAt("/devices/inventory");
    const open = () => user.click(screen.getByRole("button", { name: /E43902217/ }));
    await screen.findByText("E43902217");
    await open();
    expect(await screen.findByRole("menuitem", { name: "送修" })).toBeInTheDocument();
    expect(screen.queryByRole("menuitem", { name: /派/ })).not.toBeInTheDocument();
    await user.click(screen.getByRole("menuitem", { name: "送修" }));
    const first = await screen.findByRole("dialog");
    await user.type(within(first).getByRole("textbox"), "进水");
    await user.click(within(first).getByRole("button", { name: "取消" }));
    await open();
    await user.click(await screen.findByRole("menuitem", { name: "报废" }));
    const really = await screen.findByRole("button", { name: "报废" });
    expect(sent).toEqual([]);
    await user.click(really);
    await waitFor(() => expect(sent).toEqual([["scrap", { reason: "" }]]));
  });

  it("keeps what was typed when the server refuses a new device", async () => {
    const user = userEvent.setup();
    serve([], "device.add");
    server.use(
      http.post("*/api/v1/devices", () =>
        refusal(409, "device.taken", "序列号已登记。", {
          errors: [{ field: "sn", code: "device.taken", detail: "序列号E1已登记在老街饺子馆。" }],
        }),
      ),
    );
    renderAt("/devices/inventory");
    await user.click(await screen.findByRole("button", { name: /登记设备/ }));
    const drawer = await screen.findByRole("dialog");
    await user.click(within(drawer).getByRole("button", { name: "登记" }));
    expect(await within(drawer).findByText("请填写序列号。")).toBeInTheDocument();
    const sn = within(drawer).getByLabelText("序列号");
    await user.type(sn, "E1");
    await user.click(within(drawer).getByRole("button", { name: "登记" }));
    expect(await within(drawer).findByText("序列号E1已登记在老街饺子馆。")).toBeInTheDocument();
    expect(sn).toHaveValue("E1");
  });
});
