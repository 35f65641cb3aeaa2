import type { AuditQuestion } from "@/shared/api/audit";

/** What the address may say; all but the kinds are taken as they stand. */
const names = [
  ...(["person", "place", "decision", "from", "to", "text"] as const),
  ...(["actor", "object", "premises", "camera", "session"] as const),
] as const;
export type Wish = (typeof names)[number] | "kind";

/** Fields that hold one thing which a row named: shown as a mark that can be taken off. */
export const narrowings = ["actor", "object", "premises", "camera", "session"] as const;

export function readQuestion(query: URLSearchParams): AuditQuestion {
  const question: AuditQuestion = {};
  for (const name of names) {
    const value = query.get(name);
    if (!value) continue;
    if (name === "decision") {
      if (value === "allowed" || value === "refused") question.decision = value;
    } else question[name] = value;
  }
  const kinds = (query.get("kind") ?? "").split(",").filter(Boolean);
  if (kinds.length > 0) question.kind = kinds;
  return question;
}

/** Kinds of rows by what they are about, in the order in which they are offered. */
const groups: readonly (readonly [word: string, prefixes: readonly string[]])[] = [
  ["watching", ["media."]],
  ["taking", ["download", "export", "unmask"]],
  ["logins", ["login.", "session."]],
  ["people", ["role."]],
  ["changes", ["change", "deletion", "erasure", "config.", "hold.", "case."]],
  ["refusals", ["guard.", "scope."]],
  ["upkeep", [""]],
];

export function groupOf(kind: string): string {
  return groups.find(([, prefixes]) => prefixes.some((prefix) => kind.startsWith(prefix)))?.[0] ?? "upkeep";
}

export const groupWords = groups.map(([word]) => word);
