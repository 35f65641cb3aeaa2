import { type RefObject, useEffect, useRef, useState } from "react";
import { MediaSession } from "@/players/mediaSession";
import { findNextRecorded } from "@/players/playback/findNext";
import { PlaybackDeck } from "@/players/playback/PlaybackDeck";
import type { PlaybackState, Skip } from "@/players/playback/state";
import { fetchMediaToken } from "@/shared/api/mediaTokens";
import { serverNowMs } from "@/shared/time/serverClock";

export interface Deck {
  /** By camera. */
  states: Readonly<Record<string, PlaybackState>>;
  positionMs: number | undefined;
  skip: Skip | undefined;
  /** By camera; for what else is asked of the node. */
  sessions: ReadonlyMap<string, MediaSession>;
  deck: PlaybackDeck | undefined;
  /** Below 0: back. */
  speed: number;
  wantsPlay: boolean;
  /** Pictures were shown since these cameras were chosen. */
  hasShown: boolean;
}

export const idle: PlaybackState = { kind: "idle" };
const skipCardMs = 4_000;
const noSessions: ReadonlyMap<string, MediaSession> = new Map();

/** Recordings of these cameras on one clock, from the first instant wanted on. videos: an element for each camera. */
export function useDeck(
  videos: RefObject<ReadonlyMap<string, HTMLVideoElement>>,
  audio: RefObject<HTMLAudioElement | null>,
  cameras: readonly string[],
  startMs: number,
): Deck {
  const [states, setStates] = useState<Readonly<Record<string, PlaybackState>>>({});
  const [positionMs, setPositionMs] = useState<number>();
  const [skip, setSkip] = useState<Skip>();
  const [made, setMade] = useState<{ deck: PlaybackDeck; sessions: ReadonlyMap<string, MediaSession> }>();
  const [motion, setMotion] = useState({ speed: 1, wantsPlay: true });
  const [hasShown, setHasShown] = useState(false);
  const start = useRef(startMs);
  const last = useRef<number>(undefined);
  start.current = last.current ?? startMs;
  const names = cameras.join(" ");
  useEffect(() => {
    const sound = audio.current;
    const sessions = new Map(
      names
        .split(" ")
        .map((camera) => [camera, new MediaSession(() => fetchMediaToken({ camera, act: "play", profile: "main" }))]),
    );
    const tiles = [...sessions].flatMap(([camera, session]) => {
      const video = videos.current.get(camera);
      const findNext = (atMs: number, signal: AbortSignal) => findNextRecorded(camera, session, atMs, signal);
      return video ? [{ camera, video, session, findNext }] : [];
    });
    // A browser without MediaSource shows stills and gaps only.
    if (!sound || tiles.length === 0 || typeof MediaSource === "undefined") {
      setMade(undefined);
      setStates(
        Object.fromEntries(
          tiles.map(({ camera }) => [camera, { kind: "error", code: "codec_unsupported", codec: "MSE" } as const]),
        ),
      );
      return;
    }
    setPositionMs(start.current);
    setMotion({ speed: 1, wantsPlay: true });
    const deck = new PlaybackDeck(tiles, start.current, {
      profile: "main",
      nowMs: serverNowMs,
      audio: sound,
      onPosition: (atMs) => {
        last.current = atMs;
        setPositionMs(atMs);
      },
      onState: (camera, state) => {
        if (state.kind === "playing" || state.kind === "paused") setHasShown(true);
        setStates((old) => ({ ...old, [camera]: state }));
      },
      onSkip: setSkip,
      onSpeed: (speed, wantsPlay) => setMotion({ speed, wantsPlay }),
    });
    setMade({ deck, sessions });
    return () => {
      deck.close();
      for (const session of sessions.values()) session.close();
      setMade(undefined);
      setHasShown(false);
      setStates({});
    };
  }, [videos, audio, names]);
  useEffect(() => {
    if (!skip) return;
    const timer = setTimeout(() => setSkip(undefined), skipCardMs);
    return () => clearTimeout(timer);
  }, [skip]);
  return { states, positionMs, skip, sessions: made?.sessions ?? noSessions, deck: made?.deck, ...motion, hasShown };
}
