"""What is really watched here, measured where the bytes leave, and told to control (docs/design/audit.md §6).

A live viewer counts from its first to its last moment, in pieces of ten minutes. Whatever is fetched by handle (recordings, pictures)
counts by its requests: they are gathered per session, camera, act and profile and told a minute later, as one. Nothing is told twice:
control knows a report by its random name. While control is away at most `MAX_WAITING` reports wait; then the oldest go, counted.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import new_id
from brightkitchen.kernel.mediatoken import Act, MediaClaims
from brightkitchen.kernel.nodeprotocol import ViewAct, ViewReport, Views
from brightkitchen.kernel.units import US_PER_S, Utc

MAX_WAITING: Final = 10_000
MAX_BATCH: Final = 500
PIECE_S: Final = 600.0
GATHER_S: Final = 60.0
PAUSE_S: Final = 20.0  # a player asks for a piece every two seconds; what is longer was a pause
RESEND_S: Final = 30.0
_SWEEP_S: Final = 5.0
_REPORTED: Final[Mapping[Act, ViewAct]] = {  # evidence is written down by control, before it asks for it
    Act.LIVE: "live",
    Act.PLAY: "play",
    Act.SNAPSHOT: "snapshot",
    Act.THUMB: "thumb",
    Act.CLIP: "clip",
    Act.TALK: "talk",
    Act.PTZ: "ptz",
}


class View:
    """One thing that is being watched, and how much of it was not told yet."""

    __slots__ = ("claims", "count", "from_at", "is_live", "last_s", "seconds", "since_at", "since_s", "to_at")

    def __init__(self, claims: MediaClaims, *, is_live: bool, now: Utc, now_s: float) -> None:
        self.claims = claims
        self.is_live = is_live
        self.since_at, self.since_s, self.last_s = now, now_s, now_s
        self.seconds = 0.0
        self.count = 0
        self.from_at: Utc | None = None
        self.to_at: Utc | None = None


class ViewLog:
    """Every view of a node. Call `run` in the background. tell: called when there is something new to send."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._live: set[View] = set()
        self._fetched: dict[tuple[str, str, str, str], View] = {}
        self._waiting: deque[ViewReport] = deque()
        self._sent: tuple[int, int, float] | None = None  # request, how many of the oldest, when
        self._last_request = 0
        self._lost = 0
        self._lost_sent = 0
        self.lost_ever = 0
        self.tell: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        """How many reports control does not have yet."""
        return len(self._waiting)

    # -- what the routes say -------------------------------------------------------------------------------------------

    def begin(self, claims: MediaClaims) -> View:
        """A live viewer gets pictures from now on; `end` it."""
        view = View(claims, is_live=True, now=self._clock.utc(), now_s=self._clock.mono_s())
        view.count = 1
        self._live.add(view)
        return view

    def end(self, view: View) -> None:
        """The live viewer is gone."""
        if view in self._live:
            self._live.discard(view)
            self._put(view)

    def note(self, claims: MediaClaims, from_at: Utc | None = None, to_at: Utc | None = None) -> None:
        """Something was fetched by handle. from_at, to_at: the recorded time that it shows."""
        key = (claims.sid, claims.cam, claims.act.value, claims.prof)
        now_s = self._clock.mono_s()
        view = self._fetched.get(key)
        if view is None:
            view = View(claims, is_live=False, now=self._clock.utc(), now_s=now_s)
            self._fetched[key] = view
        elif now_s - view.last_s <= PAUSE_S:
            view.seconds += now_s - view.last_s
        view.last_s = now_s
        view.count += 1
        if from_at is not None:
            view.from_at = from_at if view.from_at is None else min(view.from_at, from_at)
        if to_at is not None:
            view.to_at = to_at if view.to_at is None else max(view.to_at, to_at)

    # -- what control gets ---------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Make reports of what is due."""
        now_s = self._clock.mono_s()
        for view in list(self._live):
            if now_s - view.since_s >= PIECE_S:
                self._put(view)
                view.since_at, view.since_s = self._clock.utc(), now_s
        for key, view in list(self._fetched.items()):
            is_play = view.claims.act.value == "play"
            if now_s - view.last_s >= GATHER_S or now_s - view.since_s >= (PIECE_S if is_play else GATHER_S):
                del self._fetched[key]
                self._put(view)

    def close(self) -> None:
        """The node stops: everything is due."""
        for view in [*self._live, *self._fetched.values()]:
            self._put(view)
        self._live.clear()
        self._fetched.clear()

    def take(self) -> Views | None:
        """Return the oldest reports, to be sent; None if there are none, or if those sent last may still be answered."""
        now_s = self._clock.mono_s()
        if not self._waiting or (self._sent is not None and now_s - self._sent[2] < RESEND_S):
            return None
        batch = tuple(self._waiting[index] for index in range(min(MAX_BATCH, len(self._waiting))))
        self._last_request += 1
        self._sent = (self._last_request, len(batch), now_s)
        self._lost_sent = self._lost
        return Views(request=self._last_request, reports=batch, lost=self._lost)

    def keep(self, request: int) -> None:
        """Control has written the reports of that message."""
        if self._sent is None or self._sent[0] != request:
            return
        for _ in range(self._sent[1]):
            self._waiting.popleft()
        self._lost -= self._lost_sent
        self._sent = None
        if self._waiting:
            self.tell()

    def forget_sending(self) -> None:
        """The line broke: what was sent may not have arrived, and will be sent again."""
        self._sent = None

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self._clock.sleep(_SWEEP_S)
            self.sweep()

    # -- inside --------------------------------------------------------------------------------------------------------

    def _put(self, view: View) -> None:
        now_s = self._clock.mono_s()
        lasted_s = now_s - view.since_s if view.is_live else view.seconds
        until_s = now_s - view.since_s if view.is_live else view.last_s - view.since_s
        claims = view.claims
        report = ViewReport(
            view=new_id("vw", self._entropy),
            camera=claims.cam,
            sid=claims.sid,
            act=_REPORTED[claims.act],
            profile=claims.prof,
            started_at=view.since_at,
            ended_at=Utc(view.since_at + int(until_s * US_PER_S)),
            seconds=min(86_400, round(lasted_s)),
            count=view.count,
            from_at=view.from_at,
            to_at=view.to_at,
        )
        while len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self._lost += 1
            self.lost_ever += 1
            if self._sent is not None:  # the message on its way spoke of one that is gone now
                request, count, at_s = self._sent
                self._sent = (request, max(0, count - 1), at_s)
        self._waiting.append(report)
        self.tell()
