import { type Level, type Mode, noRuleEtag, type Rule } from "@/shared/api/recording";

export const modes: readonly Mode[] = ["always", "open_hours", "sub_when_closed", "never"];
export const fewestDays = 7;
export const mostDays = 90;

/** What somebody says of a category, premises or camera; null: the level before decides. */
export interface Said {
  keep_days: number | null;
  mode: Mode | null;
}

/** What is edited. rule: as it was read, none where nothing was said. subject "": it is still to be chosen. */
export interface Edited {
  level: Level;
  subject: string;
  name: string;
  rule: Rule | undefined;
}

export const nothingSaid: Said = { keep_days: null, mode: null };

/** After a conflict: what is kept on the server now. The answer of a server that keeps nothing there is an empty record. */
export function readTheirs(current: unknown): { said: Said; etag: string; isGone: boolean } {
  const rule = (typeof current === "object" && current !== null ? current : {}) as Partial<Rule>;
  if (rule.etag === undefined) return { said: nothingSaid, etag: noRuleEtag, isGone: true };
  return { said: { keep_days: rule.keep_days ?? null, mode: rule.mode ?? null }, etag: rule.etag, isGone: false };
}

export function isSame(one: Said, other: Said): boolean {
  return one.keep_days === other.keep_days && one.mode === other.mode;
}
