import { useEffect } from "react";
import { api } from "./client";

const everyMs = 60_000;

/** Tells the server at most once a minute that a person is here, so that watching does not idle the session out. */
export function useTouch(): void {
  useEffect(() => {
    let lastMs = Date.now();
    const touch = () => {
      if (Date.now() - lastMs < everyMs) return;
      lastMs = Date.now();
      // A lost touch is made good by the next; an ended session is noticed by whatever is read next.
      api.POST("/api/v1/session/touch").catch(() => undefined);
    };
    const names = ["pointerdown", "pointermove", "keydown", "wheel"] as const;
    for (const name of names) window.addEventListener(name, touch, { passive: true });
    return () => {
      for (const name of names) window.removeEventListener(name, touch);
    };
  }, []);
}
