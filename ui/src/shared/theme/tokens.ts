/** Every colour and size of the product, stated and not derived: antd's own derivation fails the contrast list. */

export const light = {
  colorPrimary: "#1558C0",
  colorInfo: "#1558C0",
  colorPrimaryHover: "#2F6FD0",
  colorPrimaryActive: "#0F4499",
  colorPrimaryBg: "#E9F1FD",
  colorInfoBg: "#E9F1FD",
  colorLink: "#1558C0",
  colorLinkHover: "#0F4499",
  colorLinkActive: "#0F4499",
  colorSuccess: "#13795B",
  colorSuccessBg: "#E6F4EE",
  colorSuccessBorder: "#9CCFBB",
  colorWarning: "#9A5200",
  colorWarningBg: "#FDF1DC",
  colorWarningBorder: "#E3B766",
  colorError: "#C62828",
  colorErrorBg: "#FDECEA",
  colorErrorBorder: "#E8A19B",
  colorErrorHover: "#B71C1C",
  colorText: "#1B2430",
  colorTextSecondary: "#4A5565",
  colorTextTertiary: "#5F6B7A",
  colorTextDescription: "#5F6B7A",
  colorTextPlaceholder: "#5F6B7A",
  colorIcon: "#5F6B7A",
  colorTextQuaternary: "#8A94A3",
  colorTextDisabled: "#8A94A3",
  colorBgLayout: "#F3F5F8",
  colorBgContainer: "#FFFFFF",
  colorBgElevated: "#FFFFFF",
  colorBorder: "#868F9C",
  colorBorderSecondary: "#DDE2E9",
} as const;

export const dark: Record<keyof typeof light, string> = {
  colorPrimary: "#2A6CD6",
  colorInfo: "#7FB0FF",
  colorPrimaryHover: "#3372DA",
  colorPrimaryActive: "#2259B3",
  colorPrimaryBg: "#14263F",
  colorInfoBg: "#14263F",
  colorLink: "#7FB0FF",
  colorLinkHover: "#A9CAFF",
  colorLinkActive: "#A9CAFF",
  colorSuccess: "#4CC29A",
  colorSuccessBg: "#12291F",
  colorSuccessBorder: "#2B5C49",
  colorWarning: "#F0B04C",
  colorWarningBg: "#2E2210",
  colorWarningBorder: "#6B4E1B",
  colorError: "#FF7B72",
  colorErrorBg: "#341919",
  colorErrorBorder: "#7A3530",
  colorErrorHover: "#FF9A93",
  colorText: "#E6EAF0",
  colorTextSecondary: "#B4BECB",
  colorTextTertiary: "#93A0B0",
  colorTextDescription: "#93A0B0",
  colorTextPlaceholder: "#93A0B0",
  colorIcon: "#93A0B0",
  colorTextQuaternary: "#6B7787",
  colorTextDisabled: "#6B7787",
  colorBgLayout: "#0F1318",
  colorBgContainer: "#171C23",
  colorBgElevated: "#1F2630",
  colorBorder: "#6B7787",
  colorBorderSecondary: "#2B333E",
};

/** Named apart because antd has no place for them. */
export const extra = {
  light: {
    tableHead: "#EEF1F5",
    rowHover: "#F6F8FB",
    warningText: "#8A4A00",
    errorText: "#B71C1C",
    focus: "#1558C0",
    seal: "#6A3FA0",
    sealBg: "#F1EAF9",
    shadow: "0 4px 16px rgba(16,24,40,.14)",
  },
  dark: {
    tableHead: "#1F2630",
    rowHover: "#1B212A",
    warningText: "#F0B04C",
    errorText: "#FF7B72",
    focus: "#9CC4FF",
    seal: "#C3A1F2",
    sealBg: "#2A2038",
    shadow: "0 0 0 1px #2B333E",
  },
} as const;

/** Video surfaces: dark in both themes. */
export const stage = {
  bg: "#0E1115",
  tile: "#171B21",
  bar: "#1E242C",
  border: "#6B7787",
  text: "#E6EAF0",
  text2: "#AAB4C1",
  selected: "#FFD24A",
  ok: "#3FC1A0",
  warn: "#FFC24D",
  alert: "#FF6B61",
  off: "#8793A3",
  accent: "#7FB0FF",
} as const;

export const timelineColours = {
  track: "#1E242C",
  recorded: "#5B93E8",
  backfilled: "#A9D3DC",
  hatch: "#8C97A6",
  playhead: "#FFFFFF",
} as const;

/** Official risk grades: the letter is always there; D is brown, not red. The same in both themes. */
/** Five steps of a share, low to high, each with the colour of text on it. */
export const ramp = {
  light: [
    ["#DCE8F8", "#1B2430"],
    ["#A9C8EE", "#1B2430"],
    ["#6BA0DF", "#101820"],
    ["#2F6FC4", "#FFFFFF"],
    ["#123F86", "#FFFFFF"],
  ],
  dark: [
    ["#16304F", "#EEF4FF"],
    ["#1F4F82", "#EEF4FF"],
    ["#2E74B8", "#FFFFFF"],
    ["#5AA2E4", "#0A1626"],
    ["#A9D2FA", "#0A1626"],
  ],
} as const;

/** The display on the command room's wall: dark in both themes. */
export const wallColours = {
  bg: "#0A1626",
  panel: "#10213A",
  line: "#2A4A75",
  edge: "#5A7BA8",
  text: "#EEF4FF",
  text2: "#A9BEDB",
  number: "#FFFFFF",
  ok: "#46D3A3",
  warn: "#FFC35A",
  alert: "#FF7A6E",
} as const;

export const gradeColours = {
  aText: "#1F5F47",
  aBg: "#DDF0E7",
  bText: "#1B4F91",
  bBg: "#E1ECFA",
  cText: "#744600",
  cBg: "#FBE6BF",
  dText: "#FFFFFF",
  dBg: "#6B3A00",
} as const;

export const fontFamily =
  '"PingFang SC","HarmonyOS Sans SC","MiSans","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC","WenQuanYi Micro Hei",system-ui,sans-serif';
export const monoFamily = 'ui-monospace,"Cascadia Mono",Menlo,"Noto Sans Mono CJK SC",monospace';
