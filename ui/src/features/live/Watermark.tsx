import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { sessionQuery } from "@/shared/api/session";
import { systemQuery, useZone } from "@/shared/api/system";
import { formatClock } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";

const corners = ["bottom-right", "top-left", "bottom-left", "top-right"] as const;
const cornerMs = 60_000;

/** Who watches, from which unit, and when: a photograph of the screen tells it. */
function useViewer(): string {
  const session = useQuery(sessionQuery).data;
  const city = useQuery(systemQuery).data?.city ?? "";
  const zone = useZone();
  const nowMs = useNow(1_000);
  if (!session) return "";
  const [grant] = session.user.grants;
  const unit = grant?.premises_name || grant?.region_name || city;
  return [session.user.name || session.user.username, unit, formatClock(nowMs, zone, false)].filter(Boolean).join(" ");
}

/** In another corner each minute, so that it hides none of the camera's own words for long. */
export function Watermark() {
  const viewer = useViewer();
  const corner = corners[Math.floor(useNow(1_000) / cornerMs) % corners.length];
  return (
    <span className={`bk-watermark bk-watermark-${corner}`} aria-hidden>
      {viewer}
    </span>
  );
}

/** Of one line of the faint mark, px: a Han character is as wide as it is high. */
function widthOf(text: string): number {
  return Array.from(text).reduce((sum, each) => sum + (/\p{Script=Han}/u.test(each) ? 15 : 9), 0);
}

/** Faint, again and again over all pictures: where each is too small for a line of its own. */
export function WallWatermark() {
  const viewer = useViewer();
  const pattern = useId();
  const width = widthOf(viewer) + 90;
  // Every other line begins in the middle; what sticks out of the pattern comes in at its other side.
  return (
    <svg className="bk-wall-watermark" aria-hidden="true" focusable="false">
      <defs>
        <pattern id={pattern} width={width} height="150" patternUnits="userSpaceOnUse" patternTransform="rotate(-24)">
          {[
            [0, 40],
            [width / 2, 115],
            [-width / 2, 115],
          ].map(([x, y]) => (
            <text key={x} x={x} y={y}>
              {viewer}
            </text>
          ))}
        </pattern>
      </defs>
      <rect width="100%" height="100%" fill={`url(#${pattern})`} />
    </svg>
  );
}
