/** What the live driver needs of a browser, so that a test can be one. */

export interface SocketPort {
  binaryType: string;
  readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string): void;
  close(): void;
}

export interface BufferPort {
  updating: boolean;
  timestampOffset: number;
  readonly buffered: TimeRanges;
  onupdateend: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  appendBuffer(data: Uint8Array<ArrayBuffer>): void;
  remove(fromS: number, toS: number): void;
  changeType(mime: string): void;
}

export interface MediaSourcePort {
  readyState: string;
  addSourceBuffer(mime: string): BufferPort;
  /** Joins this source to the element; `onOpen` is called once it takes buffers. */
  attach(video: VideoPort, onOpen: () => void): void;
  detach(video: VideoPort): void;
}

export interface VideoPort {
  currentTime: number;
  playbackRate: number;
  muted: boolean;
  readonly paused: boolean;
  readonly readyState: number;
  readonly buffered: TimeRanges;
  play(): Promise<void>;
  pause(): void;
  /** Calls back once, with the next picture that is shown. */
  requestVideoFrameCallback?(callback: () => void): number;
}

export interface LivePorts {
  openSocket(url: string): SocketPort;
  /** undefined: this browser has no Media Source Extensions. */
  createMediaSource(): MediaSourcePort | undefined;
  canPlay(mime: string): boolean;
  /** The server's UTC, ms. */
  utcNowMs(): number;
  /** Never steps back, ms. */
  monoMs(): number;
  random(): number;
  setTimer(run: () => void, afterMs: number): number;
  clearTimer(timer: number): void;
}

class BrowserMediaSource implements MediaSourcePort {
  #url = "";
  readonly #source: MediaSource;

  constructor(source: MediaSource) {
    this.#source = source;
  }

  get readyState(): string {
    return this.#source.readyState;
  }

  addSourceBuffer(mime: string): BufferPort {
    return this.#source.addSourceBuffer(mime);
  }

  attach(video: VideoPort, onOpen: () => void): void {
    const element = video as HTMLVideoElement;
    // ManagedMediaSource refuses to open while the picture might go to another screen.
    element.disableRemotePlayback = true;
    this.#source.addEventListener("sourceopen", onOpen, { once: true });
    this.#url = URL.createObjectURL(this.#source);
    element.src = this.#url;
  }

  detach(video: VideoPort): void {
    const element = video as HTMLVideoElement;
    if (element.src === this.#url) {
      element.removeAttribute("src");
      element.load();
    }
    URL.revokeObjectURL(this.#url);
  }
}

declare global {
  interface Window {
    ManagedMediaSource?: typeof MediaSource;
  }
}

export function browserPorts(utcNowMs: () => number): LivePorts {
  const Source = window.ManagedMediaSource ?? window.MediaSource;
  return {
    openSocket: (url) => new WebSocket(url),
    createMediaSource: () => (Source ? new BrowserMediaSource(new Source()) : undefined),
    canPlay: (mime) => Boolean(Source?.isTypeSupported(mime)),
    utcNowMs,
    monoMs: () => performance.now(),
    random: Math.random,
    setTimer: (run, afterMs) => window.setTimeout(run, afterMs),
    clearTimer: (timer) => window.clearTimeout(timer),
  };
}
