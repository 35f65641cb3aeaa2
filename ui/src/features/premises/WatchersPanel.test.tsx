import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { buildQueryClient } from "@/app/App";
import type { Watch } from "@/shared/api/audit";
import type { PremisesFile } from "@/shared/api/premises";
import { server } from "@/testing/server";
import { WatchersPanel } from "./WatchersPanel";

const watch: Watch = {
  authority: "210302",
  authority_name: "铁东区",
  role: "COUNTY_OFFICER",
  purpose: "",
  camera: "cam_1",
  camera_name: "烹饪间",
  act: "live",
  profile: "main",
  started_at: "2026-11-22T13:37:29Z",
  seconds: 372,
  count: 1,
  from_at: null,
  to_at: null,
};

function show(items: Watch[], ...abilities: string[]) {
  server.use(
    http.get("*/api/v1/premises/prm_1/watchers", () =>
      HttpResponse.json({ items, published_until: "2026-11-22T16:00:00Z", next_cursor: null }),
    ),
  );
  render(
    <QueryClientProvider client={buildQueryClient()}>
      <WatchersPanel premises={{ id: "prm_1", abilities } as unknown as PremisesFile} />
    </QueryClientProvider>,
  );
}

describe("who watched", () => {
  it("is told by authority, role, channel, time and how long", async () => {
    show([
      watch,
      { ...watch, act: "snapshot", seconds: 0, count: 3, started_at: "2026-11-22T13:40:00Z", purpose: "CASE" },
      {
        ...watch,
        act: "play",
        seconds: null,
        role: "OWNER",
        from_at: "2026-11-22T10:00:00Z",
        to_at: "2026-11-22T10:05:00Z",
      },
    ]);
    const rows = (await screen.findAllByText("烹饪间")).map((cell) => cell.closest("tr")?.textContent);
    expect(rows[0]).toBe("11月22日21:37:29铁东区县区局执法人员看实时烹饪间6分钟未填写");
    expect(rows[1]).toBe("11月22日21:40:00铁东区县区局执法人员截图烹饪间3次案件办理");
    expect(rows[2]).toBe(
      "11月22日21:37:29本单位负责人看回放烹饪间11月22日18:00:00—11月22日18:05:00的录像已获许可，未见使用未填写",
    );
    expect(screen.getByRole("heading", { name: "谁看过我的后厨" })).toBeInTheDocument();
    expect(screen.getByText(/不公布姓名/)).toBeInTheDocument();
  });

  it("is told to an officer in other words", async () => {
    show([watch], "premises.decide");
    expect(await screen.findByRole("heading", { name: "谁看过这家单位" })).toBeInTheDocument();
    expect(screen.queryByText(/不公布姓名/)).not.toBeInTheDocument();
  });

  it("says when the first will appear", async () => {
    show([]);
    expect(await screen.findByText("还没有可公布的查看记录")).toBeInTheDocument();
    expect(screen.getByText(/从次日08:00起公布/)).toBeInTheDocument();
  });
});
