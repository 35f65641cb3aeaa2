import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** All style sheets are loaded together: a class that two of them define is whatever was loaded last. */
function sheets(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sheets(path);
    return entry.name.endsWith(".css") ? [path] : [];
  });
}

function classesOf(path: string): Set<string> {
  const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  return new Set([...text.matchAll(/^(\.[\w-]+)(?=[,\s]*[{,]?\s*$|\s*\{)/gm)].map(([, name]) => name ?? ""));
}

describe("style sheets", () => {
  it("define a class in one of them only", () => {
    const owners = new Map<string, string[]>();
    for (const path of sheets(join(process.cwd(), "src")))
      for (const name of classesOf(path)) owners.set(name, [...(owners.get(name) ?? []), path.split("/").at(-1) ?? ""]);
    expect(owners.size).toBeGreaterThan(200);
    expect([...owners].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });
});
