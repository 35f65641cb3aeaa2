import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { aCamera, aLevel, answerCameras, citySaying, refusal, server, session } from "@/testing/server";
import { renderAt } from "./renderAt.testing";

const number = (at: number) => String(at).padStart(3, "0");
/** More than a page of connected cameras, then channels that nothing serves. */
const city = [
  ...Array.from({ length: 120 }, (_, at) => aCamera({ id: `cam_${number(at)}`, name: `探头${number(at)}` })),
  aCamera({ id: "cam_absent", name: "留样间", address: "", streams: { main: null, sub: null } }),
];

/** What was asked of the tokens: which cameras pictures were wanted of. */
function tokensWanted(): string[] {
  const wanted: string[] = [];
  server.use(
    http.post("*/api/v1/media/tokens", async ({ request }) => {
      const { items } = (await request.json()) as { items: { camera: string }[] };
      wanted.push(...items.map(({ camera }) => camera));
      return refusal(503, "node.none_connected", "没有可用的媒体服务。");
    }),
  );
  return wanted;
}

const textsOf = (questions: URLSearchParams[]) =>
  questions.filter((each) => !each.has("id")).map((each) => each.get("text"));

describe("the picker of the live page", () => {
  it("shows many cameras as a tree with counts, and hangs the first on the wall", async () => {
    const user = userEvent.setup();
    const questions: URLSearchParams[] = [];
    const levels: string[] = [];
    server.use(
      citySaying(city, questions),
      http.get("*/api/v1/camera-tree", ({ request }) => {
        const { search, searchParams } = new URL(request.url);
        levels.push(search);
        if (searchParams.get("region"))
          return HttpResponse.json(aLevel("premises", [["prm_1", "站前小学食堂", 119, 121]]));
        return HttpResponse.json(aLevel("region", [["210302", "铁东区", 119, 121]]));
      }),
    );
    const router = renderAt("/live");
    const picker = await screen.findByRole("complementary", { name: "选择摄像头" });
    expect(await within(picker).findByText("铁东区")).toBeInTheDocument();
    expect(within(picker).getByText("119/121")).toBeInTheDocument();
    expect(within(picker).queryByText("探头000")).not.toBeInTheDocument();
    await user.click(within(picker).getByText("铁东区"));
    await user.click(await within(picker).findByText("站前小学食堂"));
    expect(levels).toEqual(["?by=region", "?by=region&region=210302"]);
    expect(await within(picker).findByText("探头000")).toBeInTheDocument();
    expect(questions.some((each) => each.get("premises") === "prm_1")).toBe(true);
    await waitFor(() => expect(router.state.location.search).toContain("cam_000%2Ccam_001%2Ccam_002%2Ccam_003"));
  });

  it("asks the server once the hands rest, keeps the former result meanwhile, and says when there is none", async () => {
    const user = userEvent.setup();
    const questions: URLSearchParams[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((done) => {
      release = done;
    });
    server.use(
      http.get("*/api/v1/cameras", async ({ request }) => {
        const url = new URL(request.url);
        questions.push(url.searchParams);
        if (url.searchParams.get("text") === "探头11") await held;
        return HttpResponse.json(answerCameras(city, url));
      }),
    );
    renderAt("/live?wall=1&c=cam_000");
    const picker = await screen.findByRole("complementary", { name: "选择摄像头" });
    const entries = () => within(picker).queryAllByRole("button", { name: /探头/ });
    await user.type(within(picker).getByRole("textbox"), "探头11");
    await waitFor(() => expect(textsOf(questions)).toEqual([null, "探头11"]));
    expect(entries()).toHaveLength(50);
    expect(within(picker).queryByText("没有符合条件的摄像头。")).not.toBeInTheDocument();
    release();
    await waitFor(() => expect(entries()).toHaveLength(10));
    expect(within(picker).queryByText(/还有/)).not.toBeInTheDocument();
    await user.type(within(picker).getByRole("textbox"), "x");
    expect(await within(picker).findByText("没有符合条件的摄像头。")).toBeInTheDocument();
    expect(textsOf(questions)).toEqual([null, "探头11", "探头11x"]);
  });

  it("hangs a camera that was found on the wall at once", async () => {
    const user = userEvent.setup();
    server.use(citySaying(city));
    renderAt("/live?wall=1&c=cam_000");
    const picker = await screen.findByRole("complementary", { name: "选择摄像头" });
    await user.type(within(picker).getByRole("textbox"), "探头117");
    await user.click(await within(picker).findByRole("button", { name: /探头117/ }));
    expect(screen.getByRole("group", { name: /探头117/ })).toBeInTheDocument();
    expect(screen.queryByRole("group", { name: /探头000/ })).not.toBeInTheDocument();
  });
});

describe("the wall", () => {
  it("of the address asks for its cameras only, also for one on no page", async () => {
    const questions: URLSearchParams[] = [];
    server.use(citySaying(city, questions));
    renderAt("/live?wall=4&c=cam_119,cam_000,cam_gone");
    expect(await screen.findByRole("group", { name: /探头119/ })).toBeInTheDocument();
    expect(screen.getByRole("group", { name: /探头000/ })).toBeInTheDocument();
    expect(screen.getAllByText(/空画面/)).toHaveLength(2);
    const named = questions.filter((each) => each.has("id")).map((each) => each.getAll("id"));
    expect(named).toEqual([["cam_000", "cam_119", "cam_gone"]]);
  });

  it("says that a channel has no device, and wants neither token nor still for it", async () => {
    const wanted = tokensWanted();
    server.use(citySaying(city));
    renderAt("/live?wall=4&c=cam_absent,cam_001");
    const tile = await screen.findByRole("group", { name: "站前小学食堂 留样间 未接入设备" });
    expect(within(tile).getByText(/还没有接入设备/)).toBeInTheDocument();
    await waitFor(() => expect(wanted).toContain("cam_001"));
    expect(wanted).not.toContain("cam_absent");
  });
});

describe("the devices page", () => {
  it("begins with connected cameras for who keeps them, a page at a time", async () => {
    const user = userEvent.setup();
    const questions: URLSearchParams[] = [];
    server.use(citySaying(city, questions));
    renderAt("/devices");
    expect(await screen.findByText("探头000")).toBeInTheDocument();
    expect(screen.getByText("共120路")).toBeInTheDocument();
    // By its label: to look for roles among fifty rows takes jsdom half a minute.
    const pager = within(screen.getByLabelText("翻页"));
    const press = (name: string) => user.click(pager.getByRole("button", { name }));
    expect(pager.getByText("第1—50路，共120路")).toBeInTheDocument();
    expect(pager.getByRole("button", { name: "上一页" })).toBeDisabled();
    await press("下一页");
    expect(await screen.findByText("探头050")).toBeInTheDocument();
    expect(screen.queryByText("探头000")).not.toBeInTheDocument();
    await press("下一页");
    expect(await pager.findByText("第101—120路，共120路")).toBeInTheDocument();
    expect(pager.getByRole("button", { name: "下一页" })).toBeDisabled();
    await press("上一页");
    expect(screen.getByText("探头050")).toBeInTheDocument();
    expect(questions.map((each) => [each.get("connected"), each.get("cursor"), each.get("limit")])).toEqual([
      ["true", null, "50"],
      ["true", "cam_049", "50"],
      ["true", "cam_099", "50"],
    ]);
  }, 20_000);

  it("shows channels without device as such, with nothing to watch and no still wanted", async () => {
    const user = userEvent.setup();
    const wanted = tokensWanted();
    server.use(citySaying(city));
    const router = renderAt("/devices");
    await user.click(await screen.findByText("未接入"));
    const row = (await screen.findByText("留样间")).closest("tr");
    if (!row) throw new Error("no row");
    expect(within(row).getByText("未接入设备")).toBeInTheDocument();
    expect(within(row).queryByText("连接中")).not.toBeInTheDocument();
    expect(within(row).queryByRole("link")).not.toBeInTheDocument();
    expect(router.state.location.search).toBe("?on=no");
    await waitFor(() => expect(screen.getByText("共1路")).toBeInTheDocument());
    expect(wanted).not.toContain("cam_absent");
  }, 20_000);

  it("shows those who do not keep cameras every channel", async () => {
    const questions: URLSearchParams[] = [];
    server.use(
      http.get("*/api/v1/session", () => HttpResponse.json({ ...session, abilities: ["camera.list"] })),
      citySaying(city, questions),
    );
    renderAt("/devices");
    expect(await screen.findByText("共121路")).toBeInTheDocument();
    expect(questions[0]?.get("connected")).toBeNull();
  }, 20_000);

  it("lets the server search and find what is abnormal, from the address too", async () => {
    const user = userEvent.setup();
    const questions: URLSearchParams[] = [];
    const bad = aCamera({ id: "cam_bad", name: "坏探头", activity: "OFFLINE" });
    server.use(citySaying([...city.slice(0, 3), bad], questions));
    const router = renderAt("/devices?q=探头");
    expect(await screen.findByText("4路符合")).toBeInTheDocument();
    await user.click(screen.getByText("只看异常"));
    expect(await screen.findByText("1路符合")).toBeInTheDocument();
    expect(screen.queryByText("探头000")).not.toBeInTheDocument();
    expect(questions.at(-1)?.get("abnormal")).toBe("true");
    await user.type(screen.getByRole("textbox"), "x");
    expect(await screen.findByText("没有符合条件的摄像头。")).toBeInTheDocument();
    expect(textsOf(questions)).toEqual(["探头", "探头", "探头x"]);
    await user.click(screen.getByText("清除条件"));
    expect(await screen.findByText("探头000")).toBeInTheDocument();
    expect(router.state.location.search).toBe("");
  }, 20_000);
});

describe("the choice of the playback page", () => {
  it("reads nothing but the named camera before it is opened, then searches at the server", async () => {
    const user = userEvent.setup();
    const questions: URLSearchParams[] = [];
    server.use(citySaying(city, questions));
    const router = renderAt("/play?c=cam_119");
    const choice = await screen.findByRole("combobox", { name: "摄像头" });
    expect(screen.getByText("站前小学食堂 · 探头119 · 烹饪")).toBeInTheDocument();
    expect(questions.map((each) => each.getAll("id"))).toEqual([["cam_119"]]);
    await user.click(choice);
    expect(await screen.findByText("还有70路，请输入单位或摄像头名称查找")).toBeInTheDocument();
    await user.type(choice, "探头118");
    await user.click(await screen.findByTitle("站前小学食堂 · 探头118 · 烹饪"));
    await waitFor(() => expect(router.state.location.search).toBe("?c=cam_118"));
    expect(textsOf(questions)).toEqual([null, "探头118"]);
  }, 20_000);

  it("says that a channel has no device, and asks for no picture of it", async () => {
    const wanted = tokensWanted();
    server.use(citySaying(city));
    renderAt("/play?c=cam_absent");
    expect(await screen.findByText(/“留样间”还没有接入设备/)).toBeInTheDocument();
    expect(screen.getByRole("combobox", { name: "摄像头" })).toBeInTheDocument();
    expect(wanted).toEqual([]);
  });

  it("says the same of a camera that is not there and of one out of reach", async () => {
    server.use(citySaying([...city, aCamera({ id: "cam_live", abilities: ["camera.view", "camera.live"] })]));
    const router = renderAt("/play?c=cam_gone");
    expect(await screen.findByText(/没有找到该内容/)).toBeInTheDocument();
    await act(() => router.navigate("/play?c=cam_000"));
    expect(await screen.findByRole("slider", { name: "时间轴" })).toBeInTheDocument();
    await act(() => router.navigate("/play?c=cam_live"));
    expect(await screen.findByText(/没有找到该内容/)).toBeInTheDocument();
  });
});
