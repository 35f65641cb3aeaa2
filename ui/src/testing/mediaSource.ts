import { vi } from "vitest";

/** jsdom has no media: elements that do nothing, and a MediaSource that takes everything but H.265 and shows nothing. */
class IdleMediaSource extends EventTarget {
  static isTypeSupported(type: string): boolean {
    return !type.includes("hvc1");
  }
  readyState = "open";
  duration = Number.NaN;
  addSourceBuffer(): EventTarget {
    return new EventTarget();
  }
}

export function installMediaSource(): void {
  vi.stubGlobal("MediaSource", IdleMediaSource);
  vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
  vi.spyOn(HTMLMediaElement.prototype, "pause").mockReturnValue();
  vi.spyOn(HTMLMediaElement.prototype, "load").mockReturnValue();
}
