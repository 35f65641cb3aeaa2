import { MediaRefused, type MediaSession } from "../mediaSession";
import { FrameList } from "./FrameList";
import { PieceReader, parseInstantMs } from "./pieces";
import type { PlaybackErrorCode } from "./state";

/** What is known of an instant: buffered; not recorded; not read yet; the recording ends before it. */
export type Cover =
  | { kind: "has" }
  | { kind: "gap"; fromMs: number | undefined; toMs: number | undefined }
  | { kind: "waiting" }
  | { kind: "end" };

export type Trouble = { code: PlaybackErrorCode; codec: string };

export interface TrackOptions {
  camera: string;
  profile: "main" | "sub";
  tracks: "video" | "sound";
  /** UTC of second 0 of the element. */
  epochMs: number;
  nowMs: () => number;
  /** Where recording begins again after an instant; undefined: nowhere yet. */
  findNext: (atMs: number, signal: AbortSignal) => Promise<number | undefined>;
  /** Something was read, or broke. */
  onChange: () => void;
}

/** How the recording is read: everything, or key frames only, forwards or back from where one is. */
export interface Manner {
  rate: number;
  isBack: boolean;
}

/** What a node transcodes to (docs/design/media-path.md §4.7). */
const transcodedMime = 'video/mp4; codecs="avc1.42c01f"';
/** From this speed on the node sends key frames only. */
export const thinnedFrom = 4;
/** Where the recording stops for more than this, it is a gap and not a rounding. */
export const gapMs = 1_500;

const aheadS = 20;
const chunkS = 12;
const keepS = 40;
const spanS = 400 * 86_400;
const edgeMs = 15_000;
const retryMs = 1_500;

/** Plays one track of one camera's recording in a media element whose clock is UTC: the node keeps the distance of gaps. No React. */
export class TrackPlayer {
  readonly element: HTMLMediaElement;
  readonly frames = new FrameList();
  readonly #session: MediaSession;
  readonly #options: TrackOptions;
  readonly #source = new MediaSource();
  readonly #url: string;
  #buffer: SourceBuffer | undefined;
  #mime = "";
  #feed: AbortController | undefined;
  #reading: Promise<void> = Promise.resolve();
  #manner: Manner = { rate: 1, isBack: false };
  /** All of [low, high) is buffered or known not to be recorded. */
  #lowMs = 0;
  #highMs = 0;
  #isEnd = false;
  #wantedMs = 0;
  trouble: Trouble | undefined;
  /** The recording cannot be played here as it is: the node makes it anew, with less quality. */
  #isTranscoded = false;

  constructor(element: HTMLMediaElement, session: MediaSession, options: TrackOptions) {
    this.element = element;
    this.#session = session;
    this.#options = options;
    this.#url = URL.createObjectURL(this.#source);
    element.src = this.#url;
  }

  get isTranscoded(): boolean {
    return this.#isTranscoded;
  }

  /** UTC of what the element shows. */
  get atMs(): number {
    return this.#options.epochMs + this.element.currentTime * 1000;
  }

  /** Enough is there to go on showing. */
  get isReady(): boolean {
    return this.element.readyState >= 3 && !this.element.seeking;
  }

  /** The picture of the wanted instant is there. */
  get hasPicture(): boolean {
    return this.element.readyState >= 2 && !this.element.seeking;
  }

  /** How much is read behind an instant. */
  aheadMs(atMs: number): number {
    return this.#highMs - atMs;
  }

