import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aCamera, citySaying, server, session } from "@/testing/server";
import { renderAt } from "./renderAt.testing";

const names = ["A", "B", "C", "D", "E", "F"];
const six = names.map((name, at) => aCamera({ id: `cam_${at}`, name }));
const tiles = () =>
  screen.getAllByRole("group").map((tile) => /食堂 (\S+)/.exec(tile.getAttribute("aria-label") ?? "")?.[1]);
const tileOf = (name: string) => screen.findByRole("group", { name: new RegExp(`食堂 ${name} `) });
const placesIn = (search: string) => (new URLSearchParams(search).get("c") ?? "").split(",");

afterEach(() => vi.restoreAllMocks());

/** jsdom draws nothing: what lies under the pointer is told by hand. */
function pointAt(element: Element | null): void {
  document.elementFromPoint = () => element;
}

function drag(from: Element, to: Element | null): void {
  fireEvent.pointerDown(from, { button: 0, pointerType: "mouse", clientX: 0, clientY: 0 });
  pointAt(to);
  fireEvent.pointerMove(window, { clientX: 90, clientY: 40 });
}

describe("the wall", () => {
  it.each([
    ["1", 1],
    ["4", 4],
    ["6", 6],
    ["9", 9],
    ["0", 16],
  ])("has by the key %s %d places", async (key, count) => {
    const user = userEvent.setup();
    server.use(citySaying(six));
    const router = renderAt(`/live?wall=${count === 4 ? 9 : 4}&c=cam_0,cam_1`);
    await tileOf("A");
    await user.keyboard(key);
    await waitFor(() => expect(new URLSearchParams(router.state.location.search).get("wall")).toBe(String(count)));
    expect(document.querySelectorAll("[data-place]")).toHaveLength(count);
  });

  it("enlarges in place and back, and keeps every tile", async () => {
    const user = userEvent.setup();
    server.use(citySaying(six));
    const router = renderAt("/live?wall=4&c=cam_0,cam_1,cam_2");
    const tile = await tileOf("B");
    const address = router.state.location.search;
    await user.dblClick(tile.querySelector(".bk-picture") as Element);
    expect(document.querySelector(".bk-wall-1")).toBeInTheDocument();
    expect(document.querySelectorAll("[data-place]")).toHaveLength(1);
    expect(await tileOf("B")).toBe(tile);
    await user.keyboard("{Escape}");
    expect(document.querySelector(".bk-wall-4")).toBeInTheDocument();
    expect(await tileOf("B")).toBe(tile);
    expect(router.state.location.search).toBe(address);
  });

  it("says who watches on every picture, to eyes only", async () => {
    server.use(citySaying(six));
    renderAt("/live?wall=4&c=cam_0,cam_1");
    const tile = await tileOf("A");
    const mark = await within(tile).findByText(/^王志远 铁东区 \d\d:\d\d$/);
    expect(mark).toHaveAttribute("aria-hidden", "true");
    expect(document.querySelectorAll(".bk-wall-watermark")).toHaveLength(0);
    await userEvent.keyboard("0");
    await waitFor(() => expect(document.querySelectorAll(".bk-wall-watermark")).toHaveLength(1));
    expect(within(tile).queryByText(/^王志远/)).not.toBeInTheDocument();
  });

  it("plays what was 30 seconds ago in the tile, for those who may play, and goes back", async () => {
    const user = userEvent.setup();
    const mute = aCamera({ id: "cam_live", name: "G", abilities: ["camera.view", "camera.live"] });
    server.use(citySaying([...six, mute]));
    renderAt("/live?wall=4&c=cam_0,cam_live");
    const tile = await tileOf("A");
    await user.keyboard("r");
    const clock = await within(tile).findByText(/^\d\d:\d\d:\d\d$/);
    const agoMs = Date.now() - Date.parse(clock.getAttribute("datetime") ?? "");
    expect(agoMs).toBeGreaterThan(29_000);
    expect(agoMs).toBeLessThan(60_000);
    await user.click(within(tile).getByRole("button", { name: "回到实时" }));
    expect(within(tile).queryByText("回看")).not.toBeInTheDocument();
    await user.keyboard("{ArrowRight}r");
    const other = await tileOf("G");
    expect(within(other).queryByText("回看")).not.toBeInTheDocument();
    expect(within(other).queryByRole("button", { name: /回看30秒/ })).not.toBeInTheDocument();
  });
});

