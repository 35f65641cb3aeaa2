"""What this slice needs from elsewhere. `kernel/netguard` and the node channel happen to fit."""

from collections.abc import Sequence
from typing import Protocol

from brightkitchen.kernel.cameraspec import CameraSpec
from brightkitchen.kernel.ids import NodeId
from brightkitchen.kernel.nodeprotocol import ProbeAnswer


class CameraUrl(Protocol):
    """A camera's URL, taken apart. username and password are "" if it carried none."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls(self) -> bool: ...
    @property
    def path(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...


class Addresses(Protocol):
    """Reads camera URLs and decides which hosts may be spoken to at all."""

    def parse_camera_url(self, text: str) -> CameraUrl:
        """raises: BrightKitchenError (INVALID) if it is no rtsp or rtsps URL."""

    async def check_host(self, host: str, port: int) -> None:
        """raises: BrightKitchenError (INVALID, "camera.reason.address_not_allowed"), the same for every refused one."""


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
