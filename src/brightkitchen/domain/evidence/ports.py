"""What evidence needs from elsewhere; `bootstrap` passes in what fits."""

from collections.abc import AsyncGenerator, Sequence
from typing import BinaryIO, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.kernel.evidence import Seal, What
from brightkitchen.kernel.evidencestream import Framed
from brightkitchen.kernel.ids import NodeId
from brightkitchen.kernel.units import Utc


class Signer(Protocol):
    """The process that holds the key; `signer.client.SignerClient` fits."""

    async def sign(self, what: What, digest: str) -> Seal:
        """raises: BrightKitchenError "signer.unavailable", "signer.busy"."""

    async def keys(self) -> bytes:
        """Return the history of public keys, as its file. raises: as `sign`."""


class NodeMedia(Protocol):
    """The way to a node's evidence."""

    def capture(self, node: NodeId, camera: str, token: str, kind: str) -> AsyncGenerator[Framed, None]:
        """Yield the pieces of its answer. raises: BrightKitchenError if the node is away or refuses; nothing came then."""

    def statement_key_of(self, node: NodeId) -> str:
        """Return the public key (hex) that this node told control over its channel; "" if it is away or has none."""


class Marker(Protocol):
    """Draws marks onto a picture, somewhere where a picture can do no harm."""

    async def draw(self, jpeg: bytes, lines: Sequence[str]) -> bytes:
        """Return the marked JPEG. raises: BrightKitchenError "evidence.not_drawn"."""

    @property
    def has_letters(self) -> bool:
        """False where there is no font with Chinese letters: then only Latin letters and digits can be drawn."""


class Stamper(Protocol):
    """Signs copies with C2PA, somewhere where a file can do no harm."""

    async def stamp(self, source: BinaryIO, target: BinaryIO, *, media_type: str, claim: str, timeout_s: float) -> None:
        """Write a signed copy of the file `source` to the empty file `target`. claim: of `stamps.build_claim`.

        raises: BrightKitchenError "evidence.not_stamped" or what the signer says; `target` is worth nothing then.
        """

    async def root(self) -> bytes:
        """Return the root certificate, PEM. raises: as `Signer.sign`."""


class Holds(Protocol):
    """Keeps recordings from being deleted; `domain.recording.holds.HoldService` fits."""

    async def set_hold(
        self,
        connection: AsyncConnection,
        *,
        camera: str,
        from_at: Utc,
        to_at: Utc,
        why: str,
        belongs_to: str,
        actor: Actor | None = None,
    ) -> str:
        """Hold that range in the caller's transaction, `tell` once that is kept; return the hold's id."""

    async def drop_holds(
        self, connection: AsyncConnection, belongs_to: str, *, reason: str, actor: Actor | None = None
    ) -> int:
        """End all that belongs to something, in the caller's transaction; `tell` afterwards."""

    def tell(self) -> None:
        """Tell the nodes what is held now."""
