/** How far this computer's clock is from the server's: delays and ages are reckoned on the server's. */
let offsetMs = 0;

export function learnServerTime(serverAt: string, sentMs: number, receivedMs: number): void {
  const serverMs = Date.parse(serverAt);
  if (!Number.isNaN(serverMs)) offsetMs = serverMs - (sentMs + receivedMs) / 2;
}

/** The server's UTC in milliseconds, as well as we know it. */
export function serverNowMs(): number {
  return Date.now() + offsetMs;
}
