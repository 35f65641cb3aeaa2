// Makes the one file that every export carries: `npm run verify-page`. A test compares it with what lies in the repository.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const PAGE = here("../../src/brightkitchen/domain/evidence/page/verify.html");

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64");

export async function buildPage(): Promise<string> {
  const result = (await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      target: "es2020",
      modulePreload: false,
      rolldownOptions: { input: here("./page.ts"), output: { format: "iife" } },
    },
  })) as Rolldown.RolldownOutput;
  const [chunk] = result.output;
  const script = chunk.code.trim();
  if (result.output.length !== 1 || script.includes("</script")) throw new Error("the page is not one script");
  const style = readFileSync(here("./style.css"), "utf-8").trim();
  return readFileSync(here("./template.html"), "utf-8")
    .replace("__SCRIPT_HASH__", hashOf(script))
    .replace("__STYLE_HASH__", hashOf(style))
    .replace("__STYLE__", () => style)
    .replace("__SCRIPT__", () => script);
}
