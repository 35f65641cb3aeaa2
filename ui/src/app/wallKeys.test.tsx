import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { afterEach, describe, expect, it, vi } from "vitest";
import { aCamera, citySaying, refusal, server, session } from "@/testing/server";
import { renderAt } from "./renderAt.testing";

const three = ["A", "B", "C"].map((name, at) => aCamera({ id: `cam_${at}`, name, premises_id: "prm_1", zone: "" }));
const tileOf = (name: string) => screen.findByRole("group", { name: new RegExp(`食堂 ${name} `) });

function mayAlso(...abilities: string[]) {
  return http.get("*/api/v1/session", () =>
    HttpResponse.json({ ...session, abilities: [...session.abilities, ...abilities] }),
  );
}

afterEach(() => vi.restoreAllMocks());

describe("marking by key", () => {
  it("keeps the moment at once, then takes a note, and letters of it are no keys", async () => {
    const user = userEvent.setup();
    const sent: [string, { at?: string; note: string; camera_id?: string }][] = [];
    const made = { id: "mrk_1", camera_id: "cam_0", at: "", note: "", by_name: "王志远", abilities: ["mark.change"] };
    server.use(
      citySaying(three),
      mayAlso("mark.add"),
      http.post("*/api/v1/marks", async ({ request }) => {
        sent.push(["add", (await request.json()) as { at: string; note: string }]);
        return HttpResponse.json(made, { status: 201 });
      }),
      http.patch("*/api/v1/marks/mrk_1", async ({ request }) => {
        sent.push(["note", (await request.json()) as { note: string }]);
        return HttpResponse.json(made);
      }),
    );
    renderAt("/live?wall=4&c=cam_0,cam_1");
    await tileOf("A");
    const pressedMs = Date.now();
    await user.keyboard("{Shift>}b{/Shift}");
    const note = await screen.findByLabelText("说明（可不填）");
    expect(note).toHaveFocus();
    await user.keyboard("bsr");
    expect(await screen.findByText(/^已标记\d\d:\d\d:\d\d A$/)).toBeInTheDocument();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[0]).toEqual(["add", { camera_id: "cam_0", at: expect.any(String), note: "" }]);
    expect(Math.abs(Date.parse(sent[0]?.[1].at ?? "") - pressedMs)).toBeLessThan(30_000);
    expect(sent[1]).toEqual(["note", { note: "bsr" }]);
    await waitFor(() => expect(screen.queryByLabelText("说明（可不填）")).not.toBeInTheDocument());
  });

  it("says why it did not work, and is not for those who may not", async () => {
    const user = userEvent.setup();
    const live = aCamera({ id: "cam_9", name: "G", abilities: ["camera.view", "camera.live"] });
    server.use(
      citySaying([...three, live]),
      mayAlso("mark.add"),
      http.post("*/api/v1/marks", () => refusal(409, "mark.too_many", "24小时内最多标记500次。")),
    );
    renderAt("/live?wall=4&c=cam_9,cam_0");
    const other = await tileOf("G");
    expect(within(other).queryByRole("button", { name: "标记 B" })).not.toBeInTheDocument();
    await user.keyboard("b");
    expect(screen.queryByText(/已标记|正在标记/)).not.toBeInTheDocument();
    await user.keyboard("{ArrowRight}b");
    expect(await screen.findByText(/24小时内最多标记500次。/)).toBeInTheDocument();
  });
});

describe("the help", () => {
  it("lists what this person can do, by the question mark", async () => {
    const user = userEvent.setup();
    server.use(citySaying(three));
    renderAt("/live?wall=4&c=cam_0");
    await tileOf("A");
    await user.keyboard("?");
    const help = await screen.findByRole("dialog", { name: "快捷键" });
    expect(within(help).getByText("截图")).toBeInTheDocument();
    expect(within(help).queryByText("标记此刻并写说明")).not.toBeInTheDocument();
  });
});

describe("a tile", () => {
  it("names its open fault and why its premises is closed", async () => {
    server.use(
      citySaying(three),
      http.get("*/api/v1/faults", ({ request }) => {
        expect(new URL(request.url).searchParams.getAll("camera")).toEqual(["cam_0"]);
        const fault = { id: "flt_1", number: "G2611-0193", camera_id: "cam_0", state: "DISPATCHED" };
        return HttpResponse.json({ items: [fault], counts: [], next_cursor: null });
      }),
      http.get("*/api/v1/camera-tree/openings", () =>
        HttpResponse.json({
          items: [
            {
              ...{ premises_id: "prm_1", state: "suspended", hours: "", opens_at: null },
              ...{ from_on: "2026-07-10", to_on: "2026-08-31" },
            },
          ],
        }),
      ),
    );
    renderAt("/live?wall=4&c=cam_0");
    const tile = await tileOf("A");
    expect(await within(tile).findByRole("link", { name: "工单G2611-0193" })).toHaveAttribute(
      "href",
      "/faults?t=flt_1",
    );
    expect(await within(tile).findByText(/停业至8月31日/)).toBeInTheDocument();
  });
});

describe("favourites", () => {
  it("are kept by the star and listed under their own head", async () => {
    const user = userEvent.setup();
    const kept = new Set<string>();
    server.use(
      citySaying(three),
      mayAlso("wall.view", "wall.manage"),
      http.get("*/api/v1/favourites", () =>
        HttpResponse.json({ cameras: three.filter(({ id }) => kept.has(id)), premises: [], left_out: 1 }),
      ),
      http.put("*/api/v1/favourites/:id", ({ params }) => {
        kept.add(String(params.id));
        return new HttpResponse(null, { status: 204 });
      }),
    );
    renderAt("/live?wall=4&c=cam_0");
    const picker = within(await screen.findByRole("complementary", { name: "选择摄像头" }));
    await user.click(await picker.findByRole("button", { name: "收藏 C" }));
    await waitFor(() => expect(picker.getByRole("button", { name: "收藏 C" })).toHaveAttribute("aria-pressed", "true"));
    await user.click(picker.getByText("收藏"));
    expect(await picker.findByText("另有1项不在您的查看范围内，未显示。")).toBeInTheDocument();
    expect(picker.getAllByRole("button", { name: /^[ABC] / }).map(({ textContent }) => textContent)).toHaveLength(1);
    localStorage.removeItem("bk.tree");
  });
});

describe("the list", () => {
  it("is narrowed to what is open now", async () => {
    const user = userEvent.setup();
    const questions: URLSearchParams[] = [];
    server.use(citySaying(three, questions));
    renderAt("/live?wall=4&c=cam_0");
    await tileOf("A");
    await user.click(screen.getByLabelText("只看营业"));
    await waitFor(() => expect(questions.at(-1)?.get("open")).toBe("true"));
  });
});
