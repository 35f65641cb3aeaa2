"""What this slice needs from elsewhere. The net guard and the node channel happen to fit."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.kernel.cameraspec import CameraSpec
from brightkitchen.kernel.ids import CameraId, NodeId
from brightkitchen.kernel.nodeprotocol import ProbeAnswer
from brightkitchen.kernel.recordingplan import RecordingPlan


class AddressGuard(Protocol):
    """Decides which hosts may be spoken to at all; `kernel.netguard.NetGuard` fits."""

    async def check_address(self, host: str, port: int) -> object:
        """raises: BrightKitchenError "camera.address_not_allowed", "camera.host_unknown"."""


class Plans(Protocol):
    """Says how each camera is recorded; `recording.plans.PlanService` fits."""

    async def build_plans(self, connection: AsyncConnection, node: NodeId) -> Mapping[CameraId, RecordingPlan]:
        """Return the plan of every camera in service on `node`."""


class Nodes(Protocol):
    """The media nodes, as far as they are connected."""

    def all(self) -> Sequence[NodeId]:
        """Every node that cameras may be placed on, connected or not; at least one."""

    def desired_changed(self, node: NodeId) -> None:
        """Send `node` its cameras again soon."""

    async def revoke(self, *, sid: str | None = None, camera: str | None = None, kid: str | None = None) -> bool:
        """Close what matches on every node. True if all connected nodes acknowledged within 5 s."""

    async def probe(self, spec: CameraSpec, username: str, password: str) -> ProbeAnswer:
        """Let a node try that address. raises: BrightKitchenError (UNAVAILABLE)."""
