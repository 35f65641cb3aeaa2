import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { Road, Standing } from "@/shared/api/onboarding";
import { refusal, server, session } from "@/testing/server";

const hour = 3_600_000;

function aStanding(changes: Partial<Standing> = {}): Standing {
  return {
    premises_id: "prm_1",
    name: "站前小学食堂",
    region: "210302006",
    region_name: "铁东区 站前街道",
    category: "PRIMARY_SCHOOL",
    state: "SURVEYED",
    state_at: new Date(Date.now() - 50 * hour).toISOString(),
    due_at: new Date(Date.now() - 26 * hour).toISOString(),
    is_due: true,
    exempt_reason: null,
    is_complete: false,
    steps: [
      { event: "order", to: "ORDERED", roles: ["OPERATOR_PM"], needs: ["work_order"], allowed: false },
      { event: "refuse", to: "REFUSED", roles: ["COUNTY_OFFICER"], needs: ["reason"], allowed: true },
    ],
    ...changes,
  } as Standing;
}

const asked: URLSearchParams[] = [];

beforeEach(() => {
  asked.length = 0;
  server.use(
    http.get("*/api/v1/session", () =>
      HttpResponse.json({ ...session, abilities: ["onboarding.view", "premises.list", "premises.card"] }),
    ),
    http.get("*/api/v1/regions", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/kinds", () => HttpResponse.json({ categories: [], zones: [], must_zones: {} })),
  );
});

describe("the onboarding board", () => {
  beforeEach(() => {
    server.use(
      http.get("*/api/v1/onboarding", ({ request }) => {
        const query = new URL(request.url).searchParams;
        asked.push(query);
        const isFirst = !query.has("cursor");
        return HttpResponse.json({
          items: [isFirst ? aStanding() : aStanding({ premises_id: "prm_2", name: "老街饺子馆", due_at: null })],
          counts: [
            { state: "LEAD", count: 3 },
            { state: "SURVEYED", count: 12 },
          ],
          next_cursor: isFirst ? "more" : null,
        });
      }),
    );
  });

  it("shows how many are where, whose turn it is and what is late", async () => {
    renderAt("/onboarding");
    const row = (await screen.findByRole("link", { name: "站前小学食堂" })).closest("tr");
    expect(row).toHaveTextContent("铁东区 站前街道已勘察2天2小时逾期1天2小时");
    expect(row).toHaveTextContent("由运营商办理");
    const states = screen.getByRole("list", { name: "各阶段单位数，单位：家" });
    expect(
      within(states)
        .getAllByRole("button")
        .map((each) => each.textContent),
    ).toEqual(["3意向", "12已勘察"]);
  });

  it("narrows to a state, back again, and reads on", async () => {
    const user = userEvent.setup();
    const router = renderAt("/onboarding");
    await user.click(await screen.findByRole("button", { name: "12已勘察" }));
    await waitFor(() => expect(asked.at(-1)?.get("state")).toBe("SURVEYED"));
    expect(screen.getByRole("button", { name: "12已勘察" })).toHaveAttribute("aria-pressed", "true");
    await user.click(screen.getByRole("button", { name: "12已勘察" }));
    await waitFor(() => expect(router.state.location.search).toBe(""));
    await user.click(await screen.findByRole("button", { name: "显示更多" }));
    expect(await screen.findByRole("link", { name: "老街饺子馆" })).toBeInTheDocument();
    expect(asked.at(-1)?.get("cursor")).toBe("more");
  });
});

function aRoad(standing: Standing): Road {
  return {
    standing,
    history: [
      {
        event: "survey",
        from_state: "SIGNED",
        to_state: "SURVEYED",
        at: "2026-11-20T01:00:00Z",
        actor: "李静",
        reason: "",
      },
    ],
    checklist: [
      { what: "zones", outcome: "MISSING", subjects: ["WASH"], percent: null },
      { what: "online", outcome: "OK", subjects: [], percent: 99 },
    ],
  } as unknown as Road;
}

describe("a premises on its way", () => {
  it("shows what is next, what acceptance lacks and what was done", async () => {
    server.use(http.get("*/api/v1/premises/prm_1/onboarding", () => HttpResponse.json(aRoad(aStanding()))));
    renderAt("/onboarding/prm_1");
    expect(await screen.findByRole("heading", { name: "站前小学食堂" })).toBeInTheDocument();
    expect(screen.getByRole("heading", { name: /验收清单（1\/2）/ })).toBeInTheDocument();
    expect(screen.getByText(/李静/)).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "下施工单" })).not.toBeInTheDocument(); // the operator's, not ours
    expect(screen.getByRole("button", { name: "登记拒绝" })).toBeInTheDocument();
  });

  it("in service has no next step, and never offers sending back as one", async () => {
    const steps = [
      { event: "rework", to: "REWORK", roles: ["COUNTY_OFFICER"], needs: ["reason"], allowed: true },
    ] as Standing["steps"];
    const standing = aStanding({ state: "IN_SERVICE", due_at: null, steps });
    server.use(http.get("*/api/v1/premises/prm_1/onboarding", () => HttpResponse.json(aRoad(standing))));
    renderAt("/onboarding/prm_1");
    const back = await screen.findByRole("button", { name: "退回返工" });
    expect(back).not.toHaveClass("ant-btn-primary");
  });

  it("is moved with the reason; what the server misses is said, and nothing typed is lost", async () => {
    const user = userEvent.setup();
    const sent: unknown[] = [];
    server.use(
      http.get("*/api/v1/premises/prm_1/onboarding", () => HttpResponse.json(aRoad(aStanding()))),
      http.post("*/api/v1/premises/prm_1/onboarding/refuse", async ({ request }) => {
        sent.push(await request.json());
        return sent.length === 1
          ? refusal(422, "web.fields", "有一项填写有误。", {
              errors: [{ field: "reason", code: "web.field_unfit", detail: "原因太短。" }],
            })
          : HttpResponse.json(aRoad(aStanding({ state: "REFUSED", steps: [] })));
      }),
    );
    renderAt("/onboarding/prm_1");
    await user.click(await screen.findByRole("button", { name: "登记拒绝" }));
    const drawer = await screen.findByRole("dialog");
    const reason = within(drawer).getByRole("textbox");
    await user.type(reason, "不愿安装");
    await user.click(within(drawer).getByRole("button", { name: "登记拒绝" }));
    expect((await within(drawer).findAllByText("原因太短。")).length).toBeGreaterThan(0);
    expect(reason).toHaveValue("不愿安装");
    await user.click(within(drawer).getByRole("button", { name: "登记拒绝" }));
    await waitFor(() => expect(sent).toEqual([{ reason: "不愿安装" }, { reason: "不愿安装" }]));
    expect((await screen.findAllByText("拒绝接入")).length).toBeGreaterThan(0);
  });
});
