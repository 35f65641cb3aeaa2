"""Wrapping RTP timestamps of several tracks become one unbroken 90 kHz timeline (RFC 3550 §5.1, §6.4.1).

How tracks are aligned, in order of trust:
1. At its first unit a track is placed by arrival; the first unit of the connection is tick 0.
2. If RTP-Info named rtptime for both tracks and the two placements differ by at most 2 s, RTP-Info is taken.
3. The first pair of RTCP sender reports, and any later pair that shows more than 50 ms of error, moves the sound: its offset
   slides by at most a tenth of each step, so that its time never runs back. An error above 5 s is a lying clock: ignored.

A step of more than 10 s against arrival, or back by more than 1 s (pictures out of order step back by less), is a
discontinuity: the timeline goes on from the last unit by the time that passed between arrivals. A TCP connection that stalls
is none, because its timestamps do not jump.

Rules of this file: no packet is parsed here; `received_at` is an argument; nothing grows.
"""

from math import gcd
from typing import Final
from weakref import proxy

from brightkitchen.kernel.units import TICKS_PER_S, Utc, us_to_ticks

_WRAP: Final = 1 << 32
_HALF: Final = 1 << 31
MAX_JUMP_S: Final = 10
MAX_STEP_BACK_S: Final = 1
_RTP_INFO_TRUST_TICKS: Final = 2 * TICKS_PER_S
_SYNC_TOLERANCE_TICKS: Final = 50 * TICKS_PER_S // 1000
_SYNC_TRUST_TICKS: Final = 5 * TICKS_PER_S


def signed_difference(later: int, earlier: int) -> int:
    """Return later - earlier for wrapping 32-bit numbers, -2**31 <= result < 2**31."""
    return (later - earlier + _HALF) % _WRAP - _HALF


