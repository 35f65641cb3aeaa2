import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import type { ImportFile } from "@/shared/api/imports";
import { server, session } from "@/testing/server";

function aFile(changes: Partial<ImportFile> = {}): ImportFile {
  return {
    id: "imp_1",
    file_name: "单位.xlsx",
    size_bytes: 9_000,
    state: "PREVIEWED",
    failure: "",
    rows_total: 6_000,
    rows_to_do: 5_963,
    rows_done: 0,
    cameras_total: 18_000,
    counts: { new: 5_963, changed: 0, unchanged: 0, wrong: 37, pending: 0 },
    can_run: true,
    can_cancel: true,
    created_at: "2026-11-23T00:41:00Z",
    updated_at: "2026-11-23T00:41:00Z",
    ...changes,
  };
}

const wrongRow = {
  number: 17,
  line: 18,
  name: "老街饺子馆",
  external_no: "A17",
  cameras: 3,
  outcome: "WRONG",
  premises_id: null,
  problems: [
    { sheet: "premises", line: 18, column: "类别", code: "import.row.category_unknown", detail: "没有这个类别。" },
    { sheet: "cameras", line: 52, column: "区域", code: "import.row.zone_refused", detail: "不得安装摄像头。" },
  ],
};

function serve(first: ImportFile) {
  const seen: string[] = [];
  let file = first;
  server.use(
    http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities: ["imports.create"] })),
    http.get("*/api/v1/imports", () => HttpResponse.json({ items: [file] })),
    http.post("*/api/v1/imports", async ({ request }) => {
      const url = new URL(request.url);
      seen.push(
        `${url.searchParams.get("name")} ${request.headers.get("Content-Type")} ${(await request.blob()).size}`,
      );
      return HttpResponse.json(file, { status: 201 });
    }),
    http.get("*/api/v1/imports/:id", () => HttpResponse.json(file)),
    http.get("*/api/v1/imports/:id/rows", () => HttpResponse.json({ items: [wrongRow], next_cursor: null })),
    http.post("*/api/v1/imports/:id/:act", ({ params }) => {
      seen.push(String(params.act));
      file = { ...file, state: "DONE", rows_done: 5_963, can_run: false, can_cancel: false };
      return HttpResponse.json(file, { status: 202 });
    }),
  );
  return seen;
}

describe("imports", () => {
  it("show what is wrong in which line before anything is written, then what was done", async () => {
    const user = userEvent.setup();
    const seen = serve(aFile());
    renderAt("/imports?f=imp_1");
    const panel = await screen.findByRole("region", { name: "单位.xlsx" });
    expect(panel).toHaveTextContent("尚未写入任何内容。有误的37家不会写入，其余可以导入。");
    expect(await within(panel).findByText("没有这个类别。")).toBeInTheDocument();
    expect(panel).toHaveTextContent("第18行老街饺子馆");
    expect(panel).toHaveTextContent("摄像头表第52行 区域不得安装摄像头。");
    await user.click(within(panel).getByRole("button", { name: "导入5963家" }));
    await waitFor(() =>
      expect(panel).toHaveTextContent("6000家已导入5963家，37家有误。请下载错误表，改好后只传这37家。"),
    );
    expect(seen).toEqual(["run"]);
    expect(within(panel).queryByRole("button", { name: "取消导入" })).not.toBeInTheDocument();
  });

  it("send a file as it is, with its name and kind", async () => {
    const user = userEvent.setup();
    const seen = serve(aFile());
    const router = renderAt("/imports");
    await screen.findByText("把文件拖到这里，或点击选择");
    const input = document.querySelector<HTMLInputElement>("input[type=file]");
    if (!input) throw new Error("no input");
    await user.upload(input, new File(["名称,类别\n"], "一.csv", { type: "text/csv" }));
    await waitFor(() => expect(seen).toHaveLength(1));
    expect(seen[0]).toMatch(/^一\.csv text\/csv \d+$/);
    await waitFor(() => expect(router.state.location.search).toBe("?f=imp_1"));
  });

  it("ask before a running import is cancelled", async () => {
    const user = userEvent.setup();
    const seen = serve(aFile({ state: "RUNNING", can_run: false, rows_done: 600 }));
    renderAt("/imports?f=imp_1");
    expect(await screen.findByText("600/5963")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "取消导入" }));
    expect(await screen.findByText("已经写入的单位会保留，其余不再写入。")).toBeInTheDocument();
    expect(seen).toEqual([]);
  });
});
