"""Fragments of one track each become one fragment of several (ISO/IEC 14496-12 §8.8.4-8.8.8).

Stored fragments and live messages hold one track each; a segment of HLS holds pictures and sound, and players expect both in one
moof. Reads exactly what `writer.py` writes, found at fixed places. Rules of this file: pure; the data is copied once.
"""

from collections.abc import Sequence
from struct import pack, pack_into
from typing import Final

from brightkitchen.kernel.errors import OurError
from brightkitchen.wire.fmp4.retime import read_moof_size

_TRAF_AT: Final = 24
_DATA_OFFSET_AT: Final = 88 - _TRAF_AT
_MDAT_HEAD_BYTES: Final = 8


def join_tracks(fragments: Sequence[bytes], *, sequence: int) -> bytes:
    """Return one moof with the track of each fragment, and one mdat with the data of all, in their order.

    fragments: moof and mdat of different tracks, at least one. raises: OurError for none, TheirError for foreign ones.
    """
    if not fragments:
        raise OurError("a fragment needs a track")
    sizes = [read_moof_size(fragment) for fragment in fragments]
    trafs = [bytearray(fragment[_TRAF_AT:size]) for fragment, size in zip(fragments, sizes, strict=True)]
    data = [memoryview(fragment)[size + _MDAT_HEAD_BYTES :] for fragment, size in zip(fragments, sizes, strict=True)]
    moof_bytes = _TRAF_AT + sum(map(len, trafs))
    at = moof_bytes + _MDAT_HEAD_BYTES
    for traf, piece in zip(trafs, data, strict=True):
        pack_into(">I", traf, _DATA_OFFSET_AT, at)
        at += len(piece)
    head = pack(">I4sI4sII", moof_bytes, b"moof", 16, b"mfhd", 0, sequence)
    return b"".join((head, *trafs, pack(">I4s", at - moof_bytes, b"mdat"), *data))
