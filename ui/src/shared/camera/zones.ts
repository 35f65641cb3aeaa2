import zhCN from "@/shared/i18n/zh-CN.json";

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

const byWord = new Map<string, string>(zoneCodes.map((code) => [zhCN[`zone.${code}`], code]));

/** The code of a zone that was stored as its Chinese word; anything else stays what it is. */
export function zoneCodeOf(zone: string): string {
  return byWord.get(zone) ?? zone;
}

/** The zone's word where the camera's name does not say it already, else "": "切配间2号" needs no "切配" beside it. */
export function zoneBeside(name: string, zoneWord: string): string {
  return name.toLocaleLowerCase().includes(zoneWord.toLocaleLowerCase()) ? "" : zoneWord;
}
