import { theme as antdTheme, type ThemeConfig } from "antd";
import { dark, extra, fontFamily, light, monoFamily } from "./tokens";

export type ThemeName = "light" | "dark";

/** Wraps antd's algorithm and states the map values, so that none of ours is darkened or mixed. */
export function buildTheme(name: ThemeName): ThemeConfig {
  const own = name === "dark" ? dark : light;
  const more = extra[name];
  const algorithm: ThemeConfig["algorithm"] = (seed, map) => ({
    ...(name === "dark" ? antdTheme.darkAlgorithm(seed, map) : antdTheme.defaultAlgorithm(seed)),
    ...own,
    fontSizeSM: 13,
    fontSizeLG: 17,
    fontSizeXL: 20,
    fontSizeHeading1: 28,
    fontSizeHeading2: 24,
    fontSizeHeading3: 20,
    fontSizeHeading4: 17,
    fontSizeHeading5: 15,
    controlHeightSM: 28,
    controlHeightLG: 44,
    borderRadiusSM: 4,
    borderRadiusLG: 8,
  });
  return {
    algorithm,
    token: {
      ...own,
      fontFamily,
      fontFamilyCode: monoFamily,
      fontSize: 15,
      controlHeight: 34,
      borderRadius: 6,
      fontWeightStrong: 600,
      motionDurationFast: "0.1s",
      motionDurationMid: "0.15s",
      motionDurationSlow: "0.2s",
      boxShadow: more.shadow,
      boxShadowSecondary: more.shadow,
    },
    components: {
      Layout: {
        headerHeight: 48,
        headerBg: own.colorBgContainer,
        siderBg: own.colorBgContainer,
        bodyBg: own.colorBgLayout,
      },
      Menu: {
        itemSelectedBg: own.colorPrimaryBg,
        itemSelectedColor: name === "dark" ? own.colorLink : own.colorPrimary,
      },
      Table: {
        headerBg: more.tableHead,
        headerColor: own.colorTextSecondary,
        cellPaddingBlock: 9,
        cellPaddingBlockSM: 6,
        rowHoverBg: more.rowHover,
      },
      Button: {
        primaryShadow: "none",
        defaultShadow: "none",
        dangerShadow: "none",
        ...(name === "dark" ? { dangerColor: dark.colorBgLayout } : {}),
      },
      Form: { labelColor: own.colorTextSecondary },
    },
  };
}
