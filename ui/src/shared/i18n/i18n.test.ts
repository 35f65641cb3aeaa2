import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pack as en } from "./pack.en";
import { pack as zh } from "./pack.zh-CN";

const zhTexts = zh.texts;
const enTexts = en.texts;
const placeholders = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "testing" ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) && !/\.test\.|\.testing\./.test(entry.name) ? [readFileSync(path, "utf8")] : [];
  });
}

describe("texts", () => {
  it("have the same keys and parameters in both languages", () => {
    expect(Object.keys(enTexts).sort()).toEqual(Object.keys(zhTexts).sort());
    for (const [key, text] of Object.entries(zhTexts))
      expect([key, placeholders(enTexts[key] ?? "")]).toEqual([key, placeholders(text)]);
  });
  it("have each key in one file only, so that no text hides another", () => {
    const folder = join(process.cwd(), "src/shared/i18n");
    for (const lang of ["zh-CN", "en"]) {
      const keys = readdirSync(folder)
        .filter((name) => name === `${lang}.json` || name.endsWith(`.${lang}.json`))
        .flatMap((name) => Object.keys(JSON.parse(readFileSync(join(folder, name), "utf8")) as object));
      expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    }
  });
  it("are Chinese with full-width punctuation and without spaces between Han and digits", () => {
    for (const [key, text] of Object.entries(zhTexts)) {
      expect([key, text.match(/\p{Script=Han}[,;:?!()]|[,;?!]\p{Script=Han}|！|抱歉/u)]).toEqual([key, null]);
      expect([key, text.replace(/ (rtsp:|\/)\S+ /, "").match(/\p{Script=Han} \d|\d \p{Script=Han}/u)]).toEqual([
        key,
        null,
      ]);
    }
  });
  it("hold every key that the code names literally", () => {
    const missing = sources(join(process.cwd(), "src")).flatMap((source) =>
      [...source.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1] ?? "").filter((key) => !(key in zhTexts)),
    );
    expect(missing).toEqual([]);
  });
  it("contain no Han in code, so that everything can be translated", () => {
    const found = sources(join(process.cwd(), "src"))
      .flatMap((source) => source.split("\n"))
      .filter((line) => /\p{Script=Han}/u.test(line.replace(/\/\*.*|^\s*\*.*|\/\/.*/g, "")));
    expect(found.filter((line) => !/年|天|小时|分钟|秒|中文/.test(line))).toEqual([]);
  });
});
