"""Who may be served until when: every viewer, live or playing, holds a lease (SECURITY.md §2.4).

A lease lasts 120 s, is renewed by a fresh token of the same session for the same thing, and is ended by expiry, by revocation or because the
node stops. Its owner is told once. In memory of this node only.
"""

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.mediatoken import MediaClaims

LEASE_S: Final = 120.0
MAX_LEASES: Final = 4096
MAX_LEASES_OF_SESSION: Final = 160  # a wall of 64 tiles twice, and some pictures
_SWEEP_S: Final = 1.0


class EndCode(StrEnum):
    """Why a lease ended; said to live viewers before their socket closes."""

    LEASE_EXPIRED = "lease_expired"
    REVOKED = "revoked"
    NODE_STOPPING = "node_stopping"
    CLOSED = "closed"  # by the viewer; nobody is told


class Lease:
    """claims: of the newest token; the playback range of a renewal therefore counts at once."""

    __slots__ = ("claims", "expires_s", "on_end")

    def __init__(self, claims: MediaClaims, expires_s: float, on_end: Callable[[EndCode], None]) -> None:
        self.claims = claims
        self.expires_s = expires_s
        self.on_end = on_end


class Leases:
    """All leases of a node. Call `run` in the background."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: set[Lease] = set()
        self._of_session: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._leases)

    def open(self, claims: MediaClaims, on_end: Callable[[EndCode], None], *, lasting_s: float = LEASE_S) -> Lease:
        """Return a lease. raises: EXHAUSTED if this node or this session has too many."""
        if len(self._leases) >= MAX_LEASES or self._of_session[claims.sid] >= MAX_LEASES_OF_SESSION:
            raise BrightKitchenError(Kind.EXHAUSTED, "media.too_many_viewers")
        lease = Lease(claims, self._clock.mono_s() + lasting_s, on_end)
        self._leases.add(lease)
        self._of_session[claims.sid] += 1
        return lease

    def is_open(self, lease: Lease) -> bool:
        """False once it has ended, for whatever reason."""
        return lease in self._leases

    def renew(self, lease: Lease, claims: MediaClaims) -> bool:
        """Extend by 120 s from now; False if the token is for another session or another thing, or the lease has ended."""
        old = lease.claims
        if lease not in self._leases or (old.sid, old.cam, old.act, old.prof, old.org) != (
            claims.sid,
            claims.cam,
            claims.act,
            claims.prof,
            claims.org,
        ):
            return False
        lease.claims = claims
        lease.expires_s = self._clock.mono_s() + LEASE_S
        return True

    def end(self, lease: Lease, code: EndCode) -> None:
        """End a lease and tell its owner; harmless if it has ended."""
        if lease not in self._leases:
            return
        self._leases.remove(lease)
        self._of_session[lease.claims.sid] -= 1
        if not self._of_session[lease.claims.sid]:
            del self._of_session[lease.claims.sid]
        lease.on_end(code)

    def end_matching(self, code: EndCode, *, sid: str | None, camera: str | None, kid: str | None) -> int:
        """End every lease that matches all the fields given; return how many."""
        matching = [
            lease
            for lease in self._leases
            if (sid is None or lease.claims.sid == sid)
            and (camera is None or lease.claims.cam == camera)
            and (kid is None or lease.claims.kid == kid)
        ]
        for lease in matching:
            self.end(lease, code)
        return len(matching)

    def sweep(self) -> None:
        """End what has expired."""
        now_s = self._clock.mono_s()
        for lease in [lease for lease in self._leases if lease.expires_s <= now_s]:
            self.end(lease, EndCode.LEASE_EXPIRED)

    async def run(self) -> None:
        """Sweep once a second until cancelled."""
        while True:
            await self._clock.sleep(_SWEEP_S)
            self.sweep()


class Handles:
    """Random names of leases, for requests that cannot carry a token each."""

    def __init__(self, leases: Leases, entropy: Entropy) -> None:
        self._leases = leases
        self._entropy = entropy
        self._by_handle: dict[str, Lease] = {}
        self.on_gone: Callable[[str], None] = lambda _handle: None

    def open(self, claims: MediaClaims) -> str:
        """Return a new handle (43 characters, 256 random bits). raises: EXHAUSTED."""
        handle = urlsafe_b64encode(self._entropy.token_bytes(32)).rstrip(b"=").decode()
        self._by_handle[handle] = self._leases.open(claims, lambda code: self._forget(handle))
        return handle

    def get(self, handle: str) -> Lease | None:
        return self._by_handle.get(handle)

    def close(self, handle: str) -> None:
        lease = self._by_handle.get(handle)
        if lease is not None:
            self._leases.end(lease, EndCode.CLOSED)

    def _forget(self, handle: str) -> None:
        self._by_handle.pop(handle, None)
        self.on_gone(handle)
