import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { DenominatorChange, NumberCell, Numbers } from "@/shared/api/numbers";
import { formatShare, heatOf } from "@/shared/numbers/share";
import { refusal, server, session } from "@/testing/server";

const values = {
  due: 30,
  base: 28,
  completed: 21,
  signed: 29,
  signed_due: 29,
  installed: 25,
  online: 24,
  accepted: 22,
};

function aCell(changes: Partial<NumberCell> = {}): NumberCell {
  return {
    region: "",
    category: "",
    month: "",
    values,
    rates: { completed_rate: 0.75, signed_rate: 0.96667 },
    target: null,
    ...changes,
  };
}

function someNumbers(changes: Partial<Numbers> = {}): Numbers {
  const cell = aCell({ region: "210302", category: "PHARMACY", target: 20 });
  return {
    at: "2026-11-23T00:41:00Z",
    month: "2026-11",
    is_now: true,
    day: "2026-11-22",
    words: [
      { key: "due", name: "应接入", definition: "应接入且未豁免的单位。", parts: [] },
      { key: "completed", name: "完成", definition: "每个必装区域都有画面。", parts: [] },
      { key: "completed_rate", name: "完成率", definition: "完成除以分母。", parts: ["completed", "base"] },
      { key: "signed_rate", name: "签约率", definition: "签约除以应接入。", parts: ["signed_due", "due"] },
    ],
    opens: ["due", "base", "completed", "signed_due"],
    regions: [{ code: "210302", name: "铁东区" }],
    categories: [{ code: "PHARMACY", name: "药店" }],
    cells: [cell],
    by_region: [aCell({ region: "210302" })],
    by_category: [aCell({ category: "PHARMACY" })],
    total: aCell(),
    abilities: ["numbers.view", "numbers.export"],
    ...changes,
  };
}

function aChange(changes: Partial<DenominatorChange>): DenominatorChange {
  return {
    premises_id: "prm_1",
    premises_name: "老街药房",
    at: "2026-11-22T00:41:00Z",
    actor: "",
    what: "SUSPENSION",
    old: "",
    new: "2026-11-22/2026-11-25",
    reason: "装修",
    from_region: "210302",
    from_category: "PHARMACY",
    from_counts: ["due", "base", "signed"],
    region: "210302",
    category: "PHARMACY",
    counts: ["due", "signed"],
    ...changes,
  };
}

function serve(asked: URL[] = []) {
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities: ["numbers.view"] })),
    http.get("*/api/v1/numbers", ({ request }) => {
      const url = new URL(request.url);
      return HttpResponse.json(
        url.searchParams.get("by") === "month" ? someNumbers({ cells: [aCell({ month: "2026-10" })] }) : someNumbers(),
      );
    }),
    http.get("*/api/v1/onboarding/changes", ({ request }) =>
      HttpResponse.json(
        new URL(request.url).searchParams.get("cursor")
          ? { items: [aChange({ at: "2026-11-20T00:41:00Z", what: "OPENING", counts: [] })], next_cursor: null }
          : { items: [aChange({})], next_cursor: "1.dnc_0000000000000001" },
      ),
    ),
    http.get("*/api/v1/numbers/rows", ({ request }) => {
      asked.push(new URL(request.url));
      return HttpResponse.json({
        number: "completed",
        total: 21,
        items: [
          {
            premises_id: "prm_1",
            name: "老街药房",
            external_no: "A1",
            region: "210302",
            region_name: "铁东区",
            category: "PHARMACY",
            category_name: "药店",
            state: "IN_SERVICE",
            camera_id: "",
            camera_name: "",
            zone: "",
            activity: "",
          },
        ],
        next_cursor: null,
      });
    }),
  );
  return asked;
}

describe("numbers", () => {
  it("open the rows they count, with the same filter and the same count", async () => {
    const user = userEvent.setup();
    const asked = serve();
    renderAt("/numbers");
    const cell = await screen.findByRole("button", { name: /^查看铁东区 药店的明细/ }, { timeout: 8_000 });
    expect(cell).toHaveTextContent("75.0%21/28计划20，完成105%");
    await user.click(cell);
    const drawer = await screen.findByRole("dialog");
    expect(await within(drawer).findByRole("link", { name: "老街药房" })).toHaveAttribute("href", "/premises/prm_1");
    expect(drawer).toHaveTextContent("完成 · 铁东区 · 药店 21家");
    expect(drawer).toHaveTextContent("在用");
    const query = asked[0]?.searchParams;
    expect([query?.get("number"), query?.get("region"), query?.getAll("category")]).toEqual([
      "completed",
      "210302",
      ["PHARMACY"],
    ]);
  });

  it("tell each change of what they are counted from, page by page", async () => {
    const user = userEvent.setup();
    serve();
    renderAt("/numbers");
    const log = await screen.findByRole("region", { name: "应接入变动记录" }, { timeout: 8_000 });
    expect(within(log).getAllByRole("row")[1]).toHaveTextContent("老街药房停业完成率分母 −1装修系统");
    await user.click(screen.getByRole("button", { name: "继续显示" }));
    await waitFor(() => expect(within(log).getAllByRole("row")).toHaveLength(3));
    expect(within(log).getAllByRole("row")[2]).toHaveTextContent("期初应接入 −1，完成率分母 −1，签约 −1");
  });

  it("are not exported without a purpose", async () => {
    const user = userEvent.setup();
    serve();
    const purposes: (string | null)[] = [];
    server.use(
      http.get("*/api/v1/numbers/export.xlsx", ({ request }) => {
        purposes.push(new URL(request.url).searchParams.get("purpose"));
        return refusal(404, "access.none", "没有找到该内容，或您没有查看权限。");
      }),
    );
    renderAt("/numbers");
    await user.click(await screen.findByRole("button", { name: /导出$/ }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "导出文件" }));
    expect(await within(dialog).findByText("请填写用途，2到100个字。")).toBeInTheDocument();
    expect(purposes).toEqual([]);
    await user.type(within(dialog).getByLabelText("用途"), "月度通报");
    await user.click(within(dialog).getByRole("button", { name: "导出文件" }));
    await waitFor(() => expect(purposes).toEqual(["月度通报"]));
  });

  it("show nothing to divide by as a dash, and a full share at the end of the ramp", () => {
    expect([formatShare(null), formatShare(undefined), formatShare(0), formatShare(1)]).toEqual([
      "—",
      "—",
      "0.0%",
      "100.0%",
    ]);
    expect([0, 0.5, 0.8, 0.95, 1].map(heatOf)).toEqual([0, 1, 2, 3, 4]);
  });
});
