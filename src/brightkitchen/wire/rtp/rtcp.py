"""The few RTCP packets that matter to a receiver (RFC 3550 §6): sender reports and BYE in, receiver report and SDES out."""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from brightkitchen.kernel.errors import TheirError

_NTP_TO_UNIX_S: Final = 2_208_988_800
_SENDER: Final = Struct(">IIII")
_BLOCK: Final = Struct(">IIIIII")
_SR, _RR, _SDES, _BYE = 200, 201, 202, 203


@dataclass(frozen=True, slots=True)
class SenderReport:
    """sent_us: the sender's wall clock, µs since 1970 (as wrong as the camera's clock); ntp_middle: what a report echoes."""

    ssrc: int
    sent_us: int
    ntp_middle: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The source ends."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """One source as a receiver report shows it. fraction: 0..255; delay: 1/65536 s since the last sender report."""

    ssrc: int
    fraction: int
    lost: int
    highest_sequence: int
    last_report: int
    delay: int


def parse_compound(packet: bytes | memoryview) -> list[SenderReport | Goodbye]:
    """Read a compound packet; kinds that do not matter are passed over. raises: TheirError if it is no RTCP."""
    data = bytes(packet[:65_536])
    found: list[SenderReport | Goodbye] = []
    at = 0
    while at + 4 <= len(data):
        if data[at] >> 6 != 2:
            raise TheirError("an RTCP packet of another version", offset=at, sample=data)
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            raise TheirError("an RTCP packet ends early", offset=at, sample=data)
        if data[at + 1] == _SR and end - at >= 28:
            ssrc, seconds, fraction, timestamp = _SENDER.unpack_from(data, at + 4)
            sent_us = (seconds - _NTP_TO_UNIX_S) * 1_000_000 + (fraction * 1_000_000 >> 32)
            found.append(SenderReport(ssrc, sent_us, (seconds & 0xFFFF) << 16 | fraction >> 16, timestamp))
        elif data[at + 1] == _BYE:
            found.append(Goodbye())
        at = end
    return found


def build_receiver_report(ssrc: int, block: ReportBlock | None, name: bytes) -> bytes:
    """Return RR and SDES CNAME as one compound packet. name: at most 255 bytes. Jitter is not measured and sent as 0."""
    body = b""
    if block is not None:
        lost = max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF
        body = _BLOCK.pack(
            block.ssrc,
            block.fraction << 24 | lost,
            block.highest_sequence & 0xFFFFFFFF,
            0,
            block.last_report,
            block.delay,
        )
    count = 1 if body else 0
    report = bytes((0x80 | count, _RR)) + (1 + 6 * count).to_bytes(2, "big") + ssrc.to_bytes(4, "big") + body
    items = b"\x01" + bytes((len(name),)) + name + b"\0"
    items += b"\0" * (-len(items) % 4)
    return report + bytes((0x81, _SDES)) + (1 + len(items) // 4).to_bytes(2, "big") + ssrc.to_bytes(4, "big") + items
