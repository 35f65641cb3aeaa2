import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { setApiLanguage } from "@/shared/api/client";

type Texts = Record<string, string>;

/** Shared texts in zh-CN.json and en.json, those of a feature in FEATURE.zh-CN.json and FEATURE.en.json beside them. */
const files = import.meta.glob<Texts>("./*.json", { eager: true, import: "default" });

/** All texts of a language. */
export function textsOf(lang: string): Texts {
  const own = Object.entries(files).filter(([path]) => path === `./${lang}.json` || path.endsWith(`.${lang}.json`));
  return Object.assign({}, ...own.map(([, texts]) => texts)) as Texts;
}

export const languages = ["zh-CN", "en"] as const;
export type Language = (typeof languages)[number];

const storageKey = "bk.lang";

function kept(): Language {
  const found = localStorage.getItem(storageKey);
  return languages.find((lang) => lang === found) ?? "zh-CN";
}

function apply(lang: Language): void {
  document.documentElement.lang = lang;
  setApiLanguage(lang);
}

/** Loads both languages at once (they are small) and takes the one this person chose last. */
export function startI18n(): void {
  const lang = kept();
  void i18next.use(initReactI18next).init({
    lng: lang,
    fallbackLng: "zh-CN",
    resources: { "zh-CN": { translation: textsOf("zh-CN") }, en: { translation: textsOf("en") } },
    interpolation: { escapeValue: false }, // React escapes; nothing of ours goes through innerHTML
    returnNull: false,
    keySeparator: false,
    nsSeparator: false,
  });
  apply(lang);
}

export function changeLanguage(lang: Language): void {
  localStorage.setItem(storageKey, lang);
  apply(lang);
  void i18next.changeLanguage(lang);
}
