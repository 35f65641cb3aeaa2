import type { MediaSession } from "../mediaSession";

const longestLookMs = 31 * 86_400_000;

/** Where recording begins again at or after an instant; undefined: nowhere yet. */
export async function findNextRecorded(
  camera: string,
  session: MediaSession,
  atMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const fromMs = Math.floor(atMs);
  const query = new URLSearchParams({
    profile: "main",
    from: new Date(fromMs).toISOString(),
    to: new Date(fromMs + longestLookMs).toISOString(),
  });
  const response = await session.get(`/play/${camera}/timeline?${query}`, signal);
  const { spans } = (await response.json()) as { spans: { from: string; to: string }[] };
  const next = spans.find((span) => Date.parse(span.to) > atMs + 1);
  return next && Math.max(Date.parse(next.from), atMs);
}
