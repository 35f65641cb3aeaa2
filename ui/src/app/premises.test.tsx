import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import type { PremisesFile, PremisesRow } from "@/shared/api/premises";
import { aCamera, refusal, server, session } from "@/testing/server";
import { renderAt } from "./renderAt.testing";

const id = "prm_0000000000000001";

function aFile(changes: Partial<PremisesFile> = {}): PremisesFile {
  return {
    view: "file",
    id,
    external_no: "LN-1",
    name: "站前小学食堂",
    category: "PHARMACY",
    region: "210302006",
    region_name: "铁东区 站前街道",
    credit_code: null,
    licence_no: null,
    licence_expires_on: "2020-01-01",
    address: "站前街1号",
    position: null,
    map_position: null,
    area_m2: null,
    diners: null,
    risk_grade: "D",
    hours: "1-5 06:30-18:00",
    present_zones: [],
    state: "IN_SERVICE",
    state_at: null,
    is_due: true,
    exempt_reason: null,
    is_complete: false,
    is_suspended: false,
    is_demo: false,
    people: [
      { id: "pps_1", kind: "RESPONSIBLE", name: "李校长", phone: "138****0071", id_no: null, etag: '"1"' },
      { id: "pps_2", kind: "DUTY", name: "值班室", phone: "0412-*****34", id_no: null, etag: '"1"' },
    ],
    suspensions: [
      {
        id: "sus_1",
        kind: "HOLIDAY",
        from_on: "2027-01-10",
        to_on: "2027-02-20",
        reason: "寒假",
        state: "REQUESTED",
        is_mine: false,
        requested_at: "2026-11-23T00:00:00Z",
        decided_at: null,
      },
    ],
    coverage: [
      { zone: "GATE", need: "MUST", is_required: true, state: "COVERED", cameras: ["cam_1"] },
      { zone: "COUNTER", need: "MUST", is_required: true, state: "MISSING", cameras: [] },
    ],
    cameras: 1,
    cameras_active: 1,
    abilities: ["premises.card", "premises.view", "premises.change", "premises.unmask_phone", "premises.decide"],
    created_at: "2026-11-01T00:00:00Z",
    updated_at: "2026-11-01T00:00:00Z",
    etag: '"1"',
    ...changes,
  };
}

function aRow(changes: Partial<PremisesRow> = {}): PremisesRow {
  const { name, category, region, region_name, address, risk_grade, licence_expires_on } = aFile();
  return {
    ...{ id, name, category, region, region_name, address, risk_grade, licence_expires_on },
    is_suspended: false,
    state: "IN_SERVICE",
    is_due: true,
    exempt_reason: null,
    is_complete: false,
    cameras: 8,
    cameras_active: 7,
    is_demo: false,
    updated_at: "2026-11-01T00:00:00Z",
    etag: '"1"',
    ...changes,
  };
}

const kinds = {
  categories: [
    {
      code: "PHARMACY",
      name_zh: "药店",
      name_en: "Pharmacy",
      zone_profile: "PHARMACY",
      is_school: false,
      retention_days: 30,
    },
  ],
  zones: [
    { code: "GATE", name_zh: "出入口", name_en: "Entrance", area: "PUBLIC", is_public: true },
    { code: "COUNTER", name_zh: "柜台", name_en: "Counter", area: "PUBLIC", is_public: true },
  ],
  must_zones: { PHARMACY: [{ zone: "GATE", need: "MUST", may_be_shared: false }] },
};

function serve(file: PremisesFile = aFile()) {
  server.use(
    http.get("*/api/v1/session", () =>
      HttpResponse.json({ ...session, abilities: [...session.abilities, "premises.list", "premises.add"] }),
    ),
    http.get("*/api/v1/kinds", () => HttpResponse.json(kinds)),
    http.get("*/api/v1/regions", () => HttpResponse.json({ items: [] })),
    http.get(`*/api/v1/premises/${id}`, () => HttpResponse.json(file)),
  );
}

describe("the register", () => {
  it("asks the server for what is typed and chosen, and shows how many there are", async () => {
    const user = userEvent.setup();
    const asked: string[] = [];
    serve();
    server.use(
      http.get("*/api/v1/premises", ({ request }) => {
        asked.push(new URL(request.url).search);
        return HttpResponse.json({ items: [aRow()], next_cursor: null, total: 4335 });
      }),
    );
    const router = renderAt("/premises?r=210302&is=incomplete");
    const row = (await screen.findByRole("link", { name: "站前小学食堂" })).closest("tr");
    expect(row).toHaveTextContent(/药店.*铁东区 站前街道.*2020-01-01，已过期\d+天.*D.*7\/8路.*不全.*在用/);
    expect(screen.getByRole("status")).toHaveTextContent("4,335家符合");
    expect(asked[0]).toBe("?region=210302&is_complete=false&limit=50");
    await user.type(screen.getByRole("textbox", { name: "搜索名称、拼音首字母、编号或电话" }), "zqxx");
    await waitFor(() => expect(router.state.location.search).toContain("q=zqxx"));
    await waitFor(() => expect(asked.at(-1)).toContain("text=zqxx"));
  });

  it("has no entry in the menu for whoever may not list premises", async () => {
    server.use(http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities: ["camera.list"] })));
    renderAt("/devices");
    expect(await screen.findByRole("link", { name: "设备" })).toBeInTheDocument();
    expect(screen.queryByRole("link", { name: "单位" })).not.toBeInTheDocument();
  });
});

