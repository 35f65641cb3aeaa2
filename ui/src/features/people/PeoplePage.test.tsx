import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { Approval, Person } from "@/shared/api/people";
import { refusal, server, session } from "@/testing/server";

const slow = { timeout: 10_000 };

const officer: Person = {
  id: "usr_0000000000000002",
  username: "li.jing",
  name: "李静",
  organisation: null,
  organisation_name: "",
  state: "ACTIVE",
  invited_until: null,
  created_at: "2026-11-01T00:00:00Z",
  disabled_at: null,
  last_seen_at: null,
  open_sessions: 0,
  grants: [
    {
      id: "grt_1",
      role: "COUNTY_OFFICER",
      region: "210302",
      categories: [],
      premises: null,
      premises_name: "",
      granted_at: "2026-11-01T00:00:00Z",
      expires_at: null,
      is_held: true,
      can_revoke: true,
    },
  ],
  abilities: ["people.view", "people.revoke"],
  etag: '"1"',
};

const request: Approval = {
  identity: null,
  id: "apr_1",
  kind: "people.grant",
  state: "REQUESTED",
  subject: "usr_3",
  subject_name: "赵敏",
  requested_by: "usr_4",
  requester_name: "孙强",
  requested_at: "2026-11-23T00:00:00Z",
  expires_at: "2026-11-30T00:00:00Z",
  decider_name: "",
  decided_at: null,
  reason: "",
  release: null,
  grant: {
    id: "",
    role: "CITY_ADMIN",
    region: "",
    categories: [],
    premises: null,
    premises_name: "",
    granted_at: null,
    expires_at: null,
    is_held: false,
    can_revoke: false,
  },
  can_decide: true,
};

function as(...abilities: string[]) {
  server.use(http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities })));
}

beforeEach(() => {
  server.use(
    http.get("*/api/v1/people", () => HttpResponse.json({ items: [officer], next_cursor: null })),
    http.get("*/api/v1/people/roles", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/people/usr_0000000000000002", () => HttpResponse.json(officer)),
    http.get("*/api/v1/regions", () =>
      HttpResponse.json({
        items: [
          { code: "210300", name: "鞍山市", parent: "", level: 2, longitude_deg: null, latitude_deg: null },
          { code: "210302", name: "铁东区", parent: "210300", level: 3, longitude_deg: null, latitude_deg: null },
        ],
      }),
    ),
    http.get("*/api/v1/organisations", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/approvals", () => HttpResponse.json({ items: [request] })),
    http.get("*/api/v1/recoveries", () => HttpResponse.json({ items: [] })),
  );
});

describe("people", () => {
  it("are shown with their roles in words, and nothing offered that may not be done", async () => {
    as("people.list");
    renderAt("/people");
    const row = (await screen.findByRole("link", { name: "李静" }, slow)).closest("tr");
    await waitFor(() => expect(row).toHaveTextContent("县区局执法人员 铁东区"));
    expect(row).toHaveTextContent("从未登录");
    expect(screen.queryByRole("button", { name: /邀请人员/ })).not.toBeInTheDocument();
    expect(screen.queryByRole("link", { name: "机构" })).not.toBeInTheDocument();
    expect(screen.queryByText(/等待处理/)).not.toBeInTheDocument();
  });

  it("lose a role only after the question was answered", async () => {
    const user = userEvent.setup();
    as("people.list", "people.revoke");
    const taken: string[] = [];
    server.use(
      http.delete("*/api/v1/people/:user/grants/:grant", ({ params }) => {
        taken.push(String(params.grant));
        return new HttpResponse(null, { status: 204 });
      }),
    );
    renderAt("/people/usr_0000000000000002");
    await user.click(await screen.findByRole("button", { name: "收回角色县区局执法人员" }, slow));
    const yes = await screen.findByRole("button", { name: "收回" }, slow);
    expect(screen.getAllByText("收回李静的角色“县区局执法人员”？").length).toBeGreaterThan(0);
    expect(taken).toEqual([]);
    await user.click(yes);
    await waitFor(() => expect(taken).toEqual(["grt_1"]));
  });

  it("wait for a second person, who cannot refuse without a reason", async () => {
    const user = userEvent.setup();
    as("people.list", "approvals.list", "approvals.decide");
    const sent: unknown[] = [];
    server.use(
      http.post("*/api/v1/approvals/apr_1", async ({ request: asked }) => {
        sent.push(await asked.json());
        return HttpResponse.json({ ...request, state: "REFUSED", can_decide: false });
      }),
    );
    renderAt("/people");
    expect(await screen.findByText("授予赵敏角色“市局管理员”，范围：全部地区", undefined, slow)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "不同意" }));
    const dialog = await screen.findByRole("dialog", undefined, slow);
    expect(within(dialog).getByRole("button", { name: "不同意" })).toBeDisabled();
    await user.type(within(dialog).getByLabelText("理由，申请人会看到"), "编制已满");
    await user.click(within(dialog).getByRole("button", { name: "不同意" }));
    await waitFor(() => expect(sent).toEqual([{ agree: false, reason: "编制已满" }]));
  });
});

describe("an invitation", () => {
  it("that is good no more says so, and its code leaves the address bar", async () => {
    window.history.replaceState(null, "", "/invite#AAAAAAAAAAAAAAAAAAAAAA");
    const codes: unknown[] = [];
    server.use(
      http.post("*/api/v1/invitations/look", async ({ request: asked }) => {
        codes.push(await asked.json());
        return refusal(404, "invitation.unknown", "邀请链接无效、已使用或已过期。请联系邀请人重新生成。");
      }),
    );
    renderAt("/invite");
    expect(await screen.findByRole("alert", undefined, slow)).toHaveTextContent("邀请链接无效");
    expect(codes).toEqual([{ code: "AAAAAAAAAAAAAAAAAAAAAA" }]);
    expect(window.location.hash).toBe("");
  });
});
