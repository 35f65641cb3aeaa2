"""Holds back the first units of a session until every track has said what it is.

Sound usually arrives some ten milliseconds after the first picture. Let through at once, its format would be a change in the middle of
the first group of pictures, and whoever records or shows it would have to begin anew at the next key frame: two seconds lost at
every connection. A track that was promised and never comes must not be waited for, so the gate opens by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from brightkitchen.wire.au import AccessUnit, Format

HOLD_S: Final = 0.5
HOLD_UNITS: Final = 200


@dataclass(frozen=True, slots=True)
class Held:
    """What to tell the sink now: formats first, then the units, all of them of these formats."""

    formats: dict[int, Format]
    units: list[AccessUnit]


class StartGate:
    """One session's gate; thrown away once it has opened."""

    def __init__(self, tracks: int) -> None:
        """tracks: how many were set up."""
        self._tracks = tracks
        self._formats: dict[int, Format] = {}
        self._units: list[AccessUnit] = []
        self._since_s: float | None = None

    def is_contradicted(self, changes: Iterable[tuple[int, Format]]) -> bool:
        """True if a track takes another format than it had, or two at once: then `open` first, and go on without the gate."""
        known = dict(self._formats)
        return any(known.setdefault(track, form) != form for track, form in changes)

    def take(self, changes: Iterable[tuple[int, Format]], units: list[AccessUnit], now_s: float) -> Held | None:
        """Add what one read brought; return everything once the gate opens, else None.

        It opens when all tracks are known, 0.5 s after the first unit, or after 200 units.
        """
        self._formats.update(changes)
        self._units += units
        if not self._units:
            return None
        if self._since_s is None:
            self._since_s = now_s
        known = len(self._formats) >= self._tracks
        return self.open() if known or now_s - self._since_s >= HOLD_S or len(self._units) >= HOLD_UNITS else None

    def open(self) -> Held:
        """Return all that is held."""
        return Held(self._formats, self._units)
