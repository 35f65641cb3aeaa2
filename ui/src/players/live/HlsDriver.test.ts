import { describe, expect, it } from "vitest";
import { settle } from "@/testing/liveBrowser";
import { WhepBrowser } from "@/testing/whepBrowser";
import { chooseDriver } from "./chooseDriver";
import { type LiveOptions, type LiveState, TokenDenied } from "./LiveDriver";

const address = "http://127.0.0.1:8081/live/cam_1/hls/r/index.m3u8";

/** A browser without Media Source Extensions and without WebRTC: what is left is its own player. */
async function started(prepare: (browser: WhepBrowser) => void = () => {}, options: Partial<LiveOptions> = {}) {
  const browser = new WhepBrowser();
  browser.hasMse = browser.hasWebRtc = false;
  browser.hasNativeHls = true;
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
    "ws",
  );
  driver.start();
  await settle();
  return { browser, states, driver, asked: () => asked };
}

describe("HlsDriver", () => {
  it("opens an address with its token in a header and has the element play it", async () => {
    const { browser, driver } = await started();
    expect(browser.opened).toEqual([{ url: "http://127.0.0.1:8081/live/cam_1/hls", token: "bk1.1" }]);
    expect(browser.playing).toBe(address);
    expect(browser.video.paused).toBe(false);
    expect(driver.state.kind).toBe("connecting");
  });

  it("is not taken where there are Media Source Extensions or a picture by WebRTC", async () => {
    const mse = await started((browser) => {
      browser.hasMse = true;
    });
    expect(mse.browser.opened).toHaveLength(0);
    expect(mse.browser.sockets).toHaveLength(1);
    const webrtc = await started((browser) => {
      browser.hasWebRtc = true;
    });
    webrtc.browser.show(100);
    await webrtc.browser.playFor(5_000);
    expect(webrtc.browser.opened).toHaveLength(0);
    expect(webrtc.driver.state.kind).toBe("playing");
  });

  it("is taken without a word when WebRTC shows nothing", async () => {
    const { browser, states } = await started((each) => {
      each.hasWebRtc = true;
    });
    await browser.pass(3_100);
    expect(browser.playing).toBe(address);
    expect(states.map(({ kind }) => kind)).not.toContain("error");
  });

  it("says that the browser is too old where it has no player either", async () => {
    const { browser, driver } = await started((each) => {
      each.hasNativeHls = false;
      each.playable = /nothing/;
    });
    browser.sockets[0]?.open();
    browser.sockets[0]?.say({
      type: "hello",
      profile: "main",
      video: { mime: 'video/mp4; codecs="avc1.640028"', width: 1920, height: 1080 },
      audio: null,
    });
    expect(driver.state).toMatchObject({ kind: "error", code: "no_mse", isFinal: true });
  });

  it("plays, and tells when the picture was filmed where the browser says it", async () => {
    const { browser, driver } = await started();
    await browser.runFor(3_000, 2_300);
    expect(driver.state).toMatchObject({
      kind: "playing",
      delayMs: 2_300,
      picture: { profile: "main", width: 1920, height: 1080, hasAudio: true, subForH265: false },
    });
    expect(driver.shownAtMs).toBeCloseTo(browser.utcMs - 2_300, 0);
  });

  it("measures the delay from the newest picture where the browser does not say when it was filmed", async () => {
    const { browser, driver } = await started();
    await browser.runFor(1_000);
    browser.picture = { width: 640, height: 360, zeroAtMs: undefined, edgeS: browser.video.currentTime + 1.5 };
    browser.video.currentTime += 0.1;
    await browser.pass(500);
    expect(driver.state).toMatchObject({ kind: "playing", delayMs: 1_400 });
    expect(driver.shownAtMs).toBeUndefined();
  });

  it("says in the node's words why there is no picture, and plays once there is one", async () => {
    const { browser, driver } = await started((each) => each.sayNoPicture("offline", "wrong_password"));
    expect(driver.state).toEqual({ kind: "offline", state: "offline", reason: "wrong_password", sinceAt: null });
    expect(browser.playing).toBe("");
    browser.sayNoPicture("connecting", "");
    await browser.pass(3_100);
    expect(driver.state).toEqual({ kind: "offline", state: "connecting", reason: null, sinceAt: null });
    browser.sayList();
    await browser.pass(3_100);
    await browser.runFor(1_000);
    expect(driver.state.kind).toBe("playing");
    expect(browser.opened).toHaveLength(1);
  });

  it("says that it stands still, then why, when the camera goes away while it plays", async () => {
    const { browser, driver, states } = await started();
    await browser.runFor(2_000);
    browser.sayNoPicture("offline", "unreachable");
    await browser.pass(4_000);
    expect(states.map(({ kind }) => kind).slice(-2)).toEqual(["stalled", "offline"]);
    expect(driver.state).toMatchObject({ kind: "offline", reason: "unreachable" });
    expect(browser.playing).toBe("");
  });

  it("connects anew when the picture stands still although the camera sends", async () => {
    const { browser, states } = await started();
    await browser.runFor(2_000);
    await browser.pass(14_000);
    expect(states.map(({ kind }) => kind)).toContain("stalled");
    expect(browser.opened).toHaveLength(2);
    expect(browser.endedAddresses).toEqual([{ url: address, token: "bk1.1" }]);
    expect(browser.playing).toBe(address);
  });

  it("connects anew when the player gives up, and says so from the second time on", async () => {
    const { browser, driver } = await started();
    await browser.runFor(1_000);
    browser.breakPlayer();
    await browser.pass(1_500);
    expect(browser.opened).toHaveLength(2);
    expect(driver.state.kind).not.toBe("error");
    browser.address = new TypeError("failed to fetch");
    browser.breakPlayer();
    await browser.pass(3_000);
    expect(driver.state).toMatchObject({ kind: "error", code: "unreachable", isFinal: false });
  });

  it.each([
    [404, "no_stream"],
    [429, "too_many"],
  ])("waits as long as it is told after %i", async (status, code) => {
    const { browser, driver } = await started((each) => {
      each.address = { status, url: "" };
    });
    expect(driver.state).toMatchObject({ kind: "error", code, isFinal: false });
    await browser.pass(5_000);
    expect(browser.opened).toHaveLength(1);
    await browser.pass(60_000);
    expect(browser.opened.length).toBeGreaterThan(1);
  });

  it("tries one fresh token after a refusal, and believes the second", async () => {
    const { browser, driver, asked } = await started((each) => {
      each.address = { status: 401, url: "" };
    });
    expect(asked()).toBe(2);
    expect(driver.state).toMatchObject({ kind: "error", code: "token_refused", isFinal: true });
    await browser.pass(60_000);
    expect(asked()).toBe(2);
  });

  it("tells what the refusal of a token says", async () => {
    const { driver } = await started(undefined, {
      fetchToken: () => Promise.reject(new TokenDenied("您没有查看的权限")),
    });
    expect(driver.state).toMatchObject({ kind: "error", code: "token_refused", detail: "您没有查看的权限" });
  });

  it("renews with a fresh token each minute, and begins anew when the lease is gone", async () => {
    const { browser } = await started();
    await browser.runFor(61_000);
    expect(browser.renewedAddresses).toEqual([{ url: address, token: "bk1.2" }]);
    browser.renewAddressStatus = 401;
    await browser.runFor(60_000);
    expect(browser.opened).toHaveLength(2);
  });

  it("shows the small stream where the player does not take the codec of the large one", async () => {
    const { browser, driver } = await started(
      (each) => {
        each.sayList("hvc1.1.6.L120.90");
        const open = each.openAddress.bind(each);
        each.openAddress = (url, token) => {
          if (token === "bk1.sub") each.sayList("avc1.42001e");
          return open(url, token);
        };
      },
      {
        hasSub: true,
        fetchToken: async (profile) => ({ token: `bk1.${profile}`, mediaUrl: "http://127.0.0.1:8081" }),
      },
    );
    expect(browser.opened.map(({ token }) => token)).toEqual(["bk1.main", "bk1.sub"]);
    await browser.runFor(1_000);
    expect(driver.state).toMatchObject({
      kind: "playing",
      picture: { profile: "sub", hasAudio: false, subForH265: true },
    });
  });

  it("names the codec that it cannot show where there is no small stream", async () => {
    const { driver } = await started((each) => each.sayList("hvc1.1.6.L120.90"));
    expect(driver.state).toMatchObject({ kind: "error", code: "codec_unsupported", codec: "hvc1.1.6.L120.90" });
  });

  it("leaves nothing behind when it is stopped", async () => {
    const { browser, driver, asked } = await started();
    await browser.runFor(1_000);
    driver.stop();
    expect(driver.state).toEqual({ kind: "idle" });
    expect(browser.playing).toBe("");
    expect(browser.endedAddresses).toEqual([{ url: address, token: "bk1.1" }]);
    await browser.pass(120_000);
    expect(asked()).toBe(1);
    expect(browser.opened).toHaveLength(1);
  });

  it("ends an address that is answered after it was stopped", async () => {
    let answer = () => {};
    const { browser, driver } = await started((each) => {
      const open = each.openAddress.bind(each);
      each.openAddress = async (url, token) => {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return open(url, token);
      };
    });
    driver.stop();
    answer();
    await settle();
    expect(browser.endedAddresses).toEqual([{ url: address, token: "bk1.1" }]);
    expect(browser.playing).toBe("");
  });
});
