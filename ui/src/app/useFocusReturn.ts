import { useEffect } from "react";

const dialog = '[role="dialog"]';

/** A dialog that is taken off the page as it closes leaves the focus nowhere: it goes back to what opened it. */
export function useFocusReturn(): void {
  useEffect(() => {
    let opener: HTMLElement | undefined;
    let isInside = false;
    const note = ({ target }: FocusEvent) => {
      if (!(target instanceof HTMLElement)) return;
      isInside = target.closest(dialog) !== null;
      if (!isInside) opener = target;
    };
    // Nothing was focused when the dialog was asked for by a key: nothing is afterwards.
    const forget = ({ relatedTarget }: FocusEvent) => {
      if (relatedTarget === null && !isInside) opener = undefined;
    };
    // Dialogs stand in containers of their own right below the body.
    const watch = new MutationObserver((changes) => {
      const isNowhere = document.activeElement === null || document.activeElement === document.body;
      if (!isInside || !isNowhere || !changes.some(({ removedNodes }) => removedNodes.length > 0)) return;
      if (document.querySelector(dialog)) return;
      isInside = false;
      if (opener?.isConnected) opener.focus();
    });
    document.addEventListener("focusin", note);
    document.addEventListener("focusout", forget);
    watch.observe(document.body, { childList: true });
    return () => {
      document.removeEventListener("focusin", note);
      document.removeEventListener("focusout", forget);
      watch.disconnect();
    };
  }, []);
}
