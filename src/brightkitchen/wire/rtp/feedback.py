"""RTCP as a sender of pictures needs it: what viewers say (RFC 3550 §6.4, RFC 4585, RFC 5104), and our sender reports.

Left out: everything about congestion control (REMB, transport-cc): what is not offered is not sent.
Rules of this file: a compound packet is read to its end or is `TheirError`; kinds that do not matter are passed over.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from brightkitchen.kernel.errors import TheirError

MAX_COMPOUND_BYTES: Final = 2048
_NTP_TO_UNIX_S: Final = 2_208_988_800
_SR, _RR, _SDES, _BYE, _RTPFB, _PSFB = 200, 201, 202, 203, 205, 206
_NACK: Final = 1
_PLI: Final = 1
_FIR: Final = 4
_SENDER: Final = Struct(">IIIIII")
_BLOCK_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Lost:
    """The viewer asks for these packets again (generic NACK)."""

    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureLost:
    """The viewer cannot go on without a key frame (PLI or FIR)."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class Reception:
    """How one of our streams arrives. fraction: of packets lost since the last report, 0..255 (of 256)."""

    ssrc: int
    fraction: int


Feedback = Lost | PictureLost | Reception


def parse_feedback(data: bytes) -> list[Feedback]:
    """Read a compound packet of a viewer. raises: TheirError if it is no RTCP."""
    if len(data) > MAX_COMPOUND_BYTES:
        raise TheirError("an RTCP packet is too long", sample=data)
    found: list[Feedback] = []
    at = 0
    while at + 4 <= len(data):
        if data[at] >> 6 != 2:
            raise TheirError("an RTCP packet of another version", offset=at, sample=data)
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4])
        if end > len(data):
            raise TheirError("an RTCP packet ends early", offset=at, sample=data)
        _read_packet(data[at + 1], data[at] & 31, data[at:end], found)
        at = end
    return found


def _read_packet(kind: int, count: int, packet: bytes, found: list[Feedback]) -> None:
    if kind in (_SR, _RR):
        at = 28 if kind == _SR else 8
        for _ in range(count):
            if at + _BLOCK_BYTES <= len(packet):
                found.append(Reception(int.from_bytes(packet[at : at + 4]), packet[at + 4]))
            at += _BLOCK_BYTES
    elif kind == _RTPFB and count == _NACK and len(packet) >= 16:
        found.append(Lost(int.from_bytes(packet[8:12]), _read_sequences(packet[12:])))
    elif kind == _PSFB and count == _PLI and len(packet) >= 12:
        found.append(PictureLost(int.from_bytes(packet[8:12])))
    elif kind == _PSFB and count == _FIR and len(packet) >= 20:
        found.append(PictureLost(int.from_bytes(packet[12:16])))


def _read_sequences(pairs: bytes) -> tuple[int, ...]:
    """Each pair is a sequence number and a mask of the sixteen behind it (RFC 4585 §6.2.1)."""
    sequences: list[int] = []
    for at in range(0, len(pairs) - 3, 4):
        first, mask = int.from_bytes(pairs[at : at + 2]), int.from_bytes(pairs[at + 2 : at + 4])
        sequences.append(first)
        sequences += [(first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1]
    return tuple(sequences)


def build_sender_report(
    ssrc: int, *, sent_us: int, timestamp: int, packets: int, payload_bytes: int, name: bytes
) -> bytes:
    """Return SR and SDES CNAME as one compound packet.

    sent_us: UTC, µs since 1970, of the instant that `timestamp` (32 bits, ticks of the stream) means. name: at most 255 bytes.
    """
    seconds, left_us = divmod(sent_us, 1_000_000)
    ntp_s, ntp_fraction = (seconds + _NTP_TO_UNIX_S) & 0xFFFFFFFF, (left_us << 32) // 1_000_000
    body = _SENDER.pack(ssrc, ntp_s, ntp_fraction, timestamp, packets & 0xFFFFFFFF, payload_bytes & 0xFFFFFFFF)
    items = b"\x01" + bytes((len(name),)) + name + b"\0"
    items += b"\0" * (-len(items) % 4)
    names = bytes((0x81, _SDES)) + (1 + len(items) // 4).to_bytes(2) + ssrc.to_bytes(4) + items
    return bytes((0x80, _SR)) + (len(body) // 4).to_bytes(2) + body + names


def build_goodbye(ssrcs: tuple[int, ...]) -> bytes:
    """Return an empty receiver report and BYE: these streams end."""
    report = bytes((0x80, _RR)) + (1).to_bytes(2) + ssrcs[0].to_bytes(4)
    return (
        report
        + bytes((0x80 | len(ssrcs), _BYE))
        + len(ssrcs).to_bytes(2)
        + b"".join(ssrc.to_bytes(4) for ssrc in ssrcs)
    )
