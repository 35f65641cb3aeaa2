import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { renderAt } from "@/app/renderAt.testing";
import { aCamera, citySaying, refusal, server } from "@/testing/server";
import { aFound, aHold, anAlarm, aPlan, aRule, cameraId, serveRecordings, takeRules } from "./recordings.testing";

describe("recording alarms", () => {
  it("come first, say the reason in words, and lead to what was seen last and to what is seen now", async () => {
    const asked = serveRecordings({ alarms: [anAlarm(), anAlarm({ id: "ral_2", reason: "wrong_password" })] });
    const router = renderAt("/recordings");
    const rows = await screen.findAllByRole("row", { name: /站前小学食堂/ });
    expect(router.state.location.pathname).toBe("/recordings/alarms");
    expect(asked[0]?.searchParams.get("open")).toBe("true");
    expect(rows[0]).toHaveTextContent("有画面，但没有写入录像");
    expect(rows[1]).toHaveTextContent("密码不对");
    expect(screen.getByRole("radio", { name: "应录未录2" })).toBeChecked();
    const row = within(rows[0] as HTMLElement);
    expect(row.getByRole("link", { name: "回放中断前" })).toHaveAttribute(
      "href",
      `/play?c=${cameraId}&t=${encodeURIComponent("2026-11-23T00:35:50.000Z")}`,
    );
    expect(row.getByRole("link", { name: "看现在" })).toHaveAttribute("href", `/live?wall=1&c=${cameraId}`);
  });

  it("say that all is well when nothing is missing", async () => {
    serveRecordings();
    renderAt("/recordings/alarms");
    expect(await screen.findByRole("heading", { name: "应录的都在录" })).toBeInTheDocument();
  });
});

describe("recording search", () => {
  it("asks what the address says, says that there is more, and opens playback where the event begins", async () => {
    const asked = serveRecordings({ found: [aFound()], hasMore: true });
    renderAt(
      "/recordings/search?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z&kind=unrecorded&zone=COOK&category=PHARMACY&q=站前",
    );
    const row = await screen.findByRole("row", { name: /站前小学食堂/ });
    const query = asked.find((url) => url.pathname.endsWith("/search"))?.searchParams;
    expect(Object.fromEntries(query ?? [])).toEqual({
      from: "2026-11-22T00:00:00.000Z",
      to: "2026-11-23T00:00:00.000Z",
      kind: "unrecorded",
      zone: "COOK",
      category: "PHARMACY",
      q: "站前",
    });
    expect(row).toHaveTextContent("应录未录媒体节点未响应");
    expect(row).toHaveTextContent("6小时");
    expect(within(row).getByRole("img", { name: "应录未录在所查时段的25%至50%处" })).toBeInTheDocument();
    expect(within(row).getByRole("link", { name: "回放" })).toHaveAttribute(
      "href",
      `/play?c=${cameraId}&t=${encodeURIComponent("2026-11-22T06:00:00.000Z")}`,
    );
    expect(screen.getByRole("alert")).toHaveTextContent("只列出最近的1条");
  });

  it("looks at the last day first, and at the days that are chosen once it is sent", async () => {
    const user = userEvent.setup();
    const asked = serveRecordings();
    const router = renderAt("/recordings/search");
    expect(await screen.findByRole("heading", { name: "这段时间没有找到" })).toBeInTheDocument();
    const spans = () =>
      asked
        .filter((url) => url.pathname.endsWith("/search"))
        .map(({ searchParams }) => {
          const [from, to] = ["from", "to"].map((name) => Date.parse(searchParams.get(name) ?? ""));
          return ((to ?? 0) - (from ?? 0)) / 86_400_000;
        });
    await user.click(screen.getByText("31天"));
    await user.type(screen.getByRole("textbox", { name: "单位或摄像头" }), "老街");
    expect(spans()).toEqual([1]);
    await user.click(screen.getByRole("button", { name: /查找$/ }));
    await waitFor(() => expect(spans()).toEqual([1, 31]));
    expect(asked.at(-1)?.searchParams.get("q")).toBe("老街");
    expect(router.state.location.search).toBe(`?days=31&q=${encodeURIComponent("老街")}`);
  });
});

