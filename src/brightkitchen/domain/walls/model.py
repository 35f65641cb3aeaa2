"""A saved wall 画面集: a layout, which cameras stand where in it, and what it rotates through."""

from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc

LAYOUTS: Final = (1, 4, 6, 9, 16)
MAX_NAME_CHARS: Final = 40
MAX_WALLS: Final = 50
"""That one person owns."""
MIN_DWELL_S: Final = 5
MAX_DWELL_S: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Which cameras take turns, as the list of cameras is narrowed, and how long each group stays. "" = not narrowed."""

    region: str = ""
    category: str = ""
    risk: str = ""
    must_zones_only: bool = False
    dwell_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """A wall as it is stored. places: as many as the layout has, row by row; "" = empty. version counts changes (ETag).

    is_shared: with the organisation of the owner, whichever that is now ("" = none, then with nobody).
    """

    id: str
    owner: UserId
    owner_name: str
    organisation: str
    name: str
    is_shared: bool
    layout: int
    places: tuple[str, ...]
    rotation: Rotation | None
    created_at: Utc
    updated_at: Utc
    version: int

    def is_seen_by(self, user: UserId, organisation: str) -> bool:
        """True for its owner and, while it is shared, for everybody of the owner's organisation."""
        return user == self.owner or (self.is_shared and self.organisation != "" and organisation == self.organisation)


@dataclass(frozen=True, slots=True)
class SeenWall:
    """A wall as somebody may see it: places of cameras beyond the reader's scope, or gone, are "" and counted in left_out."""

    wall: Wall
    places: tuple[str, ...]
    left_out: int
    is_own: bool
    abilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WallPage:
    """A stretch of the walls somebody sees; next_cursor is None at its end."""

    items: tuple[SeenWall, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WallDraft:
    """What a wall is to be."""

    name: str
    is_shared: bool
    layout: int
    places: tuple[str, ...]
    rotation: Rotation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WallChange:
    """What is to become different; None = stays. places are kept as they are sent: what was left out for the sender is then gone."""

    name: str | None = None
    is_shared: bool | None = None
    layout: int | None = None
    places: tuple[str, ...] | None = None
    rotation: Rotation | None = None
    ends_rotation: bool = False
