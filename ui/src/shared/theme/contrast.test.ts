import { describe, expect, it } from "vitest";
import { contrast } from "./contrast";
import { dark, extra, light, ramp, stage, timelineColours, wallColours } from "./tokens";

const white = "#FFFFFF";
/** [what, one, other, the ratio of the design brief]. The brief's figure is the floor, less rounding. */
const pairs: [string, string, string, number][] = [
  ["text on white", light.colorText, white, 15.7],
  ["secondary text on white", light.colorTextSecondary, white, 7.6],
  ["tertiary text on white", light.colorTextTertiary, white, 5.4],
  ["tertiary text on layout", light.colorTextTertiary, light.colorBgLayout, 5.0],
  ["secondary text on table head", light.colorTextSecondary, extra.light.tableHead, 6.7],
  ["white on primary", white, light.colorPrimary, 6.6],
  ["white on primary hover", white, light.colorPrimaryHover, 4.9],
  ["white on primary active", white, light.colorPrimaryActive, 9.1],
  ["link on layout", light.colorLink, light.colorBgLayout, 6.0],
  ["link on primary background", light.colorLink, light.colorPrimaryBg, 5.8],
  ["success on white", light.colorSuccess, white, 5.4],
  ["success on its background", light.colorSuccess, light.colorSuccessBg, 4.7],
  ["warning on white", light.colorWarning, white, 5.9],
  ["warning text on its background", extra.light.warningText, light.colorWarningBg, 6.1],
  ["error on white", light.colorError, white, 5.6],
  ["error text on its background", extra.light.errorText, light.colorErrorBg, 5.7],
  ["seal on white", extra.light.seal, white, 7.4],
  ["control border on white", light.colorBorder, white, 3.2],
  ["disabled text on white (exempt)", light.colorTextDisabled, white, 3.0],
  ["dark text on container", dark.colorText, dark.colorBgContainer, 14.2],
  ["dark secondary on container", dark.colorTextSecondary, dark.colorBgContainer, 9.1],
  ["dark tertiary on container", dark.colorTextTertiary, dark.colorBgContainer, 6.4],
  ["dark tertiary on elevated", dark.colorTextTertiary, dark.colorBgElevated, 5.7],
  ["dark white on primary", white, dark.colorPrimary, 5.0],
  ["dark white on hover", white, dark.colorPrimaryHover, 4.6],
  ["dark link on container", dark.colorLink, dark.colorBgContainer, 7.8],
  ["dark success on container", dark.colorSuccess, dark.colorBgContainer, 7.7],
  ["dark warning on container", dark.colorWarning, dark.colorBgContainer, 9.0],
  ["dark error on container", dark.colorError, dark.colorBgContainer, 6.8],
  ["dark seal on container", extra.dark.seal, dark.colorBgContainer, 7.9],
  ["dark control border", dark.colorBorder, dark.colorBgContainer, 3.7],
  ["number on wall panel", wallColours.number, wallColours.panel, 16.1],
  ["text2 on wall panel", wallColours.text2, wallColours.panel, 8.4],
  ["warn on wall panel", wallColours.warn, wallColours.panel, 10.1],
  ["alert on wall panel", wallColours.alert, wallColours.panel, 6.3],
  ["edge on wall panel", wallColours.edge, wallColours.panel, 3.7],
  ...Object.values(ramp).flatMap((steps) =>
    steps.map(([fill, text]): [string, string, string, number] => [`text on ${fill}`, text, fill, 4.5]),
  ),
  ["stage text on bg", stage.text, stage.bg, 15.7],
  ["stage text2 on bg", stage.text2, stage.bg, 9.0],
  ["stage text2 on tile", stage.text2, stage.tile, 8.2],
  ["stage text2 on bar", stage.text2, stage.bar, 7.4],
  ["ok on tile", stage.ok, stage.tile, 7.7],
  ["warn on tile", stage.warn, stage.tile, 10.7],
  ["alert on tile", stage.alert, stage.tile, 6.2],
  ["off on tile", stage.off, stage.tile, 5.5],
  ["focus yellow on tile", stage.selected, stage.tile, 11.9],
  ["control border on tile", stage.border, stage.tile, 3.7],
  ["recorded on track", timelineColours.recorded, timelineColours.track, 5.0],
  ["backfilled on track", timelineColours.backfilled, timelineColours.track, 9.7],
  ["hatch on track", timelineColours.hatch, timelineColours.track, 5.2],
];

describe("contrast", () => {
  it("is 21 for black on white and 1 for a colour on itself", () => {
    expect(contrast("#000000", white)).toBeCloseTo(21, 5);
    expect(contrast("#5B93E8", "#5B93E8")).toBe(1);
  });
  it.each(pairs)("%s keeps its ratio", (_what, one, other, ratio) => {
    expect(contrast(one, other)).toBeGreaterThanOrEqual(ratio - 0.05);
  });
});
