import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import { refusal, server, session } from "@/testing/server";

const account = {
  factors: [
    {
      id: "fac_1",
      kind: "totp",
      name: "",
      created_at: "2026-11-01T00:00:00Z",
      last_used_at: "2026-11-22T00:00:00Z",
    },
  ],
  recovery_codes_left: 7,
  password_set_at: "2026-11-01T00:00:00Z",
  password_expires_at: null,
  password_min_length: 12,
  password_needs_classes: false,
  needs_factor: true,
  passkeys_possible: false,
};
const here = {
  id: "ses_1",
  is_current: true,
  device: "Edge · Windows",
  network: "10.1.2.0/24",
  network_class: "inside",
  created_at: "2026-11-23T00:00:00Z",
  last_input_at: "2026-11-23T00:41:00Z",
};
const phone = { ...here, id: "ses_2", is_current: false, device: "WeChat · Android", network_class: "outside" };
const reading = http.get("*/api/v1/account", () => HttpResponse.json(account));

describe("account", () => {
  it("names roles in words with their reach", async () => {
    server.use(
      reading,
      http.get("*/api/v1/account/sessions", () => HttpResponse.json({ items: [here] })),
    );
    renderAt("/account");
    const me = await screen.findByRole("region", { name: "基本信息" });
    expect(me).toHaveTextContent("县区局执法人员");
    expect(me).toHaveTextContent("铁东区，全部类别");
    expect(await screen.findByText("恢复码还剩7个")).toBeInTheDocument();
  });

  it("lists the linked account of the single sign-on and unlinks it", async () => {
    const user = userEvent.setup();
    const mine = { id: "idn_1", label: "wang@city", linked_at: "2026-11-01T00:00:00Z", last_used_at: null };
    let items = [mine];
    server.use(
      reading,
      http.get("*/api/v1/account/sessions", () => HttpResponse.json({ items: [here] })),
      http.get("*/api/v1/account/identities", () => HttpResponse.json({ items, is_offered: items.length === 0 })),
      http.delete("*/api/v1/account/identities/idn_1", () => {
        items = [];
        return new HttpResponse(null, { status: 204 });
      }),
    );
    renderAt("/account");
    const part = await screen.findByRole("region", { name: "统一登录" });
    expect(part).toHaveTextContent("wang@city");
    await user.click(within(part).getByRole("button", { name: "解除关联 wang@city" }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "解除关联" }));
    expect(await within(part).findByRole("button", { name: "关联单位统一登录" })).toBeInTheDocument();
    expect(part).not.toHaveTextContent("wang@city");
  });

  it("ends one session, and all others", async () => {
    const user = userEvent.setup();
    let items = [here, phone, { ...phone, id: "ses_3", device: "" }];
    server.use(
      reading,
      http.get("*/api/v1/account/sessions", () => HttpResponse.json({ items })),
      http.delete("*/api/v1/account/sessions/ses_2", () => {
        items = items.filter((each) => each.id !== "ses_2");
        return new HttpResponse(null, { status: 204 });
      }),
      http.delete("*/api/v1/account/sessions", () => {
        items = [here];
        return HttpResponse.json({ ended: 1 });
      }),
    );
    renderAt("/account");
    await user.click(await screen.findByRole("button", { name: "退出 WeChat · Android" }));
    await waitFor(() => expect(screen.queryByText("WeChat · Android")).not.toBeInTheDocument());
    await user.click(screen.getByRole("button", { name: "退出其他1台设备" }));
    await waitFor(() => expect(screen.queryByText("未识别的设备")).not.toBeInTheDocument());
    expect(screen.getByText("本设备")).toBeInTheDocument();
  });

  it("asks for a fresh proof where the server wants one, then repeats what was refused", async () => {
    const user = userEvent.setup();
    let proven = false;
    let tries = 0;
    server.use(
      reading,
      http.get("*/api/v1/account/sessions", () => HttpResponse.json({ items: [here] })),
      http.post("*/api/v1/account/recovery-codes", () => {
        tries += 1;
        return proven
          ? HttpResponse.json({ recovery_codes: ["aaaa-bbbb-cccc-dddd"] })
          : refusal(403, "auth.step_up_required", "这项操作需要再次确认是您本人。");
      }),
      http.post("*/api/v1/session/step-up/options", () =>
        HttpResponse.json({ methods: ["password", "totp"], ticket: "t", passkey_options: null }),
      ),
      http.post("*/api/v1/session/step-up", async ({ request }) => {
        expect(await request.json()).toEqual({ totp: "123456" });
        proven = true;
        return HttpResponse.json(session);
      }),
    );
    renderAt("/account");
    await user.click(await screen.findByRole("button", { name: "重新生成" }));
    const dialog = await screen.findByRole("dialog", { name: "请确认是您本人" });
    await user.type(await within(dialog).findByLabelText("动态码（6位数字）"), "123456");
    expect(await screen.findByText("aaaa-bbbb-cccc-dddd")).toBeInTheDocument();
    expect(tries).toBe(2);
  });

  it("keeps the refusal when the question is closed", async () => {
    const user = userEvent.setup();
    server.use(
      reading,
      http.get("*/api/v1/account/sessions", () => HttpResponse.json({ items: [here] })),
      http.post("*/api/v1/account/recovery-codes", () =>
        refusal(403, "auth.step_up_required", "这项操作需要再次确认是您本人。"),
      ),
      http.post("*/api/v1/session/step-up/options", () =>
        HttpResponse.json({ methods: ["password"], ticket: "t", passkey_options: null }),
      ),
    );
    renderAt("/account");
    await user.click(await screen.findByRole("button", { name: "重新生成" }));
    const dialog = await screen.findByRole("dialog", { name: "请确认是您本人" });
    await user.click(within(dialog).getByRole("button", { name: "取消" }));
    expect(await screen.findByText("这项操作需要再次确认是您本人。")).toBeInTheDocument();
  });
});
