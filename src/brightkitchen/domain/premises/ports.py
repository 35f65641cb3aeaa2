"""What this slice needs from elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.premises.model import Premises
from brightkitchen.kernel.ids import PremisesId

Scalar = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something of weight that was done: one row of the audit. docs/design/permissions.md P7.

    kind: as in the audit ("change", "unmask"). object_kind, object_id: what it was done to. purpose: a code.
    detail: codes and whole numbers. names: names and free text, which live beside the chain.
    """

    kind: str
    actor: Actor
    premises: Premises
    object_kind: str
    object_id: str
    reason: str = ""
    purpose: str = ""
    detail: Mapping[str, Scalar] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


class Journal(Protocol):
    """Where acts are written down, in the transaction that does them."""

    async def record(self, connection: AsyncConnection, act: Act) -> None:
        """Write it. An error undoes the act."""


class Channels(Protocol):
    """The cameras of premises, as far as the register has to know; `domain.cameras.channels` fits."""

    async def count_in_service(self, connection: AsyncConnection, premises: PremisesId) -> int:
        """Return how many cameras belong to it."""

    async def recompute_complete(self, connection: AsyncConnection, premises: Iterable[PremisesId]) -> None:
        """Bring `premises.is_complete` up to date (R-CAM-2)."""
