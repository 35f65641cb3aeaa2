"""What the settings say of the single sign-on, checked before anything is started with it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from brightkitchen.domain.users.model import SignOnRules
from brightkitchen.kernel.config import OidcConfig
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.wire.oidc.discovery import is_issuer

LONGEST_SECRET_BYTES: Final = 4096


def read_sign_on_rules(wanted: OidcConfig, environment: Mapping[str, str]) -> SignOnRules:
    """Return what the settings say, with the secret from where they say it is.

    raises: BrightKitchenError(INVALID) "config.oidc_incomplete", "config.oidc_issuer", "config.oidc_scope",
    "config.oidc_secret", "config.oidc_secret_exposed".
    """
    if not wanted.issuer and not wanted.client_id:
        return SignOnRules()
    if not wanted.issuer or not wanted.client_id:
        raise BrightKitchenError(Kind.INVALID, "config.oidc_incomplete")
    if not is_issuer(wanted.issuer):
        raise BrightKitchenError(Kind.INVALID, "config.oidc_issuer", issuer=wanted.issuer[:128])
    if "openid" not in wanted.scopes:
        raise BrightKitchenError(Kind.INVALID, "config.oidc_scope")
    return SignOnRules(
        issuer=wanted.issuer,
        client_id=wanted.client_id,
        client_secret=_read_secret(wanted.client_secret, environment),
        label=wanted.label,
        scopes=wanted.scopes,
        algorithms=wanted.algorithms,
        endpoint_hosts=wanted.endpoint_hosts,
        strong_acr=wanted.second_factor_acr,
        strong_amr=wanted.second_factor_amr,
    )


def _read_secret(source: str, environment: Mapping[str, str]) -> str:
    """No message repeats the text: whoever wrote the secret itself here shall not find it in a log."""
    if not source:
        return ""
    scheme, _, place = source.partition(":")
    text: str | None = None
    if scheme == "env":
        text = environment.get(place)
    elif scheme == "file" and place:
        text = _read_file(Path(place))
    if text is None or not text.strip() or not text.strip().isprintable():
        raise BrightKitchenError(Kind.INVALID, "config.oidc_secret")
    return text.strip()


def _read_file(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise BrightKitchenError(Kind.INVALID, "config.oidc_secret_exposed", path=str(path))
            return file.read(LONGEST_SECRET_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
