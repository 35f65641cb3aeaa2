import { describe, expect, it } from "vitest";
import { fragment, mediaMessage, settle } from "@/testing/liveBrowser";
import { WhepBrowser } from "@/testing/whepBrowser";
import { chooseDriver, type LiveWay } from "./chooseDriver";
import { type LiveOptions, type LiveState, TokenDenied } from "./LiveDriver";

async function started(
  prepare: (browser: WhepBrowser) => void = () => {},
  options: Partial<LiveOptions> = {},
  way: LiveWay = "webrtc",
) {
  const browser = new WhepBrowser();
  prepare(browser);
  const states: LiveState[] = [];
  let asked = 0;
  const driver = chooseDriver(
    browser.video,
    {
      camera: "cam_1",
      profile: "main",
      hasSub: false,
      audio: false,
      fetchToken: async () => {
        asked += 1;
        return { token: `bk1.${asked}`, mediaUrl: "http://127.0.0.1:8081" };
      },
      onState: (state) => states.push(state),
      ...options,
    },
    browser,
    way,
  );
  driver.start();
  await settle();
  return { browser, states, driver, asked: () => asked };
}

describe("WhepDriver", () => {
  it("offers with its token in a header and attaches what is answered", async () => {
    const { browser } = await started();
    expect(browser.offers).toEqual([
      { url: "http://127.0.0.1:8081/live/cam_1/whep", token: "bk1.1", sdp: "v=0 offer" },
    ]);
    expect(browser.peer).toMatchObject({ isAttached: true, accepted: "v=0 answer" });
    expect(browser.video.paused).toBe(false);
    expect(browser.sockets).toHaveLength(0);
  });

  it.each([true, false])("asks for sound only if it is wanted (%s)", async (audio) => {
    const { browser } = await started(undefined, { audio });
    expect(browser.peer.offersAudio).toBe(audio);
  });

  it("plays, and tells from the timestamp when the picture was filmed", async () => {
    const { browser, driver } = await started();
    browser.show(140);
    expect(driver.state).toMatchObject({
      kind: "playing",
      delayMs: 100,
      picture: { profile: "main", width: 1920, height: 1080, hasAudio: true },
    });
    expect(driver.shownAtMs).toBeCloseTo(browser.utcMs - 140, 0);
    await browser.playFor(3_000);
    expect(driver.state).toMatchObject({ kind: "playing", bitrateBps: 2_000_000 });
  });

  it.each([
    ["a refusal", { status: 422, body: "", location: "", hasAudio: false }],
    ["a node that cannot be reached", new TypeError("failed to fetch")],
  ])("takes the other way without a word after %s", async (_name, answer) => {
    const { browser, states } = await started((each) => {
      each.answer = answer;
    });
    expect(browser.peer.isClosed).toBe(true);
    expect(browser.sockets).toHaveLength(1);
    expect(states.map(({ kind }) => kind)).not.toContain("error");
  });

  it("takes the other way when no picture comes within three seconds", async () => {
    const { browser, driver } = await started();
    await browser.pass(2_900);
    expect(browser.sockets).toHaveLength(0);
    await browser.pass(200);
    expect(browser.sockets).toHaveLength(1);
    expect(browser.ended).toEqual([{ location: "http://127.0.0.1:8081/live/cam_1/whep/r", token: "bk1.1" }]);
    browser.socket.open();
    browser.socket.say({
      type: "hello",
      profile: "main",
      video: { mime: 'video/mp4; codecs="avc1.640028"', width: 1920, height: 1080 },
      audio: null,
    });
    browser.socket.say(mediaMessage(2, browser.utcMs - 1_000, fragment(90_000), 1));
    browser.finishBuffers();
    await browser.pass(250);
    expect(driver.state.kind).toBe("playing");
  });

  it("takes the other way when the browser does not tell which picture it shows", async () => {
    const { browser } = await started();
    browser.show(40, { timestamp: undefined });
    await settle();
    expect(browser.sockets).toHaveLength(1);
  });

  it("renews its lease each minute with a fresh token, and ends it with the newest", async () => {
    const { browser, driver } = await started();
    await browser.playFor(61_000);
    const location = "http://127.0.0.1:8081/live/cam_1/whep/r";
    expect(browser.renewed).toEqual([{ location, token: "bk1.2" }]);
    driver.stop();
    expect(browser.ended).toEqual([{ location, token: "bk1.2" }]);
    expect(driver.state).toEqual({ kind: "idle" });
  });

  it("says that the picture stopped, then tries again, and the other way if nothing comes", async () => {
    const { browser, driver } = await started();
    await browser.playFor(11_000);
    await browser.pass(3_600);
    expect(driver.state).toMatchObject({ kind: "stalled", picture: { width: 1920 } });
    await browser.pass(3_000);
    expect(browser.peers).toHaveLength(2);
    await browser.pass(3_100);
    expect(browser.sockets).toHaveLength(1);
  });

  it("goes on in a page that shows no pictures but gets them", async () => {
    const { browser, driver } = await started();
    await browser.playFor(2_000);
    for (let second = 0; second < 20; second += 1) {
      browser.peer.bytes += 250_000;
      await browser.pass(1_000);
    }
    expect(driver.state.kind).toBe("playing");
    expect(browser.peers).toHaveLength(1);
  });

  it("hears by its next token that its right was withdrawn", async () => {
    let isDenied = false;
    const { browser, driver } = await started(undefined, {
      fetchToken: async () => {
        if (isDenied) throw new TokenDenied("没有权限");
        return { token: "bk1.x", mediaUrl: "http://127.0.0.1:8081" };
      },
    });
    await browser.playFor(11_000);
    isDenied = true;
    browser.peer.onlost?.();
    await settle();
    expect(driver.state).toMatchObject({ kind: "error", code: "token_refused", isFinal: true, detail: "没有权限" });
    await browser.pass(60_000);
    expect(browser.sockets).toHaveLength(0);
  });

  it("connects anew when a renewal is refused", async () => {
    const { browser } = await started((each) => {
      each.renewStatus = 401;
    });
    await browser.playFor(61_000);
    expect(browser.offers).toHaveLength(2);
  });

  it("ends a viewer whose answer came after it was stopped", async () => {
    let answerNow = () => {};
    const { browser, driver } = await started((each) => {
      each.answering = new Promise((resolve) => {
        answerNow = resolve;
      });
    });
    driver.stop();
    expect(browser.peer.isClosed).toBe(true);
    expect(browser.ended).toEqual([]);
    answerNow();
    await settle();
    expect(browser.ended).toEqual([{ location: "http://127.0.0.1:8081/live/cam_1/whep/r", token: "bk1.1" }]);
    await browser.pass(60_000);
    expect(driver.state).toEqual({ kind: "idle" });
    expect(browser.sockets).toHaveLength(0);
  });
});

describe("the way of live pictures", () => {
  it("is the WebSocket unless WebRTC is asked for", async () => {
    const { browser } = await started(undefined, {}, "ws");
    expect(browser.sockets).toHaveLength(1);
    expect(browser.peers).toHaveLength(0);
  });

  it("is WebRTC where there are no Media Source Extensions", async () => {
    const { browser } = await started(
      (each) => {
        each.hasMse = false;
      },
      {},
      "ws",
    );
    expect(browser.peers).toHaveLength(1);
    expect(browser.sockets).toHaveLength(0);
  });

  it("is the WebSocket where there is no WebRTC", async () => {
    const { browser } = await started((each) => {
      each.hasWebRtc = false;
    });
    await settle();
    expect(browser.sockets).toHaveLength(1);
  });
});
