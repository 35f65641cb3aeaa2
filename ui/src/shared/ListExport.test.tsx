import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it, vi } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import { refusal, server, session } from "@/testing/server";

const seen: URL[] = [];

function serve(abilities: string[]) {
  seen.length = 0;
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities })),
    http.get("*/api/v1/faults", () => HttpResponse.json({ items: [], next_cursor: null, counts: [] })),
    http.get("*/api/v1/faults/export.xlsx", ({ request }) => {
      seen.push(new URL(request.url));
      return seen.length === 1
        ? refusal(422, "list.too_many", "符合条件的超过20,000行，一次导不出。")
        : HttpResponse.arrayBuffer(new ArrayBuffer(4));
    }),
  );
}

describe("a list", () => {
  it("leaves as its filter shows it, with a purpose, and says what the server refuses", async () => {
    const user = userEvent.setup();
    URL.createObjectURL = vi.fn(() => "blob:x");
    URL.revokeObjectURL = vi.fn();
    serve(["fault.view", "list.export_faults"]);
    renderAt("/faults?g=closed&r=210302");
    await user.click(await screen.findByRole("button", { name: /导出Excel/ }));
    await user.click(screen.getByRole("button", { name: "导出" }));
    expect(await screen.findByText("请填写用途，2至100字。")).toBeInTheDocument();
    expect(seen).toHaveLength(0);
    await user.type(screen.getByLabelText("用途"), "季度核对");
    await user.click(screen.getByRole("button", { name: "导出" }));
    expect(await screen.findByText("符合条件的超过20,000行，一次导不出。")).toBeInTheDocument();
    expect(Object.fromEntries(seen[0]?.searchParams ?? [])).toEqual({
      purpose: "季度核对",
      state: "CLOSED",
      region: "210302",
    });
    await user.click(screen.getByRole("button", { name: "导出" }));
    expect(await screen.findByText("已导出，导出人、时间和用途已记入审计。")).toBeInTheDocument();
    expect(URL.createObjectURL).toHaveBeenCalledOnce();
  });

  it("stays in for who may only look", async () => {
    serve(["fault.view"]);
    renderAt("/faults");
    expect(await screen.findByRole("heading", { name: "故障工单" })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /导出Excel/ })).toBeNull();
  });
});
