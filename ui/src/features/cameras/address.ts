/** What is wrong with a camera's address before anything is sent; "" = nothing. */
export type AddressFault = "" | "urlBad" | "urlUserinfo";

export function checkAddress(text: string): AddressFault {
  const match = /^rtsps?:\/\/([^/?#\s]+)([/?][^\s#]*)?$/i.exec(text.trim());
  const authority = match?.[1];
  if (!authority) return "urlBad";
  if (authority.includes("@")) return "urlUserinfo";
  return /^(\[[0-9a-f:.]+\]|[^\s:@[\]]+)(:\d{1,5})?$/i.test(authority) ? "" : "urlBad";
}
