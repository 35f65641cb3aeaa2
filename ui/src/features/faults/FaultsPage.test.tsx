import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { Ticket } from "@/shared/api/maintenance";
import { refusal, server, session } from "@/testing/server";

function aTicket(changes: Partial<Ticket> = {}): Ticket {
  return {
    id: "tkt_1",
    number: "G2611-0193",
    camera_id: "cam_1",
    camera_name: "留样间",
    zone: "SAMPLE",
    premises_id: "prm_1",
    premises_name: "站前小学食堂",
    region: "210302006",
    operator: "",
    parent_id: null,
    children: 0,
    state: "OPEN",
    state_at: "2026-11-23T00:12:00Z",
    cause: null,
    note: "",
    automatic: true,
    dark_from_at: "2026-11-23T00:07:00Z",
    opened_at: "2026-11-22T16:12:00Z",
    sla_s: 28_800,
    left_s: 7_200,
    paused: false,
    running: true,
    fixed_at: null,
    closed_at: null,
    reopened: 0,
    events: ["triage", "dispatch"],
    abilities: ["fault.view", "fault.handle"],
    ...changes,
  };
}

const asked: string[][] = [];

function serve(...tickets: Ticket[]) {
  server.use(
    http.get("*/api/v1/faults", ({ request }) => {
      asked.push(new URL(request.url).searchParams.getAll("state"));
      return HttpResponse.json({
        items: tickets,
        counts: [
          { state: "OPEN", count: 4 },
          { state: "DISPATCHED", count: 2 },
          { state: "CLOSED", count: 9 },
        ],
        next_cursor: null,
      });
    }),
  );
}

beforeEach(() => {
  asked.length = 0;
  server.use(
    http.get("*/api/v1/session", () =>
      HttpResponse.json({ ...session, abilities: ["fault.view", "fault.handle", "camera.list", "premises.card"] }),
    ),
    http.get("*/api/v1/kinds", () => HttpResponse.json({ categories: [], zones: [], must_zones: {} })),
  );
});

describe("faults", () => {
  it("are shown with where, cause and the time left; red only what is late", async () => {
    serve(
      aTicket(),
      aTicket({ id: "tkt_2", number: "G2611-0194", left_s: -3_600, cause: "POWER" }),
      aTicket({ id: "tkt_3", number: "G2611-0195", camera_id: null, premises_id: null, children: 23 }),
    );
    renderAt("/faults");
    const first = (await screen.findByText("G2611-0193")).closest("tr");
    expect(first).toHaveTextContent("站前小学食堂留样间待处理未定因");
    expect(first).toHaveTextContent("还剩2小时");
    expect(first?.querySelector(".bk-late")).toBeNull();
    const late = screen.getByText("G2611-0194").closest("tr");
    expect(late?.querySelector(".bk-late")).toHaveTextContent("1小时");
    expect(screen.getByText("G2611-0195").closest("tr")).toHaveTextContent("23");
    expect(screen.getByText("待办6")).toBeInTheDocument();
    expect(asked[0]).toContain("OPEN");
    expect(asked[0]).not.toContain("CLOSED");
  });

  it("are narrowed to the closed ones", async () => {
    const user = userEvent.setup();
    serve();
    const router = renderAt("/faults");
    await user.click(await screen.findByText("已办结9"));
    await waitFor(() => expect(asked.at(-1)).toEqual(["CLOSED"]));
    expect(router.state.location.search).toBe("?g=closed");
    expect(await screen.findByText("没有工单")).toBeInTheDocument();
  });

  it("are handled from the drawer, and the refusal is said there", async () => {
    const user = userEvent.setup();
    const sent: unknown[] = [];
    serve(aTicket());
    server.use(
      http.get("*/api/v1/faults/tkt_1", () =>
        HttpResponse.json({
          ticket: aTicket(sent.length > 1 ? { state: "DISPATCHED", events: ["arrive"] } : {}),
          history: [{ event: "triage", at: "2026-11-23T00:12:00Z", actor: "", note: "自动报修" }],
          children: [],
        }),
      ),
      http.post("*/api/v1/faults/tkt_1/dispatch", async ({ request }) => {
        sent.push(await request.json());
        return sent.length === 1
          ? refusal(409, "fault.not_now", "工单已由他人处理，请刷新。")
          : HttpResponse.json({ ticket: aTicket(), history: [], children: [] });
      }),
    );
    renderAt("/faults?t=tkt_1");
    const drawer = await screen.findByRole("dialog");
    const note = await within(drawer).findByRole("textbox");
    await user.type(note, "派李师傅");
    const send = within(drawer).getByRole("button", { name: "派单" });
    await user.click(send);
    expect(await within(drawer).findByRole("alert")).toHaveTextContent("工单已由他人处理，请刷新。");
    expect(note).toHaveValue("派李师傅");
    await user.click(send);
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]).toEqual({ cause: null, note: "派李师傅" });
    expect(await within(drawer).findByRole("button", { name: "到场" })).toBeInTheDocument();
  });

  it("offer nothing to whoever may only look", async () => {
    serve(aTicket());
    server.use(
      http.get("*/api/v1/faults/tkt_1", () =>
        HttpResponse.json({ ticket: aTicket({ events: [], abilities: ["fault.view"] }), history: [], children: [] }),
      ),
    );
    renderAt("/faults?t=tkt_1");
    const drawer = await screen.findByRole("dialog");
    expect(await within(drawer).findByText("未定因")).toBeInTheDocument();
    expect(within(drawer).queryByRole("textbox")).not.toBeInTheDocument();
  });
});