  toS(atMs: number): number {
    return (atMs - this.#options.epochMs) / 1000;
  }

  coverAt(atMs: number): Cover {
    const range = this.#rangeAt(atMs);
    if (range) return { kind: "has" };
    if (atMs < this.#lowMs || this.#highMs <= this.#lowMs) return { kind: "waiting" };
    if (atMs >= this.#highMs) return { kind: this.#isEnd ? "end" : "waiting" };
    const { before, after } = this.#besides(atMs);
    if (after === undefined && !this.#isEnd && this.#highMs - atMs < gapMs) return { kind: "waiting" };
    const toMs = after ?? this.#highMs;
    return { kind: "gap", fromMs: before, toMs };
  }

  /** Shows that instant as soon as it is there; reads it unless it is buffered. */
  seek(atMs: number, manner: Manner): void {
    const isThin = isThinned(manner);
    const isSame = isThin === isThinned(this.#manner) && manner.isBack === this.#manner.isBack;
    this.#manner = manner;
    this.#wantedMs = atMs;
    const kept = isSame && this.#feed !== undefined && !this.trouble && atMs >= this.#lowMs && atMs < this.#highMs;
    if (!kept) this.#restart(atMs);
    else if (!this.#isEnd || atMs < this.#highMs - gapMs) this.#pull();
    this.moveTo(atMs);
  }

  /** Another speed at the place where one is: reads anew only if other pictures are needed. */
  adopt(atMs: number, manner: Manner): void {
    const isSame = isThinned(manner) === isThinned(this.#manner) && manner.isBack === this.#manner.isBack;
    if (isSame) this.#manner = manner;
    else this.seek(atMs, manner);
  }

  /** Moves the element only. */
  moveTo(atMs: number): void {
    this.#wantedMs = atMs;
    // The last thousandth makes sure of the picture that begins exactly there.
    this.element.currentTime = Math.max(0, this.toS(atMs)) + 0.0005;
  }

  /** Where one is now: reading goes on from here, and what lies far behind is dropped. */
  follow(atMs: number): void {
    this.#wantedMs = atMs;
  }

  close(): void {
    this.#feed?.abort();
    this.#feed = undefined;
    this.element.removeAttribute("src");
    this.element.load();
    URL.revokeObjectURL(this.#url);
  }

  #rangeAt(atMs: number): { startS: number; endS: number } | undefined {
    const timeS = this.toS(atMs);
    const { buffered } = this.element;
    for (let index = 0; index < buffered.length; index += 1) {
      const [startS, endS] = [buffered.start(index), buffered.end(index)];
      // A hole below the gap's size is one that playing slides over.
      if (timeS >= startS - 0.1 && timeS < endS) return { startS, endS };
    }
    return undefined;
  }

  #besides(atMs: number): { before: number | undefined; after: number | undefined } {
    const { buffered } = this.element;
    let before: number | undefined;
    for (let index = 0; index < buffered.length; index += 1) {
      const startMs = this.#options.epochMs + buffered.start(index) * 1000;
      if (startMs > atMs) return { before, after: startMs };
      before = this.#options.epochMs + buffered.end(index) * 1000;
    }
    return { before, after: undefined };
  }

  #restart(atMs: number): void {
    this.#feed?.abort();
    const feed = new AbortController();
    this.#feed = feed;
    this.trouble = undefined;
    this.#isEnd = false;
    this.#lowMs = atMs;
    this.#highMs = atMs;
    this.frames.clear();
    // One after another: a buffer that one reader is still clearing refuses the next.
    this.#reading = this.#reading
      .then(() => this.#run(atMs, feed.signal))
      .catch((error: unknown) => {
        if (!feed.signal.aborted) this.#fail(error);
      });
  }

  #fail(error: unknown): void {
    this.trouble ??= { code: codeOf(error), codec: "" };
    this.#feed?.abort();
    this.#feed = undefined;
    this.#options.onChange();
  }

  #wake: () => void = () => undefined;

  #pull(): void {
    this.#wake();
  }

  async #pause(afterMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, afterMs);
      this.#wake = resolve;
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #run(startMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await this.#open(signal);
    if (signal.aborted) return;
    await this.#clear();
    let next = new Date(startMs).toISOString();
    let tries = 0;
    while (!signal.aborted) {
      const rate = Math.max(1, this.#manner.rate);
      const isFull = this.#manner.isBack
        ? this.#wantedMs - this.#lowMs > aheadS * 1000 * rate
        : this.#highMs - this.#wantedMs > aheadS * 1000 * rate;
      if (isFull) {
        await this.#pause(250, signal);
        continue;
      }
      try {
        if (this.#manner.isBack) await this.#readBack(signal);
        else next = (await this.#readOn(next, signal)) ?? next;
        tries = 0;
      } catch (error) {
        if (signal.aborted) return;
        tries += 1;
        if (tries > 3 || this.trouble || codeOf(error).startsWith("transcode_")) throw error;
        await this.#pause(300 * tries, signal);
        next = new Date(this.#highMs).toISOString();
      }
      await this.#evict(signal);
    }
  }

  /** Reads the next stretch; returns where to go on. */
  async #readOn(next: string, signal: AbortSignal): Promise<string | undefined> {
    const nextMs = parseInstantMs(next);
    const toMs = nextMs + chunkS * 1000 * Math.max(1, this.#manner.rate);
    const answer = await this.#ask(next, toMs, true, signal);
    const endsAt = answer?.headers.get("BK-End-At");
    if (answer && endsAt) {
      const endMs = parseInstantMs(endsAt);
      await this.#append(answer, signal);
      if (signal.aborted) return undefined;
      const isStill = endMs - nextMs < 50;
      this.#reach(Math.max(this.#highMs, endMs), false);
      if (isStill || endMs > this.#options.nowMs() - 1_000) await this.#pause(retryMs, signal);
      return isStill ? next : endsAt;
    }
    const againMs = await this.#options.findNext(nextMs, signal);
    if (signal.aborted) return undefined;
    if (againMs !== undefined && againMs > nextMs) {
      this.#reach(againMs, false);
      return new Date(againMs).toISOString();
    }
    // Nothing yet: at the edge of now more is being written.
    const isEdge = this.#options.nowMs() - nextMs < edgeMs;
    this.#reach(Math.max(nextMs, this.#highMs), true);
    await this.#pause(isEdge ? retryMs : 10_000, signal);
    return next;
  }

  async #readBack(signal: AbortSignal): Promise<void> {
    const toMs = this.#lowMs;
    const fromMs = toMs - chunkS * 1000 * Math.max(1, this.#manner.rate);
    const answer = await this.#ask(new Date(fromMs).toISOString(), toMs, false, signal);
    if (answer) await this.#append(answer, signal);
    if (signal.aborted) return;
    this.#lowMs = fromMs;
    this.#options.onChange();
  }

  #reach(highMs: number, isEnd: boolean): void {
    this.#highMs = highMs;
    this.#isEnd = isEnd;
    this.#options.onChange();
  }

  /** undefined: nothing is recorded there. */
  async #ask(from: string, toMs: number, joins: boolean, signal: AbortSignal): Promise<Response | undefined> {
    const { camera, profile, tracks } = this.#options;
    const query = new URLSearchParams({ profile, from, to: new Date(toMs).toISOString(), tracks });
    if (joins) query.set("joins", "1");
    if (isThinned(this.#manner)) query.set("rate", String(thinRate(this.#manner.rate)));
    if (this.#isTranscoded) query.set("codec", "h264");
    const answer = await this.#session.get(`/play/${camera}/stream.mp4?${query}`, signal);
    if (answer.status === 204) return undefined;
    if (this.#isTranscoded || tracks === "sound") return answer;
    if (MediaSource.isTypeSupported(this.#mimeOf(answer)) || !MediaSource.isTypeSupported(transcodedMime))
      return answer;
    answer.body?.cancel().catch(() => undefined);
    this.#isTranscoded = true;
    return this.#ask(from, toMs, joins, signal);
  }

  #mimeOf(answer: Response): string {
    return answer.headers.get("Content-Type")?.replace(/^video\/mp4/, this.#kind) ?? "";
  }

  async #append(answer: Response, signal: AbortSignal): Promise<void> {
    const { epochMs } = this.#options;
    const mime = this.#mimeOf(answer);
    const zeroS = (parseInstantMs(answer.headers.get("BK-Zero-At") ?? "") - epochMs) / 1000;
    const buffer = this.#prepare(mime);
    const reader = answer.body?.getReader();
    if (!reader) throw new TypeError("an answer without a body");
    const pieces = new PieceReader();
    let isPlaced = false;
    while (!signal.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const piece of pieces.push(value)) {
        if (signal.aborted) break;
        if (!isPlaced) buffer.timestampOffset = zeroS;
        isPlaced = true;
        await this.#update(buffer, () => buffer.appendBuffer(piece.bytes));
        if (signal.aborted) break;
        const last = piece.shownS.at(-1);
        if (last !== undefined && this.#options.tracks === "video") {
          this.frames.add(
            piece.shownS.map((at) => at + zeroS),
            piece.isKey,
          );
          if (!this.#manner.isBack)
            this.#reach(Math.max(this.#highMs, epochMs + this.#endOf(last + zeroS) * 1000), false);
        }
      }
    }
    reader.cancel().catch(() => undefined);
  }

  get #kind(): string {
    return this.#options.tracks === "video" ? "video/mp4" : "audio/mp4";
  }

  #endOf(timeS: number): number {
    const { buffered } = this.element;
    for (let index = 0; index < buffered.length; index += 1)
      if (timeS >= buffered.start(index) - 0.1 && timeS <= buffered.end(index)) return buffered.end(index);
    return timeS;
  }

  #prepare(mime: string): SourceBuffer {
    if (!MediaSource.isTypeSupported(mime)) {
      this.trouble = { code: "codec_unsupported", codec: /codecs="([^"]+)"/.exec(mime)?.[1] ?? "" };
      throw new TypeError(`not supported: ${mime}`);
    }
    this.#buffer ??= this.#source.addSourceBuffer(mime);
    if (this.#mime && this.#mime !== mime) this.#buffer.changeType(mime);
    this.#mime = mime;
    return this.#buffer;
  }

  async #open(signal: AbortSignal): Promise<void> {
    if (this.#source.readyState !== "open")
      await new Promise<void>((resolve) => {
        this.#source.addEventListener("sourceopen", () => resolve(), { once: true });
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    // Finite and far away, so that any instant can be sought before anything is buffered.
    if (!signal.aborted && !(this.#source.duration >= spanS)) this.#source.duration = spanS;
  }

  async #clear(): Promise<void> {
    const buffer = this.#buffer;
    if (!buffer) return;
    if (buffer.updating) await this.#update(buffer, () => undefined);
    buffer.abort();
    await this.#update(buffer, () => buffer.remove(0, spanS));
  }

  /** Drops what lies far behind, or in front when one goes back. */
  async #evict(signal: AbortSignal): Promise<void> {
    const buffer = this.#buffer;
    if (!buffer || signal.aborted || this.#manner.isBack || buffer.buffered.length === 0) return;
    const beforeS = this.toS(this.#wantedMs) - keepS * Math.max(1, this.#manner.rate);
    if (buffer.buffered.start(0) >= beforeS - keepS) return;
    await this.#update(buffer, () => buffer.remove(0, beforeS));
    this.frames.trim(beforeS);
    this.#lowMs = Math.max(this.#lowMs, this.#options.epochMs + beforeS * 1000);
  }

  async #update(buffer: SourceBuffer, start: () => void): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        buffer.removeEventListener("updateend", done);
        buffer.removeEventListener("error", failed);
        resolve();
      };
      const failed = () => {
        buffer.removeEventListener("updateend", done);
        buffer.removeEventListener("error", failed);
        reject(new TypeError("the browser refused a fragment"));
      };
      buffer.addEventListener("updateend", done);
      buffer.addEventListener("error", failed);
      try {
        start();
      } catch (error) {
        buffer.removeEventListener("updateend", done);
        buffer.removeEventListener("error", failed);
        reject(error instanceof Error ? error : new TypeError(String(error)));
        return;
      }
      if (!buffer.updating) done();
    });
  }
}

function codeOf(error: unknown): PlaybackErrorCode {
  if (!(error instanceof MediaRefused)) return "failed";
  if (error.status === 401) return "refused";
  const known = ["transcode_full", "transcode_failed", "transcode_off"] as const;
  return known.find((code) => error.code === `media.${code}`) ?? "failed";
}

function isThinned({ rate, isBack }: Manner): boolean {
  return isBack || rate >= thinnedFrom;
}

function thinRate(rate: number): number {
  return rate >= 16 ? 16 : rate >= 8 ? 8 : 4;
}
