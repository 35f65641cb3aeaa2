import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Navigate, useLocation } from "react-router";
import { ScreenPage } from "@/features/overview/ScreenPage";
import { followEvents } from "@/shared/api/events";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { hasLeft, sessionQuery } from "@/shared/api/session";
import { useTouch } from "@/shared/api/useTouch";
import { PageError } from "./PageError";
import { isUsable } from "./pages";

/** The display on a wall has neither bar nor rail. A person's session ends here without input like any other; a paired display stays until its credential ends. */
export function WallFrame() {
  const session = useQuery(sessionQuery);
  const location = useLocation();
  const wasIn = useRef(false);
  if (session.data) wasIn.current = true;
  if (session.isPending) return <div aria-busy />;
  if (session.isError && session.data === undefined)
    return (
      <div className="bk-page">
        <ProblemPanel error={session.error} onRetry={() => void session.refetch()} />
      </div>
    );
  if (!session.data || session.data.pending.length > 0)
    return (
      <Navigate
        to={`/login?next=${encodeURIComponent(location.pathname + location.search)}`}
        state={{ hasEnded: wasIn.current && !hasLeft() }}
        replace
      />
    );
  if (!isUsable(location.pathname, session.data.abilities)) return <PageError isMissing />;
  return <Wall idleS={session.data.idle_s} endsAt={session.data.kiosk ? session.data.ends_at : undefined} />;
}

function Wall({ idleS, endsAt }: { idleS: number; endsAt: string | undefined }) {
  const queries = useQueryClient();
  const [isLineUp, setLineUp] = useState(true);
  useTouch();
  useEffect(() => followEvents(queries, setLineUp), [queries]);
  return <ScreenPage {...{ isLineUp, idleS, endsAt }} />;
}
