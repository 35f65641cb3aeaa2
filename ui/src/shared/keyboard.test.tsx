import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { useKeys, writeLetterKeys } from "./keyboard";

const taken: string[] = [];

function Page() {
  useKeys((code) => {
    taken.push(code);
    return true;
  });
  return (
    <>
      <input type="text" aria-label="text" />
      <input type="radio" aria-label="radio" />
      <button type="button">button</button>
      <div role="dialog">
        <button type="button">inside</button>
      </div>
    </>
  );
}

afterEach(() => {
  taken.length = 0;
  writeLetterKeys(true);
});

async function pressAt(element: HTMLElement | undefined, keys: string): Promise<string[]> {
  element?.focus();
  await userEvent.keyboard(keys);
  return taken.splice(0);
}

describe("keys of the page", () => {
  it("leave a text field, a dialog and a control what is theirs", async () => {
    render(<Page />);
    expect(await pressAt(undefined, "b{Enter}")).toEqual(["KeyB", "Enter"]);
    expect(await pressAt(screen.getByLabelText("text"), "b")).toEqual([]);
    expect(await pressAt(screen.getByText("inside"), "b")).toEqual([]);
    expect(await pressAt(screen.getByText("button"), "b{Enter}{ArrowLeft}")).toEqual(["KeyB", "ArrowLeft"]);
    // a choice of layouts that was clicked keeps the focus: letters still belong to the page, arrows to it
    expect(await pressAt(screen.getByLabelText("radio"), "b{ArrowLeft}")).toEqual(["KeyB"]);
  });

  it("of one character can be turned off, the others stay", async () => {
    render(<Page />);
    writeLetterKeys(false);
    expect(await pressAt(undefined, "b9[[?{ArrowLeft}{Enter}{Escape} ")).toEqual([
      ...["ArrowLeft", "Enter", "Escape", "Space"],
    ]);
    writeLetterKeys(true);
    expect(await pressAt(undefined, "b")).toEqual(["KeyB"]);
  });
});
