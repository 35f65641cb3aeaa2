import { type RefObject, useEffect, useState } from "react";

export function useFullscreen(element: RefObject<HTMLElement | null>) {
  const [isOn, setOn] = useState(false);
  useEffect(() => {
    const onChange = () => setOn(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", onChange);
    return () => document.removeEventListener("fullscreenchange", onChange);
  }, []);
  const toggle = () => {
    // Refused only where the browser has no full screen (iPhone): then nothing changes.
    const done = isOn ? document.exitFullscreen() : element.current?.requestFullscreen?.();
    done?.catch(() => undefined);
  };
  return { isOn, toggle };
}
