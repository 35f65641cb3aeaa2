import { screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { server, session } from "@/testing/server";
import { renderAt } from "./renderAt.testing";

function as(...abilities: string[]) {
  server.use(http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities })));
}

describe("the frame", () => {
  it("takes somebody to the first page that is theirs", async () => {
    as("camera.live", "camera.list", "onboarding.view", "onboarding.order");
    server.use(
      http.get("*/api/v1/onboarding", () => HttpResponse.json({ items: [], counts: [], next_cursor: null })),
      http.get("*/api/v1/regions", () => HttpResponse.json({ items: [] })),
      http.get("*/api/v1/kinds", () => HttpResponse.json({ categories: [], zones: [], must_zones: {} })),
    );
    const router = renderAt("/");
    await waitFor(() => expect(router.state.location.pathname).toBe("/onboarding"));
    expect(await screen.findByRole("link", { name: "实时" })).toBeInTheDocument();
  });

  it("shows neither a page nor an entry of what somebody may not do, and a way back", async () => {
    as("people.list", "people.grant");
    renderAt("/live");
    expect(await screen.findByText(/没有找到该内容，或您没有查看权限/)).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "返回首页" })).toBeInTheDocument();
    expect(screen.getAllByRole("link").map((link) => link.textContent)).toEqual(["跳到正文", "人员"]);
  });
});
