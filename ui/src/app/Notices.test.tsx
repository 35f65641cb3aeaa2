import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { server, session } from "@/testing/server";
import { renderAt } from "./renderAt.testing";

function as(...abilities: string[]) {
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities: ["people.list", ...abilities] })),
  );
}

describe("notices", () => {
  it("are counted until they were looked at, and told in words", async () => {
    const user = userEvent.setup();
    let isRead = false;
    as("notices.own");
    server.use(
      http.get("*/api/v1/notices", () =>
        HttpResponse.json({
          items: [
            {
              id: "ntc_1",
              kind: "recovery.asked",
              params: { name: "赵敏" },
              created_at: "2026-11-22T01:00:00Z",
              is_read: isRead,
            },
            { id: "ntc_2", kind: "unheard.of", params: {}, created_at: "2026-11-21T01:00:00Z", is_read: true },
          ],
        }),
      ),
      http.post("*/api/v1/notices/read", () => {
        isRead = true;
        return new HttpResponse(null, { status: 204 });
      }),
    );
    renderAt("/live");
    const bell = await screen.findByRole("button", { name: "通知，1条未读" });
    await user.click(bell);
    expect(await screen.findByText(/赵敏无法登录/)).toBeInTheDocument();
    expect(screen.getByText("账号有变动，请在“人员”中查看。")).toBeInTheDocument();
    expect(isRead).toBe(false);
    await user.click(bell);
    await waitFor(() => expect(isRead).toBe(true));
    expect(await screen.findByRole("button", { name: "通知" })).toBeInTheDocument();
  });

  it("are not asked for by those who have none", async () => {
    as();
    renderAt("/live");
    expect(await screen.findByRole("link", { name: "人员" })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "通知" })).not.toBeInTheDocument();
  });
});
