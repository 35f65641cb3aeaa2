/** What is wrong with a camera's address before anything is sent; "" = nothing. */
export type AddressFault = "" | "urlBad" | "urlUserinfo";

export function checkAddress(text: string): AddressFault {
  const match = /^rtsps?:\/\/([^/?#\s]+)([/?][^\s#]*)?$/i.exec(text.trim());
  const authority = match?.[1];
  if (!authority) return "urlBad";
  if (authority.includes("@")) return "urlUserinfo";
  return /^(\[[0-9a-f:.]+\]|[^\s:@[\]]+)(:\d{1,5})?$/i.test(authority) ? "" : "urlBad";
}

export interface SplitAddress {
  url: string;
  username: string;
  password: string;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Takes a log-in out of a pasted address, as manuals print it: rtsp://admin:secret@host/path. */
export function splitAddress(text: string): SplitAddress | undefined {
  const match = /^(rtsps?:\/\/)([^/?#\s]*)@([^/?#\s]+.*)$/i.exec(text.trim());
  if (!match) return undefined;
  const [, scheme = "", login = "", rest = ""] = match;
  const colon = login.indexOf(":");
  return {
    url: scheme + rest,
    username: decoded(colon < 0 ? login : login.slice(0, colon)),
    password: colon < 0 ? "" : decoded(login.slice(colon + 1)),
  };
}
