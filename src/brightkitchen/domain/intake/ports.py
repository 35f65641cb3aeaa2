"""What this slice needs from elsewhere."""

from collections.abc import Coroutine, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.premises.ports import Act
from brightkitchen.kernel.ids import NodeId, PremisesId


class AddressGuard(Protocol):
    """Decides which hosts may be spoken to; `kernel.netguard.NetGuard` fits."""

    async def check_address(self, host: str, port: int) -> object:
        """raises: BrightKitchenError "camera.address_not_allowed", "camera.host_unknown"."""


class Nodes(Protocol):
    """The media nodes on which cameras are placed; the node registry fits."""

    def all(self) -> Sequence[NodeId]:
        """Every node; at least one."""

    def desired_changed(self, node: NodeId) -> None:
        """Send `node` its cameras again soon."""


class Background(Protocol):
    """Runs work beside the requests; `kernel.tasks.Supervisor` fits."""

    def start(self, name: str, work: Coroutine[None, None, None]) -> object:
        """Run `work` once; a failure is logged and counted."""


class Register(Protocol):
    """Whoever must hear, in the same transaction, that premises came or changed."""

    async def imported(
        self, connection: AsyncConnection, actor: Actor, *, new: Sequence[PremisesId], changed: Sequence[PremisesId]
    ) -> None:
        """An error undoes the batch."""


class Journal(Protocol):
    """Where acts are written down, in the transaction that does them."""

    async def record_all(self, connection: AsyncConnection, acts: Sequence[Act]) -> None:
        """Write each. An error undoes them all."""
