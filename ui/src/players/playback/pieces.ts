/** The node's fragmented MP4 cut into whole pieces while it arrives; it writes fragments of one layout only (wire/fmp4/writer.py). Pure. */

export interface Piece {
  bytes: Uint8Array<ArrayBuffer>;
  isInit: boolean;
  /** When each picture is shown, seconds of the stream, rising. Empty for an initialisation. */
  shownS: number[];
  /** The first picture is a key frame. */
  isKey: boolean;
}

const ticksPerS = 90_000;
const [defaultFlagsAt, decodeTimeAt, flagsAt, countAt, rowsAt] = [48, 64, 80, 84, 92];
const nonSync = 0x10000;

export class PieceReader {
  #waiting = new Uint8Array(0);

  /** Returns the pieces that are whole now. */
  push(chunk: Uint8Array): Piece[] {
    const joined = new Uint8Array(this.#waiting.byteLength + chunk.byteLength);
    joined.set(this.#waiting);
    joined.set(chunk, this.#waiting.byteLength);
    const pieces: Piece[] = [];
    let at = 0;
    for (let end = pairEnd(joined, at); end !== undefined; end = pairEnd(joined, at)) {
      pieces.push(readPiece(joined.slice(at, end)));
      at = end;
    }
    this.#waiting = joined.slice(at);
    return pieces;
  }
}

/** Pieces are pairs of boxes: ftyp moov, or moof mdat. */
function pairEnd(bytes: Uint8Array, at: number): number | undefined {
  const first = boxEnd(bytes, at);
  return first === undefined ? undefined : boxEnd(bytes, first);
}

function boxEnd(bytes: Uint8Array, at: number): number | undefined {
  if (at + 8 > bytes.byteLength) return undefined;
  const size = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
  if (size < 8) throw new RangeError("a box without a size");
  return at + size <= bytes.byteLength ? at + size : undefined;
}

function readPiece(bytes: Uint8Array<ArrayBuffer>): Piece {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(4) !== 0x6d6f6f66) return { bytes, isInit: true, shownS: [], isKey: false };
  const flags = view.getUint32(flagsAt);
  const hasFirst = (flags & 0x4) !== 0;
  const [hasFlags, hasOffsets] = [(flags & 0x400) !== 0, (flags & 0x800) !== 0];
  const width = 4 * (2 + Number(hasFlags) + Number(hasOffsets));
  const start = rowsAt + (hasFirst ? 4 : 0);
  const firstFlags = hasFirst ? view.getUint32(rowsAt) : view.getUint32(hasFlags ? start + 8 : defaultFlagsAt);
  let ticks = Number(view.getBigUint64(decodeTimeAt));
  const shownS: number[] = [];
  for (let index = 0; index < view.getUint32(countAt); index += 1) {
    const row = start + index * width;
    shownS.push((ticks + (hasOffsets ? view.getInt32(row + width - 4) : 0)) / ticksPerS);
    ticks += view.getUint32(row);
  }
  return {
    bytes,
    isInit: false,
    shownS: shownS.sort((one, other) => one - other),
    isKey: (firstFlags & nonSync) === 0,
  };
}

/** Milliseconds of an RFC 3339 instant, with the microseconds that `Date.parse` drops. */
export function parseInstantMs(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1];
  const whole = Date.parse(text.replace(/\.\d+/, ""));
  return fraction ? whole + Number(`0.${fraction}`) * 1000 : whole;
}
