import { useEffect, useRef } from "react";

/** True where a key belongs to the page and not to a text field, an input method or a focused control. */
export function isPageKey(event: KeyboardEvent): boolean {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return true;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return false;
  if (target.closest('[role="dialog"], [role="menu"], [role="listbox"]')) return false;
  const isControl = /^(BUTTON|A)$/.test(target.tagName);
  return !(isControl && (event.code === "Space" || event.code === "Enter"));
}

/** Binds keys by `event.code`: a Chinese input method eats `event.key`. The handler returns true for a key it took. */
export function useKeys(onKey: (code: string, event: KeyboardEvent) => boolean): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (isPageKey(event) && latest.current(event.code, event)) event.preventDefault();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}
