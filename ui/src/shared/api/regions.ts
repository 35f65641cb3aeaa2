import { queryOptions } from "@tanstack/react-query";
import { readProblem } from "./problem";

/** level: 1 province, 2 city, 3 county, 4 township. parent "": the outermost. */
export interface Region {
  code: string;
  name: string;
  parent: string;
  level: number;
}

/** The regions within reach, outer ones first. */
export const regionsQuery = queryOptions({
  queryKey: ["regions"] as const,
  queryFn: async (): Promise<Region[]> => {
    const answer = await globalThis.fetch(`${window.location.origin}/api/v1/regions`, {
      credentials: "same-origin",
      headers: { "X-BK": "1" },
    });
    if (!answer.ok) throw await readProblem(answer);
    return ((await answer.json()) as { items: Region[] }).items;
  },
  staleTime: 3_600_000,
});

export interface RegionNode {
  value: string;
  title: string;
  /** What is shown once it is chosen: county and township. */
  full: string;
  children: RegionNode[];
}

/** Counties with their townships: what a premises can belong to and a list be narrowed to. */
export function regionTree(regions: readonly Region[]): RegionNode[] {
  const node = ({ code, name }: Region, outer: string): RegionNode => ({
    value: code,
    title: name,
    full: outer ? `${outer} ${name}` : name,
    children: regions.filter(({ parent, level }) => parent === code && level === 4).map((each) => node(each, name)),
  });
  return regions.filter(({ level }) => level === 3).map((each) => node(each, ""));
}
