import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { MediaSession } from "@/players/mediaSession";
import { findNextRecorded } from "@/players/playback/findNext";
import { PlaybackDeck } from "@/players/playback/PlaybackDeck";
import type { PlaybackState } from "@/players/playback/state";
import type { Camera } from "@/shared/api/cameras";
import { fetchMediaToken } from "@/shared/api/mediaTokens";
import { serverNowMs } from "@/shared/time/serverClock";

interface Props {
  camera: Camera;
  /** UTC of the first picture, ms. Another one jumps there. */
  fromMs: number;
  hasSound: boolean;
  /** UTC of the picture shown, ms; once a second, and at jumps. */
  onAt: (atMs: number) => void;
}

/** The recording of a moment ago, over the live picture, which stays until the recorded one is there. */
export function TileReplay({ camera, fromMs, hasSound, onAt }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const audio = useRef<HTMLAudioElement>(null);
  const deck = useRef<PlaybackDeck>(undefined);
  const [state, setState] = useState<PlaybackState>({ kind: "idle" });
  const [hasShown, setHasShown] = useState(false);
  const first = useRef(fromMs);
  const tell = useRef(onAt);
  tell.current = onAt;
  useEffect(() => {
    const [picture, sound] = [video.current, audio.current];
    if (!picture || !sound) return;
    if (typeof MediaSource === "undefined") {
      setState({ kind: "error", code: "codec_unsupported", codec: "MSE" });
      return;
    }
    const session = new MediaSession(() => fetchMediaToken({ camera: camera.id, act: "play", profile: "main" }));
    const findNext = (atMs: number, signal: AbortSignal) => findNextRecorded(camera.id, session, atMs, signal);
    const mine = new PlaybackDeck([{ camera: camera.id, video: picture, session, findNext }], first.current, {
      profile: "main",
      nowMs: serverNowMs,
      audio: sound,
      onPosition: (atMs) => tell.current(atMs),
      onState: (_, next) => {
        setState(next);
        if (next.kind === "playing" || next.kind === "paused") setHasShown(true);
      },
      onSkip: () => undefined,
      onSpeed: () => undefined,
    });
    deck.current = mine;
    return () => {
      deck.current = undefined;
      mine.close();
      session.close();
    };
  }, [camera.id]);
  useEffect(() => {
    if (fromMs === first.current) return;
    first.current = fromMs;
    deck.current?.seek(fromMs);
    deck.current?.play();
  }, [fromMs]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a deck that was made anew is told again
  useEffect(() => deck.current?.setSound(hasSound), [hasSound, camera.id]);
  return (
    <>
      <video ref={video} className={`bk-replay ${hasShown ? "" : "bk-replay-coming"}`} playsInline aria-hidden />
      <audio ref={audio} hidden />
      <ReplayWords state={state} />
    </>
  );
}

function ReplayWords({ state }: { state: PlaybackState }) {
  const { t } = useTranslation();
  const say = (sentence: string) => (
    <p className="bk-thin-note bk-replay-note" role="status">
      {sentence}
    </p>
  );
  switch (state.kind) {
    case "idle":
    case "loading":
      return say(t("play.loading"));
    case "buffering":
      return say(t("play.buffering"));
    case "gap":
      return say(t("live.backGap"));
    case "ended":
      return say(t("play.ended"));
    case "error":
      if (state.code === "codec_unsupported") return say(t("play.codecUnknown"));
      return say(state.code === "refused" ? t("error.access") : t("play.failed"));
    default:
      return null;
  }
}
