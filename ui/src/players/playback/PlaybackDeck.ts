import type { MediaSession } from "../mediaSession";
import { isSameState, type PlaybackState, type Skip } from "./state";
import { type Cover, TrackPlayer } from "./TrackPlayer";

export interface DeckTile {
  camera: string;
  video: HTMLVideoElement;
  session: MediaSession;
  findNext: (atMs: number, signal: AbortSignal) => Promise<number | undefined>;
}

export interface DeckOptions {
  profile: "main" | "sub";
  nowMs: () => number;
  /** UTC of the pictures shown, ms, several times a second. */
  onPosition: (atMs: number) => void;
  onState: (camera: string, state: PlaybackState) => void;
  onSkip: (skip: Skip) => void;
  /** Plays by itself or not, and how fast; below 0: back. */
  onSpeed: (speed: number, wantsPlay: boolean) => void;
  /** Plays the sound of the first tile. */
  audio: HTMLAudioElement;
}

const tickMs = 50;
/** Tiles that are nearer than this to the deck's clock are left alone; above the other they jump. */
const nearMs = 25;
const farMs = 250;
/** A tile that has nothing to show for so long holds the others up no more. */
const patienceMs = 4_000;
const starvedMs = 200;
/** Nearer to now only true speed makes sense, and a little must be there before it goes on: files grow by whole groups of pictures. */
const edgeMs = 10_000;
const edgeAheadMs = 2_500;
const farthestBackMs = 390 * 86_400_000;
/** Back one goes by pictures, and the decoder needs its time for each. */
const backStepMs = 120;

interface Seat {
  tile: DeckTile;
  player: TrackPlayer;
  state: PlaybackState;
  starvedSinceMs: number | undefined;
}

/** Up to four recordings on one clock, which is UTC: plays, jumps, steps and goes back, all in step. No React. */
export class PlaybackDeck {
  readonly #options: DeckOptions;
  readonly #seats: Seat[];
  readonly #timer: ReturnType<typeof setInterval>;
  #sound: TrackPlayer | undefined;
  #isSoundOn = false;
  #wantsPlay = true;
  /** Below 0: back. */
  #speed = 1;
  #atMs: number;
  /** The clock runs from here; undefined: it stands. */
  #runsSince: { atMs: number; monoMs: number } | undefined;
  /** The instant that somebody asked for; going on over a gap is allowed once pictures were shown. */
  #askedMs: number | undefined;
  #lastBackMs = 0;
  #waitsSinceMs = 0;
  readonly #epochMs: number;

