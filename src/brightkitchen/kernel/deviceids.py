"""Numbers that devices carry: GB/T 28181 ids and MAC addresses. Pure."""

import re
from typing import Final, NewType

GbId = NewType("GbId", str)
"""GB/T 28181 Annex E: 8 digits of place, 2 of trade, 3 of type, 1 of network, 6 of serial number."""

CAMERA_TYPES: Final = frozenset({"131", "132"})
"""Camera and network camera; a channel is one of them."""

_GB_ID: Final = re.compile(r"[0-9]{20}")
_MAC: Final = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")


def is_gb_id(text: str) -> bool:
    """True for 20 digits, the first six of which may be a region's code (not all zero)."""
    return _GB_ID.fullmatch(text) is not None and text.isascii() and text[:6] != "000000"


def is_camera_gb_id(text: str) -> bool:
    """True for the id of a camera: `is_gb_id`, and its type digits (11-13) say camera."""
    return is_gb_id(text) and text[10:13] in CAMERA_TYPES


def parse_mac(text: str) -> str:
    """Return a MAC address as ``aa:bb:cc:dd:ee:ff``. raises: ValueError if it is none."""
    plain = re.sub(r"[-.:\s]", "", text).lower()
    mac = ":".join(plain[at : at + 2] for at in range(0, len(plain), 2))
    if _MAC.fullmatch(mac) is None or mac in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"):
        raise ValueError("not a MAC address")
    return mac
