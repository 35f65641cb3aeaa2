"""H.264 access units become RTP payloads for a viewer (RFC 6184, packetization-mode 1): the way back of `video`.

Made: single NAL units, STAP-A for what stands before a picture (parameter sets, SEI), FU-A for what is longer than a packet. Left out:
interleaved mode, aggregation of slices. Every fragment of a NAL unit but its last has the same size, so that a kernel can cut a whole
picture into datagrams by itself.
Rules of this file: NAL units go out byte for byte and in order; those that RTP cannot carry (types 0 and 24..31) are left out.
"""

from collections.abc import Sequence
from typing import Final

from brightkitchen.wire.h26x import split_avcc

_STAP_A: Final = 24
_FU_A: Final = 28
_SPS: Final = 7
_LAST_SLICE: Final = 5
_MIN_LIMIT_BYTES: Final = 16


def build_h264_payloads(data: bytes, *, limit_bytes: int, parameter_sets: Sequence[bytes] = ()) -> list[bytes]:
    """Return the payloads of one access unit in order; the marker bit belongs on the last one.

    data:           AVCC with 4-byte lengths.
    limit_bytes:    most bytes in a payload, at least 16.
    parameter_sets: sent first if the unit brings no SPS of its own; give them with key frames.
    raises:         TheirError if a length leaves the data.
    """
    if limit_bytes < _MIN_LIMIT_BYTES:
        raise ValueError(f"a payload of {limit_bytes} bytes is too small")
    nals = [bytes(nal) for nal in split_avcc(data) if nal and 0 < nal[0] & 31 < _STAP_A]
    if parameter_sets and not any(nal[0] & 31 == _SPS for nal in nals):
        nals = [*parameter_sets, *nals]
    payloads: list[bytes] = []
    small: list[bytes] = []
    small_bytes = 1
    for nal in nals:
        if not 0 < nal[0] & 31 <= _LAST_SLICE and 3 + len(nal) <= limit_bytes:
            if small_bytes + 2 + len(nal) > limit_bytes:
                payloads.append(_join(small))
                small, small_bytes = [], 1
            small.append(nal)
            small_bytes += 2 + len(nal)
            continue
        if small:
            payloads.append(_join(small))
            small, small_bytes = [], 1
        if len(nal) <= limit_bytes:
            payloads.append(nal)
        else:
            payloads += _cut(nal, limit_bytes)
    if small:
        payloads.append(_join(small))
    return payloads


def _join(nals: list[bytes]) -> bytes:
    """One NAL unit as it is, several as STAP-A: F is set if any has it, NRI is the highest (RFC 6184 §5.7)."""
    if len(nals) == 1:
        return nals[0]
    forbidden = 0x80 if any(nal[0] & 0x80 for nal in nals) else 0
    importance = max(nal[0] & 0x60 for nal in nals)
    head = bytes((forbidden | importance | _STAP_A,))
    return head + b"".join(piece for nal in nals for piece in (len(nal).to_bytes(2), nal))


def _cut(nal: bytes, limit_bytes: int) -> list[bytes]:
    """FU-A (RFC 6184 §5.8); the header byte of the NAL unit is not repeated."""
    first = nal[0]
    indicator = first & 0xE0 | _FU_A
    step = limit_bytes - 2
    middle = bytes((indicator, first & 31))
    pieces = [middle + nal[at : at + step] for at in range(1, len(nal), step)]
    pieces[0] = bytes((indicator, 0x80 | first & 31)) + pieces[0][2:]
    pieces[-1] = bytes((indicator, 0x40 | first & 31)) + pieces[-1][2:]
    return pieces
