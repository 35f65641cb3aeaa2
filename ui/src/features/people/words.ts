import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type HeldGrant, type Region, regionsQuery } from "@/shared/api/people";

/** Names of roles, and of what a role reaches, in the reader's words. */
export function usePeopleWords() {
  const { t, i18n } = useTranslation();
  const regions = useQuery(regionsQuery).data;
  return useMemo(() => {
    const byCode = new Map((regions ?? []).map((region) => [region.code, region]));
    const region = (code: string) => byCode.get(code)?.name ?? code;
    const scope = (grant: HeldGrant) => {
      if (grant.premises) return grant.premises_name || grant.premises;
      const where = grant.region ? pathOf(byCode, grant.region) : t("people.everywhere");
      return grant.categories.length > 0
        ? t("people.someCategories", { where, count: grant.categories.length })
        : where;
    };
    return { lang: i18n.language, role: (code: string) => t(`role.${code}`), region, scope };
  }, [regions, t, i18n.language]);
}

/** 铁东区站前街道: the region with what is between it and the city. */
function pathOf(byCode: ReadonlyMap<string, Region>, code: string): string {
  const names: string[] = [];
  for (let at = byCode.get(code); at; at = byCode.get(at.parent)) {
    if (at.level >= 3 || names.length === 0) names.unshift(at.name);
  }
  return names.join("") || code;
}

/** The levels of regions that a role has to be limited to; [] for one that is not by region. */
export function levelsOf(reach: string): readonly number[] {
  const levels: Record<string, readonly number[]> = {
    city: [2],
    county: [3],
    township: [4, 5],
    region: [2, 3, 4],
  };
  return levels[reach] ?? [];
}

export interface RegionNode {
  value: string;
  title: string;
  disabled: boolean;
  children: RegionNode[];
}

/** Regions as a tree in which only those of `levels` can be chosen; [] levels: all. */
export function regionTree(regions: readonly Region[], levels: readonly number[]): RegionNode[] {
  const deepest = levels.length > 0 ? Math.max(...levels) : 9;
  const nodes = new Map<string, RegionNode>();
  const roots: RegionNode[] = [];
  for (const region of regions) {
    if (region.level > deepest) continue;
    const node: RegionNode = {
      value: region.code,
      title: region.name,
      disabled: levels.length > 0 && !levels.includes(region.level),
      children: [],
    };
    nodes.set(region.code, node);
    (nodes.get(region.parent)?.children ?? roots).push(node);
  }
  return roots;
}
