"""A signer in the test's own process: the real keys and rules, without the socket between."""

from pathlib import Path

from brightkitchen.kernel.clock import Clock, SystemClock
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.evidence import Seal, What
from brightkitchen.signer.keys import KeyFolder
from brightkitchen.signer.stamps import StampKeys


class LocalSigner:
    """Fits `domain.evidence.ports.Signer`. is_away: as if its process were down. The folder is made when it is first asked."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.is_away = False
        self._clock = clock
        self._keys: KeyFolder | None = None
        # The library judges certificates by the machine's clock, whatever a test says.
        self._stamps = StampKeys(folder, clock=SystemClock(), entropy=SystemEntropy())

    @property
    def key_folder(self) -> KeyFolder:
        if self._keys is None:
            self._keys = KeyFolder(self.folder, suite="ed25519", clock=self._clock, entropy=SystemEntropy())
        return self._keys

    async def sign(self, what: What, digest: str) -> Seal:
        self._check()
        return self.key_folder.sign(what, digest)

    async def keys(self) -> bytes:
        self._check()
        return self.key_folder.spell_history()

    async def stamp(self, to_sign: bytes) -> bytes:
        self._check()
        assert self.key_folder  # the folder is there
        return self._stamps.sign(to_sign)

    async def stamp_chain(self) -> tuple[str, str]:
        self._check()
        assert self.key_folder
        return self._stamps.chain()

    def forget_stamps(self) -> None:
        """As if its process had been started anew."""
        self._stamps = StampKeys(self.folder, clock=SystemClock(), entropy=SystemEntropy())

    def _check(self) -> None:
        if self.is_away:
            raise BrightKitchenError(Kind.UNAVAILABLE, "signer.unavailable")
