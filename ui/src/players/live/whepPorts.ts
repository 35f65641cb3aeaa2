import type { LivePorts, VideoPort } from "./ports";

/** What the WHEP driver needs of a browser beyond the live driver's, so that a test can be one. */

export interface PeerPort {
  /** The path is lost for good, or the other side said farewell. */
  onlost: (() => void) | null;
  /** An offer to receive a picture, and sound if wanted; candidates are not waited for, the node finds us by our checks. */
  offer(audio: boolean): Promise<string>;
  accept(answer: string): Promise<void>;
  receivedBytes(): Promise<number>;
  attach(video: VideoPort): void;
  close(video: VideoPort): void;
}

export interface WhepAnswer {
  status: number;
  body: string;
  /** The resource to renew and to end; "" if there is none. */
  location: string;
  /** The camera has sound that this way can carry. */
  hasAudio: boolean;
}

export interface ShownFrame {
  /** Of RTP; undefined where the browser does not tell it. */
  timestamp: number | undefined;
  width: number;
  height: number;
}

export interface WhepPorts extends LivePorts {
  /** undefined: this browser has no WebRTC, or does not say which picture it shows. */
  openPeer(): PeerPort | undefined;
  /** raises: TypeError if the node cannot be reached. */
  sendOffer(url: string, token: string, sdp: string): Promise<WhepAnswer>;
  /** returns: the status. raises: TypeError. */
  renew(location: string, token: string): Promise<number>;
  /** Also while the page goes away; nobody waits for it. */
  end(location: string, token: string): void;
  /** Calls back for each picture shown until the answer is called. */
  watchFrames(video: VideoPort, onFrame: (frame: ShownFrame) => void): () => void;
}

class BrowserPeer implements PeerPort {
  onlost: (() => void) | null = null;
  readonly #connection = new RTCPeerConnection();
  readonly #stream = new MediaStream();

  constructor() {
    this.#connection.ontrack = ({ track, receiver }) => {
      // Show what comes at once; the node asks the same where a browser listens to it.
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
      this.#stream.addTrack(track);
    };
    this.#connection.onconnectionstatechange = () => {
      const state = this.#connection.connectionState;
      if (state === "failed" || state === "closed") this.onlost?.();
    };
  }

  async offer(audio: boolean): Promise<string> {
    this.#connection.addTransceiver("video", { direction: "recvonly" });
    if (audio) this.#connection.addTransceiver("audio", { direction: "recvonly" });
    const offer = await this.#connection.createOffer();
    await this.#connection.setLocalDescription(offer);
    return offer.sdp ?? "";
  }

  accept(answer: string): Promise<void> {
    return this.#connection.setRemoteDescription({ type: "answer", sdp: answer });
  }

  async receivedBytes(): Promise<number> {
    let bytes = 0;
    for (const report of (await this.#connection.getStats()).values())
      if (report.type === "inbound-rtp") bytes += report.bytesReceived;
    return bytes;
  }

  attach(video: VideoPort): void {
    (video as HTMLVideoElement).srcObject = this.#stream;
  }

  close(video: VideoPort): void {
    const element = video as HTMLVideoElement;
    this.#connection.ontrack = this.#connection.onconnectionstatechange = null;
    this.#connection.close();
    if (element.srcObject === this.#stream) element.srcObject = null;
  }
}

async function ask(url: string, token: string, request: RequestInit): Promise<Response> {
  return fetch(url, {
    ...request,
    credentials: "omit",
    headers: { ...request.headers, Authorization: `Bearer ${token}` },
  });
}

export function canWebRtc(): boolean {
  return "RTCPeerConnection" in window && "requestVideoFrameCallback" in HTMLVideoElement.prototype;
}

export function whepPorts(live: LivePorts): WhepPorts {
  return {
    ...live,
    openPeer: () => (canWebRtc() ? new BrowserPeer() : undefined),
    sendOffer: async (url, token, sdp) => {
      const answer = await ask(url, token, {
        method: "POST",
        body: sdp,
        headers: { "Content-Type": "application/sdp" },
      });
      const location = answer.headers.get("Location");
      return {
        status: answer.status,
        body: await answer.text(),
        location: location ? new URL(location, answer.url).href : "",
        hasAudio: answer.headers.get("BK-Sound") === "1",
      };
    },
    renew: async (location, token) => (await ask(`${location}/renew`, token, { method: "POST" })).status,
    end: (location, token) => {
      ask(location, token, { method: "DELETE", keepalive: true }).catch(() => undefined);
    },
    watchFrames: (video, onFrame) => {
      const element = video as HTMLVideoElement;
      let handle = 0;
      const step = (_now: number, metadata: VideoFrameCallbackMetadata) => {
        handle = element.requestVideoFrameCallback(step);
        onFrame({ timestamp: metadata.rtpTimestamp, width: metadata.width, height: metadata.height });
      };
      handle = element.requestVideoFrameCallback(step);
      return () => element.cancelVideoFrameCallback(handle);
    },
  };
}
