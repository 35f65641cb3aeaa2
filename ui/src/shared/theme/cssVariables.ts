import type { ThemeName } from "./antdTheme";
import { dark, extra, gradeColours, light, ramp, stage, timelineColours, wallColours } from "./tokens";

/** Hands the tokens to our own style sheet as custom properties, so that colours stand in one file only. */
export function applyCssVariables(name: ThemeName, root: HTMLElement): void {
  const own = name === "dark" ? dark : light;
  const kebab = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  for (const [key, value] of Object.entries(own))
    root.style.setProperty(`--bk-${kebab(key.replace(/^color/, "c"))}`, value);
  for (const [key, value] of Object.entries(extra[name])) root.style.setProperty(`--bk-${kebab(key)}`, value);
  for (const [key, value] of Object.entries(stage)) root.style.setProperty(`--stage-${kebab(key)}`, value);
  for (const [key, value] of Object.entries(timelineColours)) root.style.setProperty(`--timeline-${key}`, value);
  for (const [key, value] of Object.entries(gradeColours)) root.style.setProperty(`--grade-${kebab(key)}`, value);
  for (const [key, value] of Object.entries(wallColours)) root.style.setProperty(`--wall-${kebab(key)}`, value);
  for (const [theme, steps] of Object.entries(ramp))
    steps.forEach(([fill, text], step) => {
      const names = theme === "dark" ? ["wall-ramp"] : [];
      for (const each of theme === name ? [...names, "ramp"] : names) {
        root.style.setProperty(`--${each}-${step}`, fill);
        root.style.setProperty(`--${each}-text-${step}`, text);
      }
    });
  root.style.colorScheme = name;
  root.dataset.theme = name;
}
