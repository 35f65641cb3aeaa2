import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import type { MediaSession } from "@/players/mediaSession";
import { dayMs, type Recorded, spanOf, type View } from "./geometry";

interface TimelineBody {
  first_at: string | null;
  last_at: string | null;
  spans: { from: string; to: string }[];
  gaps: { from: string; to: string; reason: string }[];
}

export function parseTimeline(body: TimelineBody): Recorded {
  const instant = (text: string | null) => (text === null ? undefined : Date.parse(text));
  return {
    firstAtMs: instant(body.first_at),
    lastAtMs: instant(body.last_at),
    spans: body.spans.map((span) => ({ fromMs: Date.parse(span.from), toMs: Date.parse(span.to) })),
    gaps: body.gaps.map((gap) => ({ fromMs: Date.parse(gap.from), toMs: Date.parse(gap.to), reason: gap.reason })),
  };
}

/** What is asked for: more than is seen, in steps, so that panning does not ask at every pixel. */
export function askedRange(view: View, nowMs: number): View {
  const stepMs = Math.max(3_600_000, Math.min(dayMs, spanOf(view)));
  const fromMs = Math.floor((view.fromMs - stepMs / 2) / stepMs) * stepMs;
  const toMs = Math.ceil((view.toMs + stepMs / 2) / stepMs) * stepMs;
  return { fromMs, toMs: Math.max(fromMs + 60_000, Math.min(toMs, Math.ceil(nowMs / 60_000) * 60_000)) };
}

async function fetchTimeline(
  session: MediaSession | undefined,
  camera: string,
  range: View,
  signal: AbortSignal,
): Promise<Recorded> {
  if (!session) throw new TypeError("no session");
  const query = new URLSearchParams({
    profile: "main",
    from: new Date(range.fromMs).toISOString(),
    to: new Date(range.toMs).toISOString(),
  });
  const response = await session.get(`/play/${camera}/timeline?${query}`, signal);
  return parseTimeline((await response.json()) as TimelineBody);
}

const aroundMs = 7 * dayMs;

/** What is recorded in the week on either side of a moment: the ends of its gap, however narrow the view is. */
export function useRecordedAround(camera: string, session: MediaSession | undefined, atMs: number | undefined) {
  const minuteMs = atMs === undefined ? 0 : Math.floor(atMs / 60_000) * 60_000;
  return useQuery({
    queryKey: ["timelineAround", camera, minuteMs],
    enabled: session !== undefined && atMs !== undefined,
    queryFn: ({ signal }) =>
      fetchTimeline(session, camera, { fromMs: minuteMs - aroundMs, toMs: minuteMs + aroundMs }, signal),
    staleTime: 5_000,
    refetchInterval: 10_000,
    retry: 2,
  });
}

/** What is recorded of each camera around the view; read again every ten seconds while now is in sight. */
export function useRecorded(
  cameras: readonly string[],
  sessions: ReadonlyMap<string, MediaSession>,
  view: View,
  nowMs: number,
) {
  const { fromMs, toMs } = askedRange(view, nowMs);
  const endsNow = toMs >= Math.floor(nowMs / 60_000) * 60_000;
  return useQueries({
    queries: cameras.map((camera) => ({
      queryKey: ["timeline", camera, fromMs, endsNow ? "now" : toMs],
      enabled: sessions.has(camera),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchTimeline(sessions.get(camera), camera, { fromMs, toMs: endsNow ? Date.now() + 60_000 : toMs }, signal),
      placeholderData: keepPreviousData,
      refetchInterval: endsNow ? 10_000 : (false as const),
      retry: 2,
    })),
  });
}
