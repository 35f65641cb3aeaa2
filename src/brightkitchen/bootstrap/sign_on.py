"""The city's single sign-on as it is configured, and the way to it."""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from brightkitchen.bootstrap.guard import build_guard
from brightkitchen.domain.users.model import SignOnRules
from brightkitchen.domain.users.oidc_settings import read_sign_on_rules
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.outgoing import OutgoingHttp


@dataclass(frozen=True, slots=True)
class SignOn:
    """rules: what holds. http: how the provider is spoken to, None where there is none."""

    rules: SignOnRules
    http: OutgoingHttp | None


def build_sign_on(config: Config) -> SignOn:
    """Return the single sign-on of these settings.

    raises: BrightKitchenError as `read_sign_on_rules`, "config.oidc_ca", "config.network_invalid".
    """
    wanted = config.auth.oidc
    rules = read_sign_on_rules(wanted, os.environ)
    if not rules.is_on:
        return SignOn(rules, None)
    guard = build_guard(config, wanted.allow_networks or config.netguard.allow_networks)
    try:
        return SignOn(rules, OutgoingHttp(guard, ca_file=Path(wanted.ca_file) if wanted.ca_file else None))
    except (OSError, ssl.SSLError) as cause:
        raise BrightKitchenError(Kind.INVALID, "config.oidc_ca", path=wanted.ca_file) from cause
