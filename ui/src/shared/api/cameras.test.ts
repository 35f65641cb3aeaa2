import { type InfiniteData, QueryClient, QueryObserver } from "@tanstack/react-query";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { aCamera, citySaying, server } from "@/testing/server";
import {
  type Camera,
  type CameraPage,
  type CamerasAsked,
  camerasByIdQuery,
  camerasQuery,
  dropCamera,
  putCamera,
} from "./cameras";
import { followEvents } from "./events";

const a = aCamera({ id: "cam_a", name: "A", premises_id: "prm_1" });
const b = aCamera({ id: "cam_b", name: "B", premises_id: "prm_1" });
const c = aCamera({ id: "cam_c", name: "C" });
const connected: CamerasAsked = { connected: true, limit: 50 };

function aPage(items: Camera[], changes: Partial<CameraPage> = {}): CameraPage {
  return { items, total: items.length, hasMore: false, nextCursor: null, ...changes };
}

const partial = { total: 18_000, hasMore: true, nextCursor: "cam_b" };

let queries: QueryClient;
beforeEach(() => {
  queries = new QueryClient();
});

function keep(asked: CamerasAsked, page: CameraPage) {
  queries.setQueryData(["cameras", asked], page);
}

function kept(asked: CamerasAsked): CameraPage | undefined {
  return queries.getQueryData(["cameras", asked]);
}

const idsOf = (page: CameraPage | undefined) => page?.items.map(({ id }) => id);

describe("a list of cameras", () => {
  it("has a changed camera where it stood", () => {
    keep(connected, aPage([a, b], partial));
    const renamed = { ...a, name: "Z" };
    putCamera(queries, renamed);
    expect(kept(connected)).toEqual(aPage([renamed, b], partial));
  });

  it("does not stir for a camera outside its page, however often that one reports", () => {
    keep(connected, aPage([a, b], partial));
    const before = kept(connected);
    const heard = vi.fn();
    queries.getQueryCache().subscribe(heard);
    for (let report = 0; report < 100; report += 1) putCamera(queries, c);
    dropCamera(queries, "cam_other");
    expect(kept(connected)).toBe(before);
    expect(heard).not.toHaveBeenCalled();
  });

  it("takes a new camera into its order when it is complete and everything belongs to it", () => {
    keep(connected, aPage([a, c]));
    putCamera(queries, b);
    expect(kept(connected)).toEqual(aPage([a, b, c]));
  });

  it("takes no new camera when only the server can tell whether it belongs", () => {
    for (const asked of [{ text: "A" }, { abnormal: true }] satisfies CamerasAsked[]) {
      keep(asked, aPage([a]));
      putCamera(queries, b);
      expect(idsOf(kept(asked))).toEqual(["cam_a"]);
      putCamera(queries, { ...a, name: "Z" });
      expect(kept(asked)?.items[0]?.name).toBe("Z");
    }
  });

  it("of connected ones loses one whose device is gone, and the others win it", () => {
    const without = { ...a, address: "" };
    keep(connected, aPage([a, b]));
    keep({ connected: false }, aPage([]));
    putCamera(queries, without);
    expect(kept(connected)).toEqual(aPage([b]));
    expect(kept({ connected: false })).toEqual(aPage([without]));
  });

  it("of a wall takes only what hangs on it", () => {
    keep({ id: ["cam_a", "cam_b"], limit: 64 }, aPage([a]));
    putCamera(queries, c);
    putCamera(queries, b);
    expect(idsOf(kept({ id: ["cam_a", "cam_b"], limit: 64 }))).toEqual(["cam_a", "cam_b"]);
  });

  it("loses a removed camera, and counts one less", () => {
    keep(connected, aPage([a, b], partial));
    dropCamera(queries, "cam_a");
    expect(kept(connected)).toEqual(aPage([b], { ...partial, total: 17_999 }));
  });

  it("in pages is changed on the page of the camera only", () => {
    const key = ["cameras", connected, "rows"];
    const first = aPage([a], { total: 3, hasMore: true, nextCursor: "cam_a" });
    const second = aPage([b], { total: 3, hasMore: true, nextCursor: "cam_b" });
    queries.setQueryData(key, { pages: [first, second], pageParams: ["", "cam_a"] });
    const rows = () => queries.getQueryData<InfiniteData<CameraPage>>(key)?.pages ?? [];
    putCamera(queries, { ...b, name: "Z" });
    expect(rows()[0]).toBe(first);
    expect(rows()[1]?.items[0]?.name).toBe("Z");
    putCamera(queries, c);
    expect(rows().flatMap((page) => idsOf(page))).toEqual(["cam_a", "cam_b"]);
    dropCamera(queries, "cam_b");
    expect(rows().map((page) => [idsOf(page), page.total])).toEqual([
      [["cam_a"], 2],
      [[], 2],
    ]);
  });

  it("of one premises follows who belongs to it", () => {
    const key = ["cameras", "of", "prm_1"];
    queries.setQueryData(key, [a]);
    const ids = () => queries.getQueryData<Camera[]>(key)?.map(({ id }) => id);
    putCamera(queries, c);
    expect(ids()).toEqual(["cam_a"]);
    putCamera(queries, b);
    expect(ids()).toEqual(["cam_a", "cam_b"]);
    putCamera(queries, { ...a, premises_id: null });
    expect(ids()).toEqual(["cam_b"]);
    dropCamera(queries, "cam_b");
    expect(ids()).toEqual([]);
  });
});

