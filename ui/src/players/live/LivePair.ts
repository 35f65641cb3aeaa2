import { chooseDriver, type LivePlayer, type LiveWay, type WayPorts } from "./chooseDriver";
import type { LiveOptions, LiveState, Profile } from "./LiveDriver";
import type { VideoPort } from "./ports";

/** Where pictures are shown: elements lie over each other, the one shown covers the others. */
export interface Screens {
  /** A new element, below the one shown. */
  open(): VideoPort;
  show(video: VideoPort): void;
  close(video: VideoPort): void;
  /** Runs once decoded pictures of the element go to the screen, steadily; asked again meanwhile it goes on waiting. */
  onPicture(video: VideoPort, run: () => void): void;
}

export interface PairWish {
  profile: Profile;
  audio: boolean;
  way: LiveWay;
}

export type PairOptions = Pick<LiveOptions, "camera" | "hasSub" | "fetchToken" | "onState">;

interface Seat {
  wish: PairWish;
  video: VideoPort;
  driver: LivePlayer;
  state: LiveState;
}

/** One camera's live picture whose stream may change: the old picture stays until the new one is on the screen. No React. */
export class LivePair {
  readonly #options: PairOptions;
  readonly #screens: Screens;
  readonly #ports: WayPorts;
  #front: Seat | undefined;
  /** Connects below the front, which it will replace. */
  #next: Seat | undefined;

  constructor(options: PairOptions, screens: Screens, ports: WayPorts) {
    this.#options = options;
    this.#screens = screens;
    this.#ports = ports;
  }

  /** UTC of the picture now shown, ms; undefined before the first. */
  get shownAtMs(): number | undefined {
    return this.#front?.driver.shownAtMs;
  }

  /** Plays this stream from now on: at once where nothing is shown, else as soon as it has a picture. */
  want(wish: PairWish): void {
    if (this.#next && isSame(this.#next.wish, wish)) return;
    this.#drop(this.#next);
    this.#next = undefined;
    const front = this.#front;
    if (front && isSame(front.wish, wish)) return;
    if (front && hasPicture(front.state)) {
      this.#next = this.#open(wish);
      this.#next.driver.start();
      return;
    }
    this.#front = this.#open(wish);
    this.#drop(front);
    this.#front.video.muted = !wish.audio;
    this.#screens.show(this.#front.video);
    this.#front.driver.start();
  }

  retryNow(): void {
    (this.#next ?? this.#front)?.driver.retryNow();
  }

  stop(): void {
    const seats = [this.#next, this.#front];
    this.#next = this.#front = undefined;
    for (const seat of seats) this.#drop(seat);
    this.#options.onState({ kind: "idle" });
  }

  #open(wish: PairWish): Seat {
    const { camera, hasSub, fetchToken } = this.#options;
    const video = this.#screens.open();
    // Nobody hears what nobody sees yet.
    video.muted = true;
    const { way, ...wanted } = wish;
    const driver = chooseDriver(
      video,
      { camera, hasSub, fetchToken, ...wanted, onState: (state) => this.#onState(seat, state) },
      this.#ports,
      way,
    );
    const seat: Seat = { wish, video, driver, state: driver.state };
    return seat;
  }

  #drop(seat: Seat | undefined): void {
    if (!seat) return;
    seat.driver.stop();
    this.#screens.close(seat.video);
  }

  #onState(seat: Seat, state: LiveState): void {
    seat.state = state;
    if (seat === this.#front) {
      // Once its picture is gone there is nothing to keep.
      if (this.#next && !hasPicture(state)) this.#promote(this.#next);
      else this.#options.onState(state);
    } else if (seat === this.#next) {
      if (state.kind === "playing") this.#screens.onPicture(seat.video, () => this.#promote(seat));
      else if (state.kind === "error" && state.isFinal) {
        this.#drop(seat);
        this.#next = undefined;
      }
    }
  }

  #promote(seat: Seat): void {
    if (seat !== this.#next) return;
    const old = this.#front;
    this.#front = seat;
    this.#next = undefined;
    this.#screens.show(seat.video);
    seat.video.muted = !seat.wish.audio;
    this.#drop(old);
    this.#options.onState(seat.state);
  }
}

function isSame(one: PairWish, other: PairWish): boolean {
  return one.profile === other.profile && one.audio === other.audio && one.way === other.way;
}

function hasPicture({ kind }: LiveState): boolean {
  return kind === "playing" || kind === "stalled";
}
