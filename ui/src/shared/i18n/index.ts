import type { Locale } from "antd/es/locale";
import dayjs from "dayjs";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { setApiLanguage } from "@/shared/api/client";
import type { LanguagePack } from "./pack";

export const languages = ["zh-CN", "en"] as const;
export type Language = (typeof languages)[number];

const sources: Record<Language, () => Promise<{ pack: LanguagePack }>> = {
  "zh-CN": () => import("./pack.zh-CN"),
  en: () => import("./pack.en"),
};
const locales = new Map<string, Locale>();
const storageKey = "bk.lang";

function kept(): Language {
  const found = localStorage.getItem(storageKey);
  return languages.find((lang) => lang === found) ?? "zh-CN";
}

async function fetchPack(lang: Language): Promise<LanguagePack> {
  const { pack } = await sources[lang]();
  locales.set(lang, pack.antd);
  return pack;
}

function apply(lang: Language, pack: LanguagePack): void {
  document.documentElement.lang = lang;
  dayjs.locale(pack.dayjs);
  setApiLanguage(lang);
}

/** Fetches and takes the language that this person chose last; the other one comes when it is wanted. */
export async function startI18n(): Promise<void> {
  const lang = kept();
  const pack = await fetchPack(lang);
  await i18next.use(initReactI18next).init({
    lng: lang,
    fallbackLng: false, // both have every text: a test compares them
    resources: { [lang]: { translation: { ...pack.texts } } },
    interpolation: { escapeValue: false }, // React escapes; nothing of ours goes through innerHTML
    returnNull: false,
    keySeparator: false,
    nsSeparator: false,
  });
  apply(lang, pack);
}

/** Rejects, and nothing changes, if the other language cannot be fetched. */
export async function changeLanguage(lang: Language): Promise<void> {
  const pack = await fetchPack(lang);
  i18next.addResourceBundle(lang, "translation", pack.texts);
  localStorage.setItem(storageKey, lang);
  apply(lang, pack);
  await i18next.changeLanguage(lang);
}

/** The words that antd itself says. */
export function antdLocale(lang: string): Locale | undefined {
  return locales.get(lang);
}