describe("cameras by their ids", () => {
  it("are asked for in one question, each once, whatever their order", async () => {
    const questions: URLSearchParams[] = [];
    server.use(citySaying([a, b, c], questions));
    const page = await queries.fetchQuery(camerasByIdQuery(queries, ["cam_b", "", "cam_a", "cam_b"]));
    expect(idsOf(page)).toEqual(["cam_a", "cam_b"]);
    expect(questions.map((each) => each.getAll("id"))).toEqual([["cam_a", "cam_b"]]);
    expect(camerasByIdQuery(queries, ["cam_a", "cam_b"]).queryKey).toEqual(
      camerasByIdQuery(queries, ["cam_b", "cam_a"]).queryKey,
    );
  });

  it("are there at once as far as another list has them", () => {
    keep(connected, aPage([a, b], partial));
    const observer = new QueryObserver(queries, { ...camerasByIdQuery(queries, ["cam_c", "cam_b"]), enabled: false });
    const shown = observer.getCurrentResult();
    expect([idsOf(shown.data), shown.isPlaceholderData]).toEqual([["cam_b"], true]);
  });
});

describe("events", () => {
  class Line {
    onopen?: () => void;
    onmessage?: (event: { data: string }) => void;
    onclose?: (event: { code: number }) => void;
    close() {}
  }

  it("change what is kept and never read a list again; only a gap does", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const questions: URLSearchParams[] = [];
    server.use(citySaying([a, b, c], questions));
    const asked: CamerasAsked = { limit: 2 };
    await queries.fetchQuery(camerasQuery(asked));
    expect(questions).toHaveLength(1);
    const lines: Line[] = [];
    const openSocket = () => {
      lines.push(new Line());
      return lines.at(-1) as unknown as WebSocket;
    };
    const stop = followEvents(queries, () => undefined, { openSocket, random: () => 0.5 });
    const invalidated = vi.spyOn(queries, "invalidateQueries");
    lines[0]?.onopen?.();
    const say = (event: object) => lines[0]?.onmessage?.({ data: JSON.stringify(event) });
    say({ type: "camera", camera: c });
    say({ type: "camera", camera: { ...b, name: "B2" } });
    say({ type: "removed", id: "cam_a" });
    say({ type: "alive" });
    expect(kept(asked)?.items.map(({ name }) => name)).toEqual(["B2"]);
    expect(kept(asked)?.total).toBe(2);
    expect(invalidated).not.toHaveBeenCalled();
    lines[0]?.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(2_000);
    lines[1]?.onopen?.();
    const read = () => invalidated.mock.calls.map(([filters]) => filters?.queryKey?.join(" "));
    expect(read()).toEqual(["cameras", "overview", "recording alarms", "faults"]);
    // However much work comes, what shows it is read again at once and then each three seconds.
    for (let number = 0; number < 5; number += 1) lines[1]?.onmessage?.({ data: JSON.stringify({ type: "work" }) });
    expect(read()).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(3_100);
    expect(read().slice(4)).toEqual(["overview", "recording alarms", "faults"]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(read()).toHaveLength(7);
    expect(questions).toHaveLength(1);
    stop();
    vi.useRealTimers();
  });
});
