import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { MediaSession } from "@/players/mediaSession";
import { findNextRecorded } from "@/players/playback/findNext";
import { PlaybackDeck } from "@/players/playback/PlaybackDeck";
import type { PlaybackState } from "@/players/playback/state";
import type { Camera } from "@/shared/api/cameras";
import { fetchMediaToken } from "@/shared/api/mediaTokens";
import { errorSentence, TranscodedNote } from "@/shared/camera/transcoded";
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

/** Where there is no recorded picture, the live one below must not be taken for it: it is dimmed, and the words say why. */
function ReplayWords({ state }: { state: PlaybackState }) {
  const { t } = useTranslation();
  const note = (sentence: string) => (
    <p className="bk-thin-note bk-replay-note" role="status">
      {sentence}
    </p>
  );
  const instead = (sentence: string) => (
    <div className="bk-tile-words bk-replay-none" role="status">
      <p className="bk-tile-sentence">{sentence}</p>
    </div>
  );
  switch (state.kind) {
    case "idle":
    case "loading":
      return note(t("play.loading"));
    case "buffering":
      return note(t("play.buffering"));
    case "ended":
      return note(t("play.ended"));
    case "gap":
      return instead(t("live.backGap"));
    case "error":
      return instead(errorSentence(t, { ...state, codec: "" }));
    case "playing":
    case "paused":
      return state.transcoded ? <TranscodedNote /> : null;
    default:
      return null;
  }
}
