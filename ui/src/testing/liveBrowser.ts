import type { BufferPort, LivePorts, MediaSourcePort, SocketPort, VideoPort } from "@/players/live/ports";

/** A browser for the live driver that a test moves by hand: clock, socket, buffers and element. */

function ranges(list: readonly (readonly [number, number])[]): TimeRanges {
  const at = (index: number) => {
    const found = list[index];
    if (!found) throw new DOMException("no such range", "IndexSizeError");
    return found;
  };
  return { length: list.length, start: (index) => at(index)[0], end: (index) => at(index)[1] };
}

export class FakeSocket implements SocketPort {
  binaryType = "";
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: unknown[] = [];
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  say(message: object | ArrayBuffer): void {
    const data = message instanceof ArrayBuffer ? message : JSON.stringify(message);
    this.onmessage?.(new MessageEvent("message", { data }));
  }

  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.(new CloseEvent("close", { code }));
  }
}

/** Takes a fragment as one buffered stretch: its decode time plus one second. Initialisation adds nothing. */
export class FakeBuffer implements BufferPort {
  updating = false;
  timestampOffset = 0;
  onupdateend: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  mime: string;
  stretches: [number, number][] = [];
  appended = 0;
  readonly removed: [number, number][] = [];
  readonly #timescale: number;

  constructor(mime: string) {
    this.mime = mime;
    this.#timescale = mime.startsWith("audio") ? 48_000 : 90_000;
  }

  get buffered(): TimeRanges {
    const [first, last] = [this.stretches[0], this.stretches.at(-1)];
    return ranges(first && last ? [[first[0], last[1]]] : []);
  }

  appendBuffer(data: Uint8Array<ArrayBuffer>): void {
    if (this.updating) throw new DOMException("still updating", "InvalidStateError");
    this.updating = true;
    this.appended += 1;
    const ticks = decodeTimeOf(data);
    if (ticks !== undefined) {
      const startS = ticks / this.#timescale + this.timestampOffset;
      this.stretches.push([startS, startS + 1]);
    }
  }

  remove(fromS: number, toS: number): void {
    this.updating = true;
    this.removed.push([fromS, toS]);
    this.stretches = this.stretches.filter(([, endS]) => endS > toS);
  }

  changeType(mime: string): void {
    this.mime = mime;
  }

  finish(): void {
    this.updating = false;
    this.onupdateend?.(new Event("updateend"));
  }
}

class FakeSource implements MediaSourcePort {
  readyState = "open";
  readonly #browser: LiveBrowser;

  constructor(browser: LiveBrowser) {
    this.#browser = browser;
  }

  addSourceBuffer(mime: string): BufferPort {
    const buffer = new FakeBuffer(mime);
    this.#browser.buffers.push(buffer);
    return buffer;
  }

  attach(video: VideoPort, onOpen: () => void): void {
    this.#browser.sources += 1;
    this.#browser.buffers = [];
    if (video instanceof FakeVideo) video.buffers = this.#browser.buffers;
    onOpen();
  }

  detach(): void {}
}

export class FakeVideo implements VideoPort {
  currentTime = 0;
  playbackRate = 1;
  muted = true;
  paused = true;
  readyState = 4;
  /** Of the source that was attached last. */
  buffers: FakeBuffer[] = [];

  get buffered(): TimeRanges {
    return this.buffers[0]?.buffered ?? ranges([]);
  }

  async play(): Promise<void> {
    this.paused = false;
  }

  pause(): void {
    this.paused = true;
  }
}

export class LiveBrowser implements LivePorts {
  readonly sockets: FakeSocket[] = [];
  readonly video: FakeVideo = new FakeVideo();
  /** Of the source that was opened last. */
  buffers: FakeBuffer[] = [];
  sources = 0;
  hasMse = true;
  playable = /avc1|mp4a/;
  utcMs = Date.UTC(2026, 10, 23, 0, 41, 7);
  #monoMs = 0;
  #timers = new Map<number, { atMs: number; run: () => void }>();
  #lastTimer = 0;

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }

  openSocket(url: string): SocketPort {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket;
  }

  createMediaSource(): MediaSourcePort | undefined {
    return this.hasMse ? new FakeSource(this) : undefined;
  }

  canPlay(mime: string): boolean {
    return this.playable.test(mime);
  }

  utcNowMs(): number {
    return this.utcMs;
  }

  monoMs(): number {
    return this.#monoMs;
  }

  random(): number {
    return 0.5;
  }

  setTimer(run: () => void, afterMs: number): number {
    this.#lastTimer += 1;
    this.#timers.set(this.#lastTimer, { atMs: this.#monoMs + afterMs, run });
    return this.#lastTimer;
  }

  clearTimer(timer: number): void {
    this.#timers.delete(timer);
  }

  /** Lets time pass: timers in their order, and what they promised in between. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#monoMs + durationMs;
    for (;;) {
      const due = [...this.#timers]
        .filter(([, timer]) => timer.atMs <= untilMs)
        .sort((a, b) => a[1].atMs - b[1].atMs)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.utcMs += due[1].atMs - this.#monoMs;
      this.#monoMs = due[1].atMs;
      due[1].run();
      await settle();
    }
    this.utcMs += untilMs - this.#monoMs;
    this.#monoMs = untilMs;
    await settle();
  }

  /** Ends what the buffers are doing, and what that starts. */
  finishBuffers(): void {
    while (this.buffers.some((buffer) => buffer.updating))
      for (const buffer of this.buffers) if (buffer.updating) buffer.finish();
  }
}

/** Lets everything promised so far happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

function box(type: string, ...content: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = content.reduce((sum, each) => sum + each.length, 8);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, size);
  bytes.set(new TextEncoder().encode(type), 4);
  let at = 8;
  for (const each of content) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}

/** moof(mfhd traf(tfhd tfdt)) mdat, as small as it can be. */
export function fragment(ticks: number, version: 0 | 1 = 1): Uint8Array<ArrayBuffer> {
  const tfdt = new Uint8Array(version === 1 ? 12 : 8);
  const view = new DataView(tfdt.buffer);
  view.setUint8(0, version);
  if (version === 1) view.setBigUint64(4, BigInt(ticks));
  else view.setUint32(4, ticks);
  const moof = box(
    "moof",
    box("mfhd", new Uint8Array(8)),
    box("traf", box("tfhd", new Uint8Array(8)), box("tfdt", tfdt)),
  );
  const mdat = box("mdat", new Uint8Array(40));
  const bytes = new Uint8Array(moof.length + mdat.length);
  bytes.set(moof);
  bytes.set(mdat, moof.length);
  return bytes;
}

function decodeTimeOf(data: Uint8Array): number | undefined {
  const text = new TextDecoder("latin1").decode(data);
  const at = text.indexOf("tfdt");
  if (at < 0) return undefined;
  const view = new DataView(data.buffer, data.byteOffset + at + 4);
  return view.getUint8(0) === 1 ? Number(view.getBigUint64(4)) : view.getUint32(4);
}

export function mediaMessage(kind: 1 | 2 | 3 | 4, firstAtMs: number, content: Uint8Array, flags = 0): ArrayBuffer {
  const bytes = new Uint8Array(10 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, flags);
  view.setBigUint64(2, BigInt(firstAtMs) * 1000n);
  bytes.set(content, 10);
  return bytes.buffer;
}

export const initSegment = box("ftyp", new Uint8Array(8));
