"""Log-ins that stand in the path of an RTSP address, as cameras of some makers want them. Pure.

``/live?user=admin&password=x``, ``/user=admin_password=x_channel=1_stream=0.sdp``: what is kept and shown is the masked form; the path
itself is sealed like a password. Where it is doubtful how far a value goes, more is masked: the camera gets the path as it was given.
"""

import re
from typing import Final
from urllib.parse import unquote

MASK: Final = "***"

_SECRET: Final = (
    r"[a-z0-9]*(?:pass|pwd|psw|user|usr|auth|token|secret|login|account|credential|sign)[a-z0-9]*|u|p|pw|key"
)
_PLAIN: Final = "channel|stream|subtype|real_stream"
_SECRET_NAME: Final = re.compile(_SECRET, re.IGNORECASE)
_PAIR: Final = re.compile(
    rf"(?P<name>[a-z0-9%.\-_\[\]]+)=(?P<value>[^&]*?)(?=$|&|[^a-z0-9](?:{_SECRET}|{_PLAIN})=)", re.IGNORECASE
)
_NAME_PART: Final = re.compile(r"[^A-Za-z0-9]+")


def mask_path(path: str) -> str:
    """Return the path with `MASK` in place of every value whose name is one of a log-in; the same if there is none."""
    before, mark, query = path.partition("?")
    return "/".join(map(_mask_part, before.split("/"))) + mark + _mask_part(query)


def has_secret(path: str) -> bool:
    """True if something in the path must neither be kept nor shown in clear."""
    return mask_path(path) != path


def is_masked(path: str) -> bool:
    """True if somebody gave back what was shown to them: it stands for something that only we know."""
    return any(
        found["value"] == MASK and _is_secret(found["name"])
        for part in re.split(r"[/?]", path)
        for found in _PAIR.finditer(part)
    )


def _mask_part(text: str) -> str:
    def mask(found: re.Match[str]) -> str:
        is_open = found["value"] and _is_secret(found["name"])
        return f"{found['name']}={MASK}" if is_open else found[0]

    return _PAIR.sub(mask, text)


def _is_secret(name: str) -> bool:
    return any(_SECRET_NAME.fullmatch(part) for part in _NAME_PART.split(unquote(name)) if part)
