import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useRef } from "react";
import { Navigate, useLocation } from "react-router";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { hasLeft, sessionQuery } from "@/shared/api/session";
import { startFor } from "./pages";

/** Whoever has to log in first does not fetch it. */
const LoggedInFrame = lazy(async () => ({ default: (await import("./LoggedInFrame")).LoggedInFrame }));

/** Bar, rail and page, for whoever is logged in. */
export function Frame() {
  const session = useQuery(sessionQuery);
  const location = useLocation();
  const wasIn = useRef(false);
  if (session.data) wasIn.current = true;
  if (session.isPending) return <div className="bk-frame" aria-busy />;
  if (session.isError && session.data === undefined)
    return (
      <div className="bk-page">
        <ProblemPanel error={session.error} onRetry={() => void session.refetch()} />
      </div>
    );
  // Something has to be done first: the log-in page leads through it and comes back.
  if (!session.data || session.data.pending.length > 0)
    return (
      <Navigate
        to={`/login?next=${encodeURIComponent(location.pathname + location.search)}`}
        state={{ hasEnded: wasIn.current && !hasLeft() }}
        replace
      />
    );
  const { user, abilities, kiosk } = session.data;
  return (
    <Suspense fallback={<div className="bk-frame" aria-busy />}>
      <LoggedInFrame name={kiosk || user.name || user.username} abilities={abilities} />
    </Suspense>
  );
}

/** "/": to the page of this person's day. */
export function StartPage() {
  const session = useQuery(sessionQuery).data;
  return session ? <Navigate to={session.kiosk ? "/screen" : startFor(session.abilities)} replace /> : null;
}
