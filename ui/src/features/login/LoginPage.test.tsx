import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import { refusal, server, session } from "@/testing/server";

const step = {
  step: "second_factor",
  methods: ["totp", "recovery"],
  ticket: "ticket-1",
  expires_at: "2026-11-23T00:46:07Z",
  passkey_options: null,
};
const account = {
  factors: [],
  recovery_codes_left: 0,
  password_set_at: "2026-11-01T00:00:00Z",
  password_expires_at: null,
  password_min_length: 12,
  password_needs_classes: false,
  needs_factor: true,
  passkeys_possible: false,
};

/** A server where somebody is logged in once `current` says so. */
function sessionThat(current: () => typeof session | null) {
  return http.get("*/api/v1/session", () => {
    const found = current();
    return found ? HttpResponse.json(found) : refusal(401, "auth.required", "您尚未登录。");
  });
}

async function giveName(user: ReturnType<typeof userEvent.setup>) {
  await user.type(await screen.findByLabelText("账号"), "wang");
  await user.type(screen.getByLabelText("密码"), "steamed-buns-at-dawn");
  await user.click(screen.getByRole("button", { name: "登录" }));
}

describe("log-in with a second factor", () => {
  it("sends a pasted code at its sixth digit, says what was wrong, and goes on", async () => {
    const user = userEvent.setup();
    const sent: unknown[] = [];
    let inside: typeof session | null = null;
    server.use(
      sessionThat(() => inside),
      http.post("*/api/v1/session", () => HttpResponse.json(step)),
      http.post("*/api/v1/session/factor", async ({ request }) => {
        sent.push(await request.json());
        if (sent.length === 1) return refusal(401, "auth.code_wrong", "动态码不正确，还可再试4次。");
        inside = session;
        return HttpResponse.json(session);
      }),
    );
    const router = renderAt("/devices");
    await giveName(user);
    const code = await screen.findByLabelText("动态码（6位数字）");
    await user.click(code);
    await user.paste("123 456");
    expect(await screen.findByRole("alert")).toHaveTextContent("动态码不正确，还可再试4次。");
    expect(code).toHaveValue("");
    await user.type(code, "654321");
    await waitFor(() => expect(router.state.location.pathname).toBe("/devices"));
    expect(sent).toEqual([
      { ticket: "ticket-1", totp: "123456" },
      { ticket: "ticket-1", totp: "654321" },
    ]);
  });

  it("takes a recovery code instead, and leads back when the conversation is over", async () => {
    const user = userEvent.setup();
    server.use(
      sessionThat(() => null),
      http.post("*/api/v1/session", () => HttpResponse.json(step)),
      http.post("*/api/v1/session/factor", async ({ request }) => {
        expect(await request.json()).toEqual({ ticket: "ticket-1", recovery: "k7wq-m3hx" });
        return refusal(401, "auth.ticket_over", "登录已超时，或输错次数过多。");
      }),
    );
    renderAt("/login");
    await giveName(user);
    await user.click(await screen.findByRole("button", { name: "改用恢复码" }));
    await user.type(screen.getByLabelText("恢复码"), "k7wq-m3hx");
    await user.click(screen.getByRole("button", { name: "登录" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("登录已超时");
    expect(screen.queryByLabelText("恢复码")).not.toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "重新输入账号和密码" }));
    expect(await screen.findByLabelText("账号")).toBeInTheDocument();
  });
});

describe("first log-in", () => {
  it("changes the password, sets up codes, shows the recovery codes and only then goes on", async () => {
    const user = userEvent.setup();
    let inside: typeof session = { ...session, abilities: [], pending: ["change_password", "enrol_factor"] };
    const codes = ["aaaa-bbbb-cccc-dddd", "eeee-ffff-gggg-hhhh"];
    server.use(
      sessionThat(() => inside),
      http.get("*/api/v1/account", () => HttpResponse.json(account)),
      http.post("*/api/v1/account/password", async ({ request }) => {
        expect(await request.json()).toEqual({ old: "given by others", new: "a-quiet-kettle-sings" });
        inside = { ...inside, pending: ["enrol_factor"] };
        return HttpResponse.json(inside);
      }),
      http.post("*/api/v1/account/totp", () =>
        HttpResponse.json({ key: "ABCDEFGHIJKLMNOP", uri: "otpauth://totp/x?secret=ABCDEFGHIJKLMNOP" }),
      ),
      http.post("*/api/v1/account/totp/confirm", () => {
        inside = session;
        return HttpResponse.json({ session, recovery_codes: codes });
      }),
    );
    const router = renderAt("/devices");
    expect(await screen.findByRole("heading", { name: "请先修改密码" })).toBeInTheDocument();
    expect(router.state.location.pathname).toBe("/login");
    await user.type(screen.getByLabelText("当前密码"), "given by others");
    await user.type(screen.getByLabelText("新密码"), "a-quiet-kettle-sings");
    await user.type(screen.getByLabelText("再输入一次新密码"), "a-quiet-kettle-sings");
    await user.click(screen.getByRole("button", { name: "修改并继续" }));
    expect(await screen.findByText("ABCD EFGH IJKL MNOP")).toBeInTheDocument();
    await user.type(screen.getByLabelText("动态码（6位数字）"), "123456");
    expect(await screen.findByText("eeee-ffff-gggg-hhhh")).toBeInTheDocument();
    expect(router.state.location.pathname).toBe("/login");
    await user.click(screen.getByRole("button", { name: "已保存，进入系统" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/devices"));
  });
});

describe("demo", () => {
  it("says loudly that the second factor is off", async () => {
    server.use(
      sessionThat(() => null),
      http.get("*/api/v1/system", () =>
        HttpResponse.json({
          version: "0.1.0",
          demo: true,
          city: "鞍山市",
          server_at: new Date().toISOString(),
          time_zone: "Asia/Shanghai",
          second_factor: false,
        }),
      ),
    );
    renderAt("/login");
    expect(await screen.findByText("演示环境未启用双因素")).toBeInTheDocument();
  });
});
