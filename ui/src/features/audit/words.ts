import type { TFunction } from "i18next";
import type { AuditRow } from "@/shared/api/audit";

/** The roles that somebody acted in, in words. */
export function roleWords(row: AuditRow, t: TFunction, lang: string): string {
  const roles = row.actor_role.split(",").filter(Boolean);
  return roles.map((role) => t(`role.${role}`, { defaultValue: role })).join(lang.startsWith("zh") ? "、" : ", ");
}

/** What it was done to: the picture and its kitchen, the person, or what else it is called. */
export function objectOf(row: AuditRow, t: TFunction): { main: string; more: string } {
  const names = row.names ?? {};
  if (row.camera_name) return { main: row.camera_name, more: row.premises_name };
  if (row.subject && row.object_kind === "user")
    return { main: row.subject.name || row.subject.username, more: row.premises_name || row.object_word };
  if (row.subject === null && row.actor && names.username === row.actor.username) return { main: "", more: "" };
  const called = names.name ?? names["new.name"] ?? names["old.name"] ?? names.username ?? names.host ?? "";
  if (row.premises_name)
    return { main: row.premises_name, more: called && called !== row.premises_name ? called : thing(row) };
  if (called) return { main: called, more: row.object_word };
  return { main: row.object_word, more: row.names === null ? t("audit.erased") : "" };
}

function thing(row: AuditRow): string {
  return row.object_kind === "premises" ? "" : row.object_word;
}
