/** The nonce of this answer's Content-Security-Policy; undefined where no server has put one in (development). */
export function readNonce(): string | undefined {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="bk-csp-nonce"]')?.content;
  return nonce && !nonce.startsWith("__") ? nonce : undefined;
}

/** Gives the nonce to every style element that a script makes.
 *
 * antd takes a nonce from its provider, but two helpers beneath it (scroll lock and scroll bar measure of
 * @rc-component, as of antd 6.6) make style elements without asking for it, and our policy would refuse those.
 */
export function giveNonceToStyles(nonce: string): void {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  }) as typeof document.createElement;
}
