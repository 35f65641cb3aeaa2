"""What this node has to do, kept for a start without control: sealed with the node's own key (SECURITY.md §2.5).

The file appears under its name only by write → fsync → rename → fsync of the folder, mode 0600.
"""

from pathlib import Path
from typing import Final, Protocol

import msgspec

from brightkitchen.kernel.cameraspec import Credential
from brightkitchen.kernel.durable import replace_file
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.nodeprotocol import Desired

log = get_logger(__name__)

CONTEXT: Final = "node/desired"
_NAME: Final = "desired.sealed"


class Sealer(Protocol):
    """`kernel.sealing.Sealer`, as it is used here."""

    def seal(self, plain: bytes, context: str) -> bytes: ...

    def open(self, blob: bytes, context: str) -> bytes: ...


class SavedDesired(msgspec.Struct, frozen=True, kw_only=True):
    """The last list from control and the log-ins that belonged to it. `repr` of a `Credential` hides its password."""

    desired: Desired
    credentials: tuple[Credential, ...]


class DesiredFile:
    """One file in the node's folder."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer
        self._last: bytes | None = None

    def write(self, saved: SavedDesired) -> None:
        """Replace what is kept; does nothing if it is the same. raises: OSError."""
        plain = msgspec.json.encode(saved)
        if plain == self._last:
            return
        replace_file(self._folder / _NAME, self._sealer.seal(plain, CONTEXT))
        self._last = plain

    def read(self) -> SavedDesired | None:
        """Return what was kept; None if there is nothing, or nothing that this key opens (control will say it again)."""
        try:
            blob = (self._folder / _NAME).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(self._sealer.open(blob, CONTEXT), type=SavedDesired)
        except (BrightKitchenError, msgspec.MsgspecError) as error:
            log.error("kept state unreadable", error=type(error).__name__)
            return None
