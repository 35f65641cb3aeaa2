import type HlsType from "hls.js";
import type { HlsConfig, LevelDetails } from "hls.js";
import { handleHeader, MediaRefused, type MediaSession } from "../mediaSession";
import { parseMediaList, placeOf, type Skip, skipBetween, type WallPiece, wallTimeAt } from "./wallTime";

export type PlaybackState =
  | { kind: "idle" }
  | { kind: "loading"; atMs: number }
  | { kind: "playing" }
  | { kind: "paused" }
  | { kind: "buffering" }
  | { kind: "gap"; atMs: number; fromMs: number | undefined; toMs: number | undefined }
  | { kind: "ended" }
  | { kind: "error"; code: "codec_unsupported" | "refused" | "failed"; codec: string };

export interface PlaybackOptions {
  camera: string;
  profile: "main" | "sub";
  onState: (state: PlaybackState) => void;
  /** UTC of the picture shown, ms, several times a second. */
  onPosition: (atMs: number) => void;
  onSkip: (skip: Skip) => void;
  nowMs: () => number;
}

const beforeMs = 60_000;
const windowMs = 30 * 60_000;
/** Played this long behind a damaged picture, the next one counts as the first. */
const steadyMs = 10_000;

/** Plays one camera's recording from any UTC instant with hls.js; lists are read in windows of half an hour. No React. */
export class PlaybackDriver {
  readonly #video: HTMLVideoElement;
  readonly #session: MediaSession;
  readonly #options: PlaybackOptions;
  readonly #listeners = new AbortController();
  #hls: HlsType | undefined;
  /** hls.js's own view of the list, corrected by what it measured. */
  #details: LevelDetails | undefined;
  #listed: WallPiece[] = [];
  #state: PlaybackState = { kind: "idle" };
  #wantsPlay = true;
  #rate = 1;
  #soundOn = false;
  #window = { fromMs: 0, toMs: 0 };
  #pendingAtMs: number | undefined;
  #lastTimeS = 0;
  #epoch = 0;
  #networkTries = 0;
  #damages = 0;
  #damagedAtMs = 0;

