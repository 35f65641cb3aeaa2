import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** app → features → shared → players → generated; a feature never sees another; players know no React. */
const source = join(process.cwd(), "src");
const below: Record<string, string[]> = {
  app: ["app", "features", "shared", "players", "generated"],
  features: ["shared", "players", "generated"],
  shared: ["shared", "players", "generated"],
  players: ["players"],
};

function isAllowed(from: string, to: string): boolean {
  const [layer = "", slice] = from.split("/");
  const [otherLayer = "", otherSlice] = to.split("/");
  if (!(layer in below)) return true; // main.tsx, testing
  if (layer === "features" && otherLayer === "features") return slice === otherSlice;
  return (below[layer] ?? []).includes(otherLayer);
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return /\.tsx?$/.test(entry.name) && !/\.test\.|\.testing\./.test(entry.name) ? [path] : [];
  });
}

function importsOf(path: string): string[] {
  return [...readFileSync(path, "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

describe("layers", () => {
  it("know only what is below them", () => {
    const wrong = files(source).flatMap((path) =>
      importsOf(path).flatMap((target) => {
        const inside = target.startsWith("@/") ? target.slice(2) : relative(source, resolve(dirname(path), target));
        if (!target.startsWith("@/") && !target.startsWith(".")) return [];
        return isAllowed(relative(source, path), inside) ? [] : [`${relative(source, path)} → ${inside}`];
      }),
    );
    expect(wrong).toEqual([]);
  });
  it("keep React out of the players", () => {
    const wrong = files(join(source, "players")).filter((path) =>
      importsOf(path).some((name) => /^react|antd/.test(name)),
    );
    expect(wrong).toEqual([]);
  });
  it.each([
    ["features/live/a.ts", "features/playback/b.ts", false],
    ["shared/a.ts", "features/live/b.ts", false],
    ["players/a.ts", "shared/b.ts", false],
    ["features/live/a.ts", "features/live/b.ts", true],
    ["app/a.ts", "features/live/b.ts", true],
  ])("from %s to %s is %s", (from, to, allowed) => expect(isAllowed(from, to)).toBe(allowed));
});
