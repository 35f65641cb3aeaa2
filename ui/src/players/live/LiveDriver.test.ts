import { describe, expect, it } from "vitest";
import { fragment, initSegment, LiveBrowser, mediaMessage, settle } from "@/testing/liveBrowser";
import { LiveDriver, type LiveOptions, type LiveState, TokenDenied } from "./LiveDriver";

const h264 = 'video/mp4; codecs="avc1.640028"';
const h265 = 'video/mp4; codecs="hvc1.1.6.L120"';
const aac = 'audio/mp4; codecs="mp4a.40.2"';

function hello(mime = h264, audio: string | null = null, profile = "main") {
  return {
    type: "hello",
    profile,
    video: { mime, width: 1920, height: 1080 },
    audio: audio && { mime: audio, transcoded: true },
  };
}

async function started(options: Partial<LiveOptions> = {}) {
  const browser = new LiveBrowser();
  const states: LiveState[] = [];
  const asked: string[] = [];
  const driver = new LiveDriver(
    browser.video,
    {
      camera: "cam_1",
      profile: "main",
      hasSub: false,
      audio: false,
      fetchToken: async (profile) => {
        asked.push(profile);
        return { token: `bk1.${profile}.${asked.length}`, mediaUrl: "http://127.0.0.1:8081" };
      },
      onState: (state) => states.push(state),
      ...options,
    },
    browser,
  );
  driver.start();
  await settle();
  return { browser, states, asked, driver };
}

/** Sends one second of video whose first frame was taken `agoMs` ago. */
function sendVideo(browser: LiveBrowser, ticks: number, agoMs: number, flags = 1) {
  browser.socket.say(mediaMessage(2, browser.utcMs - agoMs, fragment(ticks), flags));
  browser.finishBuffers();
}

async function playing(options: Partial<LiveOptions> = {}) {
  const all = await started(options);
  all.browser.socket.open();
  all.browser.socket.say(hello());
  all.browser.socket.say(mediaMessage(1, 0, initSegment));
  sendVideo(all.browser, 90_000 * 3_600, 1_000);
  await all.browser.pass(250);
  return all;
}

