const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** 0 B · 812 MiB · 1.4 TiB: binary units, three figures. */
export function formatSize(sizeBytes: number): string {
  let [value, unit] = [Math.max(0, sizeBytes), 0];
  // What would be shown as 1000 and more is one of the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