describe("dragging", () => {
  it("hangs a camera of the list, swaps tiles and takes one off the wall, saying so before", async () => {
    server.use(citySaying(six));
    const router = renderAt("/live?wall=4&c=cam_0,cam_1,cam_2");
    const [first, second] = [await tileOf("A"), await tileOf("B")];
    const picker = screen.getByRole("complementary", { name: "选择摄像头" });
    const entry = await within(picker).findByRole("button", { name: /F/ });

    drag(entry, first);
    expect(within(first).getByText("放入")).toBeInTheDocument();
    expect(first).toHaveClass("bk-tile-target");
    fireEvent.pointerUp(window);
    await waitFor(() => expect(placesIn(router.state.location.search)).toEqual(["cam_5", "cam_1", "cam_2"]));

    drag(second.querySelector(".bk-picture") as Element, (await tileOf("C")).querySelector(".bk-picture"));
    expect(within(await tileOf("C")).getByText("交换")).toBeInTheDocument();
    fireEvent.pointerUp(window);
    await waitFor(() => expect(placesIn(router.state.location.search)).toEqual(["cam_5", "cam_2", "cam_1"]));
    expect(await tileOf("B")).toBe(second);

    drag(second.querySelector(".bk-picture") as Element, document.body);
    expect(screen.getByText("移出画面")).toBeInTheDocument();
    fireEvent.pointerUp(window);
    await waitFor(() => expect(placesIn(router.state.location.search)).toEqual(["cam_5", "cam_2"]));
  });

  it("is given up by Esc, and a click stays a click", async () => {
    const user = userEvent.setup();
    server.use(citySaying(six));
    const router = renderAt("/live?wall=4&c=cam_0,cam_1");
    const first = await tileOf("A");
    const before = router.state.location.search;
    const picker = screen.getByRole("complementary", { name: "选择摄像头" });
    const entry = await within(picker).findByRole("button", { name: /F/ });
    drag(entry, first);
    fireEvent.keyDown(window, { code: "Escape" });
    expect(within(first).queryByText("放入")).not.toBeInTheDocument();
    fireEvent.pointerUp(window);
    expect(router.state.location.search).toBe(before);
    await user.click(entry);
    expect(placesIn(router.state.location.search)).toEqual(["cam_5", "cam_1"]);
  });
});

describe("the rotation", () => {
  // Nobody has a picture here: in a time that goes on, each would lose its turn.
  beforeEach(() => {
    vi.spyOn(performance, "now").mockReturnValue(1_000);
    server.use(
      http.get("*/api/v1/kinds", () => HttpResponse.json({ categories: [], zones: [], must_zones: {} })),
      http.get("*/api/v1/regions", () =>
        HttpResponse.json({ items: [{ code: "210302", name: "铁东区", parent: "210300", level: 3 }] }),
      ),
    );
  });
  const rotating = "/live?wall=4&c=cam_0&turn=60&region=210302&grade=D&must=1";

  it("asks for the cameras that its filter means, and shows the first group", async () => {
    const questions: URLSearchParams[] = [];
    server.use(citySaying(six, questions));
    renderAt(rotating);
    await tileOf("D");
    expect(tiles()).toEqual(["A", "B", "C", "D"]);
    const asked = questions.find((each) => each.has("grade"));
    expect(Object.fromEntries(asked ?? [])).toMatchObject({
      ...{ region: "210302", grade: "D", must_zones: "true", connected: "true" },
    });
  });

  it("goes to the next group and back, waits while a tile is selected, and goes on by space", async () => {
    const user = userEvent.setup();
    server.use(citySaying(six));
    const router = renderAt(rotating);
    await tileOf("D");
    const bar = within(screen.getByRole("region", { name: "轮巡" }));
    expect(await bar.findByText("铁东区 D级 只看必看区，每组60秒")).toBeInTheDocument();
    await user.click(bar.getByRole("button", { name: "下一组" }));
    await waitFor(() => expect(tiles()).toEqual(["E", "F", "A", "B"]));
    await user.click(bar.getByRole("button", { name: "上一组" }));
    await waitFor(() => expect(tiles()).toEqual(["A", "B", "C", "D"]));
    expect(bar.queryByText(/已暂停/)).not.toBeInTheDocument();
    fireEvent.pointerDown(await tileOf("C"));
    expect(await bar.findByText("已暂停，正在看选中的画面")).toBeInTheDocument();
    (document.activeElement as HTMLElement | null)?.blur();
    await user.keyboard(" ");
    await waitFor(() => expect(bar.queryByText(/已暂停/)).not.toBeInTheDocument());
    await user.keyboard(" ");
    expect(await bar.findByText("已暂停")).toBeInTheDocument();
    await user.click(bar.getByRole("button", { name: "停止轮巡" }));
    await waitFor(() => expect(router.state.location.search).not.toContain("turn"));
    expect(placesIn(router.state.location.search)).toEqual(["cam_0", "cam_1", "cam_2", "cam_3"]);
  });

  it("ends when something is hung by hand", async () => {
    const user = userEvent.setup();
    server.use(citySaying(six));
    const router = renderAt(rotating);
    await tileOf("D");
    const picker = screen.getByRole("complementary", { name: "选择摄像头" });
    await user.click(await within(picker).findByRole("button", { name: /F/ }));
    await waitFor(() => expect(router.state.location.search).not.toContain("turn"));
    expect(placesIn(router.state.location.search)).toEqual(["cam_5", "cam_1", "cam_2", "cam_3"]);
  });
});

