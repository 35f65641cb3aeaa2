import type { Grade, Person, PremisesState, Purpose, Suspension } from "@/shared/api/premises";

/** In the order in which a premises passes through them; where it leaves the way, at the end. */
export const states: readonly PremisesState[] = [
  "LEAD",
  "SIGNED",
  "SURVEYED",
  "ORDERED",
  "INSTALLING",
  "INSTALLED",
  "TRIAL",
  "ACCEPTED",
  "IN_SERVICE",
  "REWORK",
  "SUSPENDED",
  "RELOCATED",
  "REFUSED",
  "TERMINATED",
];
export const grades: readonly Grade[] = ["A", "B", "C", "D"];
export const personKinds: readonly Person["kind"][] = ["RESPONSIBLE", "FS_DIRECTOR", "FS_OFFICER", "DUTY"];
export const suspensionKinds: readonly Suspension["kind"][] = ["HOLIDAY", "CLOSED", "RENOVATION"];
export const purposes: readonly Purpose[] = ["INSPECTION", "CASE", "EMERGENCY", "INSTALLATION", "DATA_CHECK"];

/** Days from today to an ISO date in the city's zone; negative once it has passed. */
export function daysUntil(date: string, today: string): number {
  return Math.round((Date.parse(`${date}T00:00Z`) - Date.parse(`${today}T00:00Z`)) / 86_400_000);
}
