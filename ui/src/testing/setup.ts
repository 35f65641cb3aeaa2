import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";
import { startI18n } from "@/shared/i18n";
import { server } from "./server";

// A machine that is busy is slow, not wrong; and a page is loaded when it is first opened.
configure({ asyncUtilTimeout: 20_000 });

/** What jsdom lacks and antd asks for. */
window.matchMedia = (query) =>
  Object.assign(new EventTarget(), {
    matches: /min-width/.test(query),
    media: query,
    onchange: null,
    addListener: () => undefined,
    removeListener: () => undefined,
  }) as MediaQueryList;
window.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
HTMLMediaElement.prototype.pause = () => undefined;
HTMLMediaElement.prototype.load = () => undefined;
HTMLCanvasElement.prototype.getContext = () => null;
let blobs = 0;
URL.createObjectURL = () => {
  blobs += 1;
  return `blob:${location.origin}/${blobs}`;
};
URL.revokeObjectURL = () => undefined;
Element.prototype.scrollIntoView = () => undefined;

beforeAll(async () => {
  server.listen({ onUnhandledRequest: "error" });
  await startI18n();
});
afterEach(() => {
  cleanup();
  server.resetHandlers();
  localStorage.clear();
});
afterAll(() => server.close());
