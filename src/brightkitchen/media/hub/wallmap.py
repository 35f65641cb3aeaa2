"""When a tick of a stream was, in UTC. Pure; the reasoning and the error bounds are in docs/design/time.md.

A camera's clock is not believed (it drifts, it is set wrongly), its *ticks* are: the instant of tick t is t + offset, and the
offset follows the least-delayed arrivals, because a low-water mark, a network or a busy host can only delay a frame.
"""

from collections import deque
from typing import Final

from brightkitchen.kernel.units import TICKS_PER_S, US_PER_S, Utc, ticks_to_us

_BUCKET_TICKS: Final = 5 * TICKS_PER_S
_BUCKETS: Final = 12  # 60 s in all
_SLEW_PPM: Final = 500
_SLEW_EVERY_TICKS: Final = TICKS_PER_S // 10
_SETTLE_TICKS: Final = 10 * TICKS_PER_S  # nobody has seen a stamp worth keeping: go to the minimum at once
_JUMP_US: Final = 2 * US_PER_S
_LATE_FOR_US: Final = 5 * US_PER_S  # a stalled network empties its backlog within this, a stepped clock never


class WallMap:
    """One connection's map from 90 kHz ticks to UTC. `epoch` grows when the map jumped instead of slewing."""

    __slots__ = (
        "_anchor_pts",
        "_bucket",
        "_bucket_min_us",
        "_late_min_us",
        "_late_since_at",
        "_minima_us",
        "_offset_us",
        "_slewed_pts",
        "epoch",
    )

    def __init__(self) -> None:
        self.epoch = 0
        self._offset_us: int | None = None
        self._minima_us: deque[int] = deque(maxlen=_BUCKETS - 1)
        self._anchor_pts = self._slewed_pts = self._bucket = 0
        self._bucket_min_us = self._late_min_us = 0
        self._late_since_at: int | None = None

    @property
    def is_anchored(self) -> bool:
        return self._offset_us is not None

    def utc(self, pts: int) -> Utc:
        """Return the UTC of tick `pts` as believed now. raises: ValueError before the first `observe`."""
        if self._offset_us is None:
            raise ValueError("no unit was observed yet")
        return Utc(self._offset_us + ticks_to_us(pts))

    def observe(self, pts: int, received_at: Utc) -> bool:
        """Learn that the unit at tick `pts` had arrived at `received_at`. Call it with the last unit of a batch.

        returns: True if the wall clock jumped (more than 2 s) and the map was anchored anew.
        """
        seen_us = received_at - ticks_to_us(pts)
        if self._offset_us is None:
            self._anchor(pts, seen_us)
            return False
        if self._has_jumped(seen_us, received_at):
            self.epoch += 1
            self._anchor(pts, min(seen_us, self._late_min_us))
            return True
        bucket = pts // _BUCKET_TICKS
        if bucket != self._bucket:
            self._minima_us.append(self._bucket_min_us)
            self._bucket = bucket
            self._bucket_min_us = seen_us
        elif seen_us < self._bucket_min_us:
            self._bucket_min_us = seen_us
        elapsed = pts - self._slewed_pts
        if elapsed >= _SLEW_EVERY_TICKS or seen_us < self._offset_us:
            self._slew(pts, elapsed)
        return False

    def _anchor(self, pts: int, offset_us: int) -> None:
        self._offset_us = offset_us
        self._anchor_pts = self._slewed_pts = pts
        self._bucket = pts // _BUCKET_TICKS
        self._bucket_min_us = offset_us
        self._minima_us.clear()
        self._late_since_at = None
        self._late_min_us = offset_us

    def _has_jumped(self, seen_us: int, received_at: Utc) -> bool:
        """Back: nothing arrives before it was filmed, so the clock was set. Forward: only if it stays so."""
        assert self._offset_us is not None
        ahead_us = seen_us - self._offset_us
        if ahead_us <= _JUMP_US:
            self._late_since_at = None
            self._late_min_us = seen_us
            return ahead_us < -_JUMP_US
        if self._late_since_at is None:
            self._late_since_at = received_at
            self._late_min_us = seen_us
        self._late_min_us = min(self._late_min_us, seen_us)
        return received_at - self._late_since_at >= _LATE_FOR_US

    def _slew(self, pts: int, elapsed: int) -> None:
        assert self._offset_us is not None
        target_us = min(self._bucket_min_us, min(self._minima_us, default=self._bucket_min_us))
        if pts - self._anchor_pts <= _SETTLE_TICKS:
            self._offset_us = target_us
        elif elapsed >= _SLEW_EVERY_TICKS:
            limit_us = ticks_to_us(elapsed) * _SLEW_PPM // US_PER_S
            self._offset_us += max(-limit_us, min(limit_us, target_us - self._offset_us))
        else:
            return
        self._slewed_pts = max(self._slewed_pts, pts)
