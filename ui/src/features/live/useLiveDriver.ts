import { type RefObject, useEffect, useRef, useState } from "react";
import { chooseDriver, type LivePlayer, type LiveWay } from "@/players/live/chooseDriver";
import { type LiveState, type Profile, TokenDenied } from "@/players/live/LiveDriver";
import { browserPorts } from "@/players/live/ports";
import { whepPorts } from "@/players/live/whepPorts";
import { fetchMediaToken } from "@/shared/api/mediaTokens";
import { ProblemError } from "@/shared/api/problem";
import { serverNowMs } from "@/shared/time/serverClock";

export interface LiveHandle {
  state: LiveState;
  isPaused: boolean;
  retry: () => void;
  /** UTC of the picture shown, ms. */
  shownAtMs: () => number | undefined;
}

const hiddenPauseMs = 10_000;

interface Wish {
  camera: string;
  profile: Profile;
  hasSub: boolean;
  audio: boolean;
  way: LiveWay;
}

async function liveToken(camera: string, profile: Profile) {
  try {
    return await fetchMediaToken({ camera, act: "live", profile });
  } catch (error) {
    if (error instanceof ProblemError && !error.isPassing) throw new TokenDenied(error.detail, { cause: error });
    throw error;
  }
}

/** Plays one camera in a video element while the page is seen. */
export function useLiveDriver(video: RefObject<HTMLVideoElement | null>, wish: Wish): LiveHandle {
  const { camera, profile, hasSub, audio, way } = wish;
  const [state, setState] = useState<LiveState>({ kind: "idle" });
  const driver = useRef<LivePlayer | undefined>(undefined);
  const isPaused = useHiddenPause();
  useEffect(() => {
    const element = video.current;
    if (!element || isPaused) return;
    element.muted = !audio;
    const mine = chooseDriver(
      element,
      { camera, profile, hasSub, audio, fetchToken: (wanted) => liveToken(camera, wanted), onState: setState },
      whepPorts(browserPorts(serverNowMs)),
      way,
    );
    driver.current = mine;
    mine.start();
    return () => {
      driver.current = undefined;
      mine.stop();
    };
  }, [video, camera, profile, hasSub, audio, way, isPaused]);
  return {
    state,
    isPaused,
    retry: () => driver.current?.retryNow(),
    shownAtMs: () => driver.current?.shownAtMs,
  };
}

/** True once the page was hidden for ten seconds, until it is seen again. */
function useHiddenPause(): boolean {
  const [isPaused, setPaused] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onChange = () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => setPaused(true), hiddenPauseMs);
      else setPaused(false);
    };
    document.addEventListener("visibilitychange", onChange);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onChange);
    };
  }, []);
  return isPaused;
}
