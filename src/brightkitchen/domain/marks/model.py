"""A mark 标记: somebody found a moment of a camera worth finding again, and may have said why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.roles import SITE
from brightkitchen.kernel.ids import CameraId, UserId
from brightkitchen.kernel.recordingplan import MOST_DAYS
from brightkitchen.kernel.units import US_PER_S, Utc

MAX_NOTE_CHARS: Final = 200
DAY_US: Final = 86_400 * US_PER_S
OLDEST_US: Final = MOST_DAYS * DAY_US
"""Nothing is recorded for longer, so that nothing older can be looked at."""
AHEAD_US: Final = 10 * US_PER_S
"""How far a browser's idea of now may be before the server's."""
MAX_A_DAY: Final = 500
"""That one person makes in 24 hours."""


class Side(StrEnum):
    """Whose marks they are. Officers and a kitchen's own people do not read each other's."""

    OFFICE = "office"
    KITCHEN = "kitchen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A mark as it is stored. at: UTC of the picture that was seen. note: what was said of it, "" = nothing."""

    id: str
    camera: CameraId
    at: Utc
    note: str
    side: Side
    by: UserId
    by_name: str
    made_at: Utc


def side_of(role: Role | None) -> Side:
    """Return for whom somebody marks who may do so by that role."""
    return Side.KITCHEN if role in SITE else Side.OFFICE
