"""Minting media tokens: the only code that signs with the private halves (SECURITY §2.4)."""

import base64
from typing import Final

from brightkitchen.domain.authz.keyring import KeyRing
from brightkitchen.domain.authz.ports import MediaGrant
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.mediatoken import OPENING_VALIDITY_US, Act, MediaClaims, sign_token
from brightkitchen.kernel.units import US_PER_S, Utc

ISSUER: Final = "control"
VALID_S: Final = OPENING_VALIDITY_US // US_PER_S


class MediaTokenMinter:
    """Turns a grant that was checked already into a token."""

    def __init__(self, keys: KeyRing, *, clock: Clock, entropy: Entropy) -> None:
        self._keys = keys
        self._clock = clock
        self._entropy = entropy

    def mint(self, grant: MediaGrant) -> str:
        """Return a token that opens one door once within 60 s."""
        key, now = self._keys.current(), self._clock.utc()
        claims = MediaClaims(
            kid=key.kid,
            iss=ISSUER,
            aud=grant.node,
            cam=grant.camera,
            act=Act(grant.act),
            prof=grant.profile,
            from_at=grant.from_at,
            to_at=grant.to_at,
            sid=grant.session,
            cls=grant.viewer_class,
            iat=now,
            exp=Utc(now + OPENING_VALIDITY_US),
            jti=base64.urlsafe_b64encode(self._entropy.token_bytes(15)).decode(),
            org=grant.origin,
            wm=grant.watermark,
        )
        return sign_token(claims, key.private_key)