  constructor(tiles: readonly DeckTile[], startMs: number, options: DeckOptions) {
    this.#options = options;
    this.#atMs = startMs;
    this.#epochMs = Math.floor(startMs / 1000) * 1000 - farthestBackMs / 2;
    this.#seats = tiles.map((tile) => ({
      tile,
      player: this.#makePlayer(tile, tile.video, "video"),
      state: { kind: "idle" },
      starvedSinceMs: undefined,
    }));
    for (const { tile } of this.#seats) tile.video.muted = true;
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.seek(startMs);
  }

  get atMs(): number {
    return this.#atMs;
  }

  get speed(): number {
    return this.#speed;
  }

  get wantsPlay(): boolean {
    return this.#wantsPlay;
  }

  /** Instants that this deck can show; another is for a new one. */
  reaches(atMs: number): boolean {
    return atMs > this.#epochMs && atMs < this.#epochMs + farthestBackMs;
  }

  seek(atMs: number): void {
    this.#stand(); // first: a clock that runs would go on from where it was
    this.#atMs = atMs;
    this.#askedMs = atMs;
    for (const seat of this.#seats) {
      seat.starvedSinceMs = undefined;
      seat.player.seek(atMs, this.#manner);
    }
    this.#dropSound();
    this.#options.onPosition(atMs);
    this.#tick();
  }

  play(): void {
    this.#wantsPlay = true;
    this.#say();
    this.#tick();
  }

  pause(): void {
    this.#wantsPlay = false;
    this.#stand();
    this.#settle();
    this.#say();
    this.#tick();
  }

  /** 0.5 to 16; below 0: back, by key frames. */
  setSpeed(speed: number): void {
    if (speed === this.#speed) return;
    this.#stand(); // first: all that has passed so far passed at the old speed
    this.#speed = speed;
    for (const { player } of this.#seats) player.adopt(this.#atMs, this.#manner);
    this.#dropSound();
    this.#say();
    this.#tick();
  }

  setSound(isOn: boolean): void {
    this.#isSoundOn = isOn;
    if (!isOn) this.#dropSound();
    this.#tick();
  }

  /** Exactly the next picture, or the one before; of the first tile that has one. */
  step(direction: 1 | -1): void {
    this.#hold();
    const seat = this.#leader();
    const frames = seat?.player.frames;
    const besideS = seat && frames?.beside(seat.player.toS(this.#atMs), direction);
    this.#showAt(besideS === undefined ? this.#atMs + direction * 40 : this.#toMs(besideS));
  }

  /** The key frame before the one shown. */
  stepToKey(): void {
    this.#hold();
    const seat = this.#leader();
    const timeS = seat?.player.toS(this.#atMs) ?? 0;
    const shownS = seat?.player.frames.keyAt(timeS);
    const keyS =
      shownS !== undefined && timeS - shownS > 0.002 ? shownS : seat?.player.frames.keyAt((shownS ?? 0) - 0.002);
    // Not buffered: the node's answer begins at the key frame before.
    this.#showAt(
      keyS === undefined ? (shownS === undefined ? this.#atMs : this.#toMs(shownS)) - 1_000 : this.#toMs(keyS),
    );
  }

  close(): void {
    clearInterval(this.#timer);
    this.#dropSound();
    for (const { player } of this.#seats) player.close();
  }

  get #manner() {
    return { rate: Math.abs(this.#speed), isBack: this.#speed < 0 };
  }

  /** The first whole millisecond in which a picture is shown: instants are sent in milliseconds, and one cut short would name the picture before. */
  #toMs(timeS: number): number {
    return Math.ceil(this.#epochMs + timeS * 1000 - 0.001);
  }

  #hold(): void {
    if (this.#wantsPlay) {
      this.#wantsPlay = false;
      this.#stand();
      this.#settle();
    }
    if (this.#speed < 0 || this.#speed > 2) this.#speed = 1;
    this.#say();
  }

  /** Standing: the clock takes the instant of the picture that is shown, and the others come to it. */
  #settle(): void {
    const leader = this.#leader();
    if (!leader || this.#speed < 0 || leader.player.coverAt(this.#atMs).kind !== "has" || !leader.player.hasPicture)
      return;
    // On a busy machine the picture on the screen lags behind the element's clock: all are told which one it is, the leader too.
    const { element, frames } = leader.player;
    this.#atMs = this.#toMs(frames.at(element.currentTime) ?? element.currentTime);
    for (const { player } of this.#seats) player.moveTo(this.#atMs);
    this.#options.onPosition(this.#atMs);
  }

  #showAt(atMs: number): void {
    this.#atMs = atMs;
    this.#askedMs = undefined;
    for (const { player } of this.#seats) player.seek(atMs, this.#manner);
    this.#options.onPosition(atMs);
    this.#tick();
  }

  #say(): void {
    this.#options.onSpeed(this.#speed, this.#wantsPlay);
  }

  #makePlayer(tile: DeckTile, element: HTMLMediaElement, tracks: "video" | "sound"): TrackPlayer {
    const { profile, nowMs } = this.#options;
    return new TrackPlayer(element, tile.session, {
      ...{ camera: tile.camera, profile, tracks, nowMs },
      epochMs: this.#epochMs,
      findNext: tile.findNext,
      onChange: () => this.#tick(),
    });
  }

  #dropSound(): void {
    this.#sound?.close();
    this.#sound = undefined;
  }

  #leader(): Seat | undefined {
    return this.#seats.find(({ player }) => player.coverAt(this.#atMs).kind === "has") ?? this.#seats[0];
  }

  #clockMs(): number {
    const since = this.#runsSince;
    return since ? since.atMs + (performance.now() - since.monoMs) * this.#speed : this.#atMs;
  }

  #stand(): void {
    if (this.#runsSince) this.#atMs = this.#clockMs();
    this.#runsSince = undefined;
    this.#waitsSinceMs = performance.now();
    for (const { tile } of this.#seats) tile.video.pause();
    this.#options.audio.pause();
  }

  #start(): void {
    this.#runsSince = { atMs: this.#atMs, monoMs: performance.now() };
    for (const { player } of this.#seats) {
      player.element.playbackRate = Math.max(0.5, this.#speed);
      if (this.#speed > 0 && player.coverAt(this.#atMs).kind === "has") play(player.element);
    }
  }

  #isTicking = false;

  #tick(): void {
    // Publishing may ask for something that ticks again.
    if (this.#isTicking) return;
    this.#isTicking = true;
    try {
      this.#move();
    } finally {
      this.#isTicking = false;
    }
  }

  #move(): void {
    this.#atMs = this.#clockMs();
    const covers = this.#seats.map(({ player }) => player.coverAt(this.#atMs));
    for (const { player } of this.#seats) player.follow(this.#atMs);
    if (this.#runsSince) {
      if (this.#speed < 0) this.#showBack();
      else this.#regulate(covers);
      if (!this.#mayRun(covers)) this.#stand();
      else this.#options.onPosition(this.#atMs);
    } else if (this.#wantsPlay && this.#mayStart(covers)) this.#start();
    if (this.#speed > 1 && this.#runsSince && this.#options.nowMs() - this.#atMs < edgeMs) this.setSpeed(1);
    this.#passGap(covers);
    this.#followWithSound();
    this.#seats.forEach((seat, index) => {
      this.#publish(seat, this.#stateOf(seat, covers[index] ?? { kind: "waiting" }));
    });
  }

  /** Everybody who has something to show can show it; somebody has. */
  #mayStart(covers: readonly Cover[]): boolean {
    const showing = this.#seats.filter((_, index) => covers[index]?.kind === "has");
    const isWaiting = covers.some((cover) => cover.kind === "waiting");
    const isReady =
      showing.length > 0 && showing.every(({ player }) => (this.#speed < 0 ? player.hasPicture : player.isReady));
    const isShort =
      this.#options.nowMs() - this.#atMs < edgeMs &&
      showing.some(({ player }) => player.aheadMs(this.#atMs) < edgeAheadMs);
    if (isShort) return false;
    const isPatient = performance.now() - this.#waitsSinceMs < patienceMs;
    return (
      showing.length > 0 && ((isReady && !isWaiting) || (!isPatient && showing.some(({ player }) => player.isReady)))
    );
  }

  /** Nobody has been without the pictures that are recorded for longer than a blink. */
  #mayRun(covers: readonly Cover[]): boolean {
    if (!covers.some(({ kind }) => kind === "has")) return false;
    if (this.#speed < 0) return true;
    const now = performance.now();
    let isHeldUp = false;
    this.#seats.forEach((seat, index) => {
      const kind = covers[index]?.kind;
      const isStarved =
        kind === "waiting" || (kind === "has" && seat.player.element.readyState < 3 && !seat.player.element.seeking);
      seat.starvedSinceMs = isStarved ? (seat.starvedSinceMs ?? now) : undefined;
      const forMs = seat.starvedSinceMs === undefined ? 0 : now - seat.starvedSinceMs;
      if (forMs > starvedMs && forMs < patienceMs) isHeldUp = true;
    });
    return !isHeldUp;
  }

  /** Keeps every element on the clock: a little faster or slower when near, a jump when far. */
  #regulate(covers: readonly Cover[]): void {
    this.#seats.forEach(({ player }, index) => {
      const { element } = player;
      if (covers[index]?.kind !== "has") {
        if (!element.paused) element.pause();
        return;
      }
      if (element.paused) {
        // It comes back from a gap.
        if (Math.abs(player.atMs - this.#atMs) > nearMs) player.moveTo(this.#atMs);
        play(element);
        return;
      }
      if (!element.seeking) regulate(player, this.#atMs, this.#speed);
    });
  }

  #showBack(): void {
    const now = performance.now();
    if (now - this.#lastBackMs < backStepMs) return;
    this.#lastBackMs = now;
    for (const { player } of this.#seats) {
      const keyS = player.frames.keyAt(player.toS(this.#atMs));
      if (keyS === undefined || player.element.seeking) continue;
      if (Math.abs(player.element.currentTime - keyS) > 0.01) player.element.currentTime = keyS + 0.0005;
    }
  }

  /** Playing on goes over what nobody recorded; whoever asked for such an instant is told of it instead. */
  #passGap(covers: readonly Cover[]): void {
    if (covers.some(({ kind }) => kind === "has")) {
      this.#askedMs = undefined;
      return;
    }
    if (this.#askedMs !== undefined || !this.#wantsPlay || this.#speed < 0) return;
    if (!covers.every(({ kind }) => kind === "gap" || kind === "end")) return;
    const next = covers.flatMap((cover) => (cover.kind === "gap" && cover.toMs !== undefined ? [cover.toMs] : []));
    if (next.length === 0) return;
    const fromMs = this.#atMs;
    const toMs = Math.min(...next);
    this.#stand();
    this.#atMs = toMs;
    for (const { player } of this.#seats) player.seek(toMs, this.#manner);
    if (toMs - fromMs > 1_500) this.#options.onSkip({ fromMs, toMs });
    this.#options.onPosition(toMs);
  }

  #followWithSound(): void {
    const seat = this.#seats[0];
    const isHeard = this.#isSoundOn && this.#speed === 1 && this.#runsSince !== undefined;
    if (!isHeard || !seat) {
      this.#options.audio.pause();
      return;
    }
    if (!this.#sound) {
      this.#sound = this.#makePlayer(seat.tile, this.#options.audio, "sound");
      this.#sound.seek(this.#atMs, { rate: 1, isBack: false });
    }
    const sound = this.#sound;
    sound.follow(this.#atMs);
    if (sound.coverAt(this.#atMs).kind !== "has" || sound.element.seeking) return;
    if (sound.element.paused) {
      if (Math.abs(sound.atMs - this.#atMs) > nearMs * 2) sound.moveTo(this.#atMs);
      play(sound.element);
    } else regulate(sound, this.#atMs, 1);
  }

  #stateOf(seat: Seat, cover: Cover): PlaybackState {
    const { trouble } = seat.player;
    if (trouble) return { kind: "error", ...trouble };
    switch (cover.kind) {
      case "gap":
        return { kind: "gap", atMs: this.#atMs, fromMs: cover.fromMs, toMs: cover.toMs };
      case "end":
        // Whoever plays to the end saw it; whoever asked for what is not there is told what is.
        return this.#askedMs === undefined
          ? { kind: "ended" }
          : { kind: "gap", atMs: this.#atMs, fromMs: undefined, toMs: undefined };
      case "waiting":
        return this.#askedMs === undefined && this.#wantsPlay && seat.state.kind !== "loading"
          ? { kind: "buffering" }
          : { kind: "loading", atMs: this.#askedMs ?? this.#atMs };
      default:
        if (!seat.player.hasPicture && seat.state.kind === "loading") return seat.state;
        if (!this.#wantsPlay) return { kind: "paused", ...madeAnew(seat.player) };
        return this.#runsSince || seat.player.isReady
          ? { kind: "playing", ...madeAnew(seat.player) }
          : { kind: "buffering" };
    }
  }

  #publish(seat: Seat, state: PlaybackState): void {
    // A moment that changes with each tick says nothing new.
    if (seat.state.kind === "gap" && state.kind === "gap" && seat.state.toMs === state.toMs && this.#runsSince) return;
    if (isSameState(seat.state, state)) return;
    seat.state = state;
    this.#options.onState(seat.tile.camera, state);
  }
}

function madeAnew({ isTranscoded }: TrackPlayer): { transcoded?: true } {
  return isTranscoded ? { transcoded: true } : {};
}

function regulate(player: TrackPlayer, atMs: number, speed: number): void {
  const { element } = player;
  const aheadMs = player.atMs - atMs;
  if (Math.abs(aheadMs) > farMs * Math.max(1, speed)) {
    // A jump costs about a tenth of a second: land where the clock will be.
    player.moveTo(atMs + 80 * speed);
    return;
  }
  const nudge =
    Math.abs(aheadMs) < nearMs * Math.max(1, speed / 2)
      ? 0
      : Math.max(-0.12, Math.min(0.12, aheadMs / 1_000 / Math.max(1, speed)));
  const rate = Math.min(16, speed * (1 - nudge));
  if (Math.abs(element.playbackRate - rate) > 0.005) element.playbackRate = rate;
}

function play(element: HTMLMediaElement): void {
  element.play().catch(() => undefined);
}
