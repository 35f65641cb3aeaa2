import { decideLatency, nextTarget } from "./latency";
import { type Hello, type MediaMessage, parseMedia, parseText, readDecodeTime, type TextMessage } from "./message";
import type { LivePorts, MediaSourcePort, SocketPort, VideoPort } from "./ports";
import { TrackFeed } from "./TrackFeed";

export type Profile = "main" | "sub";

export interface LivePicture {
  profile: Profile;
  width: number;
  height: number;
  hasAudio: boolean;
  /** The main stream is H.265, which this browser cannot play: the sub-stream is shown. */
  subForH265: boolean;
  /** This browser cannot play what the camera sends: the node makes it anew, with less quality. */
  transcoded: boolean;
}

export type LiveState =
  | { kind: "idle" }
  | { kind: "connecting"; attempt: number; sinceMs: number }
  | { kind: "playing"; picture: LivePicture; delayMs: number; bitrateBps: number }
  | { kind: "stalled"; sinceMs: number; picture: LivePicture; isTranscoderAway?: true }
  | { kind: "offline"; state: string; reason: string | null; sinceAt: string | null }
  | {
      kind: "error";
      code: LiveErrorCode;
      isFinal: boolean;
      attempt: number;
      codec: string;
      detail: string;
      retryAtMs: number | null;
    };

export type LiveErrorCode =
  | "no_mse"
  | "codec_unsupported"
  | "revoked"
  | "token_refused"
  | "unreachable"
  | "no_stream"
  | "too_many"
  | "transcode_full"
  | "transcode_failed"
  | "transcode_off";

export interface LiveToken {
  token: string;
  mediaUrl: string;
}

/** What a token callback throws to say that asking again is useless. */
export class TokenDenied extends Error {}

export interface LiveOptions {
  camera: string;
  profile: Profile;
  /** The small stream may be asked for instead. */
  hasSub: boolean;
  audio: boolean;
  fetchToken: (profile: Profile) => Promise<LiveToken>;
  onState: (state: LiveState) => void;
}

const renewEveryMs = 60_000;
const tickEveryMs = 250;
const silentStalledMs = 3_000;
const silentReconnectMs = 12_000;
const keepBehindS = 8;
const steadyMs = 10_000;
const undrawnMs = 1_000;
/** A token refused again this soon was not merely too old. */
const refusedAgainMs = 30_000;
/** docs/design/media-path.md §4.1. */
const closeCodes = { refused: 4401, noStream: 4404, tooMany: 4429 } as const;
/** The node has said that trying at once is useless: at least this long, longer each time. */
const pacedMs = { no_stream: 30_000, too_many: 10_000, transcode_full: 10_000, transcode_failed: 30_000 } as const;
/** What a node transcodes to (docs/design/media-path.md §4.7). */
const transcodedMime = 'video/mp4; codecs="avc1.42c01f"';
const longestPacedMs = 120_000;

