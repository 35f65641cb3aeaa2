/** 4335 → 4,335, alike in both languages. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** A share as people read it; "—" where there is nothing to divide by. */
export function formatShare(share: number | null | undefined): string {
  return share === null || share === undefined ? "—" : `${(share * 100).toFixed(1)}%`;
}

/** Steps of the blue ramp, 0 to 4, by share. */
export function heatOf(share: number | null | undefined): number {
  if (share === null || share === undefined) return 0;
  return [0.5, 0.8, 0.95, 0.9999].filter((limit) => share >= limit).length;
}
