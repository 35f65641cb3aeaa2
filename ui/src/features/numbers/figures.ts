import type { DenominatorChange, NumberCell, Numbers, NumberWords, OpenNumber } from "@/shared/api/numbers";

/** What the table can show, in the order of the choice. */
export const measures = [
  "completed_rate",
  "signed_rate",
  "online_now_rate",
  "online_hours_rate",
  "online_day_rate",
  "due",
  "signed",
  "installed",
  "online",
  "accepted",
] as const;
export type Measure = (typeof measures)[number];

export function isMeasure(text: string | null): text is Measure {
  return measures.some((measure) => measure === text);
}

export function wordsOf(numbers: Numbers, key: string): NumberWords {
  return numbers.words.find((words) => words.key === key) ?? { key, name: key, definition: "", parts: [] };
}

/** Which number a click on a measure opens: the numerator of a rate, if its rows are kept. */
export function openedBy(numbers: Numbers, key: string): OpenNumber | undefined {
  const { parts } = wordsOf(numbers, key);
  const wanted = parts[0] ?? key;
  // time online is no list; the cameras behind it are those that should be online
  const shown = wanted.endsWith("_s") ? (wanted.includes("raw") ? "watched_raw" : "watched") : wanted;
  return numbers.opens.includes(shown) ? (shown as OpenNumber) : undefined;
}

/** Share and the two counts of it, or the count alone. */
export function figuresOf(numbers: Numbers, cell: NumberCell | undefined, key: string) {
  const { parts } = wordsOf(numbers, key);
  const [part, whole] = parts;
  if (part === undefined || whole === undefined) return { value: cell?.values[key] ?? 0, isRate: false as const };
  const isTime = part.endsWith("_s");
  return {
    isRate: true as const,
    share: cell?.rates[key] ?? null,
    part: isTime ? undefined : (cell?.values[part] ?? 0),
    whole: isTime ? undefined : (cell?.values[whole] ?? 0),
  };
}

/** Which numbers a change of the log raised or lowered by one. A move between places changes none of the whole. */
export function effectsOf(change: DenominatorChange): { count: string; step: 1 | -1 }[] {
  const came = change.counts.filter((count) => !change.from_counts.includes(count));
  const left = change.from_counts.filter((count) => !change.counts.includes(count));
  return [
    ...came.map((count) => ({ count, step: 1 as const })),
    ...left.map((count) => ({ count, step: -1 as const })),
  ];
}
