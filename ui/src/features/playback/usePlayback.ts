import { type RefObject, useEffect, useRef, useState } from "react";
import { MediaSession } from "@/players/mediaSession";
import { PlaybackDriver, type PlaybackState } from "@/players/playback/PlaybackDriver";
import type { Skip } from "@/players/playback/wallTime";
import { fetchMediaToken } from "@/shared/api/mediaTokens";
import { serverNowMs } from "@/shared/time/serverClock";

export interface Playback {
  state: PlaybackState;
  positionMs: number | undefined;
  skip: Skip | undefined;
  session: MediaSession | undefined;
  driver: PlaybackDriver | undefined;
}

const skipCardMs = 4_000;

/** One camera's recording in a video element, from the first instant wanted on. */
export function usePlayback(video: RefObject<HTMLVideoElement | null>, camera: string, startMs: number): Playback {
  const [state, setState] = useState<PlaybackState>({ kind: "idle" });
  const [positionMs, setPositionMs] = useState<number>();
  const [skip, setSkip] = useState<Skip>();
  const [made, setMade] = useState<{ session: MediaSession; driver: PlaybackDriver }>();
  const start = useRef(startMs);
  start.current = startMs;
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    const session = new MediaSession(() => fetchMediaToken({ camera, act: "play", profile: "main" }));
    const driver = new PlaybackDriver(element, session, {
      camera,
      profile: "main",
      onState: setState,
      onPosition: setPositionMs,
      onSkip: setSkip,
      nowMs: serverNowMs,
    });
    setMade({ session, driver });
    setPositionMs(start.current);
    driver.setSound(false);
    driver.seek(start.current);
    return () => {
      driver.close();
      session.close();
      setMade(undefined);
      setState({ kind: "idle" });
    };
  }, [video, camera]);
  useEffect(() => {
    if (!skip) return;
    const timer = setTimeout(() => setSkip(undefined), skipCardMs);
    return () => clearTimeout(timer);
  }, [skip]);
  return { state, positionMs, skip, session: made?.session, driver: made?.driver };
}
