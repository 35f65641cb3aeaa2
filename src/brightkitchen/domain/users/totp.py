"""One-time codes of an authenticator app (RFC 6238: SHA-1, 30 s, 6 digits). Pure: the instant is an argument."""

import base64
import hmac
from typing import Final

import pyotp

from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.units import US_PER_S, Utc

STEP_S: Final = 30
SECRET_BYTES: Final = 20
ISSUER: Final = "明厨云"


def new_secret(entropy: Entropy) -> str:
    """Return 160 random bits as base 32: what an app scans, or a person types."""
    return base64.b32encode(entropy.token_bytes(SECRET_BYTES)).decode()


def build_uri(secret: str, username: str) -> str:
    """Return the ``otpauth://`` address for the picture that the app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def code_at(secret: str, at: Utc) -> str:
    """Return the six digits that an app shows at `at`."""
    return pyotp.TOTP(secret).generate_otp(at // US_PER_S // STEP_S)


def find_step(secret: str, code: str, now: Utc) -> int | None:
    """Return the step whose code this is: the present one, the one before or the one after; else None."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    present, found = now // US_PER_S // STEP_S, None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step), digits):
            found = step
    return found
