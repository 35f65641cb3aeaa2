"""Clips that a browser fetches by itself: a random address that opens once, because a link can carry no header (SECURITY.md §2.4).

A download has a lease of its own. It cannot be renewed, for nobody may be at the page any more; it lasts ten minutes, as long as the longest
token, and is ended like any other when the session is revoked.
"""

from base64 import urlsafe_b64encode
from enum import StrEnum
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.mediatoken import LONGEST_LIFE_US, MediaClaims
from brightkitchen.kernel.units import US_PER_S
from brightkitchen.media.playback.clip import Clip
from brightkitchen.media.serve.leases import EndCode, Lease, Leases

OPENING_S: Final = 60.0
LONGEST_S: Final = LONGEST_LIFE_US / US_PER_S
MAX_DOWNLOADS: Final = 64


class DownloadState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    BROKEN = "broken"


class Download:
    """One clip on its way."""

    def __init__(self, clip: Clip, name: str, opens_until_s: float) -> None:
        self.clip = clip
        self.name = name
        self.opens_until_s = opens_until_s
        self.state = DownloadState.WAITING
        self.sent_bytes = 0
        self.lease: Lease

    def note_sent(self, size_bytes: int) -> None:
        self.sent_bytes += size_bytes


class Downloads:
    """Downloads of this node by their random names. An ended one is remembered until its lease runs out, for its progress."""

    def __init__(self, leases: Leases, clock: Clock, entropy: Entropy) -> None:
        self._leases = leases
        self._clock = clock
        self._entropy = entropy
        self._by_name: dict[str, Download] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def open(self, clip: Clip, claims: MediaClaims, name: str) -> str:
        """Return the random name (43 characters) under which the clip can be taken once. raises: EXHAUSTED."""
        if len(self._by_name) >= MAX_DOWNLOADS:
            raise BrightKitchenError(Kind.EXHAUSTED, "media.too_many_clips")
        random = urlsafe_b64encode(self._entropy.token_bytes(32)).rstrip(b"=").decode()
        download = Download(clip, name, self._clock.mono_s() + OPENING_S)
        download.lease = self._leases.open(claims, lambda code: self._end(random, code), lasting_s=LONGEST_S)
        self._by_name[random] = download
        return random

    def find(self, name: str) -> Download | None:
        return self._by_name.get(name)

    def take(self, name: str) -> Download | None:
        """Return the download and mark it as taken; None if there is none, if it was taken, or if its minute is over."""
        download = self._by_name.get(name)
        if download is None or download.state is not DownloadState.WAITING:
            return None
        if self._clock.mono_s() > download.opens_until_s:
            self._leases.end(download.lease, EndCode.LEASE_EXPIRED)
            return None
        download.state = DownloadState.SENDING
        return download

    def finish(self, download: Download) -> None:
        """The sending ended, whole or not."""
        is_whole = download.sent_bytes == download.clip.size_bytes
        download.state = DownloadState.DONE if is_whole else DownloadState.BROKEN

    def _end(self, name: str, _code: EndCode) -> None:
        self._by_name.pop(name, None)
