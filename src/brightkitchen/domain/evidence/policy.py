"""Who may do what with evidence (DOMAIN §1.10, SECURITY §4). The operator and owners never; auditors read the audit instead."""

from typing import Final

from brightkitchen.domain.authz.model import Actor, Placed, Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS
from brightkitchen.domain.cameras import policy as camera_rules
from brightkitchen.domain.evidence.model import Item
from brightkitchen.domain.evidence.states import Event, find_transition

CAPTURE: Final = "evidence.capture"
VIEW: Final = "evidence.view"
CHECK: Final = "evidence.check"
DOWNLOAD: Final = "evidence.download"
LINK: Final = "evidence.link"
EXPORT: Final = "evidence.export"
RELEASE: Final = "evidence.release"
DISPOSE: Final = "evidence.dispose"

_ADMINS: Final = frozenset({Role.CITY_ADMIN, Role.COUNTY_ADMIN})
OBJECT_ACTIONS: Final = (VIEW, CHECK, DOWNLOAD, LINK, EXPORT, RELEASE, DISPOSE)
ACTIONS: Final = (CAPTURE, *OBJECT_ACTIONS)


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. What leaves the house, and what ends, is never a machine's act."""
    policy.register(CAPTURE, OFFICERS, condition=camera_rules.may_be_replayed, human_only=True)
    policy.register(VIEW, OFFICERS)
    policy.register(CHECK, OFFICERS)
    policy.register(DOWNLOAD, OFFICERS, condition=_has_files, human_only=True)
    policy.register(LINK, OFFICERS, condition=_may(Event.LINK), human_only=True)
    policy.register(EXPORT, OFFICERS, condition=_may_leave, human_only=True)
    policy.register(RELEASE, OFFICERS, condition=_may(Event.RELEASE), human_only=True)
    policy.register(DISPOSE, _ADMINS, condition=_may(Event.DISPOSE), human_only=True)


def _has_files(_actor: Actor, item: Placed) -> bool:
    return isinstance(item, Item) and item.ended_at is None


def _may_leave(_actor: Actor, item: Placed) -> bool:
    """An item that belongs to no case yet gets its case with the export."""
    return isinstance(item, Item) and any(find_transition(item.state, event) for event in (Event.EXPORT, Event.LINK))


class _may:
    def __init__(self, event: Event) -> None:
        self._event = event

    def __call__(self, _actor: Actor, item: Placed) -> bool:
        """An item whose end was asked for already waits for the second person."""
        return isinstance(item, Item) and not item.waiting_for and find_transition(item.state, self._event) is not None
