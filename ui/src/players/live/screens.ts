import type { Screens } from "./LivePair";
import type { VideoPort } from "./ports";

const shownClass = "bk-screen-shown";
/** Where the browser does not say when a picture is drawn, or not for one that is covered. */
const drawnAfterMs = 500;

/** Video elements in a box, one over the other; the one shown lies on top and is opaque (live.css). */
export function browserScreens(box: HTMLElement): Screens {
  const elements = new Map<VideoPort, HTMLVideoElement>();
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
      elements.get(port)?.remove();
      elements.delete(port);
    },
    onPicture(port, run) {
      const video = elements.get(port);
      let isDone = false;
      const once = () => {
        if (isDone || !elements.has(port)) return;
        isDone = true;
        run();
      };
      setTimeout(once, drawnAfterMs);
      video?.requestVideoFrameCallback?.(once);
    },
  };
}
