import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { AuditRow, ChainState } from "@/shared/api/audit";
import { refusal, server, session } from "@/testing/server";

function aRow(changes: Partial<AuditRow> = {}): AuditRow {
  return {
    seq: 65,
    at: "2026-11-22T13:37:29Z",
    kind: "media.replay",
    action: "看回放",
    actor_id: "usr_1",
    actor: { username: "city", name: "王志远" },
    actor_role: "CITY_OFFICER",
    session: "sid_1",
    address: "10.1.2.3",
    object_kind: "view",
    object_word: "画面",
    object_id: "vw_1",
    subject: null,
    premises_id: "prm_1",
    premises_name: "站前小学食堂",
    camera_id: "cam_1",
    camera_name: "烹饪间",
    region: "210302006",
    decision: "allowed",
    reason: "",
    reason_word: "",
    purpose: "INSPECTION",
    detail: { seconds: 95, profile: "main", from_at: 1795300000000000 },
    names: {},
    hash: "ab".repeat(32),
    before: "cd".repeat(32),
    fits: true,
    ...changes,
  };
}

const chain: ChainState = {
  seq: 65,
  hash: "ab".repeat(32),
  anchor_no: 8,
  anchored_at: "2026-11-22T13:40:00Z",
  anchored_seq: 60,
  check: { at: "2026-11-22T19:00:00Z", rows: 64, anchors: 7, failures: [] },
  is_check_late: false,
};

const asked: URLSearchParams[] = [];

function serve(rows: AuditRow[], state: ChainState = chain) {
  server.use(
    http.get("*/api/v1/session", () =>
      HttpResponse.json({ ...session, abilities: ["audit.search", "audit.export", "numbers.view"] }),
    ),
    http.get("*/api/v1/audit/kinds", () =>
      HttpResponse.json({
        items: [
          { kind: "media.replay", action: "看回放" },
          { kind: "login.refused", action: "登录失败" },
        ],
      }),
    ),
    http.get("*/api/v1/audit/state", () => HttpResponse.json(state)),
    http.get("*/api/v1/audit", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const isFirst = query.get("cursor") === "";
      return HttpResponse.json({ items: isFirst ? rows : [aRow({ seq: 1 })], next_cursor: isFirst ? "older" : null });
    }),
  );
}

beforeEach(() => {
  asked.length = 0;
});

describe("the audit", () => {
  it("says who did what to what, and reads older rows on demand", async () => {
    const user = userEvent.setup();
    serve([aRow(), aRow({ seq: 64, action: "登录失败", decision: "refused", reason_word: "密码不正确", actor: null })]);
    renderAt("/audit");
    const row = (await screen.findByRole("button", { name: "65" })).closest("tr");
    expect(row).toHaveTextContent("11月22日21:37:29王志远市局执法人员看回放烹饪间站前小学食堂10.1.2.365");
    expect(screen.getByText("拒绝（密码不正确）")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "继续显示更早的记录" }));
    expect(await screen.findByRole("button", { name: "1" })).toBeInTheDocument();
    expect(asked.at(-1)?.get("cursor")).toBe("older");
  });

  it("asks the server once the hands rest, and keeps the question in the address", async () => {
    const user = userEvent.setup();
    serve([aRow()]);
    const router = renderAt("/audit?decision=refused&kind=media.replay,login.refused");
    await user.type(await screen.findByLabelText("人员：姓名或账号"), "王志远");
    await waitFor(() => expect(asked.at(-1)?.get("person")).toBe("王志远"));
    expect(asked.map((each) => each.get("person"))).toEqual([null, "王志远"]);
    expect(asked.at(-1)?.getAll("kind")).toEqual(["media.replay", "login.refused"]);
    expect(asked.at(-1)?.get("decision")).toBe("refused");
    expect(new URLSearchParams(router.state.location.search).get("person")).toBe("王志远");
  });

  it("shows everything a row says, its hashes, and narrows to what it names", async () => {
    const user = userEvent.setup();
    serve([aRow()]);
    renderAt("/audit");
    await user.click(await screen.findByRole("button", { name: "65" }));
    const drawer = await screen.findByRole("dialog");
    for (const text of ["1分钟", "主码流", "监督检查", "ab".repeat(32), "cd".repeat(32)])
      expect(within(drawer).getByText(text)).toBeInTheDocument();
    expect(within(drawer).getByText("与前一条相接，内容未被改动。")).toBeInTheDocument();
    await user.click(within(drawer).getByRole("button", { name: "只看这家单位" }));
    await waitFor(() => expect(asked.at(-1)?.get("premises")).toBe("prm_1"));
  });

  it("calls out a row that does not follow, and a chain whose check found something", async () => {
    serve([aRow({ fits: false })], {
      ...chain,
      check: { at: "2026-11-22T19:00:00Z", rows: 64, anchors: 7, failures: ["edited"] },
    });
    renderAt("/audit");
    expect(await screen.findByText("与前一条不相接")).toBeInTheDocument();
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("最近一次核对发现1处问题");
    expect(alert).toHaveTextContent("有记录被改动");
    expect(screen.queryByText("审计日志完整")).not.toBeInTheDocument();
  });

  it("gives a file only after a purpose was stated, and says why not", async () => {
    const user = userEvent.setup();
    const taken: URLSearchParams[] = [];
    serve([aRow()]);
    server.use(
      http.get("*/api/v1/audit/export.xlsx", ({ request }) => {
        taken.push(new URL(request.url).searchParams);
        return refusal(422, "audit.export_wide", "符合条件的超过10000条，一次最多导出10000条。");
      }),
    );
    renderAt("/audit?person=wang");
    await user.click(await screen.findByRole("button", { name: /导出/ }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "导出" }));
    expect(await within(dialog).findByText("请填写用途，2至100字。")).toBeInTheDocument();
    expect(taken).toEqual([]);
    await user.type(within(dialog).getByLabelText("用途"), "季度抽查");
    await user.click(within(dialog).getByRole("button", { name: "导出" }));
    expect(await within(dialog).findByRole("alert")).toHaveTextContent("符合条件的超过10000条");
    expect([taken[0]?.get("purpose"), taken[0]?.get("person")]).toEqual(["季度抽查", "wang"]);
  });

  it("without a row that fits says so, and takes the conditions off", async () => {
    const user = userEvent.setup();
    serve([]);
    const router = renderAt("/audit?person=nobody");
    await user.click(await screen.findByRole("button", { name: "清除全部条件" }));
    expect(router.state.location.search).toBe("");
  });
});