class TrackClock:
    """One track's place on the timeline. Made by `StreamTimeline.add_track`."""

    __slots__ = (
        "_clock", "_down", "_last", "_last_at", "_last_pts", "_max_back", "_max_jump", "_offset", "_report", "_rtptime", "_slew",
        "_started", "_stream", "_up", "jumps", "rate_hz",
    )  # fmt: skip

    def __init__(self, stream: "StreamTimeline", rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.jumps = 0
        self._stream: StreamTimeline = proxy(
            stream
        )  # not in a cycle, or every closed connection waits for the collector
        common = gcd(TICKS_PER_S, rate_hz)
        self._up, self._down = TICKS_PER_S // common, rate_hz // common
        self._started = False
        self._last = 0
        self._clock = 0
        self._offset = 0
        self._last_pts = 0
        self._last_at = Utc(0)
        self._slew = 0
        self._max_jump = -1  # no step is taken for granted before the first
        self._max_back = -rate_hz * MAX_STEP_BACK_S
        self._rtptime: int | None = None
        self._report: tuple[int, int] | None = None

    def place(self, timestamp: int, received_at: Utc) -> int:
        """Return the 90 kHz tick of a unit with this RTP timestamp (0 <= timestamp < 2**32), in decoding order.

        May be negative for sound that began before the picture that started the timeline; never for the first picture.
        """
        step = (timestamp - self._last) & 0xFFFFFFFF
        if step > self._max_jump:
            step = self._step_oddly(step, timestamp, received_at)
        self._last = timestamp
        self._clock += step
        if self._slew and step > 0:
            self._slide(step)
        self._last_at = received_at
        self._last_pts = pts = self._clock * self._up // self._down + self._offset
        return pts

    def place_run(self, timestamp: int, step: int, count: int, received_at: Utc) -> list[int]:
        """Return what `place` would for each of `count` >= 1 units, `step` apart, the first with this timestamp."""
        first = self.place(timestamp, received_at)
        if count == 1:
            return [first]
        if self._slew or not 0 < step <= self._max_jump:
            later = range(timestamp + step, timestamp + step * count, step) if step else [timestamp] * (count - 1)
            return [first, *[self.place(at & 0xFFFFFFFF, received_at) for at in later]]
        up, down, offset, end = self._up, self._down, self._offset, self._clock + step * count
        placed = [clock * up // down + offset for clock in range(self._clock, end, step)]
        self._last = timestamp + step * (count - 1) & 0xFFFFFFFF
        self._clock = end - step
        self._last_pts = placed[-1]
        return placed

    def restart(self) -> None:
        """The source began anew (other SSRC): the next timestamp means now, whatever it says."""
        self._report = None
        self._rtptime = None
        self._slew = 0
        if self._started:
            # An impossible distance, so that the next unit is re-anchored without a second code path.
            self._max_jump = self._max_back = -_WRAP

    def set_rtptime(self, rtptime: int) -> None:
        """RTP-Info: this timestamp is the moment that PLAY began at (RFC 2326 §12.33)."""
        self._rtptime = rtptime

    def report(self, ntp_us: int, timestamp: int) -> bool:
        """A sender report: this timestamp was this wall clock of the sender. False if it contradicts the timeline wildly."""
        if not self._started:
            return True
        self._report = (ntp_us, timestamp)
        return self._stream.align()

    def _step_oddly(self, step: int, timestamp: int, received_at: Utc) -> int:
        """The first timestamp, one from before the last, or a jump. step: from the last one, without sign; returns it with its sign."""
        if not self._started:
            self._started = True
            self._max_jump = self._trusted_jump()
            self._offset = self._stream.first_offset(self, timestamp, received_at)
            return 0
        if step >= _HALF:
            step -= _WRAP
        return step if self._max_back <= step <= self._max_jump else self._check_jump(step, received_at)

    def _trusted_jump(self) -> int:
        return min(self.rate_hz * MAX_JUMP_S, _HALF - 1)  # no rate makes a step back look like one ahead

    def _check_jump(self, step: int, received_at: Utc) -> int:
        elapsed_us = max(received_at - self._last_at, 0)
        if self._max_jump > 0 and step > 0 and abs(step - elapsed_us * self.rate_hz // 1_000_000) <= self._max_jump:
            return step
        self.jumps += 1
        self._report = None
        self._slew = 0
        self._max_jump = self._trusted_jump()
        self._max_back = -self.rate_hz * MAX_STEP_BACK_S
        self._clock = 0
        self._offset = self._last_pts + max(us_to_ticks(elapsed_us), 1)
        return 0

    def _slide(self, step: int) -> None:
        most = max(step * TICKS_PER_S // self.rate_hz // 10, 1)
        moved = max(-most, min(most, self._slew))
        self._slew -= moved
        self._offset += moved

    def tick_of(self, timestamp: int) -> int:
        """Return where a timestamp near the last unit would be placed, without moving the timeline."""
        clock = self._clock + signed_difference(timestamp, self._last)
        return clock * TICKS_PER_S // self.rate_hz + self._offset

    @property
    def sender_report(self) -> tuple[int, int] | None:
        """(sender's wall clock in µs, RTP timestamp) of the last report since the timeline (re)started."""
        return self._report

    @property
    def rtptime(self) -> int | None:
        """RTP-Info's rtptime."""
        return self._rtptime

    def correct(self, ticks: int) -> None:
        """Let the track slide by `ticks` (90 kHz) over the next units."""
        self._slew = ticks


class StreamTimeline:
    """All tracks of one connection."""

    __slots__ = ("__weakref__", "_aligned", "_origin", "_tracks", "rtp_info_refused")

    def __init__(self) -> None:
        self._tracks: list[TrackClock] = []
        self._origin: tuple[TrackClock, int, Utc] | None = None
        self._aligned = False
        self.rtp_info_refused = False

    def add_track(self, rate_hz: int) -> TrackClock:
        """The first one added is what the others are aligned to."""
        clock = TrackClock(self, rate_hz)
        self._tracks.append(clock)
        return clock

    def first_offset(self, clock: TrackClock, timestamp: int, received_at: Utc) -> int:
        """Return the tick of a track's first unit."""
        if self._origin is None:
            self._origin = (clock, timestamp, received_at)
            return 0
        first, first_timestamp, first_at = self._origin
        by_arrival = us_to_ticks(received_at - first_at)
        if clock.rtptime is None or first.rtptime is None:
            return by_arrival
        own = signed_difference(timestamp, clock.rtptime) * TICKS_PER_S // clock.rate_hz
        others = signed_difference(first_timestamp, first.rtptime) * TICKS_PER_S // first.rate_hz
        if abs(own - others - by_arrival) > _RTP_INFO_TRUST_TICKS:
            self.rtp_info_refused = True
            return by_arrival
        if own < others and clock is self._tracks[0]:
            # A picture before tick 0 would be dropped, and with a key frame its whole group: let the sound wait for it.
            first.correct(others - own)
            return 0
        return own - others

    def align(self) -> bool:
        """Compare the last sender reports of the first track and the others; correct the others. False: not believable."""
        master = self._tracks[0].sender_report
        if master is None:
            return True
        believable = True
        for clock in self._tracks[1:]:
            report = clock.sender_report
            if report is None:
                continue
            apart = clock.tick_of(report[1]) - self._tracks[0].tick_of(master[1])
            error = apart - us_to_ticks(report[0] - master[0])
            if abs(error) > _SYNC_TRUST_TICKS:
                believable = False
            elif not self._aligned or abs(error) > _SYNC_TOLERANCE_TICKS:
                clock.correct(-error)
                self._aligned = True
        return believable