describe("a premises", () => {
  it("says what is seen, what is not, and lets an officer decide", async () => {
    const user = userEvent.setup();
    serve();
    let decided: unknown;
    server.use(
      http.get("*/api/v1/cameras", () =>
        HttpResponse.json({
          items: [aCamera({ premises_id: id, zone: "GATE", zones: ["COUNTER"] })],
          next_cursor: null,
        }),
      ),
      http.post(`*/api/v1/premises/${id}/suspensions/sus_1/decision`, async ({ request }) => {
        decided = await request.json();
        return HttpResponse.json({ ...aFile().suspensions[0], state: "APPROVED" });
      }),
    );
    renderAt(`/premises/${id}`);
    expect(await screen.findByText("2处中1处可看")).toBeInTheDocument();
    expect(await screen.findByText("缺柜台")).toBeInTheDocument();
    expect(await screen.findByText("出入口，兼顾柜台")).toBeInTheDocument();
    expect(screen.getByText("周一—周五 06:30—18:00")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "批准" }));
    await waitFor(() => expect(decided).toEqual({ approve: true }));
  });

  it("shows a number only after a purpose was named", async () => {
    const user = userEvent.setup();
    serve();
    let asked: unknown;
    server.use(
      http.post(`*/api/v1/premises/${id}/people/pps_1/unmask`, async ({ request }) => {
        asked = await request.json();
        return HttpResponse.json({ field: "phone", value: "13804120071" });
      }),
    );
    renderAt(`/premises/${id}`);
    await user.click((await screen.findAllByRole("button", { name: "查看" }))[0] as HTMLElement);
    const dialog = await screen.findByRole("dialog");
    const show = within(dialog).getByRole("button", { name: "查看" });
    expect(show).toBeDisabled();
    await user.click(within(dialog).getByRole("combobox"));
    await user.click(await screen.findByText("监督检查"));
    await user.click(show);
    expect(await within(dialog).findByRole("status")).toHaveTextContent("13804120071");
    expect(asked).toEqual({ field: "phone", purpose: "INSPECTION" });
  });

  it("that somebody else saved first shows both versions, and loses nothing", async () => {
    const user = userEvent.setup();
    serve();
    const sent: [string | null, unknown][] = [];
    server.use(
      http.patch(`*/api/v1/premises/${id}`, async ({ request }) => {
        sent.push([request.headers.get("If-Match"), await request.json()]);
        if (sent.length > 1) return HttpResponse.json(aFile());
        const current = aFile({ address: "他人改的地址", external_no: "LN-2", etag: '"2"' });
        return refusal(412, "edit.conflict", "这条记录已被修改。", { current });
      }),
    );
    renderAt(`/premises/${id}`);
    await user.click(await screen.findByRole("button", { name: "修改" }));
    const address = await screen.findByLabelText("地址");
    await user.clear(address);
    await user.type(address, "我改的地址");
    await user.click(screen.getByRole("button", { name: "保存" }));
    const dialog = (await screen.findByText("有人先保存了这条记录")).closest<HTMLElement>(".ant-modal");
    if (!dialog) throw new Error("no dialog");
    expect(
      within(dialog)
        .getAllByRole("row")
        .map((row) => row.textContent),
    ).toEqual(["项目您的内容已保存的内容", "地址我改的地址他人改的地址"]);
    await user.click(within(dialog).getByRole("button", { name: "按选择保存" }));
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent).toEqual([
      ['"1"', { address: "我改的地址" }],
      ['"2"', { address: "我改的地址" }],
    ]);
  });

  it("of which only the card may be seen shows no holes", async () => {
    const { people: _p, suspensions: _s, coverage: _c, ...rest } = aFile();
    const card = { ...rest, view: "card", abilities: ["premises.card"] };
    serve();
    server.use(http.get(`*/api/v1/premises/${id}`, () => HttpResponse.json(card)));
    renderAt(`/premises/${id}`);
    expect(await screen.findByRole("heading", { name: "站前小学食堂" })).toBeInTheDocument();
    expect(screen.queryByText("责任人员")).not.toBeInTheDocument();
    expect(screen.queryByText("必看区")).not.toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "修改" })).not.toBeInTheDocument();
  });
});
