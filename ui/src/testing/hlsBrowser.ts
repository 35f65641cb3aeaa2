import type { HlsAnswer, HlsPicture, HlsPorts } from "@/players/live/hlsPorts";
import type { VideoPort } from "@/players/live/ports";
import { LiveBrowser } from "./liveBrowser";

const index = (codecs: string) => `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="${codecs}"\nvideo.m3u8\n`;

/** A browser with an HLS player of its own that a test moves by hand; it has one only if the test says so. */
export class HlsBrowser extends LiveBrowser implements HlsPorts {
  hasNativeHls = false;
  readonly opened: { url: string; token: string }[] = [];
  readonly renewedAddresses: { url: string; token: string }[] = [];
  readonly endedAddresses: { url: string; token: string }[] = [];
  /** What the element plays now. */
  playing = "";
  address: HlsAnswer | Error = { status: 201, url: "http://127.0.0.1:8081/live/cam_1/hls/r/index.m3u8" };
  list = { status: 200, body: index("avc1.640028,mp4a.40.2") };
  reads = 0;
  renewAddressStatus = 204;
  picture: HlsPicture = { width: 1920, height: 1080, zeroAtMs: undefined, edgeS: 0 };
  #onBroken: (() => void) | undefined;

  canPlayHls(codecs: string): boolean {
    return codecs.split(",").every((codec) => this.playable.test(codec));
  }

  async openAddress(url: string, token: string): Promise<HlsAnswer> {
    this.opened.push({ url, token });
    if (this.address instanceof Error) throw this.address;
    return this.address;
  }

  async readAddress(): Promise<{ status: number; body: string }> {
    this.reads += 1;
    return this.list;
  }

  async renewAddress(url: string, token: string): Promise<number> {
    this.renewedAddresses.push({ url, token });
    return this.renewAddressStatus;
  }

  endAddress(url: string, token: string): void {
    this.endedAddresses.push({ url, token });
  }

  playAddress(_video: VideoPort, url: string, onBroken: () => void): () => void {
    this.playing = url;
    this.#onBroken = onBroken;
    return () => {
      this.playing = "";
      this.#onBroken = undefined;
    };
  }

  readPicture(): HlsPicture {
    return this.picture;
  }

  /** The node says instead of a list that the camera sends nothing. */
  sayNoPicture(state: string, reason: string): void {
    this.list = { status: 503, body: JSON.stringify({ code: "media.no_picture", params: { state, reason } }) };
  }

  sayList(codecs = "avc1.640028,mp4a.40.2"): void {
    this.list = { status: 200, body: index(codecs) };
  }

  /** The element's player gives up. */
  breakPlayer(): void {
    this.#onBroken?.();
  }

  /** Shows pictures for so long, filmed so long ago. */
  async runFor(durationMs: number, agoMs = 2_000): Promise<void> {
    for (let passed = 0; passed < durationMs; passed += 100) {
      this.video.currentTime += 0.1;
      this.picture.edgeS = this.video.currentTime + agoMs / 1000;
      this.picture.zeroAtMs = this.utcMs + 100 - agoMs - this.video.currentTime * 1000;
      await this.pass(100);
    }
  }
}
