import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { kindsQuery } from "@/shared/api/premises";
import { useWords } from "@/shared/camera/useWords";

/** Categories and zones in the language of the page. They are data: a city may have more than this version knows. */
export function useKinds() {
  const { i18n } = useTranslation();
  const words = useWords();
  const kinds = useQuery(kindsQuery).data;
  return useMemo(() => {
    const isChinese = i18n.language.startsWith("zh");
    const named = (each: { name_zh: string; name_en: string }) => (isChinese ? each.name_zh : each.name_en);
    const categories = new Map(kinds?.categories.map((each) => [each.code, each]));
    const zones = new Map(kinds?.zones.map((each) => [each.code, each]));
    return {
      kinds,
      category: (code: string) => {
        const found = categories.get(code);
        return found ? named(found) : "";
      },
      zone: (code: string) => {
        const found = zones.get(code);
        return found ? named(found) : words.zone(code);
      },
      categoryOptions: [...categories.values()].map((each) => ({ value: each.code, label: named(each) })),
      /** Zones that the category may have and need not. */
      optionalZones: (category: string | undefined) => {
        const profile = category ? categories.get(category)?.zone_profile : undefined;
        const rows = profile ? (kinds?.must_zones[profile] ?? []) : [];
        return rows.filter(({ need }) => need.endsWith("_IF_PRESENT")).map(({ zone }) => zone);
      },
    };
  }, [kinds, i18n.language, words]);
}
