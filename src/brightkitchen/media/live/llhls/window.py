"""The last seconds of one stream in memory: parts and segments by number, what is listed of them, and the bound (adr/0009).

Nothing here waits and nothing knows what a viewer is. Numbers only grow; a segment that left the list can be fetched for a while longer.
"""

from collections import deque
from typing import Final

from brightkitchen.kernel.errors import OurError
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.wire.hls.live import LiveList, LivePart, LiveSegment, build_live_playlist

TARGET_S: Final = 4
LIMIT_BYTES: Final = 16 * 1024 * 1024
_LISTED_US: Final = 3 * TARGET_S * US_PER_S  # never less stays listed (8216bis §6.2.2)
_GONE_US: Final = _LISTED_US + TARGET_S * US_PER_S  # so long after it left the list (§6.2.2)


class _Segment:
    __slots__ = (
        "data",
        "duration_us",
        "init",
        "is_discontinuity",
        "is_whole",
        "number",
        "parts",
        "size_bytes",
        "start_at",
    )

    def __init__(self, number: int, init: int, start_at: Utc, *, is_discontinuity: bool) -> None:
        self.number = number
        self.init = init
        self.start_at = start_at
        self.is_discontinuity = is_discontinuity
        self.is_whole = False
        self.parts: tuple[LivePart, ...] = ()
        self.data: list[bytes] = []
        self.duration_us = 0
        self.size_bytes = 0

    def present(self) -> LiveSegment:
        return LiveSegment(self.number, self.init, self.start_at, self.parts, self.is_discontinuity, self.is_whole)


class Window:
    """limit_bytes: of everything kept, but for the segment that grows (see `is_full`); may be lowered while it runs."""

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.part_target_us = 1
        self.size_bytes = 0
        self._listed: deque[_Segment] = deque()
        self._gone: deque[_Segment] = deque()
        self._inits: dict[int, bytes] = {}
        self._init = 0  # of the segments to come; 0: there was none
        self._next = 0
        self._discontinuities = 0
        self._text: bytes | None = None

    # -- filling -----------------------------------------------------------------------------------------------------

    def begin_timeline(self, init: bytes, part_target_us: int) -> None:
        """The segments to come need this init segment; they are a discontinuity. No part is ever longer than the longest target."""
        self.close_segment()
        self._init += 1
        self._inits[self._init] = init
        self.part_target_us = max(self.part_target_us, part_target_us)
        self._text = None

    def open_segment(self, start_at: Utc) -> None:
        """Whole is what was; a new segment grows. raises: OurError before `begin_timeline`."""
        if not self._init:
            raise OurError("a segment needs a timeline")
        self.close_segment()
        last = self._listed[-1] if self._listed else None
        is_other = last is not None and last.init != self._init
        self._listed.append(_Segment(self._next, self._init, start_at, is_discontinuity=is_other))
        self._next += 1

    def add_part(self, data: bytes, duration_us: int, *, is_independent: bool) -> None:
        """The segment that grows has one part more. raises: OurError if none does."""
        segment = self._growing
        if segment is None:
            raise OurError("a part needs a segment")
        segment.data.append(data)
        segment.parts = (*segment.parts, LivePart(duration_us, is_independent))
        segment.duration_us += duration_us
        segment.size_bytes += len(data)
        self.size_bytes += len(data)
        self._text = None
        self._trim()

    def close_segment(self) -> None:
        """The segment that grows is whole; one without a part never was."""
        segment = self._growing
        if segment is None:
            return
        if segment.parts:
            segment.is_whole = True
        else:
            self._listed.pop()
            self._next -= 1
        self._text = None
        self._trim()

    @property
    def is_full(self) -> bool:
        """The segment that grows holds half of what may be kept: it shall end."""
        return self._growing is not None and self._growing.size_bytes >= self.limit_bytes // 2

    # -- reading -----------------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """There is no list yet: it begins with the first whole segment, since players call one of parts alone empty."""
        return not (self._listed and self._listed[0].is_whole)

    def present(self) -> LiveList:
        """Return what is listed now; only if not `is_empty`."""
        segments = [segment.present() for segment in self._listed if segment.parts]
        return LiveList(tuple(segments), self._discontinuities, TARGET_S, self.part_target_us)

    def text(self) -> bytes:
        """Return the playlist, built once for everybody; only if not `is_empty`."""
        if self._text is None:
            self._text = build_live_playlist(self.present()).encode()
        return self._text

    def part(self, number: int, index: int) -> bytes | None:
        """Return one part; None if it is not (or no longer) there."""
        segment = self._find(number)
        return segment.data[index] if segment is not None and index < len(segment.data) else None

    def segment(self, number: int) -> tuple[bytes, ...] | None:
        """Return a whole segment in its parts; None if it is not (or no longer) there."""
        segment = self._find(number)
        return tuple(segment.data) if segment is not None and segment.is_whole else None

    def init(self, number: int) -> bytes | None:
        return self._inits.get(number)

    def rates_bps(self) -> tuple[int, int]:
        """Return the highest rate of a segment and the average of what is listed; 0, 0 if nothing is."""
        sizes = [(segment.size_bytes, segment.duration_us) for segment in self._listed if segment.duration_us]
        if not sizes:
            return 0, 0
        whole_bytes, whole_us = (sum(column) for column in zip(*sizes, strict=True))
        peak = max(size * 8 * US_PER_S // duration_us for size, duration_us in sizes)
        return peak, whole_bytes * 8 * US_PER_S // whole_us

    # -- inside ------------------------------------------------------------------------------------------------------

    @property
    def _growing(self) -> _Segment | None:
        return self._listed[-1] if self._listed and not self._listed[-1].is_whole else None

    def _find(self, number: int) -> _Segment | None:
        for segments in (self._listed, self._gone):
            if segments and 0 <= number - segments[0].number < len(segments):
                return segments[number - segments[0].number]
        return None

    def _trim(self) -> None:
        """Unlist what is old; forget what is older, and what is too much."""
        listed_us = sum(segment.duration_us for segment in self._listed)
        while len(self._listed) > 1 and listed_us - self._listed[0].duration_us >= _LISTED_US:
            listed_us -= self._listed[0].duration_us
            self._unlist()
        gone_us = sum(segment.duration_us for segment in self._gone)
        while self._gone and gone_us - self._gone[0].duration_us >= _GONE_US:
            gone_us -= self._gone[0].duration_us
            self._forget()
        while self.size_bytes > self.limit_bytes and (self._gone or len(self._listed) > 2):
            if not self._gone:
                self._unlist()
            self._forget()

    def _unlist(self) -> None:
        segment = self._listed.popleft()
        self._gone.append(segment)
        if segment.is_discontinuity:
            self._discontinuities += 1
        self._text = None

    def _forget(self) -> None:
        segment = self._gone.popleft()
        self.size_bytes -= segment.size_bytes
        oldest = self._gone[0] if self._gone else self._listed[0]
        for number in [number for number in self._inits if number < oldest.init]:
            del self._inits[number]
