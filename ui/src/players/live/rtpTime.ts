/** When a picture that came by WebRTC was filmed (docs/design/media-path.md §4.5): pure. */

const ticksPerMs = 90;
const wrapTicks = 2 ** 32;

/**
 * The node's RTP timestamps are UTC in ticks of 90 kHz, modulo 2³².
 * nowMs: the server's UTC, right to some hours.  returns: UTC, ms, at most half a turn (6.6 h) from now.
 */
export function utcOfTimestamp(timestamp: number, nowMs: number): number {
  const nowTicks = Math.round(nowMs * ticksPerMs);
  let behind = (((nowTicks - timestamp) % wrapTicks) + wrapTicks) % wrapTicks;
  if (behind > wrapTicks / 2) behind -= wrapTicks;
  return (nowTicks - behind) / ticksPerMs;
}
