/** What a video element has drawn: pure. */

export interface Drawn {
  /** Since the element began; the browser counts. */
  frames: number;
  dropped: number;
  atMs: number;
}

/** undefined: this browser does not count. */
export function readDrawn(video: HTMLVideoElement, atMs: number): Drawn | undefined {
  const quality = video.getVideoPlaybackQuality?.();
  return quality && { frames: quality.totalVideoFrames, dropped: quality.droppedVideoFrames, atMs };
}

/** Frames a second that came onto the screen between two looks, and how many did not. An element that began anew counts from nothing. */
export function drawnBetween(former: Drawn, now: Drawn): { fps: number; lost: number } | undefined {
  const [frames, lost, ms] = [now.frames - former.frames, now.dropped - former.dropped, now.atMs - former.atMs];
  if (frames < 0 || lost < 0 || ms <= 0) return undefined;
  return { fps: ((frames - lost) * 1000) / ms, lost };
}
