/** The places a camera may look at (区域). Private rooms, changing rooms, toilets and rest rooms are not among them. */
export const zoneCodes = [
  "STORE",
  "ROUGH",
  "CUT",
  "COOK",
  "COLD",
  "SERVE",
  "WASH",
  "SAMPLE",
  "DINE",
  "PACK",
  "GATE",
  "AISLE",
  "WORK",
  "DISINF",
  "COUNTER",
  "COOLBOX",
] as const;

export type ZoneCode = (typeof zoneCodes)[number];

export function isZoneCode(text: string): text is ZoneCode {
  return (zoneCodes as readonly string[]).includes(text);
}