describe("holds", () => {
  it("say whether they are in force, being set or released, and which are due for review", async () => {
    const old = new Date(Date.now() - 200 * 86_400_000).toISOString();
    serveRecordings({
      holds: [
        aHold({ id: "hld_1", note: "甲", is_in_force: false }),
        aHold({ id: "hld_2", note: "乙", placed_at: old }),
        aHold({ id: "hld_3", note: "丙", released_at: old, release_reason: "已办结", abilities: [] }),
      ],
    });
    renderAt("/recordings/holds?g=all");
    const rowOf = async (note: string) => within(await screen.findByRole("row", { name: new RegExp(note) }));
    const [setting, standing, released] = [await rowOf("甲"), await rowOf("乙"), await rowOf("丙")];
    expect(setting.getByText("正在生效")).toBeInTheDocument();
    expect(setting.queryByText(/待复核/)).toBeNull();
    expect(standing.getByText("已生效")).toBeInTheDocument();
    expect(standing.getByText(/待复核 · 已锁定200天/)).toBeInTheDocument();
    expect(released.getByText("已解除")).toBeInTheDocument();
    expect(released.getByText("原因：已办结")).toBeInTheDocument();
    expect(released.queryByRole("button", { name: "解除锁定" })).toBeNull();
  });

  it("are released with a reason only, and the server's refusal stands beside it", async () => {
    const user = userEvent.setup();
    serveRecordings({ holds: [aHold()] });
    const reasons: unknown[] = [];
    server.use(
      http.post("*/api/v1/recording/holds/hld_1/release", async ({ request }) => {
        reasons.push(await request.json());
        return refusal(409, "recording.hold_needed", "这段录像关联的事项尚未办结，办结后才能解除锁定。");
      }),
    );
    renderAt("/recordings/holds");
    await user.click(await screen.findByRole("button", { name: "解除锁定" }));
    const dialog = within(await screen.findByRole("dialog"));
    await user.click(dialog.getByRole("button", { name: "解除锁定" }));
    expect(await dialog.findByText("请填写解除原因，最多200个字。")).toBeInTheDocument();
    expect(reasons).toEqual([]);
    await user.type(dialog.getByLabelText("解除原因"), "已办结");
    await user.click(dialog.getByRole("button", { name: "解除锁定" }));
    expect(await dialog.findByText(/尚未办结/)).toBeInTheDocument();
    expect(reasons).toEqual([{ reason: "已办结" }]);
  });

  it("are placed for a camera, a range and a note", async () => {
    const user = userEvent.setup();
    serveRecordings();
    const sent: unknown[] = [];
    server.use(
      citySaying([aCamera()]),
      http.post("*/api/v1/recording/holds", async ({ request }) => {
        sent.push(await request.json());
        return HttpResponse.json(aHold({ is_in_force: false }), { status: 201 });
      }),
    );
    renderAt(`/recordings/holds?c=${cameraId}`);
    await user.click(await screen.findByRole("button", { name: /锁定录像$/ }));
    const drawer = within(await screen.findByRole("dialog"));
    const fill = async (label: string, text: string) => {
      await user.click(drawer.getByLabelText(label));
      await user.paste(text);
      await user.keyboard("{Enter}");
    };
    await fill("开始时间", "2020-11-20 08:30");
    await fill("结束时间", "2020-11-20 08:00");
    await user.type(drawer.getByLabelText("锁定原因"), "投诉件");
    await user.click(drawer.getByRole("button", { name: "锁定" }));
    expect(await drawer.findByText(/开始时间须早于结束时间/)).toBeInTheDocument();
    expect(sent).toEqual([]);
    await user.clear(drawer.getByLabelText("结束时间"));
    await fill("结束时间", "2020-11-20 09:00");
    await user.click(drawer.getByRole("button", { name: "锁定" }));
    await waitFor(() =>
      expect(sent).toEqual([
        {
          camera_id: cameraId,
          from: "2020-11-20T00:30:00.000Z",
          to: "2020-11-20T01:00:00.000Z",
          note: "投诉件",
        },
      ]),
    );
  });
});

