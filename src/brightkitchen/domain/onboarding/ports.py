"""What this slice needs from elsewhere."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Place
from brightkitchen.domain.onboarding.model import PlannedCamera
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.units import Utc


class AuditPort(Protocol):
    """Writes an audit row in the caller's transaction; if it raises, the act is undone with it."""

    async def append(
        self, connection: AsyncConnection, kind: str, *, actor: Actor | None, place: Place, **fields: str | int | None
    ) -> None:
        """kind: "area.verb". actor: None = the system itself. place: where it happened, for the audit's own scopes."""


class ClockDrifts(Protocol):
    """Where the drift of a camera's clock is known from, if anything measures it."""

    def drift_s(self, camera: CameraId) -> float | None: ...


class NoDrifts:
    """Nothing measures the cameras' clocks."""

    def drift_s(self, camera: CameraId) -> float | None:
        return None


class Inventory(Protocol):
    """Where the devices of a work order are entered; `maintenance` fits."""

    async def assign_planned(
        self,
        connection: AsyncConnection,
        premises: PremisesId,
        cameras: Sequence[PlannedCamera],
        *,
        actor: UserId | None,
        now: Utc,
    ) -> None:
        """Take them from stock, or enter them, as ASSIGNED to the premises. raises: BrightKitchenError "device.taken"."""
