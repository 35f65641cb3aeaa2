import { type LiveOptions, type LivePicture, type LiveState, type LiveToken, TokenDenied } from "./LiveDriver";
import type { VideoPort } from "./ports";
import { utcOfTimestamp } from "./rtpTime";
import type { PeerPort, ShownFrame, WhepPorts } from "./whepPorts";

export interface WhepOptions extends LiveOptions {
  /** No picture comes by this way: the other one is to be taken. Called once; the driver has stopped. */
  onGiveUp: () => void;
}

/** Without a picture for so long after the start, the other way is taken. */
const patienceMs = 3_000;
const renewEveryMs = 60_000;
const tickEveryMs = 500;
const silentStalledMs = 3_000;
const silentLostMs = 6_000;
/** Who has played this long is worth another try by the same way. */
const steadyMs = 10_000;

/** Owns the connection of one live picture by WebRTC; publishes the same states as `LiveDriver`. No React. */
export class WhepDriver {
  readonly #video: VideoPort;
  readonly #options: WhepOptions;
  readonly #ports: WhepPorts;
  #state: LiveState = { kind: "idle" };
  #running = false;
  /** Distinguishes this connection from those before it: late answers of an old one are dropped. */
  #epoch = 0;
  #peer: PeerPort | undefined;
  #unwatch: (() => void) | undefined;
  #location = "";
  #token = "";
  #timers: (number | undefined)[] = [];
  #sinceMs = 0;
  #playingSinceMs = 0;
  #picture: LivePicture | undefined;
  #hasAudio = false;
  #shownAtMs: number | undefined;
  #lastBytes = 0;
  #lastMediaMs = 0;
  #bitrateBps = 0;

  constructor(video: VideoPort, options: WhepOptions, ports: WhepPorts) {
    this.#video = video;
    this.#options = options;
    this.#ports = ports;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** UTC of the picture now shown, ms; undefined before the first. */
  get shownAtMs(): number | undefined {
    return this.#shownAtMs;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#connect();
  }

  stop(): void {
    this.#running = false;
    this.#drop();
    this.#publish({ kind: "idle" });
  }

  retryNow(): void {
    if (this.#running) void this.#connect();
  }

  async #connect(): Promise<void> {
    const epoch = this.#drop();
    const isCurrent = () => epoch === this.#epoch && this.#running;
    this.#sinceMs = this.#ports.monoMs();
    if (this.#state.kind !== "stalled") this.#publish({ kind: "connecting", attempt: 0, sinceMs: this.#sinceMs });
    this.#after(patienceMs, () => {
      if (this.#playingSinceMs === 0) this.#giveUp();
    });
    const peer = this.#ports.openPeer();
    if (!peer) {
      this.#giveUp();
      return;
    }
    this.#peer = peer;
    peer.onlost = () => {
      if (isCurrent()) this.#lose();
    };
    try {
      const [sdp, token] = await Promise.all([
        peer.offer(this.#options.audio),
        this.#options.fetchToken(this.#options.profile),
      ]);
      if (isCurrent()) await this.#open(peer, sdp, token, isCurrent);
    } catch (error) {
      if (!isCurrent()) return;
      if (error instanceof TokenDenied) this.#deny(error.message);
      else this.#giveUp();
    }
  }

  async #open(peer: PeerPort, sdp: string, { token, mediaUrl }: LiveToken, isCurrent: () => boolean): Promise<void> {
    const answer = await this.#ports.sendOffer(`${mediaUrl}/live/${this.#options.camera}/whep`, token, sdp);
    if (!isCurrent()) {
      if (answer.location) this.#ports.end(answer.location, token);
      return;
    }
    if (answer.status !== 201) {
      this.#giveUp();
      return;
    }
    this.#location = answer.location;
    this.#hasAudio = answer.hasAudio;
    this.#token = token;
    peer.attach(this.#video);
    this.#unwatch = this.#ports.watchFrames(this.#video, (frame) => {
      if (isCurrent()) this.#onFrame(frame);
    });
    await peer.accept(answer.body);
    if (!isCurrent()) return;
    this.#play();
    this.#lastMediaMs = this.#ports.monoMs();
    this.#after(renewEveryMs, () => void this.#renew(isCurrent));
    this.#after(tickEveryMs, () => void this.#tick(peer, isCurrent));
  }

