// The same steps as domain/evidence/verify.py (docs/design/evidence.md §8).
import {
  asList,
  asObject,
  digestBytes,
  hashBlob,
  hashBytes,
  hashParts,
  isSigned,
  type Json,
  type JsonObject,
  parseCanonical,
  spell,
  text,
  without,
} from "./bytes";
import type { Files } from "./files";

export type Trouble =
  | "file_missing"
  | "file_changed"
  | "file_extra"
  | "list_broken"
  | "list_signature"
  | "keys_broken"
  | "manifest_broken"
  | "manifest_changed"
  | "seal_broken"
  | "signature_wrong"
  | "key_unknown"
  | "key_not_valid_then"
  | "suite_unsupported"
  | "statement_broken"
  | "statement_signature"
  | "statement_differs"
  | "chain_broken"
  | "not_an_export";

export interface Finding {
  trouble: Trouble;
  file: string;
  item: string;
}

export interface Item {
  number: string;
  facts: JsonObject;
}

export interface Verdict {
  findings: Finding[];
  items: Item[];
  files: number;
  fingerprints: string[];
  list: JsonObject | null;
}

interface Key {
  kid: string;
  suite: string;
  publicKey: string;
  from: number;
  until: number | null;
}

const MAX_TEXT_BYTES = 8 * 1024 * 1024;
const ITEM = /^items\/(E[0-9]{4}-[0-9]{5,9})\/([a-z0-9][a-z0-9.-]{0,60})$/;
const KEY_CONTEXT = text("brightkitchen/signer-key/v1\0");
const SIGNER_CONTEXT = text("brightkitchen/signer/v1\0");
const STATEMENT_CONTEXT = text("brightkitchen/node-statement/v1\0");
const CHAIN_CONTEXT = text("bk-evidence-v1");

