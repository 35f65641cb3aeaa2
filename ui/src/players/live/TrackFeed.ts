import type { BufferPort } from "./ports";

type Step = { append: Uint8Array<ArrayBuffer>; offsetS?: number } | { mime: string } | { removeTo: number };

const maxWaitingBytes = 16 * 1024 * 1024;

/** Feeds one SourceBuffer, which takes one thing at a time. Bounded: what cannot be fed is an overrun. */
export class TrackFeed {
  readonly #buffer: BufferPort;
  readonly #onStep: () => void;
  readonly #onBroken: (why: "overrun" | "append") => void;
  #waiting: Step[] = [];
  #waitingBytes = 0;

  constructor(buffer: BufferPort, onStep: () => void, onBroken: (why: "overrun" | "append") => void) {
    this.#buffer = buffer;
    this.#onStep = onStep;
    this.#onBroken = onBroken;
    buffer.onupdateend = () => {
      this.#onStep();
      this.#next();
    };
    buffer.onerror = () => this.#onBroken("append");
  }

  get buffered(): TimeRanges {
    return this.#buffer.buffered;
  }

  /** offsetS: from this fragment on, seconds added to the fragment's own times. */
  append(bytes: Uint8Array<ArrayBuffer>, offsetS?: number): void {
    if (this.#waitingBytes + bytes.byteLength > maxWaitingBytes) {
      this.#onBroken("overrun");
      return;
    }
    this.#waitingBytes += bytes.byteLength;
    this.#put(offsetS === undefined ? { append: bytes } : { append: bytes, offsetS });
  }

  changeType(mime: string): void {
    this.#put({ mime });
  }

  /** Drops what lies before that time. */
  trim(toS: number): void {
    const { buffered } = this;
    if (buffered.length > 0 && buffered.start(0) < toS - 1) this.#put({ removeTo: toS });
  }

  close(): void {
    this.#waiting = [];
    this.#buffer.onupdateend = null;
    this.#buffer.onerror = null;
  }

  #put(step: Step): void {
    this.#waiting.push(step);
    if (!this.#buffer.updating) this.#next();
  }

  #next(): void {
    while (!this.#buffer.updating) {
      const step = this.#waiting.shift();
      if (!step) return;
      try {
        this.#run(step);
      } catch (error) {
        if (error instanceof DOMException && error.name === "QuotaExceededError") this.#onBroken("overrun");
        else this.#onBroken("append");
        return;
      }
    }
  }

  #run(step: Step): void {
    if ("mime" in step) this.#buffer.changeType(step.mime);
    else if ("removeTo" in step) this.#buffer.remove(0, step.removeTo);
    else {
      this.#waitingBytes -= step.append.byteLength;
      if (step.offsetS !== undefined) this.#buffer.timestampOffset = step.offsetS;
      this.#buffer.appendBuffer(step.append);
    }
  }
}
