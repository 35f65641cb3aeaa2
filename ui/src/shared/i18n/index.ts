import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { setApiLanguage } from "@/shared/api/client";
import en from "./en.json";
import zhCN from "./zh-CN.json";

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
    resources: { "zh-CN": { translation: zhCN }, en: { translation: en } },
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