  constructor(video: HTMLVideoElement, session: MediaSession, options: PlaybackOptions) {
    this.#video = video;
    this.#session = session;
    this.#options = options;
    const on = (name: string, run: () => void) => video.addEventListener(name, run, { signal: this.#listeners.signal });
    on("timeupdate", () => this.#onTime());
    on("seeked", () => this.#onTime());
    on("playing", () => this.#publish({ kind: "playing" }));
    on("pause", () => {
      if (this.#hasPicture()) this.#publish({ kind: "paused" });
    });
    on("waiting", () => {
      if (this.#hasPicture()) this.#publish({ kind: "buffering" });
    });
    on("canplay", () => {
      if (this.#isShowing() && video.paused) this.#publish({ kind: "paused" });
    });
    on("error", () => {
      if (this.#hls && video.error && this.#state.kind !== "loading") this.#passDamage();
    });
    on("ended", () => void this.#onEnded());
  }

  get state(): PlaybackState {
    return this.#state;
  }

  /** UTC of the picture shown, ms. */
  get shownAtMs(): number | undefined {
    return this.#pendingAtMs ?? wallTimeAt(this.#pieces(), this.#video.currentTime);
  }

  /** Shows that instant, and plays on if it was playing. In a gap: says which. */
  seek(atMs: number): void {
    const place = placeOf(this.#pieces(), atMs);
    if (atMs >= this.#window.fromMs && atMs < this.#window.toMs && this.#hls && this.#pieces().length > 0) {
      if ("timeS" in place) {
        // Until the picture is there, the wanted instant is what the next step starts from.
        this.#pendingAtMs = atMs;
        this.#options.onPosition(atMs);
        this.#lastTimeS = place.timeS;
        this.#video.currentTime = place.timeS;
        this.#resume();
        return;
      }
      // An open end may have grown since the list was read.
      if (place.gap.toMs !== undefined && place.gap.fromMs !== undefined) {
        this.#showGap(atMs, place.gap.fromMs, place.gap.toMs);
        return;
      }
    }
    void this.#load(atMs);
  }

  play(): void {
    this.#wantsPlay = true;
    this.#resume();
  }

  pause(): void {
    this.#wantsPlay = false;
    this.#video.pause();
  }

  setRate(rate: number): void {
    this.#rate = rate;
    this.#video.playbackRate = rate;
    this.#applySound();
  }

  setSound(on: boolean): void {
    this.#soundOn = on;
    this.#applySound();
  }

  close(): void {
    this.#epoch += 1;
    this.#listeners.abort();
    this.#dropHls();
    this.#state = { kind: "idle" };
  }

  #applySound(): void {
    this.#video.muted = !this.#soundOn || this.#rate !== 1;
  }

  #resume(): void {
    if (!this.#wantsPlay) {
      if (this.#state.kind === "gap" || this.#state.kind === "ended") this.#publish({ kind: "paused" });
      return;
    }
    this.#video.play().catch(() => {
      // Refused with sound: without sound it may start by itself.
      this.#video.muted = true;
      this.#video.play().catch(() => undefined);
    });
  }

  #isShowing(): boolean {
    return this.#state.kind !== "gap" && this.#state.kind !== "error" && this.#hls !== undefined;
  }

  /** False while the first picture is awaited: until then nothing is paused or held up. */
  #hasPicture(): boolean {
    return this.#isShowing() && this.#state.kind !== "loading";
  }

  #pieces(): WallPiece[] {
    if (!this.#details) return this.#listed;
    return this.#details.fragments.flatMap((fragment) =>
      fragment.programDateTime === null
        ? []
        : [{ startS: fragment.start, durationS: fragment.duration, atMs: fragment.programDateTime }],
    );
  }

  async #load(atMs: number, { isPlayingOn = false } = {}): Promise<void> {
    const epoch = ++this.#epoch;
    this.#dropHls();
    this.#pendingAtMs = atMs;
    this.#publish({ kind: "loading", atMs });
    this.#options.onPosition(atMs);
    const fromMs = atMs - beforeMs;
    const toMs = Math.max(atMs + 1_000, Math.min(atMs + windowMs, this.#options.nowMs()));
    this.#window = { fromMs, toMs };
    try {
      // The list first: it says where the wanted instant is, or which gap it is in.
      const [{ default: Hls }, answer] = await Promise.all([
        import("hls.js"),
        this.#session.get(this.#listPath("video.m3u8")),
      ]);
      const listed = parseMediaList(await answer.text());
      if (epoch !== this.#epoch) return;
      this.#listed = listed;
      const asked = placeOf(listed, atMs);
      // Whoever asked for this instant is told of the gap; playing on goes over it.
      const overMs = isPlayingOn && "gap" in asked ? asked.gap.toMs : undefined;
      const place = overMs === undefined ? asked : placeOf(listed, overMs);
      if ("gap" in place) this.#showGap(atMs, place.gap.fromMs, place.gap.toMs);
      else this.#start(Hls, place.timeS);
    } catch (error) {
      if (epoch !== this.#epoch) return;
      if (error instanceof MediaRefused && error.status === 404) this.#showGap(atMs, undefined, undefined);
      else this.#publish({ kind: "error", code: error instanceof MediaRefused ? "refused" : "failed", codec: "" });
    }
  }

  #start(Hls: typeof HlsType, timeS: number): void {
    const config: Partial<HlsConfig> = {
      enableWorker: false, // our pages allow no worker from a blob:
      startPosition: timeS,
      maxBufferLength: 20,
      maxMaxBufferLength: 40,
      backBufferLength: 30,
      xhrSetup: (xhr) => xhr.setRequestHeader(handleHeader, this.#session.handle),
    };
    const hls = new Hls(config);
    this.#hls = hls;
    const epoch = this.#epoch;
    const ifCurrent = (run: () => void) => {
      if (epoch === this.#epoch) run();
    };
    hls.on(Hls.Events.LEVEL_LOADED, (_event, { details }) =>
      ifCurrent(() => {
        this.#details = details;
        this.#networkTries = 0;
      }),
    );
    hls.on(Hls.Events.ERROR, (_event, data) =>
      ifCurrent(() => this.#onError(Hls, data.type, data.details, data.fatal, data.response?.code)),
    );
    hls.loadSource(this.#session.mediaUrl + this.#listPath("index.m3u8"));
    hls.attachMedia(this.#video);
    this.#lastTimeS = timeS;
    this.#video.playbackRate = this.#rate;
    this.#applySound();
    this.#resume();
  }

  #listPath(name: "index.m3u8" | "video.m3u8"): string {
    const query = new URLSearchParams({
      profile: this.#options.profile,
      from: new Date(this.#window.fromMs).toISOString(),
      to: new Date(this.#window.toMs).toISOString(),
    });
    return `/play/${this.#options.camera}/${name}?${query}`;
  }

  #showGap(atMs: number, fromMs: number | undefined, toMs: number | undefined): void {
    this.#pendingAtMs = atMs;
    this.#video.pause();
    this.#publish({ kind: "gap", atMs, fromMs, toMs });
    this.#options.onPosition(atMs);
  }

  #onTime(): void {
    // Without a picture the element's clock says nothing yet.
    if (this.#video.seeking || this.#video.readyState < 2) return;
    const pieces = this.#pieces();
    const timeS = this.#video.currentTime;
    const atMs = wallTimeAt(pieces, timeS);
    if (atMs === undefined) return;
    if (this.#state.kind !== "gap") this.#pendingAtMs = undefined;
    const advancedS = timeS - this.#lastTimeS;
    if (advancedS > 0 && advancedS < 2 * this.#rate + 1) {
      const skip = skipBetween(pieces, this.#lastTimeS, timeS);
      if (skip) this.#options.onSkip(skip);
    }
    this.#lastTimeS = timeS;
    if (this.#state.kind === "gap") return;
    this.#options.onPosition(atMs);
  }

  /** The list ended; the recording may not have. */
  async #onEnded(): Promise<void> {
    const pieces = this.#pieces();
    const last = pieces.at(-1);
    const endMs = last ? last.atMs + last.durationS * 1000 : this.#window.toMs;
    const wasLive = this.#options.nowMs() - this.#window.toMs < 2_000;
    if (wasLive && this.#options.nowMs() - endMs < 3_000) this.#publish({ kind: "ended" });
    else
      await this.#load(Math.max(endMs + 50, Math.min(this.#window.toMs, this.#options.nowMs())), { isPlayingOn: true });
  }

  #onError(Hls: typeof HlsType, type: string, details: string, fatal: boolean, status: number | undefined): void {
    if (!fatal) return;
    const codec = this.#hls?.levels[0]?.videoCodec ?? "";
    if (details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR || details === "bufferAddCodecError")
      this.#publish({ kind: "error", code: "codec_unsupported", codec });
    else if (
      details === Hls.ErrorDetails.LEVEL_EMPTY_ERROR ||
      (status === 404 && type === Hls.ErrorTypes.NETWORK_ERROR)
    )
      this.#showGap(this.shownAtMs ?? this.#window.fromMs, undefined, undefined);
    else if (type === Hls.ErrorTypes.MEDIA_ERROR) this.#passDamage();
    else if (type === Hls.ErrorTypes.NETWORK_ERROR && this.#networkTries++ < 2) {
      const atMs = this.shownAtMs ?? this.#window.fromMs;
      if (status === 401) this.#session.forget();
      void this.#load(atMs);
    } else this.#publish({ kind: "error", code: status === 401 ? "refused" : "failed", codec });
  }

  /** A picture that cannot be decoded (packets were lost when it was recorded): goes on a little behind it. */
  #passDamage(): void {
    const atMs = this.shownAtMs ?? this.#window.fromMs;
    if (atMs - this.#damagedAtMs > steadyMs) this.#damages = 0;
    this.#damages += 1;
    this.#damagedAtMs = atMs;
    if (this.#damages > 5) this.#publish({ kind: "error", code: "failed", codec: "" });
    else void this.#load(Math.min(atMs + 1_000 * this.#damages, this.#options.nowMs() - 1_000), { isPlayingOn: true });
  }

  #dropHls(): void {
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#details = undefined;
    this.#listed = [];
  }

  #publish(state: PlaybackState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
