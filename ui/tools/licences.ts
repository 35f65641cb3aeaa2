import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const place = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** Writes which packages the page is made of, with versions and licences, beside it. */
export function licences(): Plugin {
  return {
    name: "bk-licences",
    apply: "build",
    generateBundle() {
      const found = new Map<string, { name: string; version: string; licence: string }>();
      for (const id of this.getModuleIds()) {
        const [, folder, name] = place.exec(id.replace(/^\0/, "")) ?? [];
        if (!folder || !name || found.has(name)) continue;
        const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as {
          version: string;
          license?: string;
        };
        found.set(name, { name, version, licence: license ?? "" });
      }
      const rows = [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
      this.emitFile({ type: "asset", fileName: "licences.json", source: JSON.stringify(rows) });
    },
  };
}
