import type { OverviewCell } from "@/shared/api/overview";
import { formatCount, formatShare, heatOf } from "@/shared/numbers/share";

/** What the map can show, in the order of the choice; the first is what it begins with. */
export const measures = ["completed_rate", "signed_rate", "online_now_rate", "alarms", "faults"] as const;
export type Measure = (typeof measures)[number];
type Share = Exclude<Measure, "alarms" | "faults">;

/** Numerator and denominator of each share. */
export const partsOf: Record<Share, readonly [part: string, whole: string]> = {
  completed_rate: ["completed", "base"],
  signed_rate: ["signed_due", "due"],
  online_now_rate: ["online_now", "watched"],
};

export function isShare(measure: Measure): measure is Share {
  return measure in partsOf;
}

/** Those that this person has numbers of: the total says it for every area. */
export function measuresIn(total: OverviewCell): Measure[] {
  return measures.filter((each) => (each !== "alarms" && each !== "faults") || total[each] !== null);
}

/** What is printed, what stands below it, and which step of the ramp it is; undefined = nothing to show a colour for. */
export interface Reading {
  text: string;
  under: string;
  step: number | undefined;
}

export function readMeasure(cell: OverviewCell, measure: Measure, most: number): Reading {
  if (isShare(measure)) {
    const [part, whole] = partsOf[measure];
    const share = cell.rates[measure];
    return {
      text: formatShare(share),
      under: `${formatCount(cell.values[part] ?? 0)}/${formatCount(cell.values[whole] ?? 0)}`,
      step: share === null || share === undefined ? undefined : heatOf(share),
    };
  }
  const count = cell[measure] ?? 0;
  return { text: formatCount(count), under: "", step: count === 0 ? undefined : Math.floor((4 * count) / most) };
}

/** The most that any area has of a measure that is a count; at least 1. */
export function mostOf(cells: readonly OverviewCell[], measure: Measure): number {
  return isShare(measure) ? 1 : Math.max(1, ...cells.map((cell) => cell[measure] ?? 0));
}

/** The list that a measure of a region counts, with the same filter. */
export function addressOf(measure: Measure | "due", region: string): string {
  const narrowed = region ? `r=${region}` : "";
  if (measure === "alarms") return withQuery("/recordings/alarms", narrowed);
  if (measure === "faults") return withQuery("/faults", narrowed);
  const number = measure === "due" ? "due" : partsOf[measure][0];
  return withQuery("/numbers", [narrowed, `n=${number}`].filter(Boolean).join("&"));
}

function withQuery(path: string, query: string): string {
  return query ? `${path}?${query}` : path;
}
