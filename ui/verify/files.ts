// Where the files of an export are: inside a zip without compression, or in a folder that was unpacked.

export type Files = Map<string, Blob>;

const END = 0x06054b50;
const END64 = 0x06064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

async function view(blob: Blob, from: number, to: number): Promise<DataView> {
  return new DataView(await blob.slice(from, to).arrayBuffer());
}

function long(data: DataView, at: number): number {
  return Number(data.getBigUint64(at, true));
}

interface Directory {
  offset: number;
  size: number;
  count: number;
}

async function findDirectory(zip: Blob): Promise<Directory> {
  const from = Math.max(0, zip.size - 66_000);
  const tail = await view(zip, from, zip.size);
  for (let at = tail.byteLength - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END) continue;
    const found = {
      count: tail.getUint16(at + 10, true),
      size: tail.getUint32(at + 12, true),
      offset: tail.getUint32(at + 16, true),
    };
    if (found.offset !== 0xffffffff && found.count !== 0xffff && found.size !== 0xffffffff) return found;
    const end64 = long(tail, at - 20 + 8);
    const wide = await view(zip, end64, end64 + 56);
    if (wide.getUint32(0, true) !== END64) throw new Error("zip64");
    return { count: long(wide, 32), size: long(wide, 40), offset: long(wide, 48) };
  }
  throw new Error("no zip");
}

/** Sizes and offset of an entry; those that do not fit stand in its zip64 field (id 1), in this order. */
function readSizes(data: DataView, at: number): { packed: number; size: number; offset: number } {
  const found = {
    packed: data.getUint32(at + 20, true),
    size: data.getUint32(at + 24, true),
    offset: data.getUint32(at + 42, true),
  };
  let extra = at + 46 + data.getUint16(at + 28, true);
  const end = extra + data.getUint16(at + 30, true);
  while (extra + 4 <= end) {
    const length = data.getUint16(extra + 2, true);
    if (data.getUint16(extra, true) === 1) {
      let field = extra + 4;
      for (const key of ["size", "packed", "offset"] as const) {
        if (found[key] === 0xffffffff) {
          found[key] = long(data, field);
          field += 8;
        }
      }
    }
    extra += 4 + length;
  }
  return found;
}

export async function openZip(zip: Blob): Promise<Files> {
  const directory = await findDirectory(zip);
  const data = await view(zip, directory.offset, directory.offset + directory.size);
  const files: Files = new Map();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let at = 0;
  for (let index = 0; index < directory.count; index++) {
    if (data.getUint32(at, true) !== ENTRY || data.getUint16(at + 10, true) !== 0) throw new Error("zip entry");
    const nameLength = data.getUint16(at + 28, true);
    const name = decoder.decode(new Uint8Array(data.buffer, at + 46, nameLength));
    const { packed, size, offset } = readSizes(data, at);
    const local = await view(zip, offset, offset + 30);
    if (local.getUint32(0, true) !== LOCAL || packed !== size || files.has(name)) throw new Error("zip entry");
    const start = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    files.set(name, zip.slice(start, start + size));
    at += 46 + nameLength + data.getUint16(at + 30, true) + data.getUint16(at + 32, true);
  }
  return files;
}

/** Files chosen as a folder: their names lose the folder's own. */
export function openFolder(chosen: Iterable<File>): Files {
  const files: Files = new Map();
  for (const file of chosen) {
    const path = file.webkitRelativePath || file.name;
    files.set(path.includes("/") ? path.slice(path.indexOf("/") + 1) : path, file);
  }
  return files;
}
