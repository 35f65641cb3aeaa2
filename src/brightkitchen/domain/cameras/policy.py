"""Who may do what with cameras, and which node may have which password."""

from typing import Final

from brightkitchen.domain.authz.model import Actor, Placed, Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS, OPERATORS, SITE
from brightkitchen.domain.cameras.model import Camera
from brightkitchen.kernel.ids import NodeId

LIST: Final = "camera.list"
VIEW: Final = "camera.view"
ADD: Final = "camera.add"
PROBE: Final = "camera.probe"
CHANGE: Final = "camera.change"
REMOVE: Final = "camera.remove"
REZONE: Final = "camera.rezone"
LIVE: Final = "camera.live"
PLAY: Final = "camera.play"
SNAPSHOT: Final = "camera.snapshot"
THUMB: Final = "camera.thumb"
QUARANTINE: Final = "camera.quarantine"
CLIP: Final = "camera.clip"

GENERAL_ACTIONS: Final = (LIST, ADD, PROBE)
OBJECT_ACTIONS: Final = (VIEW, CHANGE, REZONE, REMOVE, LIVE, PLAY, SNAPSHOT, THUMB, CLIP, QUARANTINE)
MEDIA_ACTIONS: Final = {"live": LIVE, "play": PLAY, "snapshot": SNAPSHOT, "thumb": THUMB, "clip": CLIP}


_VIEWERS: Final = OFFICERS | SITE | {Role.EDU_OFFICER, Role.GRID_ASSISTANT}
_KEEPERS: Final = frozenset({Role.LOCAL, Role.CITY_ADMIN, Role.OPERATOR_PM, Role.OPERATOR_INSTALLER, Role.OPERATOR_NOC})


def register_actions(policy: Policy) -> None:
    """Register this slice's actions (DOMAIN §1.10). Pictures are for people with a session; a socket without one sees none.

    The operator sees live pictures, to judge its own work, but no recordings: they are evidence.
    """
    policy.register(LIST, _VIEWERS | _KEEPERS, kiosk=True)
    policy.register(VIEW, _VIEWERS | _KEEPERS, condition=_may_be_known, kiosk=True)
    for action in (ADD, PROBE, CHANGE):
        policy.register(action, _KEEPERS, condition=_is_in_service)
    policy.register(REMOVE, _KEEPERS - {Role.OPERATOR_INSTALLER}, condition=_is_in_service)
    policy.register(REZONE, OFFICERS | _KEEPERS, condition=_may_rezone)
    policy.register(LIVE, _VIEWERS | OPERATORS, condition=_may_be_seen, kiosk=True)
    policy.register(THUMB, _VIEWERS | OPERATORS, condition=may_be_replayed)
    policy.register(PLAY, _VIEWERS - {Role.GRID_ASSISTANT}, condition=may_be_replayed)
    policy.register(SNAPSHOT, _VIEWERS, condition=may_be_replayed)
    # A download leaves the house: officers, and the owner of the kitchen for its own.
    policy.register(CLIP, OFFICERS | {Role.OWNER}, condition=may_be_replayed, human_only=True)
    policy.register(QUARANTINE, OFFICERS, condition=_is_in_service, human_only=True)


def _is_in_service(_actor: Actor, camera: Placed) -> bool:
    return not (isinstance(camera, Camera) and camera.retired_at is not None)


def _may_be_known(actor: Actor, camera: Placed) -> bool:
    """What was removed is gone for everybody but officers, whom its footage may still concern (SECURITY A3)."""
    return _is_in_service(actor, camera) or bool(actor.roles & OFFICERS)


def _may_be_seen(actor: Actor, camera: Placed) -> bool:
    """Nobody sees a channel in quarantine (SECURITY P1)."""
    return _is_in_service(actor, camera) and not (isinstance(camera, Camera) and camera.is_quarantined)


def may_be_replayed(actor: Actor, camera: Placed) -> bool:
    """What it recorded may be seen: not in quarantine, and in service unless an officer asks."""
    return _may_be_known(actor, camera) and not (isinstance(camera, Camera) and camera.is_quarantined)


def _may_rezone(actor: Actor, camera: Placed) -> bool:
    """Whoever installs says what a camera shows, until an officer has approved its first frame; from then on officers do (A3).

    Of a channel in quarantine nobody does: that takes two people (`quarantine`).
    """
    if isinstance(camera, Camera) and (camera.is_quarantined or camera.retired_at is not None):
        return False
    return not (isinstance(camera, Camera) and camera.is_approved) or bool(actor.roles & OFFICERS)


def may_node_have_credential(node: NodeId, camera: Camera | None, epoch: int) -> bool:
    """True only for a camera in service that this node leases, at the current epoch (SECURITY §2.5, S23)."""
    is_there = camera is not None and camera.retired_at is None and not camera.is_quarantined
    return is_there and camera is not None and camera.node == node and camera.epoch == epoch


def may_node_report(node: NodeId, camera: Camera | None) -> bool:
    """True only for a camera in service that this node leases."""
    return camera is not None and camera.retired_at is None and camera.node == node
