import { HlsDriver } from "./HlsDriver";
import type { HlsPorts } from "./hlsPorts";
import { LiveDriver, type LiveOptions, type LiveState } from "./LiveDriver";
import type { VideoPort } from "./ports";
import { WhepDriver } from "./WhepDriver";
import type { WhepPorts } from "./whepPorts";

/** "ws": fragments by WebSocket, the standard way; "webrtc": the least delay. */
export type LiveWay = "ws" | "webrtc";

/** What the ways need of a browser, all of them together. */
export type WayPorts = WhepPorts & HlsPorts;

/** What shows one live picture, whatever the way. */
export interface LivePlayer {
  readonly state: LiveState;
  readonly shownAtMs: number | undefined;
  start(): void;
  stop(): void;
  retryNow(): void;
}

/**
 * Plays by the way that is asked for, and by WebRTC where the browser has no Media Source Extensions. Where WebRTC shows
 * nothing, the WebSocket is taken without a word; without Media Source Extensions, the browser's own player of HLS.
 */
export function chooseDriver(video: VideoPort, options: LiveOptions, ports: WayPorts, way: LiveWay): LivePlayer {
  if (way === "ws" && ports.hasMse) return new LiveDriver(video, options, ports);
  return new ChosenDriver(video, options, ports);
}

class ChosenDriver implements LivePlayer {
  #driver: LivePlayer;
  #isRunning = false;

  constructor(video: VideoPort, options: LiveOptions, ports: WayPorts) {
    const onGiveUp = () => {
      const Last = !ports.hasMse && ports.hasNativeHls ? HlsDriver : LiveDriver;
      this.#driver = new Last(video, options, ports);
      if (this.#isRunning) this.#driver.start();
    };
    this.#driver = new WhepDriver(video, { ...options, onGiveUp }, ports);
  }

  get state(): LiveState {
    return this.#driver.state;
  }

  get shownAtMs(): number | undefined {
    return this.#driver.shownAtMs;
  }

  start(): void {
    this.#isRunning = true;
    this.#driver.start();
  }

  stop(): void {
    this.#isRunning = false;
    this.#driver.stop();
  }

  retryNow(): void {
    this.#driver.retryNow();
  }
}
