/** All instants are UTC milliseconds; people read them in the city's zone, 24 hours. */

interface ZonedParts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  let found = formatters.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(zone, found);
  }
  return found;
}

export function zonedParts(atMs: number, zone: string): ZonedParts {
  const parts: Record<string, number> = {};
  for (const part of formatterOf(zone).formatToParts(new Date(atMs))) parts[part.type] = Number(part.value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

/** Milliseconds that the zone is ahead of UTC at that instant. */
export function zoneOffsetMs(atMs: number, zone: string): number {
  const { year, month, day, hour, minute, second } = zonedParts(atMs, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
}

/** The instant at which the zone's clock shows these figures ("2026-11-23", "08:41:07"). NaN if they are no time. */
export function parseZoned(date: string, time: string, zone: string): number {
  const naive = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(naive)) return Number.NaN;
  const first = naive - zoneOffsetMs(naive, zone);
  return naive - zoneOffsetMs(first, zone);
}

const two = (value: number) => String(value).padStart(2, "0");

export function formatClock(atMs: number, zone: string, withSeconds = true): string {
  const { hour, minute, second } = zonedParts(atMs, zone);
  return withSeconds ? `${two(hour)}:${two(minute)}:${two(second)}` : `${two(hour)}:${two(minute)}`;
}

export function formatIsoDate(atMs: number, zone: string): string {
  const { year, month, day } = zonedParts(atMs, zone);
  return `${year}-${two(month)}-${two(day)}`;
}

const englishMonths = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 11月23日 / 23 Nov; with the year only when it is not `nowMs`'s. */
export function formatDate(atMs: number, zone: string, lang: string, nowMs: number): string {
  const { year, month, day } = zonedParts(atMs, zone);
  const other = zonedParts(nowMs, zone).year !== year;
  if (lang.startsWith("zh")) return `${other ? `${year}年` : ""}${month}月${day}日`;
  return `${day} ${englishMonths[month - 1]}${other ? ` ${year}` : ""}`;
}

/** 11月23日08:41:07 / 23 Nov 08:41:07; today: the clock alone. */
export function formatMoment(atMs: number, zone: string, lang: string, nowMs: number): string {
  const clock = formatClock(atMs, zone);
  if (formatIsoDate(atMs, zone) === formatIsoDate(nowMs, zone)) return clock;
  return lang.startsWith("zh")
    ? `${formatDate(atMs, zone, lang, nowMs)}${clock}`
    : `${formatDate(atMs, zone, lang, nowMs)} ${clock}`;
}

/** As `formatMoment`, with tenths of a second: 08:41:07.3. */
export function formatMomentTenths(atMs: number, zone: string, lang: string, nowMs: number): string {
  return `${formatMoment(atMs, zone, lang, nowMs)}.${Math.floor((atMs % 1000) / 100)}`;
}

/** 12秒 · 29分钟 · 2小时14分 · 3天4小时. */
export function formatDuration(durationMs: number, lang: string): string {
  const total = Math.max(0, Math.floor(durationMs / 1000));
  const [days, hours, minutes, seconds] = [
    Math.floor(total / 86400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
    total % 60,
  ];
  if (lang.startsWith("zh")) {
    if (days > 0) return hours > 0 ? `${days}天${hours}小时` : `${days}天`;
    if (hours > 0) return minutes > 0 ? `${hours}小时${minutes}分` : `${hours}小时`;
    return minutes > 0 ? `${minutes}分钟` : `${seconds}秒`;
  }
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return minutes > 0 ? `${minutes} min` : `${seconds} s`;
}
