import { describe, expect, it } from "vitest";
import { type FakeSocket, FakeVideo, fragment, initSegment, mediaMessage, settle } from "@/testing/liveBrowser";
import { WhepBrowser } from "@/testing/whepBrowser";
import type { LiveState } from "./LiveDriver";
import { LivePair, type Screens } from "./LivePair";
import type { VideoPort } from "./ports";

const h264 = 'video/mp4; codecs="avc1.640028"';

class FakeScreens implements Screens {
  readonly opened: FakeVideo[] = [];
  readonly closed: VideoPort[] = [];
  shown: VideoPort | undefined;
  #waiting = new Map<VideoPort, () => void>();

  open(): VideoPort {
    const video = new FakeVideo();
    this.opened.push(video);
    return video;
  }

  show(video: VideoPort): void {
    this.shown = video;
  }

  close(video: VideoPort): void {
    this.closed.push(video);
  }

  onPicture(video: VideoPort, run: () => void): void {
    this.#waiting.set(video, run);
  }

  /** The element's first picture goes to the screen. */
  draw(index: number): void {
    const video = this.opened[index];
    if (video) this.#waiting.get(video)?.();
  }
}

function paired() {
  const browser = new WhepBrowser();
  const screens = new FakeScreens();
  const states: LiveState[] = [];
  const pair = new LivePair(
    {
      camera: "cam_1",
      hasSub: false,
      fetchToken: async (profile) => ({ token: `bk1.${profile}`, mediaUrl: "http://127.0.0.1:8081" }),
      onState: (state) => states.push(state),
    },
    screens,
    browser,
  );
  return { browser, screens, states, pair };
}

function say(socket: FakeSocket, browser: WhepBrowser, profile: "main" | "sub", mime = h264) {
  socket.say({
    type: "hello",
    profile,
    video: { mime, width: profile === "main" ? 1920 : 640, height: 360 },
    audio: null,
  });
  socket.say(mediaMessage(1, 0, initSegment));
  socket.say(mediaMessage(2, browser.utcMs - 1_000, fragment(90_000 * 60), 1));
  browser.finishBuffers();
}

async function playingSub() {
  const all = paired();
  all.pair.want({ profile: "sub", audio: false, way: "ws" });
  await settle();
  all.browser.socket.open();
  say(all.browser.socket, all.browser, "sub");
  await all.browser.pass(250);
  return { ...all, first: all.browser.socket };
}

const profileOf = (state: LiveState | undefined) => (state?.kind === "playing" ? state.picture.profile : state?.kind);

describe("LivePair", () => {
  it("keeps the old picture until the new one is on the screen, and says nothing in between", async () => {
    const { browser, screens, states, pair, first } = await playingSub();
    expect(profileOf(states.at(-1))).toBe("sub");
    pair.want({ profile: "main", audio: false, way: "ws" });
    await settle();
    browser.socket.open();
    expect([screens.shown, first.readyState]).toEqual([screens.opened[0], 1]);
    say(browser.socket, browser, "main");
    await browser.pass(250);
    // Decoded, but not drawn yet.
    expect([screens.shown, first.readyState, screens.closed]).toEqual([screens.opened[0], 1, []]);
    screens.draw(1);
    expect([screens.shown, first.readyState, screens.closed]).toEqual([screens.opened[1], 3, [screens.opened[0]]]);
    const told = states.map(profileOf);
    expect(told).not.toContain("idle");
    expect([...new Set(told.slice(told.indexOf("sub")))]).toEqual(["sub", "main"]);
  });

  it("does the same on the way back", async () => {
    const { browser, screens, pair } = await playingSub();
    for (const [index, profile] of [
      [1, "main"],
      [2, "sub"],
    ] as const) {
      pair.want({ profile, audio: false, way: "ws" });
      await settle();
      browser.socket.open();
      say(browser.socket, browser, profile);
      await browser.pass(250);
      expect(screens.shown).toBe(screens.opened[index - 1]);
      screens.draw(index);
      expect(screens.shown).toBe(screens.opened[index]);
    }
    expect(screens.closed).toEqual(screens.opened.slice(0, 2));
  });

  it("goes on as before when it is called back before the new picture came", async () => {
    const { browser, screens, pair, first } = await playingSub();
    pair.want({ profile: "main", audio: false, way: "ws" });
    await settle();
    const second = browser.socket;
    pair.want({ profile: "sub", audio: false, way: "ws" });
    await settle();
    expect([second.readyState, first.readyState, browser.sockets.length]).toEqual([3, 1, 2]);
    expect([screens.shown, screens.closed]).toEqual([screens.opened[0], [screens.opened[1]]]);
    screens.draw(1); // too late: nobody wants it any more
    expect(screens.shown).toBe(screens.opened[0]);
  });

  it("keeps the picture it has when the other stream cannot be played", async () => {
    const { browser, screens, states, pair, first } = await playingSub();
    pair.want({ profile: "main", audio: false, way: "ws" });
    await settle();
    browser.socket.open();
    say(browser.socket, browser, "main", 'video/mp4; codecs="hvc1.1.6.L120"');
    await settle();
    browser.socket.open(); // asks for it transcoded
    say(browser.socket, browser, "main", 'video/mp4; codecs="hvc1.1.6.L120"');
    await browser.pass(1_000);
    expect([screens.shown, first.readyState, screens.closed]).toEqual([screens.opened[0], 1, [screens.opened[1]]]);
    expect(profileOf(states.at(-1))).toBe("sub");
  });

  it("turns to the new one when the old one loses its picture first", async () => {
    const { browser, screens, states, pair, first } = await playingSub();
    pair.want({ profile: "main", audio: false, way: "ws" });
    await settle();
    first.say({ type: "state", state: "offline", reason: "unreachable", since: null });
    expect(screens.shown).toBe(screens.opened[1]);
    expect(profileOf(states.at(-1))).toBe("connecting");
    browser.socket.open();
    say(browser.socket, browser, "main");
    await browser.pass(250);
    expect(profileOf(states.at(-1))).toBe("main");
  });

  it("is heard only from the picture that is seen", async () => {
    const { browser, screens, pair } = await playingSub();
    pair.want({ profile: "sub", audio: true, way: "ws" });
    await settle();
    browser.socket.open();
    say(browser.socket, browser, "sub");
    await browser.pass(250);
    expect(screens.opened.map((video) => video.muted)).toEqual([true, true]);
    screens.draw(1);
    expect(screens.opened[1]?.muted).toBe(false);
  });

  it("is still after stop", async () => {
    const { browser, screens, states, pair } = await playingSub();
    pair.want({ profile: "main", audio: false, way: "ws" });
    await settle();
    pair.stop();
    expect(browser.sockets.map((socket) => socket.readyState)).toEqual([3, 3]);
    expect(screens.closed).toHaveLength(2);
    expect(states.at(-1)).toEqual({ kind: "idle" });
    const count = states.length;
    await browser.pass(60_000);
    expect(states).toHaveLength(count);
  });
});
