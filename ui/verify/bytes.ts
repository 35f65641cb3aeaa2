// Bytes, hashes and the one spelling of JSON (RFC 8785, limited as in kernel/canonicaljson.py).
import { hashes, verify } from "@noble/ed25519";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

hashes.sha512 = sha512;

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

const CHUNK_BYTES = 4 * 1024 * 1024;

export function hashBytes(data: Uint8Array): string {
  return bytesToHex(sha256(data));
}

export function hashParts(...parts: Uint8Array[]): string {
  return bytesToHex(sha256(concatBytes(...parts)));
}

/** SHA-256 of a file of any size, piece by piece. */
export async function hashBlob(blob: Blob, onBytes: (count: number) => void): Promise<string> {
  const digest = sha256.create();
  for (let at = 0; at < blob.size; at += CHUNK_BYTES) {
    const piece = new Uint8Array(await blob.slice(at, at + CHUNK_BYTES).arrayBuffer());
    digest.update(piece);
    onBytes(piece.length);
  }
  return bytesToHex(digest.digest());
}

export function text(value: string): Uint8Array {
  return utf8ToBytes(value);
}

/** 64 hex digits → 32 bytes. Throws for anything else. */
export function digestBytes(value: Json | undefined): Uint8Array {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) throw new Error("not 64 hex digits");
  return hexToBytes(value);
}

export function isSigned(publicKey: Json | undefined, signature: Json | undefined, data: Uint8Array): boolean {
  if (typeof publicKey !== "string" || typeof signature !== "string") return false;
  try {
    return verify(hexToBytes(signature), data, hexToBytes(publicKey), { zip215: false });
  } catch {
    return false;
  }
}

export function spell(value: Json): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Error("a number without a spelling");
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(spell).join(",")}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${spell(value[key] ?? null)}`).join(",")}}`;
}

/** The object that these bytes spell. Throws if they spell none, or spell it otherwise than we do. */
export function parseCanonical(data: Uint8Array): JsonObject {
  const said = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  const value: Json = JSON.parse(said);
  if (value === null || typeof value !== "object" || Array.isArray(value) || spell(value) !== said) {
    throw new Error("not canonical JSON");
  }
  return value;
}

export function without(value: JsonObject, ...keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

export function asObject(value: Json | undefined): JsonObject {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error("not an object");
  return value;
}

export function asList(value: Json | undefined): Json[] {
  if (!Array.isArray(value)) throw new Error("not a list");
  return value;
}
