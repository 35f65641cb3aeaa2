import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import { refusal, server, session } from "@/testing/server";

const back = "/login/sso?code=code-1&state=state-1&iss=https%3A%2F%2Fsso.example&session_state=x";
const returned = { state: "state-1", code: "code-1", iss: "https://sso.example", error: "" };

/** Nobody is logged in until `finish` says so. */
function finishing(answer: () => Response, sent: unknown[] = []) {
  let isInside = false;
  server.use(
    http.get("*/api/v1/session", () =>
      isInside ? HttpResponse.json(session) : refusal(401, "auth.required", "您尚未登录。"),
    ),
    http.post("*/api/v1/session/sso/finish", async ({ request }) => {
      sent.push(await request.json());
      const said = answer();
      isInside = said.ok && !("step" in ((await said.clone().json()) as object));
      return said;
    }),
  );
  return sent;
}

const system = {
  version: "0.1.0",
  demo: false,
  city: "鞍山市",
  server_at: "2026-11-23T00:41:07Z",
  time_zone: "Asia/Shanghai",
  second_factor: true,
};

describe("single sign-on", () => {
  beforeEach(() => window.sessionStorage.clear());

  it("has a button only where there is one", async () => {
    finishing(() => HttpResponse.json(session));
    renderAt("/login");
    await screen.findByLabelText("账号");
    expect(screen.queryByRole("button", { name: "鞍山市统一身份认证" })).not.toBeInTheDocument();
    server.use(
      http.get("*/api/v1/system", () =>
        HttpResponse.json({ ...system, single_sign_on: { label: "鞍山市统一身份认证" } }),
      ),
    );
    renderAt("/login");
    expect(await screen.findByRole("button", { name: "鞍山市统一身份认证" })).toBeInTheDocument();
  });

  it("says that it cannot be reached, and keeps the other ways open", async () => {
    finishing(() => HttpResponse.json(session));
    server.use(
      http.get("*/api/v1/system", () => HttpResponse.json({ ...system, single_sign_on: { label: "" } })),
      http.post("*/api/v1/session/sso", () => refusal(503, "auth.sso_unavailable", "统一登录暂时连接不上。")),
    );
    renderAt("/login");
    await userEvent.click(await screen.findByRole("button", { name: "用单位统一登录" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("统一登录暂时连接不上。");
    expect(screen.getByRole("button", { name: "登录" })).toBeEnabled();
  });

  it("shows the server once what came back, and goes on to the page that was wanted", async () => {
    window.sessionStorage.setItem("bk.sso", JSON.stringify({ purpose: "login", next: "/devices" }));
    const sent = finishing(() => HttpResponse.json(session));
    const router = renderAt(back);
    await waitFor(() => expect(router.state.location.pathname).toBe("/devices"));
    expect(sent).toEqual([returned]);
    expect(window.sessionStorage.getItem("bk.sso")).toBeNull();
  });

  it("goes nowhere else than to pages of ours", async () => {
    window.sessionStorage.setItem("bk.sso", JSON.stringify({ purpose: "login", next: "//evil.example" }));
    finishing(() => HttpResponse.json(session));
    const router = renderAt(back);
    await waitFor(() => expect(router.state.location.pathname).toBe("/live"));
  });

  it("asks for the second factor of ours", async () => {
    const step = {
      step: "second_factor",
      methods: ["totp"],
      ticket: "ticket-1",
      expires_at: "2026-11-23T00:46:07Z",
      passkey_options: null,
    };
    finishing(() => HttpResponse.json(step));
    renderAt(back);
    expect(await screen.findByLabelText("动态码（6位数字）")).toBeInTheDocument();
  });

  it("says what to do when it was refused", async () => {
    finishing(() => refusal(401, "auth.sso_refused", "没有通过统一登录。"));
    const router = renderAt("/login/sso?error=access_denied&state=state-1");
    expect(await screen.findByRole("alert")).toHaveTextContent("没有通过统一登录。");
    await userEvent.click(screen.getByRole("link", { name: "返回登录页" }));
    expect(router.state.location.pathname).toBe("/login");
  });

  it("links an account when that was the purpose", async () => {
    window.sessionStorage.setItem("bk.sso", JSON.stringify({ purpose: "link", next: "/account" }));
    const sent: unknown[] = [];
    server.use(
      http.post("*/api/v1/account/identities/finish", async ({ request }) => {
        sent.push(await request.json());
        return HttpResponse.json({ id: "idn_1", label: "wang@city", linked_at: "2026-11-23T00:00:00Z" });
      }),
    );
    const router = renderAt(back);
    await waitFor(() => expect(router.state.location.pathname).toBe("/account"));
    expect(sent).toEqual([returned]);
  });
});
