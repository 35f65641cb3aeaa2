import { type RefObject, useEffect, useRef, useState } from "react";
import type { LiveWay } from "@/players/live/chooseDriver";
import { hlsPorts } from "@/players/live/hlsPorts";
import { type LiveState, type Profile, TokenDenied } from "@/players/live/LiveDriver";
import { LivePair } from "@/players/live/LivePair";
import { browserPorts } from "@/players/live/ports";
import { browserScreens } from "@/players/live/screens";
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

/** Plays one camera in this box while the page is seen; another stream of it takes over once it has a picture. */
export function useLiveDriver(box: RefObject<HTMLElement | null>, wish: Wish): LiveHandle {
  const { camera, profile, hasSub, audio, way } = wish;
  const [state, setState] = useState<LiveState>({ kind: "idle" });
  const pair = useRef<LivePair | undefined>(undefined);
  const isPaused = useHiddenPause();
  useEffect(() => {
    const element = box.current;
    if (!element || isPaused) return;
    const mine = new LivePair(
      { camera, hasSub, fetchToken: (wanted) => liveToken(camera, wanted), onState: setState },
      browserScreens(element),
      { ...whepPorts(browserPorts(serverNowMs)), ...hlsPorts() },
    );
    pair.current = mine;
    return () => {
      pair.current = undefined;
      mine.stop();
    };
  }, [box, camera, hasSub, isPaused]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a pair that was made anew is told again what is wanted
  useEffect(() => {
    pair.current?.want({ profile, audio, way });
  }, [profile, audio, way, box, camera, hasSub, isPaused]);
  return {
    state,
    isPaused,
    retry: () => pair.current?.retryNow(),
    shownAtMs: () => pair.current?.shownAtMs,
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