/** Owns the socket, the media source and the element's clock of one live picture; publishes one state. No React. */
export class LiveDriver {
  readonly #video: VideoPort;
  readonly #options: LiveOptions;
  readonly #ports: LivePorts;
  #state: LiveState = { kind: "idle" };
  #running = false;
  /** Distinguishes this connection from those before it: late answers of an old one are dropped. */
  #epoch = 0;
  #attempt = 0;
  #profile: Profile;
  #subForH265 = false;
  #wantsTranscode = false;
  #isTranscoderAway = false;
  #socket: SocketPort | undefined;
  #source: MediaSourcePort | undefined;
  #videoFeed: TrackFeed | undefined;
  #audioFeed: TrackFeed | undefined;
  #sourceMimes = "";
  #hello: Hello | undefined;
  #waitingMedia: MediaMessage[] = [];
  /** The camera announces sound but sends none: it would hold up the picture. */
  #soundMissing = false;
  #tick: number | undefined;
  #retry: number | undefined;
  #renew: number | undefined;
  #connectingSinceMs = 0;
  #lastMediaMs = 0;
  #playingSinceMs = 0;
  #openedAtMs = 0;
  /** A picture of this source was drawn. */
  #hasShown = false;
  #targetS = 0.3;
  #lastStallMs = 0;
  /** Element time 0 as UTC, ms. */
  #zeroAtMs: number | undefined;
  #offsetS: number | undefined;
  #audioOffsetDue = false;
  #offline: { state: string; reason: string | null; since: string | null } | undefined;
  #receivedBytes: [number, number][] = [];
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(video: VideoPort, options: LiveOptions, ports: LivePorts) {
    this.#video = video;
    this.#options = options;
    this.#ports = ports;
    this.#profile = options.profile;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** UTC of the picture now shown, ms; undefined before the first. */
  get shownAtMs(): number | undefined {
    return this.#zeroAtMs === undefined ? undefined : this.#zeroAtMs + this.#video.currentTime * 1000;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#attempt = 0;
    this.#connectingSinceMs = this.#ports.monoMs();
    void this.#connect();
  }

  stop(): void {
    this.#running = false;
    this.#dropConnection();
    this.#dropSource();
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
    this.#dropConnection();
    const epoch = this.#epoch;
    if (this.#state.kind !== "offline" && this.#state.kind !== "stalled")
      this.#publish({ kind: "connecting", attempt: this.#attempt, sinceMs: this.#connectingSinceMs });
    let token: LiveToken;
    try {
      token = await this.#options.fetchToken(this.#profile);
    } catch (error) {
      if (epoch !== this.#epoch || !this.#running) return;
      if (error instanceof TokenDenied) this.#fail("token_refused", error.message);
      else this.#reconnect("unreachable");
      return;
    }
    if (epoch !== this.#epoch || !this.#running) return;
    this.#openSocket(token, epoch);
  }

  #openSocket(token: LiveToken, epoch: number): void {
    const url = `${token.mediaUrl.replace(/^http/, "ws")}/live/${this.#options.camera}/ws`;
    const socket = this.#ports.openSocket(url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#lastMediaMs = this.#ports.monoMs();
    const codec = this.#wantsTranscode ? { codec: "h264" } : {};
    socket.onopen = () => socket.send(JSON.stringify({ token: token.token, audio: this.#wantsAudio, ...codec }));
    socket.onmessage = (event) => {
      if (epoch === this.#epoch) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (epoch === this.#epoch && this.#running) this.#onClose(event.code);
    };
    this.#renew = this.#ports.setTimer(() => void this.#renewLease(epoch), renewEveryMs);
    this.#tick = this.#ports.setTimer(() => this.#onTick(epoch), tickEveryMs);
  }

  #onClose(code: number): void {
    if (code === closeCodes.refused) this.#onRefused();
    else if (code === closeCodes.noStream) this.#reconnectPaced("no_stream");
    else if (code === closeCodes.tooMany) this.#reconnectPaced("too_many");
    else this.#reconnect("unreachable");
  }

  /** A token may have grown too old on its way: one fresh one is tried, a second refusal is meant. */
  #onRefused(): void {
    const nowMs = this.#ports.monoMs();
    const isAgain = nowMs - this.#refusedAtMs < refusedAgainMs;
    this.#refusedAtMs = nowMs;
    if (isAgain) this.#fail("token_refused");
    else void this.#connect();
  }

  async #renewLease(epoch: number): Promise<void> {
    let token: LiveToken | undefined;
    try {
      token = await this.#options.fetchToken(this.#profile);
    } catch (error) {
      if (epoch !== this.#epoch) return;
      // Denied: the node ends the lease itself and says so; anything else: control may be back in a minute.
      if (error instanceof TokenDenied) return;
    }
    if (epoch !== this.#epoch) return;
    if (token && this.#socket?.readyState === 1) this.#socket.send(JSON.stringify({ renew: token.token }));
    this.#renew = this.#ports.setTimer(() => void this.#renewLease(epoch), token ? renewEveryMs : 10_000);
  }

  #receive(data: unknown): void {
    try {
      if (typeof data === "string") {
        const message = parseText(data);
        if (message) this.#onText(message);
      } else if (data instanceof ArrayBuffer) this.#onMedia(parseMedia(data));
    } catch (error) {
      if (error instanceof RangeError || error instanceof SyntaxError) this.#reconnect("unreachable");
      else throw error;
    }
  }

  #onText(message: TextMessage): void {
    if (message.type === "hello") this.#onHello(message);
    else if (message.type === "state") this.#onCameraState(message);
    else if (message.type === "transcode") this.#onTranscode(message.state);
    else if (message.type === "end") this.#onEnd(message.code);
  }

  #onCameraState({ state, reason, since }: { state: string; reason: string | null; since: string | null }): void {
    this.#lastMediaMs = this.#ports.monoMs();
    if (state === "live" || state === "degraded") {
      this.#offline = undefined;
      return;
    }
    if (this.#subForH265 && state === "offline") {
      // No sub-stream after all.
      this.#profile = "main";
      this.#subForH265 = false;
      this.#transcode();
      return;
    }
    this.#offline = { state, reason, since };
    this.#publish({ kind: "offline", state, reason, sinceAt: since });
  }

  #onEnd(code: string): void {
    if (code === "revoked") this.#fail("revoked");
    else if (code === "codec_unsupported") this.#onUnplayable(this.#hello?.video.mime ?? "");
    else if (code === "lease_expired") this.#onRefused();
    else if (code === "node_stopping") this.#reconnect("unreachable");
    else if (code === "media.transcode_full") this.#reconnectPaced("transcode_full");
    else if (code === "media.transcode_failed") this.#reconnectPaced("transcode_failed");
    else if (code === "media.transcode_off") this.#fail("transcode_off");
    // Any other end is told by the close code that follows; should none follow, by the silence.
  }

  #onHello(hello: Hello): void {
    this.#hello = hello;
    this.#lastMediaMs = this.#ports.monoMs();
    this.#waitingMedia = [];
    if (!this.#ports.hasMse) {
      this.#fail("no_mse");
      return;
    }
    if (!this.#ports.canPlay(hello.video.mime)) {
      this.#onUnplayable(hello.video.mime);
      return;
    }
    const audio = hello.audio && this.#wantsAudio && this.#ports.canPlay(hello.audio.mime) ? hello.audio.mime : "";
    const tracks = audio ? "va" : "v";
    if (this.#source && this.#videoFeed && this.#sourceMimes === tracks) {
      // Same tracks: the picture stays while the new timeline is put behind the old one.
      this.#videoFeed.changeType(hello.video.mime);
      if (audio) this.#audioFeed?.changeType(audio);
      this.#offsetS = undefined;
      return;
    }
    this.#openSource(hello.video.mime, audio, tracks);
  }

  #onUnplayable(mime: string): void {
    if (this.#profile === "main" && this.#options.hasSub) {
      this.#profile = "sub";
      this.#subForH265 = true;
      void this.#connect();
      return;
    }
    if (!this.#wantsTranscode && this.#ports.canPlay(transcodedMime)) this.#transcode();
    else this.#fail("codec_unsupported", "", mime);
  }

  /** Asks the node for pictures that this browser can play. */
  #transcode(): void {
    this.#wantsTranscode = true;
    void this.#connect();
  }

  /** The node's transcoder broke and comes back by itself; the picture stands meanwhile. */
  #onTranscode(state: "restarting" | "running"): void {
    this.#isTranscoderAway = state === "restarting";
    this.#lastMediaMs = this.#ports.monoMs();
    if (this.#isTranscoderAway) this.#publishStalled();
  }

  #publishStalled(): void {
    if (this.#state.kind !== "playing") return;
    const away = this.#isTranscoderAway ? { isTranscoderAway: true as const } : {};
    this.#publish({ kind: "stalled", sinceMs: this.#lastMediaMs, picture: this.#state.picture, ...away });
  }

  #openSource(videoMime: string, audioMime: string, tracks: string): void {
    this.#dropSource();
    const source = this.#ports.createMediaSource();
    if (!source) {
      this.#fail("no_mse");
      return;
    }
    this.#source = source;
    this.#sourceMimes = tracks;
    source.attach(this.#video, () => {
      if (this.#source !== source) return;
      const broken = () => {
        this.#dropSource();
        this.#reconnect("unreachable");
      };
      this.#videoFeed = new TrackFeed(source.addSourceBuffer(videoMime), () => this.#onAppended(), broken);
      if (audioMime) this.#audioFeed = new TrackFeed(source.addSourceBuffer(audioMime), () => {}, broken);
      for (const message of this.#waitingMedia.splice(0)) this.#feed(message);
      this.#openedAtMs = this.#ports.monoMs();
      this.#hasShown = this.#video.requestVideoFrameCallback === undefined;
      // The first picture is told of when it is there, not at the next tick.
      this.#video.requestVideoFrameCallback?.(() => {
        if (this.#source !== source) return;
        this.#hasShown = true;
        if (this.#tick !== undefined) this.#publishPlaying(this.#ports.monoMs());
      });
    });
  }

  #onMedia(message: MediaMessage): void {
    const nowMs = this.#ports.monoMs();
    this.#lastMediaMs = nowMs;
    this.#receivedBytes.push([nowMs, message.bytes.byteLength]);
    if (this.#videoFeed) this.#feed(message);
    else if (this.#waitingMedia.length < 256) this.#waitingMedia.push(message);
  }

  #feed(message: MediaMessage): void {
    if (message.kind === "video_init") this.#videoFeed?.append(message.bytes);
    else if (message.kind === "audio_init") this.#audioFeed?.append(message.bytes);
    else if (message.kind === "video") this.#feedVideo(message);
    else if (this.#offsetS !== undefined && this.#audioFeed) {
      this.#audioFeed.append(message.bytes, this.#audioOffsetDue ? this.#offsetS : undefined);
      this.#audioOffsetDue = false;
    }
  }

  #feedVideo(message: MediaMessage): void {
    const ticks = readDecodeTime(message.bytes);
    if (ticks === undefined) return;
    const ownS = ticks / 90_000;
    let offsetS: number | undefined;
    if (this.#offsetS === undefined || message.discontinuity) {
      // Each timeline begins where the last one ended; the first begins at one second, as a frame may be shown
      // before its decode time and must not fall below 0.
      const buffered = this.#videoFeed?.buffered;
      const endS = buffered && buffered.length > 0 ? buffered.end(buffered.length - 1) : 1;
      offsetS = endS - ownS;
      this.#offsetS = offsetS;
      this.#audioOffsetDue = true;
    }
    this.#zeroAtMs = message.firstAtUs / 1000 - (ownS + this.#offsetS) * 1000;
    this.#offline = undefined;
    this.#videoFeed?.append(message.bytes, offsetS);
  }

