"""The password of the simulated cameras: from a file, a descriptor or the environment, never from the command line."""

import json
import os
from pathlib import Path

from brightkitchen_sim.server.auth import Credentials

ENVIRONMENT_KEY = "BRIGHTKITCHEN_SIM_CREDENTIALS"
NO_CREDENTIALS = Credentials("", "")
_MAX_BYTES = 4096


class CredentialsError(ValueError):
    """The credentials cannot be read. The text never holds what was read."""


def parse_credentials(text: str) -> Credentials:
    """Read {"user": ..., "password": ...}. Raises CredentialsError."""
    try:
        fields = json.loads(text)
        user, password = fields["user"], fields["password"]
    except (ValueError, KeyError, TypeError):
        raise CredentialsError('credentials must be JSON: {"user": ..., "password": ...}') from None
    if not isinstance(user, str) or not isinstance(password, str) or not user or ":" in user:
        raise CredentialsError("user and password must be text, and the user without a colon")
    return Credentials(user, password)


def read_credentials(path: Path | None = None, descriptor: int | None = None) -> Credentials:
    """Read from the file, else from the descriptor (which is closed), else from the environment.

    Raises CredentialsError when there is none or it makes no sense, OSError when it cannot be read.
    """
    if path is not None:
        return parse_credentials(path.read_text(encoding="utf-8"))
    if descriptor is not None:
        with os.fdopen(descriptor, "rb") as file:
            return parse_credentials(file.read(_MAX_BYTES).decode("utf-8", "replace"))
    text = os.environ.get(ENVIRONMENT_KEY)
    if text is None:
        raise CredentialsError(f"give --credentials FILE, --credentials-fd N or {ENVIRONMENT_KEY}")
    return parse_credentials(text)
