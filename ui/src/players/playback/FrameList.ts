/** When the pictures that are in a buffer are shown: what a step of one picture, or to the key frame before, goes by. Pure. */
export class FrameList {
  #frames: number[] = [];
  #keys: number[] = [];

  /** shownS: rising. A stretch that is there already is replaced. */
  add(shownS: readonly number[], isKey: boolean): void {
    const [first, last] = [shownS[0], shownS.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#frames = placed(this.#frames, shownS, first, last);
    if (isKey) this.#keys = placed(this.#keys, [first], first, first);
  }

  /** Forgets what lies before. */
  trim(beforeS: number): void {
    this.#frames = this.#frames.filter((at) => at >= beforeS);
    this.#keys = this.#keys.filter((at) => at >= beforeS);
  }

  clear(): void {
    this.#frames = [];
    this.#keys = [];
  }

  /** The picture shown at an instant. */
  at(timeS: number): number | undefined {
    return this.#frames[lastAtOrBefore(this.#frames, timeS)];
  }

  /** The picture after the one shown then (step 1), or before it (-1). */
  beside(timeS: number, step: 1 | -1): number | undefined {
    return this.#frames[lastAtOrBefore(this.#frames, timeS) + step];
  }

  /** The last key frame that is shown at that instant or before. */
  keyAt(timeS: number): number | undefined {
    return this.#keys[lastAtOrBefore(this.#keys, timeS)];
  }
}

/** Times are sums of ticks and lose the last digits. */
const sameS = 0.0005;

function lastAtOrBefore(sorted: readonly number[], timeS: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= timeS + sameS) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function placed(old: readonly number[], added: readonly number[], firstS: number, lastS: number): number[] {
  const newest = old.at(-1);
  if (newest === undefined || newest < firstS - sameS) return [...old, ...added];
  return [...old.filter((at) => at < firstS - sameS), ...added, ...old.filter((at) => at > lastS + sameS)];
}
