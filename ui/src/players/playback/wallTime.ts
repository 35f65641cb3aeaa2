/** Element time ↔ UTC through EXT-X-PROGRAM-DATE-TIME: pure. */

export interface WallPiece {
  startS: number;
  durationS: number;
  atMs: number;
}

/** The pieces of a media playlist: EXTINF and EXT-X-PROGRAM-DATE-TIME (RFC 8216 §4.3.2). Others of its tags do not matter. */
export function parseMediaList(text: string): WallPiece[] {
  const pieces: WallPiece[] = [];
  let startS = 0;
  let atMs = Number.NaN;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) atMs = Date.parse(line.slice(25));
    if (!line.startsWith("#EXTINF:")) continue;
    const durationS = Number.parseFloat(line.slice(8));
    if (!Number.isNaN(atMs)) pieces.push({ startS, durationS, atMs });
    startS += durationS;
    atMs += durationS * 1000;
  }
  return pieces;
}

/** Where the pieces' recording stops for more than this, it is a gap and not a rounding. */
export const gapMs = 1_500;

/** UTC of an element time; beyond the pieces, of the nearest edge. undefined without pieces. */
export function wallTimeAt(pieces: readonly WallPiece[], timeS: number): number | undefined {
  const first = pieces[0];
  if (!first) return undefined;
  let found = first;
  for (const piece of pieces) {
    if (piece.startS > timeS) break;
    found = piece;
  }
  const insideS = Math.min(Math.max(timeS - found.startS, 0), found.durationS);
  return found.atMs + insideS * 1000;
}

export type Place = { timeS: number } | { gap: { fromMs: number | undefined; toMs: number | undefined } };

/** Where UTC `atMs` is in the element's time, or the gap it is in (an open end = before or after all pieces). */
export function placeOf(pieces: readonly WallPiece[], atMs: number): Place {
  let previousEndMs: number | undefined;
  for (const piece of pieces) {
    const endMs = piece.atMs + piece.durationS * 1000;
    if (atMs < piece.atMs) {
      const isGap = previousEndMs === undefined || piece.atMs - previousEndMs > gapMs;
      return isGap ? { gap: { fromMs: previousEndMs, toMs: piece.atMs } } : { timeS: piece.startS };
    }
    if (atMs < endMs) return { timeS: piece.startS + (atMs - piece.atMs) / 1000 };
    previousEndMs = endMs;
  }
  return { gap: { fromMs: previousEndMs, toMs: undefined } };
}

export interface Skip {
  fromMs: number;
  toMs: number;
}

/** The gap between two moments of the element's time that were played one after the other, if there is one. */
export function skipBetween(pieces: readonly WallPiece[], fromS: number, toS: number): Skip | undefined {
  for (let index = 1; index < pieces.length; index += 1) {
    const [before, after] = [pieces[index - 1], pieces[index]];
    if (!before || !after || after.startS <= fromS || after.startS > toS) continue;
    const endMs = before.atMs + before.durationS * 1000;
    if (after.atMs - endMs > gapMs) return { fromMs: endMs, toMs: after.atMs };
  }
  return undefined;
}