  #play(): void {
    // Refused when sound may not start by itself: without sound it always may.
    this.#video.play().catch(() => {
      if (this.#video.muted) return;
      this.#video.muted = true;
      this.#video.play().catch(() => undefined);
    });
  }

  #onFrame({ timestamp, width, height }: ShownFrame): void {
    if (timestamp === undefined) {
      this.#giveUp(); // a picture whose instant is not known cannot be kept as evidence
      return;
    }
    this.#shownAtMs = utcOfTimestamp(timestamp, this.#ports.utcNowMs());
    if (this.#playingSinceMs === 0) this.#playingSinceMs = this.#ports.monoMs();
    this.#lastMediaMs = this.#ports.monoMs();
    if (this.#picture?.width === width && this.#picture.height === height && this.#state.kind === "playing") return;
    const { profile } = this.#options;
    this.#picture = { profile, width, height, hasAudio: this.#hasAudio, subForH265: false, transcoded: false };
    this.#publishPlaying();
  }

  async #tick(peer: PeerPort, isCurrent: () => boolean): Promise<void> {
    const bytes = await peer.receivedBytes();
    if (!isCurrent()) return;
    const nowMs = this.#ports.monoMs();
    // A page in the background shows no pictures, but gets them.
    if (bytes > this.#lastBytes) this.#lastMediaMs = nowMs;
    const newBps = ((bytes - this.#lastBytes) * 8_000) / tickEveryMs;
    this.#bitrateBps = Math.round(this.#bitrateBps === 0 ? newBps : 0.8 * this.#bitrateBps + 0.2 * newBps);
    this.#lastBytes = bytes;
    const silentMs = nowMs - this.#lastMediaMs;
    if (silentMs > silentLostMs) {
      this.#lose();
      return;
    }
    if (silentMs > silentStalledMs && this.#picture)
      this.#publish({ kind: "stalled", sinceMs: this.#lastMediaMs, picture: this.#picture });
    else this.#publishPlaying();
    this.#after(tickEveryMs, () => void this.#tick(peer, isCurrent));
  }

  #publishPlaying(): void {
    if (!this.#picture || this.#shownAtMs === undefined) return;
    const delayMs = Math.max(0, Math.round((this.#ports.utcNowMs() - this.#shownAtMs) / 100) * 100);
    this.#publish({ kind: "playing", picture: this.#picture, delayMs, bitrateBps: this.#bitrateBps });
  }

  async #renew(isCurrent: () => boolean): Promise<void> {
    let waitMs = 10_000;
    try {
      const { token } = await this.#options.fetchToken(this.#options.profile);
      if (!isCurrent()) return;
      const status = await this.#ports.renew(this.#location, token);
      if (!isCurrent()) return;
      if (status === 401) {
        this.#lose();
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

  /** What played is lost: who played steadily tries again, and hears by its token if the right was withdrawn. */
  #lose(): void {
    const playedMs = this.#playingSinceMs === 0 ? 0 : this.#ports.monoMs() - this.#playingSinceMs;
    if (playedMs > steadyMs) void this.#connect();
    else this.#giveUp();
  }

  #deny(detail: string): void {
    this.#drop();
    this.#publish({
      kind: "error",
      code: "token_refused",
      isFinal: true,
      attempt: 0,
      codec: "",
      detail,
      retryAtMs: null,
    });
  }

  #giveUp(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#drop();
    this.#options.onGiveUp();
  }

  #after(waitMs: number, run: () => void): void {
    const epoch = this.#epoch;
    this.#timers.push(
      this.#ports.setTimer(() => {
        if (epoch === this.#epoch && this.#running) run();
      }, waitMs),
    );
    if (this.#timers.length > 16) this.#timers.splice(0, this.#timers.length - 16);
  }

  /** returns: the epoch of the connection to come. */
  #drop(): number {
    this.#epoch += 1;
    for (const timer of this.#timers) if (timer !== undefined) this.#ports.clearTimer(timer);
    this.#timers = [];
    this.#unwatch?.();
    this.#unwatch = undefined;
    if (this.#location) this.#ports.end(this.#location, this.#token);
    this.#location = this.#token = "";
    if (this.#peer) {
      this.#peer.onlost = null;
      this.#peer.close(this.#video);
      this.#peer = undefined;
    }
    this.#shownAtMs = undefined;
    this.#playingSinceMs = 0;
    this.#lastBytes = this.#bitrateBps = 0;
    return this.#epoch;
  }

  #publish(state: LiveState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
