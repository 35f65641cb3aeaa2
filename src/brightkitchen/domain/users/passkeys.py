"""Passkeys (WebAuthn) with user verification: what the browser is asked, and whether its answer holds.

The relying party is the host of the page's configured origin. Browsers allow no IP address there, so a page opened by one offers
no passkeys; ``http://localhost`` is allowed.
"""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import parse_authentication_credential_json, parse_registration_credential_json
from webauthn.helpers.exceptions import (
    InvalidAuthenticationResponse,
    InvalidCBORData,
    InvalidJSONStructure,
    InvalidRegistrationResponse,
    WebAuthnException,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from brightkitchen.domain.users.factor_store import PasskeyRow
from brightkitchen.domain.users.model import User
from brightkitchen.kernel.errors import BrightKitchenError, Kind

NAME: Final = "明厨云"
TIMEOUT_MS: Final = 120_000
CHALLENGE_BYTES: Final = 32
_REFUSALS: Final = (
    InvalidAuthenticationResponse,
    InvalidRegistrationResponse,
    InvalidCBORData,
    InvalidJSONStructure,
    WebAuthnException,
    ValueError,
    KeyError,
    TypeError,
)


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What a registration left us with."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def rp_id_of(origin: str) -> str:
    """Return the relying party of a page's origin, or "" where browsers allow none."""
    host = urlsplit(origin).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""


def build_registration_options(user: User, rp_id: str, challenge: bytes, known: list[PasskeyRow]) -> str:
    """Return the JSON that ``navigator.credentials.create`` takes."""
    options = webauthn.generate_registration_options(
        rp_id=rp_id,
        rp_name=NAME,
        user_id=user.id.encode(),
        user_name=user.username,
        user_display_name=user.display_name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in known],
    )
    return webauthn.options_to_json(options)


def read_registration(answer: str, *, challenge: bytes, origin: str) -> NewPasskey:
    """Return the new credential. raises: BrightKitchenError "auth.passkey_refused"."""
    try:
        verified = webauthn.verify_registration_response(
            credential=parse_registration_credential_json(answer),
            expected_challenge=challenge,
            expected_rp_id=rp_id_of(origin),
            expected_origin=origin,
            require_user_verification=True,
        )
    except _REFUSALS as cause:
        raise BrightKitchenError(Kind.INVALID, "auth.passkey_refused") from cause
    return NewPasskey(verified.credential_id, verified.credential_public_key, verified.sign_count)


def build_request_options(rp_id: str, challenge: bytes, known: list[PasskeyRow]) -> str:
    """Return the JSON that ``navigator.credentials.get`` takes; without `known`, whichever the person picks."""
    options = webauthn.generate_authentication_options(
        rp_id=rp_id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def credential_of(answer: str) -> bytes:
    """Return which credential answers. raises: BrightKitchenError "auth.passkey_refused"."""
    try:
        return parse_authentication_credential_json(answer).raw_id
    except _REFUSALS as cause:
        raise BrightKitchenError(Kind.INVALID, "auth.passkey_refused") from cause


def check_answer(answer: str, row: PasskeyRow, *, challenge: bytes, origin: str) -> int:
    """Return the credential's new count. raises: BrightKitchenError "auth.passkey_refused"."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=parse_authentication_credential_json(answer),
            expected_challenge=challenge,
            expected_rp_id=row.rp_id,
            expected_origin=origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except _REFUSALS as cause:
        raise BrightKitchenError(Kind.INVALID, "auth.passkey_refused") from cause
    return verified.new_sign_count
