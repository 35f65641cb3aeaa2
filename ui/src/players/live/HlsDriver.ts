import type { HlsPorts } from "./hlsPorts";
import {
  type LiveErrorCode,
  type LiveOptions,
  type LivePicture,
  type LiveState,
  type LiveToken,
  type Profile,
  TokenDenied,
} from "./LiveDriver";
import type { LivePorts, VideoPort } from "./ports";

const renewEveryMs = 60_000;
const tickEveryMs = 500;
const silentStalledMs = 3_000;
const silentReconnectMs = 12_000;
/** The node answers by itself when the camera is back, or after some seconds. */
const askEveryMs = 3_000;
const steadyMs = 10_000;
/** A token refused again this soon was not merely too old. */
const refusedAgainMs = 30_000;
/** The node has said that trying at once is useless: at least this long, longer each time. */
const pacedMs = { no_stream: 30_000, too_many: 10_000 } as const;
const longestPacedMs = 120_000;
const codecsOf = /CODECS="([^"]*)"/;

/**
 * Owns the address of one live picture that the browser's own HLS player fetches; publishes the same states as `LiveDriver`.
 * The player says little, so the list is asked first: it tells what is coming, or why nothing does. No React.
 */
export class HlsDriver {
  readonly #video: VideoPort;
  readonly #options: LiveOptions;
  readonly #ports: LivePorts & HlsPorts;
  #state: LiveState = { kind: "idle" };
  #running = false;
  /** Distinguishes this connection from those before it: late answers of an old one are dropped. */
  #epoch = 0;
  #attempt = 0;
  #profile: Profile;
  #subForH265 = false;
  #url = "";
  #token = "";
  #close: (() => void) | undefined;
  #hasAudio = false;
  #picture: LivePicture | undefined;
  #timers = new Set<number>();
  #connectingSinceMs = 0;
  #playingSinceMs = 0;
  #lastMovedMs = 0;
  #lastTimeS = 0;
  #isAsking = false;
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(video: VideoPort, options: LiveOptions, ports: LivePorts & HlsPorts) {
    this.#video = video;
    this.#options = options;
    this.#ports = ports;
    this.#profile = options.profile;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** UTC of the picture now shown, ms; undefined before the first, and where the browser does not tell it. */
  get shownAtMs(): number | undefined {
    if (!this.#picture) return undefined;
    const { zeroAtMs } = this.#ports.readPicture(this.#video);
    return zeroAtMs === undefined ? undefined : zeroAtMs + this.#video.currentTime * 1000;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.retryNow();
  }

  stop(): void {
    this.#running = false;
    this.#drop();
    this.#publish({ kind: "idle" });
  }

  /** Connects at once, whatever the back-off says. */
  retryNow(): void {
    if (!this.#running) return;
    this.#attempt = 0;
    this.#connectingSinceMs = this.#ports.monoMs();
    void this.#connect();
  }

  async #connect(): Promise<void> {
    const epoch = this.#drop();
    const isCurrent = () => epoch === this.#epoch && this.#running;
    if (this.#state.kind !== "offline" && this.#state.kind !== "stalled")
      this.#publish({ kind: "connecting", attempt: this.#attempt, sinceMs: this.#connectingSinceMs });
    try {
      const token = await this.#options.fetchToken(this.#profile);
      if (isCurrent()) await this.#open(token, isCurrent);
    } catch (error) {
      if (!isCurrent()) return;
      if (error instanceof TokenDenied) this.#fail("token_refused", error.message);
      else this.#reconnect();
    }
  }

  async #open({ token, mediaUrl }: LiveToken, isCurrent: () => boolean): Promise<void> {
    const { status, url } = await this.#ports.openAddress(`${mediaUrl}/live/${this.#options.camera}/hls`, token);
    if (!isCurrent()) {
      if (url) this.#ports.endAddress(url, token);
      return;
    }
    if (status !== 201) {
      this.#onStatus(status);
      return;
    }
    this.#url = url;
    this.#token = token;
    this.#after(renewEveryMs, () => void this.#renew(isCurrent));
    await this.#ask(isCurrent);
  }

  /** Reads the list: it says what is coming, or why nothing does. */
  async #ask(isCurrent: () => boolean): Promise<void> {
    const { status, body } = await this.#ports.readAddress(this.#url);
    if (!isCurrent()) return;
    const why = status === 503 ? readReason(body) : undefined;
    if (why) {
      this.#close?.();
      this.#close = this.#picture = undefined;
      this.#attempt = 0;
      this.#publish({ kind: "offline", ...why, sinceAt: null });
      this.#after(askEveryMs, () => this.#askAgain(isCurrent));
    } else if (status !== 200) this.#onStatus(status);
    else if (!this.#close) this.#play(codecsOf.exec(body)?.[1] ?? "", isCurrent);
  }

  #askAgain(isCurrent: () => boolean): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#ask(isCurrent)
      .catch(() => {
        if (isCurrent()) this.#reconnect();
      })
      .finally(() => {
        this.#isAsking = false;
      });
  }

  #play(codecs: string, isCurrent: () => boolean): void {
    if (!this.#ports.canPlayHls(codecs)) {
      this.#onUnplayable(codecs);
      return;
    }
    this.#hasAudio = codecs.includes("mp4a");
    this.#lastMovedMs = this.#ports.monoMs();
    this.#lastTimeS = this.#video.currentTime;
    this.#close = this.#ports.playAddress(this.#video, this.#url, () => {
      if (isCurrent()) this.#reconnect();
    });
    this.#playElement();
    this.#after(tickEveryMs, () => this.#tick(isCurrent));
  }

  #playElement(): void {
    // Refused when sound may not start by itself: without sound it always may.
    this.#video.play().catch(() => {
      if (this.#video.muted) return;
      this.#video.muted = true;
      this.#video.play().catch(() => undefined);
    });
  }

  #tick(isCurrent: () => boolean): void {
    if (!this.#close) return;
    this.#after(tickEveryMs, () => this.#tick(isCurrent));
    const nowMs = this.#ports.monoMs();
    const timeS = this.#video.currentTime;
    if (timeS !== this.#lastTimeS && this.#video.readyState >= 2) {
      this.#lastTimeS = timeS;
      this.#lastMovedMs = nowMs;
      this.#publishPlaying(nowMs);
      return;
    }
    if (this.#video.paused) this.#playElement();
    const silentMs = nowMs - this.#lastMovedMs;
    if (silentMs > silentReconnectMs) {
      this.#reconnect();
      return;
    }
    if (silentMs <= silentStalledMs) return;
    if (this.#picture) this.#publish({ kind: "stalled", sinceMs: this.#lastMovedMs, picture: this.#picture });
    this.#askAgain(isCurrent);
  }

  #publishPlaying(nowMs: number): void {
    const { width, height, zeroAtMs, edgeS } = this.#ports.readPicture(this.#video);
    if (width === 0) return;
    if (this.#state.kind !== "playing") this.#playingSinceMs = nowMs;
    else if (nowMs - this.#playingSinceMs > steadyMs) this.#attempt = 0;
    const timeS = this.#video.currentTime;
    // Where the browser does not say when the picture was filmed, the delay is what lies between it and the newest.
    const behindMs = zeroAtMs === undefined ? (edgeS - timeS) * 1000 : this.#ports.utcNowMs() - zeroAtMs - timeS * 1000;
    const profile = this.#profile;
    const picture = {
      profile,
      width,
      height,
      hasAudio: this.#hasAudio,
      subForH265: this.#subForH265,
      transcoded: false,
    };
    this.#picture = picture;
    const delayMs = Math.max(0, Math.round(behindMs / 100) * 100);
    this.#publish({ kind: "playing", picture, delayMs, bitrateBps: 0 });
  }

  async #renew(isCurrent: () => boolean): Promise<void> {
    let waitMs = 10_000;
    try {
      const { token } = await this.#options.fetchToken(this.#profile);
      if (!isCurrent()) return;
      const status = await this.#ports.renewAddress(this.#url, token);
      if (!isCurrent()) return;
      if (status === 401) {
        this.#onStatus(status);
        return;
      }
      if (status === 204) {
        this.#token = token;
        waitMs = renewEveryMs;
      }
    } catch (error) {
      if (!isCurrent()) return;
      // Denied: the node ends the lease itself; anything else: control may be back soon.
      if (error instanceof TokenDenied) return;
    }
    this.#after(waitMs, () => void this.#renew(isCurrent));
  }

  #onStatus(status: number): void {
    if (status === 401) this.#onRefused();
    else if (status === 404) this.#reconnectPaced("no_stream");
    else if (status === 429) this.#reconnectPaced("too_many");
    else this.#reconnect();
  }

  /** A token may have grown too old on its way: one fresh one is tried, a second refusal is meant. */
  #onRefused(): void {
    const nowMs = this.#ports.monoMs();
    const isAgain = nowMs - this.#refusedAtMs < refusedAgainMs;
    this.#refusedAtMs = nowMs;
    if (isAgain) this.#fail("token_refused");
    else void this.#connect();
  }

  #onUnplayable(codecs: string): void {
    if (this.#profile === "main" && this.#options.hasSub) {
      this.#profile = "sub";
      this.#subForH265 = true;
      void this.#connect();
      return;
    }
    this.#fail("codec_unsupported", "", codecs);
  }

  #reconnect(): void {
    this.#attempt += 1;
    const waitMs = Math.min(15_000, 400 * 2 ** Math.min(this.#attempt, 6)) * (0.7 + 0.6 * this.#ports.random());
    this.#planConnect(waitMs);
    if (this.#attempt >= 2) this.#publishRetry("unreachable", null);
  }

  #reconnectPaced(code: keyof typeof pacedMs): void {
    const longerMs = Math.min(longestPacedMs, pacedMs[code] * 2 ** Math.min(this.#attempt, 4));
    this.#attempt += 1;
    const waitMs = longerMs * (1 + 0.3 * this.#ports.random());
    this.#planConnect(waitMs);
    this.#publishRetry(code, this.#ports.monoMs() + waitMs);
  }

  #planConnect(waitMs: number): void {
    this.#drop();
    this.#after(waitMs, () => void this.#connect());
  }

  #publishRetry(code: LiveErrorCode, retryAtMs: number | null): void {
    this.#connectingSinceMs = this.#ports.monoMs();
    this.#publish({ kind: "error", code, isFinal: false, attempt: this.#attempt, codec: "", detail: "", retryAtMs });
  }

  #fail(code: LiveErrorCode, detail = "", codec = ""): void {
    this.#drop();
    this.#publish({ kind: "error", code, isFinal: true, attempt: this.#attempt, codec, detail, retryAtMs: null });
  }

  #after(waitMs: number, run: () => void): void {
    const epoch = this.#epoch;
    const timer = this.#ports.setTimer(() => {
      this.#timers.delete(timer);
      if (epoch === this.#epoch && this.#running) run();
    }, waitMs);
    this.#timers.add(timer);
  }

  /** returns: the epoch of the connection to come. */
  #drop(): number {
    this.#epoch += 1;
    for (const timer of this.#timers) this.#ports.clearTimer(timer);
    this.#timers.clear();
    this.#close?.();
    this.#close = this.#picture = undefined;
    if (this.#url) this.#ports.endAddress(this.#url, this.#token);
    this.#url = this.#token = "";
    this.#isAsking = false;
    this.#playingSinceMs = 0;
    return this.#epoch;
  }

  #publish(state: LiveState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

/** What the node says of a camera that sends no picture; undefined if it says something else. */
function readReason(body: string): { state: string; reason: string | null } | undefined {
  try {
    const { code, params } = JSON.parse(body) as { code?: string; params?: { state?: string; reason?: string } };
    if (code !== "media.no_picture") return undefined;
    return { state: params?.state ?? "connecting", reason: params?.reason || null };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
