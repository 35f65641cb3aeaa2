"""Which zones a premises has to show, and which of them are shown (R-CAM-1, R-CAM-2; docs/design/permissions.md §5). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.premises.model import Kinds, Need, Premises, ZoneNeed
from brightkitchen.kernel.ids import CameraId


class Coverage(StrEnum):
    """How a zone stands. INACTIVE: there is a camera, and none of them is ACTIVE. NOT_PRESENT: the premises has no such zone."""

    COVERED = "COVERED"
    INACTIVE = "INACTIVE"
    MISSING = "MISSING"
    NOT_PRESENT = "NOT_PRESENT"


@dataclass(frozen=True, slots=True)
class Channel:
    """What counts of a camera here. zone: the primary one; more: the others it shows."""

    camera: CameraId
    zone: str
    more: frozenset[str]
    activity: Activity


@dataclass(frozen=True, slots=True)
class ZoneCoverage:
    """One row of the must-zone table, answered for one premises. cameras: those that count for it, ACTIVE or not."""

    zone: str
    need: Need
    state: Coverage
    cameras: tuple[CameraId, ...]

    @property
    def is_required(self) -> bool:
        """True if the premises is not complete without it."""
        return self.need in (Need.MUST, Need.MUST_IF_PRESENT) and self.state is not Coverage.NOT_PRESENT


def required_zones(premises: Premises, kinds: Kinds) -> tuple[str, ...]:
    """Return the zones without which the premises is not complete, in their order."""
    return tuple(each.zone for each in build_coverage(premises, kinds, ()) if each.is_required)


def build_coverage(premises: Premises, kinds: Kinds, channels: Iterable[Channel]) -> tuple[ZoneCoverage, ...]:
    """Return how each zone of the premises' category stands. channels: its cameras in service."""
    given = tuple(channels)
    return tuple(_answer(premises, need, given) for need in kinds.needs_of(premises.category))


def is_complete(coverage: Iterable[ZoneCoverage]) -> bool:
    """True if every required zone is covered. A category that requires none is never complete: there is nothing to see."""
    required = [each for each in coverage if each.is_required]
    return bool(required) and all(each.state is Coverage.COVERED for each in required)


def _answer(premises: Premises, need: ZoneNeed, channels: tuple[Channel, ...]) -> ZoneCoverage:
    counts = [each for each in channels if _shows(premises, need, each)]
    cameras = tuple(each.camera for each in counts)
    if any(each.activity is Activity.ACTIVE for each in counts):
        state = Coverage.COVERED
    elif counts:
        state = Coverage.INACTIVE
    elif need.need in (Need.MUST_IF_PRESENT, Need.SHOULD_IF_PRESENT) and need.zone not in premises.present_zones:
        state = Coverage.NOT_PRESENT
    else:
        state = Coverage.MISSING
    return ZoneCoverage(need.zone, need.need, state, cameras)


def _shows(premises: Premises, need: ZoneNeed, channel: Channel) -> bool:
    if channel.zone == need.zone:
        return True
    return need.may_be_shared and premises.is_small and need.zone in channel.more
