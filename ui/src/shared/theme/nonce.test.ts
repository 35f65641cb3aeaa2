import { afterEach, describe, expect, it } from "vitest";
import { giveNonceToStyles, readNonce } from "./nonce";

const create = document.createElement;

afterEach(() => {
  document.createElement = create;
  document.head.replaceChildren();
});

function putMeta(content: string) {
  const meta = document.createElement("meta");
  meta.name = "bk-csp-nonce";
  meta.content = content;
  document.head.append(meta);
}

describe("the nonce", () => {
  it("is the page's, and none where no server put one in", () => {
    expect(readNonce()).toBeUndefined();
    putMeta("__BK_NONCE__");
    expect(readNonce()).toBeUndefined();
    document.head.replaceChildren();
    putMeta("854103d1cfa6");
    expect(readNonce()).toBe("854103d1cfa6");
  });
  it("goes to style elements and to no others", () => {
    giveNonceToStyles("854103d1cfa6");
    expect(document.createElement("style").nonce).toBe("854103d1cfa6");
    expect(document.createElement("script").nonce || "").toBe("");
    expect(document.createElement("div").tagName).toBe("DIV");
  });
});
