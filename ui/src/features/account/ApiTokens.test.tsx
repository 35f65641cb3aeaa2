import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { ApiToken } from "@/shared/api/tokens";
import { refusal, server, session } from "@/testing/server";

const token: ApiToken = {
  id: "tkn_1",
  name: "数据共享平台",
  grants: [
    {
      id: "",
      role: "COUNTY_OFFICER",
      region: "210302",
      categories: [],
      premises: null,
      premises_name: "",
      granted_at: null,
      expires_at: null,
      is_held: false,
      can_revoke: false,
    },
  ],
  networks: ["10.1.0.0/16"],
  created_at: "2026-11-01T00:00:00Z",
  expires_at: "2099-01-01T00:00:00Z",
  last_used_at: null,
  last_used_from: "",
  kind: "machine",
};

function serve(tokens: () => ApiToken[], ...abilities: string[]) {
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities })),
    http.get("*/api/v1/account", () => refusal(503, "x", "稍后再试。")),
    http.get("*/api/v1/account/sessions", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/tokens", () => HttpResponse.json({ items: tokens() })),
  );
}

describe("API tokens", () => {
  it("are made with one's own roles, networks and an end, and told once", async () => {
    const user = userEvent.setup();
    const sent: Record<string, unknown>[] = [];
    serve(() => (sent.length > 0 ? [token] : []), "tokens.keep");
    server.use(
      http.post("*/api/v1/tokens", async ({ request }) => {
        sent.push((await request.json()) as Record<string, unknown>);
        return HttpResponse.json({ token, bearer: "bkt_abc123" }, { status: 201 });
      }),
    );
    renderAt("/account");
    await user.click(await screen.findByRole("button", { name: "创建令牌" }));
    const form = await screen.findByRole("dialog", { name: "创建令牌" });
    await user.click(within(form).getByRole("button", { name: "创建" }));
    expect(await within(form).findByText("请填写名称。")).toBeInTheDocument();
    expect(sent).toEqual([]);
    await user.type(within(form).getByLabelText("名称"), "数据共享平台");
    await user.type(within(form).getByLabelText("允许使用的网段"), "10.1.0.0/16{Enter}10.2.0.0/16");
    await user.click(within(form).getByRole("button", { name: "创建" }));
    expect(await screen.findByText("bkt_abc123")).toBeInTheDocument();
    expect(sent[0]).toMatchObject({
      name: "数据共享平台",
      grants: [{ role: "COUNTY_OFFICER", region: "210302", categories: [], premises: null }],
      networks: ["10.1.0.0/16", "10.2.0.0/16"],
    });
    const days = (Date.parse(String(sent[0]?.expires_at)) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(89);
    expect(days).toBeLessThan(92);
    await user.click(screen.getByRole("button", { name: "已保存，关闭" }));
    await waitFor(() => expect(screen.queryByText("bkt_abc123")).not.toBeInTheDocument());
    expect(await screen.findByText("县区局执法人员（铁东区）")).toBeInTheDocument();
    expect(screen.getByText("只能来自10.1.0.0/16")).toBeInTheDocument();
  });

  it("are revoked after the question was answered", async () => {
    const user = userEvent.setup();
    let tokens = [token];
    serve(() => tokens, "tokens.keep");
    server.use(
      http.delete("*/api/v1/tokens/tkn_1", () => {
        tokens = [];
        return new HttpResponse(null, { status: 204 });
      }),
    );
    renderAt("/account");
    await user.click(await screen.findByRole("button", { name: "吊销令牌数据共享平台" }));
    expect(tokens).toEqual([token]);
    await user.click(await screen.findByRole("button", { name: "吊销" }));
    expect(await screen.findByText("还没有令牌。")).toBeInTheDocument();
  });

  it("are not spoken of to those who may have none", async () => {
    serve(() => [token]);
    renderAt("/account");
    expect(await screen.findByRole("region", { name: "登录的设备" })).toBeInTheDocument();
    expect(screen.queryByRole("region", { name: "API令牌" })).not.toBeInTheDocument();
  });
});