describe("LiveDriver", () => {
  it("sends its token first and says nothing in the address", async () => {
    const { browser } = await started({ audio: true });
    expect(browser.socket.url).toBe("ws://127.0.0.1:8081/live/cam_1/ws");
    expect(browser.socket.sent).toEqual([]);
    browser.socket.open();
    expect(browser.socket.sent).toEqual([{ token: "bk1.main.1", audio: true }]);
  });

  it("plays near the live edge and reckons the delay from the stamps", async () => {
    const { browser, driver } = await playing();
    expect(browser.buffers.map((buffer) => buffer.mime)).toEqual([h264]);
    expect(browser.video.currentTime).toBeCloseTo(1.7, 3); // one second of video from second one on, 0.3 s behind its end
    expect(browser.video.paused).toBe(false);
    expect(driver.state).toMatchObject({ kind: "playing", delayMs: 600, picture: { width: 1920, hasAudio: false } });
    expect(driver.shownAtMs).toBeCloseTo(browser.utcMs - 550, 0);
  });

  it("jumps when it fell behind, and hurries when it is a little late", async () => {
    const { browser } = await playing();
    for (let second = 1; second <= 3; second += 1) sendVideo(browser, 90_000 * (3_600 + second), 1_000);
    expect(browser.video.currentTime).toBeCloseTo(4.7, 3);
    browser.video.currentTime = 4.2;
    await browser.pass(250);
    expect(browser.video.playbackRate).toBe(1.1);
  });

  it("drops what was seen long ago", async () => {
    const { browser } = await playing();
    for (let second = 1; second <= 20; second += 1) sendVideo(browser, 90_000 * (3_600 + second), 1_000);
    await browser.pass(250);
    expect(browser.buffers[0]?.removed).toEqual([[0, browser.video.currentTime - 8]]);
  });

  it("puts a new timeline behind the old one without a new source", async () => {
    const { browser } = await playing();
    browser.socket.say(hello());
    browser.socket.say(mediaMessage(1, 0, initSegment));
    sendVideo(browser, 0, 1_000, 3);
    expect(browser.sources).toBe(1);
    expect(browser.buffers[0]?.stretches).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  it("keeps sound on the timeline of the picture", async () => {
    const { browser } = await started({ audio: true });
    browser.socket.open();
    browser.socket.say(hello(h264, aac));
    browser.socket.say(mediaMessage(4, browser.utcMs, fragment(48_000 * 99)));
    sendVideo(browser, 90_000 * 100, 1_000);
    browser.socket.say(mediaMessage(4, browser.utcMs, fragment(48_000 * 100)));
    browser.finishBuffers();
    expect(browser.buffers.map((buffer) => buffer.stretches)).toEqual([[[1, 2]], [[1, 2]]]);
  });

  it("goes on without sound when a camera announces some and sends none", async () => {
    const { browser } = await started({ audio: true });
    browser.socket.open();
    browser.socket.say(hello(h264, aac));
    for (let second = 0; second < 4; second += 1) sendVideo(browser, 90_000 * second, 1_000);
    await browser.pass(250);
    browser.socket.open();
    expect(browser.sockets).toHaveLength(2);
    expect(browser.socket.sent).toEqual([{ token: "bk1.main.2", audio: false }]);
  });

  it("says that the picture stopped, then connects anew", async () => {
    const { browser, driver } = await playing();
    await browser.pass(3_250);
    expect(driver.state).toMatchObject({ kind: "stalled", picture: { width: 1920 } });
    await browser.pass(12_000);
    expect(browser.sockets).toHaveLength(2);
  });

  it("says why a camera is offline and stays connected to hear when it is back", async () => {
    const { browser, driver } = await started();
    browser.socket.open();
    browser.socket.say({ type: "state", state: "offline", reason: "wrong_password", since: "2026-11-23T00:12:00Z" });
    expect(driver.state).toEqual({
      kind: "offline",
      state: "offline",
      reason: "wrong_password",
      sinceAt: "2026-11-23T00:12:00Z",
    });
    await browser.pass(60_000);
    expect(browser.sockets).toHaveLength(1);
    browser.socket.say(hello());
    sendVideo(browser, 0, 1_000);
    await browser.pass(250);
    expect(driver.state.kind).toBe("playing");
  });

  it("shows the sub-stream and says so when the browser cannot play H.265", async () => {
    const { browser, driver, asked } = await started({ hasSub: true });
    browser.socket.open();
    browser.socket.say(hello(h265));
    await settle();
    browser.socket.open();
    browser.socket.say(hello(h264, null, "sub"));
    sendVideo(browser, 0, 1_000);
    await browser.pass(250);
    expect(asked).toEqual(["main", "sub"]);
    expect(driver.state).toMatchObject({ kind: "playing", picture: { profile: "sub", subForH265: true } });
  });

  it("asks the node to transcode when there is no other stream, and says so", async () => {
    const { browser, driver, asked } = await started();
    browser.socket.open();
    browser.socket.say(hello(h265));
    await settle();
    browser.socket.open();
    expect(browser.socket.sent).toEqual([{ token: "bk1.main.2", audio: false, codec: "h264" }]);
    const made = hello('video/mp4; codecs="avc1.42c01f"');
    browser.socket.say({ ...made, video: { ...made.video, transcoded: true } });
    sendVideo(browser, 0, 1_000);
    await browser.pass(250);
    expect(asked).toEqual(["main", "main"]);
    expect(driver.state).toMatchObject({ kind: "playing", picture: { transcoded: true, subForH265: false } });
  });

  it("has the sub-stream transcoded when that is H.265 as well", async () => {
    const { browser, asked } = await started({ hasSub: true });
    for (let turn = 0; turn < 2; turn += 1) {
      browser.socket.open();
      browser.socket.say(hello(h265));
      await settle();
    }
    browser.socket.open();
    expect(asked).toEqual(["main", "sub", "sub"]);
    expect(browser.socket.sent).toEqual([{ token: "bk1.sub.3", audio: false, codec: "h264" }]);
  });

  it("has the main stream transcoded when the sub-stream is not there after all", async () => {
    const { browser, asked } = await started({ hasSub: true });
    browser.socket.open();
    browser.socket.say(hello(h265));
    await settle();
    browser.socket.open();
    browser.socket.say({ type: "state", state: "offline", reason: "no_such_path", since: null });
    await settle();
    browser.socket.open();
    expect(asked).toEqual(["main", "sub", "main"]);
    expect(browser.socket.sent).toEqual([{ token: "bk1.main.3", audio: false, codec: "h264" }]);
  });

  it("gives up with the codec's name when not even that can be played", async () => {
    const { browser, driver } = await started();
    for (let turn = 0; turn < 2; turn += 1) {
      browser.socket.open();
      browser.socket.say(hello(h265));
      await settle();
    }
    expect(driver.state).toMatchObject({ kind: "error", code: "codec_unsupported", isFinal: true, codec: h265 });
    await browser.pass(60_000);
    expect(browser.sockets).toHaveLength(2);
  });

  it.each([
    ["transcode_full", 10_000],
    ["transcode_failed", 30_000],
  ] as const)("says %s in words, and tries again later", async (code, leastMs) => {
    const { browser, driver } = await started();
    browser.socket.open();
    browser.socket.say(hello(h265));
    await settle();
    browser.socket.open();
    browser.socket.say({ type: "end", code: `media.${code}`, limit: 1 });
    browser.socket.drop(4000);
    expect(driver.state).toMatchObject({ kind: "error", code, isFinal: false });
    await browser.pass(leastMs - 100);
    expect(browser.sockets).toHaveLength(2);
    await browser.pass(leastMs * 0.3 + 200);
    expect(browser.sockets).toHaveLength(3);
    browser.socket.open();
    expect(browser.socket.sent).toMatchObject([{ codec: "h264" }]);
  });

  it("says for good that transcoding is switched off", async () => {
    const { browser, driver } = await started();
    browser.socket.open();
    browser.socket.say({ type: "end", code: "media.transcode_off" });
    await browser.pass(60_000);
    expect(driver.state).toMatchObject({ kind: "error", code: "transcode_off", isFinal: true });
    expect(browser.sockets).toHaveLength(1);
  });

  it("says that the transcoder is away, and plays on once it is back", async () => {
    const { browser, driver } = await playing();
    browser.socket.say({ type: "transcode", state: "restarting" });
    expect(driver.state).toMatchObject({ kind: "stalled", isTranscoderAway: true });
    await browser.pass(1_000);
    expect(driver.state).toMatchObject({ kind: "stalled", isTranscoderAway: true });
    browser.socket.say({ type: "transcode", state: "running" });
    sendVideo(browser, 90_000 * 3_601, 1_000);
    await browser.pass(250);
    expect(driver.state.kind).toBe("playing");
  });

  it("waits longer after each failure", async () => {
    const { browser, driver } = await started();
    const opened = [browser.monoMs()];
    while (browser.sockets.length < 8) {
      const before = browser.sockets.length;
      browser.socket.drop();
      while (browser.sockets.length === before) await browser.pass(100);
      opened.push(browser.monoMs());
    }
    const waits = opened.slice(1).map((atMs, index) => atMs - (opened[index] ?? 0));
    expect(waits).toEqual([800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000]);
    expect(driver.state.kind).toBe("connecting");
  });

  it("renews its lease each minute with a fresh token", async () => {
    const { browser } = await playing();
    for (let second = 0; second < 61; second += 1) {
      sendVideo(browser, 90_000 * (3_601 + second), 1_000);
      await browser.pass(1_000);
    }
    expect(browser.socket.sent).toEqual([{ token: "bk1.main.1", audio: false }, { renew: "bk1.main.2" }]);
  });

  it("takes a new token at once when its lease ended, and none when its right was withdrawn", async () => {
    const { browser, driver } = await playing();
    browser.socket.say({ type: "end", code: "lease_expired" });
    await settle();
    expect(browser.sockets).toHaveLength(2);
    browser.socket.say({ type: "end", code: "revoked" });
    await browser.pass(60_000);
    expect(browser.sockets).toHaveLength(2);
    expect(driver.state).toMatchObject({ kind: "error", code: "revoked", isFinal: true });
  });

  it("takes one fresh token when its own is refused, and then says so for good", async () => {
    const { browser, driver, asked } = await started();
    browser.socket.open();
    browser.socket.drop(4401);
    await settle();
    expect(browser.sockets).toHaveLength(2);
    browser.socket.open();
    expect(browser.socket.sent).toEqual([{ token: "bk1.main.2", audio: false }]);
    browser.socket.drop(4401);
    await browser.pass(300_000);
    expect(asked).toHaveLength(2);
    expect(browser.sockets).toHaveLength(2);
    expect(driver.state).toMatchObject({ kind: "error", code: "token_refused", isFinal: true, detail: "" });
  });

  it("takes a fresh token again when one is refused much later", async () => {
    const { browser, driver } = await playing();
    browser.socket.drop(4401);
    await settle();
    browser.socket.open();
    browser.socket.say(hello());
    for (let second = 1; second <= 31; second += 1) {
      sendVideo(browser, 90_000 * (3_600 + second), 1_000);
      await browser.pass(1_000);
    }
    browser.socket.drop(4401);
    await settle();
    expect(browser.sockets).toHaveLength(3);
    expect(driver.state.kind).not.toBe("error");
  });

  it.each([
    [4404, "no_stream", 30_000],
    [4429, "too_many", 10_000],
  ] as const)(
    "waits long, and longer each time, after close code %d, and says until when",
    async (code, name, leastMs) => {
      const { browser, driver } = await started();
      const waits: number[] = [];
      while (waits.length < 5) {
        const before = browser.sockets.length;
        browser.socket.drop(code);
        expect(driver.state).toMatchObject({ kind: "error", code: name, isFinal: false });
        const atMs = browser.monoMs();
        const told = driver.state.kind === "error" ? driver.state.retryAtMs : null;
        while (browser.sockets.length === before) await browser.pass(500);
        waits.push(browser.monoMs() - atMs);
        expect(told).toBe(browser.monoMs());
      }
      expect(waits.every((waitMs) => waitMs >= leastMs)).toBe(true);
      expect(waits[1]).toBe(2 * (waits[0] ?? 0));
      expect(Math.max(...waits)).toBeLessThanOrEqual(156_000);
    },
  );

  it("hears the close code behind an end that it does not know", async () => {
    const { browser, driver } = await started();
    browser.socket.open();
    browser.socket.say({ type: "end", code: "media.too_many_viewers" });
    browser.socket.drop(4429);
    expect(driver.state).toMatchObject({ kind: "error", code: "too_many" });
  });

  it("does not connect again for the close that follows a withdrawn right", async () => {
    const { browser, driver } = await playing();
    const { onclose } = browser.socket;
    browser.socket.say({ type: "end", code: "revoked" });
    onclose?.(new CloseEvent("close", { code: 4000 }));
    await browser.pass(60_000);
    expect(browser.sockets).toHaveLength(1);
    expect(driver.state).toMatchObject({ kind: "error", code: "revoked" });
  });

  it("connects anew after a close code 4000 whose end was lost", async () => {
    const { browser } = await playing();
    browser.socket.drop(4000);
    await browser.pass(1_000);
    expect(browser.sockets).toHaveLength(2);
  });

  it("does not ask again for a token that was denied", async () => {
    const { browser, driver, states } = await started({
      fetchToken: () => Promise.reject(new TokenDenied("没有权限")),
    });
    await browser.pass(60_000);
    expect(browser.sockets).toHaveLength(0);
    expect(driver.state).toMatchObject({ kind: "error", code: "token_refused", detail: "没有权限" });
    expect(states.filter(({ kind }) => kind === "error")).toHaveLength(1);
  });

  it("connects anew on bytes that make no sense", async () => {
    const { browser } = await playing();
    browser.socket.say(new ArrayBuffer(3));
    await browser.pass(2_000);
    expect(browser.sockets).toHaveLength(2);
  });

  it("is still after stop, whatever arrives", async () => {
    const { browser, driver, states } = await playing();
    const socket = browser.socket;
    driver.stop();
    const count = states.length;
    socket.say(hello());
    await browser.pass(120_000);
    expect(driver.state).toEqual({ kind: "idle" });
    expect(states).toHaveLength(count);
    expect(browser.sockets).toHaveLength(1);
  });
});
