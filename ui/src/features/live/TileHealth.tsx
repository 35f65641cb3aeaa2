import { type RefObject, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LiveState } from "@/players/live/LiveDriver";
import type { Camera } from "@/shared/api/cameras";
import { reportOf } from "@/shared/camera/condition";
import { type Drawn, drawnBetween, readDrawn } from "./drawn";

interface Props {
  camera: Camera;
  state: LiveState & { kind: "playing" };
  /** In which the picture is drawn. */
  screens: RefObject<HTMLElement | null>;
}

/** The delay in the strip; held, focused or pressed it tells how the picture does in all its parts. */
export function TileHealth({ camera, state, screens }: Props) {
  const { t } = useTranslation();
  const panel = useId();
  const [isHeld, setHeld] = useState(false);
  const [isPinned, setPinned] = useState(false);
  const isOpen = isHeld || isPinned;
  const seconds = (state.delayMs / 1000).toFixed(1);
  const isLong = state.delayMs > 2_000;
  return (
    <span className="bk-health">
      <button
        type="button"
        className={isLong ? "bk-strip-delay bk-stage-warn" : "bk-strip-delay"}
        aria-label={t("live.healthOf", { seconds })}
        aria-expanded={isOpen}
        {...(isOpen ? { "aria-describedby": panel } : {})}
        onMouseEnter={() => setHeld(true)}
        onMouseLeave={() => setHeld(false)}
        onFocus={() => setHeld(true)}
        onBlur={() => {
          setHeld(false);
          setPinned(false);
        }}
        onClick={() => setPinned(!isPinned)}
      >
        {isLong ? t("live.delayLong", { seconds }) : t("live.delay", { seconds })}
      </button>
      {isOpen && <HealthPanel id={panel} {...{ camera, state, screens }} />}
    </span>
  );
}

function HealthPanel({ id, camera, state, screens }: Props & { id: string }) {
  const { t } = useTranslation();
  const drawn = useDrawn(screens);
  const { picture } = state;
  const report = reportOf(camera, picture.profile);
  const rows: [string, string][] = [
    ["live.health.delay", t("live.health.seconds", { seconds: (state.delayMs / 1000).toFixed(1) })],
    ["live.health.bitrate", t("live.health.mbps", { mbps: (state.bitrateBps / 1_000_000).toFixed(1) })],
    [
      "live.health.picture",
      t(picture.profile === "main" ? "live.health.main" : "live.health.sub", {
        width: picture.width,
        height: picture.height,
      }),
    ],
    [
      "live.health.camera",
      report?.fps ? t("live.health.fps", { fps: report.fps.toFixed(0) }) : t("live.health.unknown"),
    ],
    ["live.health.drawn", drawn ? t("live.health.drawnOf", { fps: drawn.fps.toFixed(0), lost: drawn.lost }) : "…"],
    [
      "live.health.loss",
      report
        ? t("live.health.lossOf", { percent: (report.loss_ratio * 100).toFixed(1), count: report.lost_packets })
        : t("live.health.unknown"),
    ],
  ];
  return (
    <span className="bk-health-panel" id={id} role="note">
      {rows.map(([word, value]) => (
        <span key={word} className="bk-health-row">
          <span>{t(word)}</span>
          <span>{value}</span>
        </span>
      ))}
    </span>
  );
}

const lookEveryMs = 1_000;

/** How fast pictures come onto this screen, looked at once a second while somebody wants to know. */
function useDrawn(screens: RefObject<HTMLElement | null>): { fps: number; lost: number } | undefined {
  const [shown, setShown] = useState<{ fps: number; lost: number }>();
  useEffect(() => {
    let former: Drawn | undefined;
    const look = () => {
      const video = screens.current?.querySelector<HTMLVideoElement>("video.bk-screen-shown");
      const now = video ? readDrawn(video, performance.now()) : undefined;
      if (former && now) setShown(drawnBetween(former, now));
      former = now;
    };
    look();
    const timer = setInterval(look, lookEveryMs);
    return () => clearInterval(timer);
  }, [screens]);
  return shown;
}
