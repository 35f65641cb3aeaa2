"""The one exchange of STUN (RFC 8489) that an ICE-lite agent takes part in (RFC 8445 §2.5): binding requests in, answers out.

Left out: every method but Binding, long-term credentials, indications, error answers (a request that is not ours gets no answer).
Rules of this file: bytes in, values out; nothing is answered whose integrity was not checked with the password that we gave out.
"""

import hmac
import zlib
from dataclasses import dataclass
from ipaddress import ip_address
from struct import Struct
from typing import Final

from brightkitchen.kernel.errors import TheirError

HEADER_BYTES: Final = 20
MAX_REQUEST_BYTES: Final = 1280
_COOKIE: Final = 0x2112A442
_COOKIE_BYTES: Final = _COOKIE.to_bytes(4)
_REQUEST: Final = 0x0001
_SUCCESS: Final = 0x0101
_USERNAME, _INTEGRITY, _MAPPED, _USE_CANDIDATE, _FINGERPRINT = 0x0006, 0x0008, 0x0020, 0x0025, 0x8028
_FINGERPRINT_XOR: Final = 0x5354554E
_INTEGRITY_BYTES: Final = 20
_MAX_USERNAME_BYTES: Final = 513  # RFC 8489 §14.3
_HEAD: Final = Struct(">HHI12s")
_ATTRIBUTE: Final = Struct(">HH")


@dataclass(frozen=True, slots=True)
class BindingRequest:
    """username: "theirs to ours": our fragment, a colon, the peer's. integrity_at: offset of MESSAGE-INTEGRITY, -1 = none."""

    transaction: bytes
    username: str
    nominates: bool
    integrity_at: int

    @property
    def our_fragment(self) -> str:
        return self.username.partition(":")[0]


def parse_binding_request(data: bytes) -> BindingRequest:
    """Read a binding request; attributes behind MESSAGE-INTEGRITY do not count. raises: TheirError if it is none."""
    if not HEADER_BYTES <= len(data) <= MAX_REQUEST_BYTES:
        raise TheirError("a STUN message of impossible size", sample=data)
    kind, length, cookie, transaction = _HEAD.unpack_from(data)
    if kind != _REQUEST or cookie != _COOKIE or length + HEADER_BYTES != len(data) or length % 4:
        raise TheirError("not a STUN binding request", sample=data)
    username, nominates, at = "", False, HEADER_BYTES
    while at + 4 <= len(data):
        name, size_bytes = _ATTRIBUTE.unpack_from(data, at)
        value = data[at + 4 : at + 4 + size_bytes]
        if len(value) != size_bytes:
            raise TheirError("a STUN attribute ends early", offset=at, sample=data)
        if name == _INTEGRITY and size_bytes == _INTEGRITY_BYTES:
            return BindingRequest(transaction, username, nominates, at)
        if name == _USERNAME and size_bytes <= _MAX_USERNAME_BYTES:
            username = value.decode("utf-8", "replace")
        elif name == _USE_CANDIDATE:
            nominates = True
        at += 4 + size_bytes + -size_bytes % 4
    return BindingRequest(transaction, username, nominates, -1)


def is_genuine(data: bytes, request: BindingRequest, password: str) -> bool:
    """True if whoever wrote the request knows the password (RFC 8489 §14.5, short-term)."""
    at = request.integrity_at
    if at < 0:
        return False
    said = data[at + 4 : at + 4 + _INTEGRITY_BYTES]
    return hmac.compare_digest(said, _sign(data[:at], password))


def build_binding_success(transaction: bytes, address: tuple[str, int], password: str) -> bytes:
    """Return the answer that tells the peer the address its request came from, signed and with a fingerprint."""
    body = _build_attribute(_MAPPED, _xor_address(address, transaction))
    message = _HEAD.pack(_SUCCESS, len(body), _COOKIE, transaction) + body
    message += _build_attribute(_INTEGRITY, _sign(message, password))
    message = _with_length(message, 8)
    check = zlib.crc32(message) ^ _FINGERPRINT_XOR
    return message + _build_attribute(_FINGERPRINT, check.to_bytes(4))


def build_binding_request(transaction: bytes, username: str, password: str, *, nominates: bool) -> bytes:
    """Return a signed request, as a full agent sends it; for a peer of our own in tests and benchmarks."""
    body = _build_attribute(_USERNAME, username.encode())
    if nominates:
        body += _build_attribute(_USE_CANDIDATE, b"")
    message = _HEAD.pack(_REQUEST, len(body), _COOKIE, transaction) + body
    return _with_length(message + _build_attribute(_INTEGRITY, _sign(message, password)), 0)


def _sign(before: bytes, password: str) -> bytes:
    """Return the HMAC over what stands before MESSAGE-INTEGRITY, the length reaching to its end."""
    return hmac.digest(password.encode(), _with_length(before, 4 + _INTEGRITY_BYTES), "sha1")


def _with_length(message: bytes, further_bytes: int) -> bytes:
    return message[:2] + (len(message) - HEADER_BYTES + further_bytes).to_bytes(2) + message[4:]


def _build_attribute(name: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(name, len(value)) + value + b"\0" * (-len(value) % 4)


def _xor_address(address: tuple[str, int], transaction: bytes) -> bytes:
    host = ip_address(address[0])
    host = getattr(host, "ipv4_mapped", None) or host  # a socket for both families tells IPv4 so
    mask = _COOKIE_BYTES + transaction
    port = address[1] ^ (_COOKIE >> 16)
    mixed = bytes(byte ^ other for byte, other in zip(host.packed, mask, strict=False))
    return bytes((0, 1 if host.version == 4 else 2)) + port.to_bytes(2) + mixed
