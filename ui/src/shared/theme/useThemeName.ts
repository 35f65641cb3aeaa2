import { createContext, useContext } from "react";
import type { ThemeName } from "./antdTheme";

export interface ThemeChoice {
  name: ThemeName;
  choose: (name: ThemeName) => void;
}

export const ThemeContext = createContext<ThemeChoice>({ name: "light", choose: () => undefined });

export function useThemeChoice(): ThemeChoice {
  return useContext(ThemeContext);
}