describe("recording rules", () => {
  it("show what follows for a camera and why, also where its zone asks for more than the rule says", async () => {
    serveRecordings({ rules: [aRule()], plan: aPlan() });
    server.use(citySaying([aCamera()]));
    renderAt(`/recordings/rules?c=${cameraId}`);
    const panel = within(await screen.findByRole("region", { name: "一个摄像头怎么录" }));
    expect(await panel.findByText("按类别策略")).toBeInTheDocument();
    expect(panel.getByText("策略为15天，因部位要求至少30天而提高")).toBeInTheDocument();
    expect(panel.getByText("按单位策略")).toBeInTheDocument();
    expect(panel.getByText("主码流、子码流")).toBeInTheDocument();
    expect(panel.getByText("按类别：不单独规定改为15天")).toBeInTheDocument();
    const categories = within(screen.getByRole("region", { name: "按类别" }));
    expect(await categories.findByRole("row", { name: /药店 15天 只录营业时段 省局要求/ })).toBeInTheDocument();
  });

  it("are not saved without a reason, nor for days that nobody may say", async () => {
    const user = userEvent.setup();
    serveRecordings();
    const sent = takeRules(() => HttpResponse.json(aRule()));
    renderAt("/recordings/rules");
    const row = await screen.findByRole("row", { name: /药店 通常30天/ });
    await user.click(within(row).getByRole("button", { name: "修改药店的录像策略" }));
    const drawer = within(await screen.findByRole("dialog"));
    await user.type(drawer.getByLabelText("保留天数"), "3");
    await user.click(drawer.getByRole("button", { name: "保存" }));
    expect(await drawer.findByText("请填写7至90之间的整数，或留空。")).toBeInTheDocument();
    expect(drawer.getByText("请填写原因，最多200个字。")).toBeInTheDocument();
    expect(sent).toEqual([]);
    await user.type(drawer.getByLabelText("保留天数"), "0");
    await user.type(drawer.getByLabelText("原因"), "统一要求");
    await user.click(drawer.getByRole("button", { name: "保存" }));
    await waitFor(() =>
      expect(sent).toEqual([
        { path: "category/PHARMACY", etag: '"0"', body: { keep_days: 30, mode: null, reason: "统一要求" } },
      ]),
    );
  });

  it("show both versions when somebody saved first, and save the one that is chosen over it", async () => {
    const user = userEvent.setup();
    serveRecordings({ rules: [aRule()] });
    const sent = takeRules(({ etag }) =>
      etag === '"4"'
        ? refusal(412, "edit.conflict", "记录已被他人修改。", { current: aRule({ keep_days: 60, etag: '"9"' }) })
        : HttpResponse.json(aRule({ keep_days: 20 })),
    );
    renderAt("/recordings/rules");
    await user.click(await screen.findByRole("button", { name: "修改药店的录像策略" }));
    const drawer = within(await screen.findByRole("dialog"));
    await user.clear(drawer.getByLabelText("保留天数"));
    await user.type(drawer.getByLabelText("保留天数"), "20");
    await user.type(drawer.getByLabelText("原因"), "统一要求");
    await user.click(drawer.getByRole("button", { name: "保存" }));
    // Not by role and name: under test antd gives every dialog the same id, and thus the drawer's name.
    const modal = (await screen.findByText("有人先保存了这条记录")).closest<HTMLElement>(".ant-modal");
    const dialog = within(modal ?? document.body);
    expect(dialog.getByRole("radio", { name: "20天" })).toBeChecked();
    expect(dialog.getByRole("radio", { name: "60天" })).not.toBeChecked();
    await user.click(dialog.getByRole("button", { name: "按选择保存" }));
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]).toEqual({
      path: "category/PHARMACY",
      etag: '"9"',
      body: { keep_days: 20, mode: "open_hours", reason: "统一要求" },
    });
  });

  it("cannot be changed by who may only see them", async () => {
    serveRecordings({ rules: [aRule()], abilities: ["recording.view_plan", "recording.view_alarm"] });
    renderAt("/recordings/rules");
    expect(await screen.findByRole("row", { name: /药店 15天/ })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /修改|设定/ })).toBeNull();
  });
});
