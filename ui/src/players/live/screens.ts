import type { Screens } from "./LivePair";
import type { VideoPort } from "./ports";

const shownClass = "bk-screen-shown";
/** A stream that has just begun is moved to its live edge once or twice: it runs once so many pictures in a row were drawn. */
const steadyPictures = 3;
/** Where the browser does not say when a picture is drawn, or not for one that is covered. */
const drawnAfterMs = 500;

/** Video elements in a box, one over the other; the one shown lies on top and is opaque (live.css). */
export function browserScreens(box: HTMLElement): Screens {
  const elements = new Map<VideoPort, HTMLVideoElement>();
  /** Whose first pictures somebody waits for. */
  const waiting = new Set<HTMLVideoElement>();
  return {
    open() {
      const video = document.createElement("video");
      video.playsInline = true;
      video.setAttribute("aria-hidden", "true");
      box.append(video);
      elements.set(video, video);
      return video;
    },
    show(shown) {
      for (const [port, video] of elements) video.classList.toggle(shownClass, port === shown);
    },
    close(port) {
      const video = elements.get(port);
      if (!video) return;
      video.remove();
      waiting.delete(video);
      elements.delete(port);
    },
    onPicture(port, run) {
      const video = elements.get(port);
      if (!video || waiting.has(video)) return;
      waiting.add(video);
      let pictures = 0;
      const isOver = () => !waiting.has(video) || !elements.has(port);
      const end = () => {
        waiting.delete(video);
        run();
      };
      const onDrawn = () => {
        if (isOver()) return;
        pictures = video.seeking || video.readyState < 3 ? 0 : pictures + 1;
        if (pictures >= steadyPictures) end();
        else video.requestVideoFrameCallback(onDrawn);
      };
      const onLate = () => {
        if (isOver()) return;
        if (!video.seeking && video.readyState >= 3) end();
        else setTimeout(onLate, drawnAfterMs);
      };
      setTimeout(onLate, drawnAfterMs);
      video.requestVideoFrameCallback?.(onDrawn);
    },
  };
}
