"""What the C2PA key may sign: RFC 9052 §4.4, `["Signature1", protected, external_aad, payload]`, and nothing that is not one.

Because the evidence key signs only what begins with "brightkitchen/" and this one only what begins with this array, no signature of
one can be taken for one of the other. Rules of this file: pure; every length is checked; a shape that is not expected is refused.
"""

from collections.abc import Sequence
from typing import Final

CONTEXT: Final = "Signature1"
_WANTED: Final = frozenset({"instanceID", "signature", "alg", "claim_generator_info"})
_EDDSA: Final = b"\x01\x27"  # 1 (alg): -8
_X5CHAIN: Final = b"\x18\x21"  # 33
_BYTES, _TEXT, _LIST, _MAP = 2, 3, 4, 5
_DEEPEST: Final = 8


def check_sig_structure(data: bytes, chain: Sequence[bytes]) -> None:
    """chain: our certificates (DER), the leaf first. raises: ValueError unless `data` is a Sig_structure over a C2PA claim,
    with EdDSA and exactly this chain in its protected header."""
    head = build_head(_LIST, 4) + _text(CONTEXT) + _bytes(build_protected(chain)) + _bytes(b"")
    if not data.startswith(head):
        raise ValueError("no Sig_structure of ours")
    reader = _Reader(data[len(head) :])
    payload = reader.take_string(_BYTES)
    if not reader.is_done:
        raise ValueError("bytes behind the payload")
    claim = _Reader(payload)
    keys = claim.take_map_keys()
    if not claim.is_done or not keys >= _WANTED:
        raise ValueError("the payload is no claim")


def build_protected(chain: Sequence[bytes]) -> bytes:
    """Return the protected header that a claim of ours has."""
    listed = build_head(_LIST, len(chain)) + b"".join(_bytes(each) for each in chain)
    return build_head(_MAP, 2) + _EDDSA + _X5CHAIN + listed


def build_head(major: int, number: int) -> bytes:
    """Return the head of a CBOR item in its shortest spelling (RFC 8949 §4.2.1)."""
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4)):
        if number < 256**size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError("too long")


def _bytes(data: bytes) -> bytes:
    return build_head(_BYTES, len(data)) + data


def _text(text: str) -> bytes:
    return build_head(_TEXT, len(text)) + text.encode()


class _Reader:
    """Walks over CBOR of definite lengths: numbers, strings, lists, maps, simple values. Tags and floats are not expected."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_done(self) -> bool:
        return self._at == len(self._data)

    def take_string(self, wanted: int) -> bytes:
        major, size = self._take_head()
        if major != wanted:
            raise ValueError("not the kind of string that was expected")
        return self._take(size)

    def take_map_keys(self) -> frozenset[str]:
        """Walk over a map whose keys are texts; return them."""
        major, count = self._take_head()
        if major != _MAP:
            raise ValueError("not a map")
        keys: set[str] = set()
        for _ in range(count):
            key = self.take_string(_TEXT).decode()
            if key in keys:
                raise ValueError("a key twice")
            keys.add(key)
            self._skip(_DEEPEST)
        return frozenset(keys)

    def _skip(self, depth: int) -> None:
        major, number = self._take_head()
        if depth == 0:
            raise ValueError("too deep")
        if major in (_BYTES, _TEXT):
            self._take(number)
        elif major in (_LIST, _MAP):
            for _ in range(number * (2 if major == _MAP else 1)):
                self._skip(depth - 1)
        elif major == 6:
            raise ValueError("a tag")

    def _take_head(self) -> tuple[int, int]:
        first = self._take(1)[0]
        major, short = first >> 5, first & 31
        if short < 24:
            return major, short
        if short > 26 or major == 7:
            raise ValueError("a length that is not expected")
        return major, int.from_bytes(self._take(1 << (short - 24)), "big")

    def _take(self, size_bytes: int) -> bytes:
        piece = self._data[self._at : self._at + size_bytes]
        if len(piece) != size_bytes:
            raise ValueError("cut off")
        self._at += size_bytes
        return piece
