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
    for action in (LIST, VIEW):
        policy.register(action, _VIEWERS | _KEEPERS)
    for action in (ADD, PROBE, CHANGE):
        policy.register(action, _KEEPERS)
    policy.register(REMOVE, _KEEPERS - {Role.OPERATOR_INSTALLER})
    policy.register(REZONE, OFFICERS | _KEEPERS, condition=_may_rezone)
    policy.register(LIVE, _VIEWERS | OPERATORS, condition=_may_be_seen)
    policy.register(THUMB, _VIEWERS | OPERATORS, condition=_may_be_seen)
    policy.register(PLAY, _VIEWERS - {Role.GRID_ASSISTANT}, condition=_may_be_seen)
    policy.register(SNAPSHOT, _VIEWERS, condition=_may_be_seen)
    # A download leaves the house: officers, and the owner of the kitchen for its own.
    policy.register(CLIP, OFFICERS | {Role.OWNER}, condition=_may_be_seen, human_only=True)
    policy.register(QUARANTINE, OFFICERS, human_only=True)


def _may_be_seen(_actor: Actor, camera: Placed) -> bool:
    """Nobody sees a channel in quarantine (SECURITY P1)."""
    return not (isinstance(camera, Camera) and camera.is_quarantined)


def _may_rezone(actor: Actor, camera: Placed) -> bool:
    """Whoever installs says what a camera shows, until an officer has approved its first frame; from then on officers do (A3).

    Of a channel in quarantine nobody does: that takes two people (`quarantine`).
    """
    if isinstance(camera, Camera) and camera.is_quarantined:
        return False
    return not (isinstance(camera, Camera) and camera.is_approved) or bool(actor.roles & OFFICERS)


def may_node_have_credential(node: NodeId, camera: Camera | None, epoch: int) -> bool:
    """True only for a camera in service that this node leases, at the current epoch (SECURITY §2.5, S23)."""
    is_there = camera is not None and camera.retired_at is None and not camera.is_quarantined
    return is_there and camera is not None and camera.node == node and camera.epoch == epoch


def may_node_report(node: NodeId, camera: Camera | None) -> bool:
    """True only for a camera in service that this node leases."""
    return camera is not None and camera.retired_at is None and camera.node == node
