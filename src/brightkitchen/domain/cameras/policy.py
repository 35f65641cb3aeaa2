"""Who may do what with cameras, and which node may have which password."""

from typing import Final

from brightkitchen.domain.authz.policy import Policy, is_administrator, is_signed_in_administrator
from brightkitchen.domain.cameras.model import Camera
from brightkitchen.kernel.ids import NodeId

LIST: Final = "camera.list"
VIEW: Final = "camera.view"
ADD: Final = "camera.add"
PROBE: Final = "camera.probe"
CHANGE: Final = "camera.change"
REMOVE: Final = "camera.remove"
LIVE: Final = "camera.live"
PLAY: Final = "camera.play"
SNAPSHOT: Final = "camera.snapshot"
THUMB: Final = "camera.thumb"

GENERAL_ACTIONS: Final = (LIST, ADD, PROBE)
OBJECT_ACTIONS: Final = (VIEW, CHANGE, REMOVE, LIVE, PLAY, SNAPSHOT, THUMB)
MEDIA_ACTIONS: Final = {"live": LIVE, "play": PLAY, "snapshot": SNAPSHOT, "thumb": THUMB}


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. Pictures are for people with a session; a socket without a person sees none."""
    for action in (LIST, VIEW, ADD, PROBE, CHANGE, REMOVE):
        policy.register(action, is_administrator)
    for action in (LIVE, PLAY, SNAPSHOT, THUMB):
        policy.register(action, is_signed_in_administrator)


def may_node_have_credential(node: NodeId, camera: Camera | None, epoch: int) -> bool:
    """True only for a camera in service that this node leases, at the current epoch (SECURITY §2.5, S23)."""
    return camera is not None and camera.retired_at is None and camera.node == node and camera.epoch == epoch


def may_node_report(node: NodeId, camera: Camera | None) -> bool:
    """True only for a camera in service that this node leases."""
    return camera is not None and camera.retired_at is None and camera.node == node
