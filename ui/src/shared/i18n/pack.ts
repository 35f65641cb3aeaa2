import type { Locale } from "antd/es/locale";

export type Texts = Readonly<Record<string, string>>;

/** All that a language needs; fetched only when somebody uses it. */
export interface LanguagePack {
  texts: Texts;
  antd: Locale;
  /** What dayjs calls it. */
  dayjs: string;
}

/** One of the files: shared texts in zh-CN.json and en.json, those of a feature in FEATURE.zh-CN.json and FEATURE.en.json beside them. */
export function join(files: Record<string, Texts>): Texts {
  return Object.assign({}, ...Object.values(files)) as Texts;
}
