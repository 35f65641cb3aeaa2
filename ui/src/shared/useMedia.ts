import { useSyncExternalStore } from "react";

/** Whether a media query holds now. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (onChange) => {
      const list = window.matchMedia(query);
      list.addEventListener("change", onChange);
      return () => list.removeEventListener("change", onChange);
    },
    () => window.matchMedia(query).matches,
  );
}

export const isPhoneQuery = "(max-width: 767px)";
/** Wide enough for a bar of what can be done below the wall. */
export const isWideQuery = "(min-width: 1600px)";
