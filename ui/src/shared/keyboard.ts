import { useEffect, useRef, useSyncExternalStore } from "react";

const lettersKey = "bk.keys.letters";
const listeners = new Set<() => void>();

/** False where this person turned keys of one character off, for whom they happen by accident (WCAG 2.1.4). */
export function hasLetterKeys(): boolean {
  return localStorage.getItem(lettersKey) !== "off";
}

export function writeLetterKeys(isOn: boolean): void {
  if (isOn) localStorage.removeItem(lettersKey);
  else localStorage.setItem(lettersKey, "off");
  for (const listener of listeners) listener();
}

export function useLetterKeys(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, hasLetterKeys);
}

/** Letters, digits and signs; not the arrows, Enter, Esc, space and the like. An input method eats the character: then the place tells. */
function isCharacter({ code, key }: KeyboardEvent): boolean {
  if (key.length === 1) return key !== " ";
  return /^(Key|Digit|Comma|Period|Minus|Equal|Slash|Bracket|Semicolon|Quote)/.test(code);
}

/** What such a control does with keys by itself; of letters it makes nothing. */
const ownKeys = /^(Arrow.*|Space|Enter|Home|End|PageUp|PageDown)$/;

/** True where a key belongs to the page and not to a text field, an input method or a focused control. */
export function isPageKey(event: KeyboardEvent): boolean {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return true;
  if (target instanceof HTMLInputElement && /^(radio|checkbox|button)$/.test(target.type))
    return !ownKeys.test(event.code);
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
      if (isCharacter(event) && !hasLetterKeys()) return;
      if (isPageKey(event) && latest.current(event.code, event)) event.preventDefault();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}
