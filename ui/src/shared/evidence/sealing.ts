import type { Camera } from "@/shared/api/cameras";

/** What is to be sealed. atMs: the moment on the screen, undefined = now; a clip has both ends. */
export interface SealWish {
  camera: Pick<Camera, "id" | "name" | "premises_name">;
  atMs?: number;
  clip?: { fromMs: number; toMs: number };
}

type Ask = (wish: SealWish) => void;

let ask: Ask | undefined;

/** The dialog of the page that is shown now; undefined when there is none. */
export function setAskToSeal(next: Ask | undefined): void {
  ask = next;
}

/** Opens the dialog in which the officer says what for; nothing is taken before that. */
export function askToSeal(wish: SealWish): void {
  ask?.(wish);
}
