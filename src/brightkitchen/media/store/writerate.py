"""How fast each volume is written to: the files of the last day by hours, so that a long history costs nothing to ask."""

from collections.abc import Iterable
from typing import Final

from brightkitchen.kernel.units import US_PER_S, Utc

WINDOW_HOURS: Final = 24
_HOUR_US: Final = 3600 * US_PER_S


class WriteRate:
    """What was recorded in the last `WINDOW_HOURS` full hours and the one that runs. One thread uses it."""

    def __init__(self) -> None:
        self._hours: dict[tuple[int, int], int] = {}
        self._first_at: dict[int, int] = {}

    @staticmethod
    def begin_of(now: Utc) -> Utc:
        """Return from when files count."""
        return Utc((now // _HOUR_US - WINDOW_HOURS) * _HOUR_US)

    def note(self, files: Iterable[tuple[int, int, int]], now: Utc) -> None:
        """Count files, each once: (volume, start in microseconds UTC, size in bytes). What is older than the window is left out."""
        begin = self.begin_of(now)
        for volume, start_us, size_bytes in files:
            if start_us < begin:
                continue
            hour = (volume, start_us // _HOUR_US)
            self._hours[hour] = self._hours.get(hour, 0) + size_bytes
            self._first_at[volume] = min(self._first_at.get(volume, start_us), start_us)
        for old in [hour for hour in self._hours if hour[1] * _HOUR_US < begin]:
            del self._hours[old]

    def of(self, volume: int, now: Utc) -> tuple[int, int]:
        """Return how many bytes were recorded to a volume, and in how many seconds; (0, 0) if nothing in the window."""
        begin = self.begin_of(now)
        written = sum(size for (on, hour), size in self._hours.items() if on == volume and hour * _HOUR_US >= begin)
        first = self._first_at.get(volume)
        if not written or first is None:
            return 0, 0
        return written, max(0, (now - max(first, begin)) // US_PER_S)
