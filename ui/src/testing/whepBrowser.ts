import type { PeerPort, ShownFrame, WhepAnswer, WhepPorts } from "@/players/live/whepPorts";
import { HlsBrowser } from "./hlsBrowser";

/** A browser with WebRTC that a test moves by hand: connection, node and pictures. */

export class FakePeer implements PeerPort {
  onlost: (() => void) | null = null;
  accepted = "";
  offersAudio = false;
  bytes = 0;
  isAttached = false;
  isClosed = false;

  async offer(audio: boolean): Promise<string> {
    this.offersAudio = audio;
    return "v=0 offer";
  }

  async accept(answer: string): Promise<void> {
    this.accepted = answer;
  }

  async receivedBytes(): Promise<number> {
    return this.bytes;
  }

  attach(): void {
    this.isAttached = true;
  }

  close(): void {
    this.isClosed = true;
  }
}

export class WhepBrowser extends HlsBrowser implements WhepPorts {
  readonly peers: FakePeer[] = [];
  readonly offers: { url: string; token: string; sdp: string }[] = [];
  readonly renewed: { location: string; token: string }[] = [];
  readonly ended: { location: string; token: string }[] = [];
  hasWebRtc = true;
  answer: WhepAnswer | Error = {
    status: 201,
    body: "v=0 answer",
    location: "http://127.0.0.1:8081/live/cam_1/whep/r",
    hasAudio: true,
  };
  renewStatus = 204;
  /** The node answers when this does. */
  answering: Promise<void> = Promise.resolve();
  #onFrame: ((frame: ShownFrame) => void) | undefined;

  get peer(): FakePeer {
    const last = this.peers.at(-1);
    if (!last) throw new Error("no connection was opened");
    return last;
  }

  openPeer(): PeerPort | undefined {
    if (!this.hasWebRtc) return undefined;
    this.peers.push(new FakePeer());
    return this.peer;
  }

  async sendOffer(url: string, token: string, sdp: string): Promise<WhepAnswer> {
    this.offers.push({ url, token, sdp });
    await this.answering;
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  }

  async renew(location: string, token: string): Promise<number> {
    this.renewed.push({ location, token });
    return this.renewStatus;
  }

  end(location: string, token: string): void {
    this.ended.push({ location, token });
  }

  watchFrames(_video: unknown, onFrame: (frame: ShownFrame) => void): () => void {
    this.#onFrame = onFrame;
    return () => {
      this.#onFrame = undefined;
    };
  }

  /** Shows a picture that was filmed so long ago. timestamp: instead of the right one. */
  show(agoMs: number, frame: Partial<ShownFrame> = {}): void {
    const timestamp = Math.round((this.utcMs - agoMs) * 90) % 2 ** 32;
    this.#onFrame?.({ timestamp, width: 1920, height: 1080, ...frame });
  }

  /** Plays for so long, 25 pictures a second as one a tenth of a second. */
  async playFor(durationMs: number, agoMs = 40): Promise<void> {
    for (let passed = 0; passed < durationMs; passed += 100) {
      if (this.peers.length > 0) this.peer.bytes += 25_000;
      this.show(agoMs);
      await this.pass(100);
    }
  }
}
