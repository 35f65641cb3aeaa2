import { readFileSync } from "node:fs";
import { join } from "node:path";
import { matchRoutes, type RouteObject } from "react-router";
import { expect, it } from "vitest";
import { routes } from "./routes";

const list = readFileSync(join(process.cwd(), "../tests/e2e/screens.py"), "utf8");

/** The addresses that are looked at in both themes and both languages. */
const paths = [...list.matchAll(/"(\/[^"]*)"/g)].map(([, path]) => (path ?? "").replace(/[?#].*$/, ""));

function leavesOf(all: RouteObject[]): RouteObject[] {
  return all.flatMap((route) => (route.children ? leavesOf(route.children) : [route]));
}

it("has every route on the list of screens that are looked at", () => {
  const looked = new Set(paths.map((path) => matchRoutes(routes, path)?.at(-1)?.route));
  const missing = leavesOf(routes).filter((route) => !looked.has(route));
  expect(missing.map((route) => route.path ?? "index")).toEqual([]);
});
