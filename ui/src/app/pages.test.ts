import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { entriesFor, isUsable, startFor } from "./pages";

/** What each role may do somewhere, as the server's generated table of permissions says. */
function readRoles(): Map<string, string[]> {
  const page = readFileSync(join(process.cwd(), "../docs/ref/permissions.md"), "utf8");
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const roles = rows.find((cells) => cells[1] === "action") ?? [];
  const table = new Map<string, string[]>();
  for (const cells of rows.filter((each) => each.length === roles.length && /^\w+\.\w+$/.test(each[1] ?? "")))
    roles.forEach((role, index) => {
      if (index > 1 && cells[index] === "yes") table.set(role, [...(table.get(role) ?? []), cells[1] ?? ""]);
    });
  return table;
}

const roles = readRoles();
const starts: Record<string, string> = {
  SYS_ADMIN: "/nodes",
  SEC_ADMIN: "/people",
  AUDITOR: "/audit",
  CITY_ADMIN: "/overview",
  CITY_OFFICER: "/overview",
  COUNTY_ADMIN: "/overview",
  COUNTY_OFFICER: "/overview",
  STATION_OFFICER: "/live",
  GRID_ASSISTANT: "/premises",
  EDU_OFFICER: "/overview",
  OPERATOR_PM: "/onboarding",
  OPERATOR_INSTALLER: "/faults",
  OPERATOR_NOC: "/faults",
  OWNER: "/live",
  FS_DIRECTOR: "/live",
  FS_OFFICER: "/live",
  PARENT: "/premises",
};

describe("a person's first page", () => {
  it.each(Object.entries(starts))("of %s is %s, and it may be opened", (role, start) => {
    const abilities = roles.get(role) ?? [];
    expect(abilities.length).toBeGreaterThan(1);
    expect(startFor(abilities)).toBe(start);
    expect(isUsable(start, abilities)).toBe(true);
  });
  it("is one's own account for somebody without any role", () => {
    expect(startFor([])).toBe("/account");
    expect(entriesFor([])).toEqual([]);
  });
});

describe("the rail", () => {
  it.each([
    ["AUDITOR", ["/numbers", "/audit"]],
    ["SEC_ADMIN", ["/people"]],
    ["SYS_ADMIN", ["/nodes", "/admin/settings"]],
    ["PARENT", ["/premises"]],
    ["GRID_ASSISTANT", ["/live", "/premises", "/devices", "/recordings"]],
  ])("of %s names only what it may open", (role, paths) => {
    expect(entriesFor(roles.get(role) ?? []).map(({ to }) => to)).toEqual(paths);
  });
});

describe("an address", () => {
  it("that is not for this person is as one that does not exist", () => {
    const auditor = roles.get("AUDITOR") ?? [];
    for (const path of [
      "/overview",
      "/screen",
      "/live",
      "/premises/prm_1",
      "/onboarding/prm_1",
      "/people/usr_1",
      "/approvals/frames",
    ])
      expect([path, isUsable(path, auditor)]).toEqual([path, false]);
    for (const path of ["/audit", "/account", "/account/tokens"])
      expect([path, isUsable(path, auditor)]).toEqual([path, true]);
  });
});