describe("saved walls", () => {
  const breakfast = {
    ...{ id: "wal_1", name: "早餐高峰", is_own: true, owner_name: "王志远", is_shared: true, layout: 6, left_out: 2 },
    ...{ places: ["cam_3", "", "cam_4"], rotation: null, updated_at: "2026-11-23T00:00:00Z" },
    ...{ abilities: ["wall.manage"], etag: '"3"' },
  };

  it("are opened with what may be seen, and say how much is left out", async () => {
    const user = userEvent.setup();
    server.use(
      citySaying(six),
      http.get("*/api/v1/session", () =>
        HttpResponse.json({ ...session, abilities: [...session.abilities, "wall.view", "wall.manage"] }),
      ),
      http.get("*/api/v1/walls", () => HttpResponse.json({ items: [breakfast], next_cursor: null })),
    );
    const router = renderAt("/live?wall=4&c=cam_0");
    await user.click(await screen.findByRole("button", { name: "画面集" }));
    await user.click(await screen.findByText("早餐高峰"));
    await waitFor(() => expect(placesIn(router.state.location.search)).toEqual(["cam_3", "", "cam_4"]));
    expect(new URLSearchParams(router.state.location.search).get("wall")).toBe("6");
    expect(await screen.findByText("“早餐高峰”中有2路不在您的查看范围内，未显示。")).toBeInTheDocument();
  });

  it("keep the wall with its rotation under a name", async () => {
    const user = userEvent.setup();
    const kept: unknown[] = [];
    server.use(
      citySaying(six),
      http.get("*/api/v1/session", () =>
        HttpResponse.json({ ...session, abilities: [...session.abilities, "wall.view", "wall.manage"] }),
      ),
      http.post("*/api/v1/walls", async ({ request }) => {
        kept.push(await request.json());
        return HttpResponse.json(breakfast, { status: 201 });
      }),
    );
    renderAt("/live?wall=4&c=cam_0,,cam_2&turn=20&region=210302&must=1");
    await user.click(await screen.findByRole("button", { name: "画面集" }));
    await user.type(await screen.findByLabelText("画面集名称"), "重点单位");
    await user.click(screen.getByText("本单位共用"));
    await user.click(screen.getByRole("button", { name: "保存当前画面" }));
    await waitFor(() => expect(kept).toHaveLength(1));
    expect(kept[0]).toEqual({
      ...{ name: "重点单位", is_shared: true, layout: 4, places: ["cam_0", "", "cam_2", ""] },
      rotation: { region: "210302", category: "", risk: "", must_zones_only: true, dwell_s: 20 },
    });
  });
});