const itemOf = (name: string): string => ITEM.exec(name)?.[1] ?? "";
const instant = (value: Json | undefined): number => {
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw new Error("no instant");
  return at;
};
const join = (...parts: Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

function hashLink(before: Json | undefined, manifest: string): string {
  return hashParts(CHAIN_CONTEXT, digestBytes(before), digestBytes(manifest));
}

export async function verifyFiles(files: Files, onBytes: (done: number) => void = () => {}): Promise<Verdict> {
  return new Verifier(files, onBytes).run();
}

class Verifier {
  private readonly verdict: Verdict;
  private readonly sums = new Map<string, string>();
  private keys: Key[] = [];
  private chain: { seq: Json; manifest: string; hash: string }[] = [];
  private done = 0;

  constructor(
    private readonly files: Files,
    private readonly onBytes: (done: number) => void,
  ) {
    this.verdict = { findings: [], items: [], files: files.size, fingerprints: [], list: null };
  }

  async run(): Promise<Verdict> {
    if (!this.files.has("export.json")) {
      this.add("not_an_export", "export.json");
      return this.verdict;
    }
    for (const [name, blob] of this.files) {
      const sum = await hashBlob(blob, (count) => {
        this.done += count;
        this.onBytes(this.done);
      });
      this.sums.set(name, sum);
    }
    await this.checkKeys();
    await this.checkList();
    await this.readChain();
    const numbers = new Set([...this.files.keys()].map(itemOf).filter((number) => number !== ""));
    for (const number of [...numbers].sort()) await this.checkItem(number);
    this.checkChain();
    return this.verdict;
  }

  private add(trouble: Trouble, file: string, item = itemOf(file)): void {
    const known = this.verdict.findings.some(
      (each) => each.trouble === trouble && each.file === file && each.item === item,
    );
    if (!known) this.verdict.findings.push({ trouble, file, item });
  }

  private async read(name: string): Promise<Uint8Array | null> {
    const blob = this.files.get(name);
    if (blob === undefined) {
      this.add("file_missing", name);
      return null;
    }
    if (blob.size > MAX_TEXT_BYTES) {
      this.add("file_changed", name);
      return null;
    }
    return new Uint8Array(await blob.arrayBuffer());
  }

  private async checkKeys(): Promise<void> {
    const data = await this.read("keys.jsonl");
    if (data === null) return;
    const lines = new TextDecoder().decode(data).split("\n");
    if (lines.pop() !== "" || lines.length === 0) this.add("keys_broken", "keys.jsonl");
    let before = "";
    lines.forEach((line, index) => {
      try {
        const said = parseCanonical(text(line));
        if (said.number !== index + 1 || said.v !== 1 || said.history !== hashBytes(text(before)))
          throw new Error("order");
        if (said.type === "key") this.addKey(said);
        else if (said.type === "revoked") this.revoke(said);
        else throw new Error("type");
      } catch {
        this.add("keys_broken", "keys.jsonl");
      }
      before += `${line}\n`;
    });
    this.verdict.fingerprints = this.keys.map((key) => hashHex(key.publicKey));
  }

  private addKey(said: JsonObject): void {
    const data = join(KEY_CONTEXT, text(spell(without(said, "own", "by"))));
    const { kid, suite, public_key: publicKey } = said;
    if (typeof kid !== "string" || typeof suite !== "string" || typeof publicKey !== "string") throw new Error("key");
    const from = instant(said.created_at);
    const last = this.keys.at(-1);
    // A page without SM2 cannot judge such a key's own signature; the seals made with it are then said to be unjudged.
    if (suite === "ed25519" && !isSigned(publicKey, said.own, data)) throw new Error("own");
    if (this.keys.some((key) => key.kid === kid)) throw new Error("twice");
    if (last === undefined) {
      if (said.before !== "" || said.by !== "") throw new Error("first");
    } else {
      if (said.before !== last.kid || from < last.from) throw new Error("before");
      if (last.suite === "ed25519" && !isSigned(last.publicKey, said.by, data)) throw new Error("by");
      last.until = last.until === null ? from : Math.min(last.until, from);
    }
    this.keys.push({ kid, suite, publicKey, from, until: null });
  }

  private revoke(said: JsonObject): void {
    const data = join(KEY_CONTEXT, text(spell(without(said, "by"))));
    const signer = this.keys.at(-1);
    if (signer === undefined || signer.kid !== said.by_kid) throw new Error("by");
    if (signer.suite === "ed25519" && !isSigned(signer.publicKey, said.by, data)) throw new Error("by");
    const ended = this.keys.find((key) => key.kid === said.kid);
    if (ended === undefined) throw new Error("kid");
    const at = instant(said.at);
    ended.until = ended.until === null ? at : Math.min(ended.until, at);
  }

  /** Check a seal; `digest`: what it must be over. `about`: the file that is wrong if it is over something else. */
  private checkSeal(file: string, data: Uint8Array, what: string, digest: string, about: string, item: string): void {
    let seal: JsonObject;
    try {
      seal = parseCanonical(data);
      const fields = ["at", "digest", "format", "kid", "signature", "suite", "what"];
      if (Object.keys(seal).sort().join() !== fields.join() || seal.format !== "bk-evidence-seal-v1")
        throw new Error("seal");
    } catch {
      this.add("seal_broken", file, item);
      return;
    }
    if (seal.what !== what || seal.digest !== digest)
      this.add(item ? "manifest_changed" : "list_signature", about, item);
    const key = this.keys.find((each) => each.kid === seal.kid && each.suite === seal.suite);
    if (key === undefined) {
      this.add("key_unknown", file, item);
      return;
    }
    if (key.suite !== "ed25519") {
      this.add("suite_unsupported", file, item);
      return;
    }
    if (!isSigned(key.publicKey, seal.signature, join(SIGNER_CONTEXT, text(spell(without(seal, "signature")))))) {
      this.add("signature_wrong", file, item);
      return;
    }
    const at = instant(seal.at);
    if (at < key.from || (key.until !== null && at > key.until)) this.add("key_not_valid_then", file, item);
  }

  private async checkList(): Promise<void> {
    const data = await this.read("export.json");
    const seal = await this.read("export.seal.json");
    if (data === null || seal === null) return;
    const wanted = new Map<string, JsonObject>();
    try {
      const list = parseCanonical(data);
      if (list.format !== "bk-evidence-export-v1") throw new Error("format");
      for (const each of asList(list.files)) {
        const file = asObject(each);
        if (typeof file.name !== "string") throw new Error("name");
        wanted.set(file.name, file);
      }
      this.verdict.list = list;
    } catch {
      this.add("list_broken", "export.json");
      return;
    }
    this.checkSeal("export.seal.json", seal, "bk-evidence-export-v1", hashBytes(data), "export.json", "");
    for (const [name, file] of wanted) {
      const blob = this.files.get(name);
      if (blob === undefined) this.add("file_missing", name);
      else if (blob.size !== file.size_bytes || this.sums.get(name) !== file.sha256) this.add("file_changed", name);
    }
    for (const name of this.files.keys()) {
      if (!wanted.has(name) && name !== "export.json" && name !== "export.seal.json") this.add("file_extra", name);
    }
  }

  private async readChain(): Promise<void> {
    const data = await this.read("chain.jsonl");
    if (data === null) return;
    const lines = new TextDecoder().decode(data).split("\n");
    if (lines.pop() !== "" || lines.length === 0) this.add("chain_broken", "chain.jsonl", "");
    for (const line of lines) {
      try {
        const { seq, manifest, hash } = parseCanonical(text(line));
        if (typeof seq !== "number" || typeof manifest !== "string" || typeof hash !== "string")
          throw new Error("line");
        this.chain.push({ seq, manifest, hash });
      } catch {
        this.add("chain_broken", "chain.jsonl", "");
      }
    }
  }

  private checkChain(): void {
    this.chain.slice(1).forEach((link, index) => {
      const before = this.chain[index];
      let follows = false;
      try {
        follows =
          before !== undefined &&
          link.seq === Number(before.seq) + 1 &&
          hashLink(before.hash, link.manifest) === link.hash;
      } catch {
        follows = false;
      }
      if (!follows) this.add("chain_broken", "chain.jsonl", "");
    });
  }

  private async checkItem(number: string): Promise<void> {
    const folder = `items/${number}/`;
    const data = await this.read(`${folder}manifest.json`);
    const seal = await this.read(`${folder}seal.json`);
    if (data === null || seal === null) return;
    let facts: JsonObject;
    let link: string;
    let listed: JsonObject[];
    let nodeKey: Json | undefined;
    try {
      facts = parseCanonical(data);
      if (facts.format !== "bk-evidence-v1") throw new Error("format");
      link = hashLink(facts.before, hashBytes(data));
      listed = asList(facts.files).map(asObject);
      nodeKey = asObject(facts.node).public_key;
    } catch {
      this.add("manifest_broken", `${folder}manifest.json`);
      return;
    }
    this.verdict.items.push({ number, facts });
    if (facts.number !== number) this.add("manifest_changed", `${folder}manifest.json`);
    this.checkSeal(`${folder}seal.json`, seal, "bk-evidence-v1", link, `${folder}manifest.json`, number);
    const sum = hashBytes(data);
    if (!this.chain.some((each) => each.seq === facts.seq && each.manifest === sum && each.hash === link)) {
      this.add("chain_broken", "chain.jsonl", number);
    }
    const known = new Set(["manifest.json", "seal.json"]);
    for (const file of listed) {
      const name = `${folder}${String(file.name)}`;
      known.add(String(file.name));
      const blob = this.files.get(name);
      if (blob === undefined) this.add("file_missing", name);
      else if (blob.size !== file.size_bytes || this.sums.get(name) !== file.sha256) this.add("file_changed", name);
    }
    for (const name of this.files.keys()) {
      if (name.startsWith(folder) && !known.has(name.slice(folder.length))) this.add("file_extra", name);
    }
    await this.checkStatement(`${folder}statement.json`, listed, nodeKey);
  }

  private async checkStatement(file: string, listed: JsonObject[], nodeKey: Json | undefined): Promise<void> {
    const data = await this.read(file);
    if (data === null) return;
    try {
      const signed = parseCanonical(data);
      const statement = asObject(signed.statement);
      const whole = join(STATEMENT_CONTEXT, text(spell(statement)));
      if (statement.format !== "bk-node-statement-v1") throw new Error("format");
      if (signed.public_key !== nodeKey || !isSigned(nodeKey, signed.signature, whole)) {
        this.add("statement_signature", file);
        return;
      }
      const known = new Map(listed.map((each) => [each.name, spell(each)]));
      const differs = asList(statement.files).some((each) => known.get(asObject(each).name) !== spell(each));
      if (differs) this.add("statement_differs", file);
    } catch {
      this.add("statement_broken", file);
    }
  }
}

function hashHex(publicKey: string): string {
  const bytes = new Uint8Array(publicKey.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(publicKey.slice(2 * at, 2 * at + 2), 16);
  return hashBytes(bytes);
}