  #onAppended(): void {
    this.#keepNearEdge();
    if (this.#video.paused) {
      // Refused when sound may not start by itself: without sound it always may.
      this.#video.play().catch(() => {
        if (this.#video.muted) return;
        this.#video.muted = true;
        this.#video.play().catch(() => undefined);
      });
    }
  }

  #keepNearEdge(): void {
    // The element's: where there is sound, only what both tracks hold can be shown.
    const { buffered } = this.#video;
    if (buffered.length === 0) return;
    const last = buffered.length - 1;
    const move = decideLatency({
      currentS: this.#video.currentTime,
      startS: buffered.start(last),
      endS: buffered.end(last),
      targetS: this.#targetS,
      isOpening: this.#video.readyState < 2 || !this.#hasShown,
    });
    if ("seekToS" in move) {
      if (Math.abs(this.#video.currentTime - move.seekToS) > 0.01) this.#video.currentTime = move.seekToS;
      this.#video.playbackRate = 1;
    } else if (this.#video.playbackRate !== move.rate) this.#video.playbackRate = move.rate;
  }

  #onTick(epoch: number): void {
    if (epoch !== this.#epoch || !this.#running) return;
    this.#tick = this.#ports.setTimer(() => this.#onTick(epoch), tickEveryMs);
    const nowMs = this.#ports.monoMs();
    const silentMs = nowMs - this.#lastMediaMs;
    if (this.#offline) return;
    if (silentMs > silentReconnectMs) {
      this.#reconnect("unreachable");
      return;
    }
    if (silentMs > silentStalledMs) {
      this.#publishStalled();
      return;
    }
    if (this.#isTranscoderAway) return;
    if (this.#isSoundMissing()) {
      this.#soundMissing = true;
      void this.#connect();
      return;
    }
    // A page that nobody sees draws nothing.
    if (nowMs - this.#openedAtMs > undrawnMs) this.#hasShown = true;
    this.#keepNearEdge();
    const currentS = this.#video.currentTime;
    this.#videoFeed?.trim(currentS - keepBehindS);
    this.#audioFeed?.trim(currentS - keepBehindS);
    this.#publishPlaying(nowMs);
  }

  get #wantsAudio(): boolean {
    return this.#options.audio && !this.#soundMissing;
  }

  #isSoundMissing(): boolean {
    const video = this.#videoFeed?.buffered;
    if (!this.#audioFeed || this.#audioFeed.buffered.length > 0 || !video || video.length === 0) return false;
    return video.end(video.length - 1) - video.start(0) > 3;
  }

  #publishPlaying(nowMs: number): void {
    const hello = this.#hello;
    const shownAtMs = this.shownAtMs;
    if (!hello || shownAtMs === undefined) return;
    if (this.#video.readyState < 3) {
      if (this.#state.kind === "playing" && nowMs - this.#lastStallMs > 1_000) {
        this.#lastStallMs = nowMs;
        this.#targetS = nextTarget(this.#targetS, true);
      }
      if (this.#video.readyState < 2) return;
    } else if (nowMs - this.#lastStallMs > 30_000) {
      this.#lastStallMs = nowMs;
      this.#targetS = nextTarget(this.#targetS, false);
    }
    if (this.#state.kind !== "playing") this.#playingSinceMs = nowMs;
    else if (nowMs - this.#playingSinceMs > steadyMs) this.#attempt = 0;
    this.#receivedBytes = this.#receivedBytes.filter(([atMs]) => nowMs - atMs <= 5_000);
    const bytes = this.#receivedBytes.reduce((sum, [, size]) => sum + size, 0);
    const spanMs = Math.max(1_000, nowMs - (this.#receivedBytes[0]?.[0] ?? nowMs));
    this.#publish({
      kind: "playing",
      picture: {
        profile: hello.profile,
        width: hello.video.width,
        height: hello.video.height,
        hasAudio: hello.audio !== null && !this.#soundMissing,
        subForH265: this.#subForH265,
        transcoded: hello.video.transcoded === true,
      },
      delayMs: Math.max(0, Math.round((this.#ports.utcNowMs() - shownAtMs) / 100) * 100),
      bitrateBps: Math.round((bytes * 8000) / spanMs),
    });
  }

  #reconnect(code: LiveErrorCode): void {
    this.#attempt += 1;
    const waitMs = Math.min(15_000, 400 * 2 ** Math.min(this.#attempt, 6)) * (0.7 + 0.6 * this.#ports.random());
    this.#planConnect(waitMs);
    if (this.#attempt >= 2) this.#publishRetry(code, null);
  }

  #reconnectPaced(code: keyof typeof pacedMs): void {
    const longerMs = Math.min(longestPacedMs, pacedMs[code] * 2 ** Math.min(this.#attempt, 4));
    this.#attempt += 1;
    const waitMs = longerMs * (1 + 0.3 * this.#ports.random());
    this.#planConnect(waitMs);
    this.#publishRetry(code, this.#ports.monoMs() + waitMs);
  }

  #publishRetry(code: LiveErrorCode, retryAtMs: number | null): void {
    this.#connectingSinceMs = this.#ports.monoMs();
    this.#publish({ kind: "error", code, isFinal: false, attempt: this.#attempt, codec: "", detail: "", retryAtMs });
  }

  #planConnect(waitMs: number): void {
    const epoch = this.#dropConnection();
    this.#retry = this.#ports.setTimer(() => {
      if (epoch === this.#epoch && this.#running) void this.#connect();
    }, waitMs);
  }

  #fail(code: LiveErrorCode, detail = "", codec = ""): void {
    this.#dropConnection();
    this.#dropSource();
    this.#publish({ kind: "error", code, isFinal: true, attempt: this.#attempt, codec, detail, retryAtMs: null });
  }

  /** returns: the epoch of the connection to come. */
  #dropConnection(): number {
    this.#epoch += 1;
    for (const timer of [this.#tick, this.#retry, this.#renew]) if (timer !== undefined) this.#ports.clearTimer(timer);
    this.#tick = this.#retry = this.#renew = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#offline = undefined;
    this.#isTranscoderAway = false;
    this.#offsetS = undefined;
    this.#receivedBytes = [];
    return this.#epoch;
  }

  #dropSource(): void {
    this.#videoFeed?.close();
    this.#audioFeed?.close();
    this.#videoFeed = this.#audioFeed = undefined;
    this.#source?.detach(this.#video);
    this.#source = undefined;
    this.#sourceMimes = "";
    this.#waitingMedia = [];
    this.#zeroAtMs = undefined;
    this.#offsetS = undefined;
  }

  #publish(state: LiveState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
