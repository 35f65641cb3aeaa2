"""A sender for tests: access units become RTP packets the way cameras do it. Independent of the code under test."""

import struct
from collections.abc import Iterable, Sequence


def rtp(
    payload: bytes,
    *,
    sequence: int,
    timestamp: int,
    marker: bool = False,
    payload_type: int = 96,
    ssrc: int = 0x1234,
    csrcs: Sequence[int] = (),
    extension: bytes | None = None,
    padding: int = 0,
) -> bytes:
    first = 0x80 | len(csrcs) | (0x10 if extension is not None else 0) | (0x20 if padding else 0)
    head = struct.pack(
        ">BBHII", first, (0x80 if marker else 0) | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    head += b"".join(csrc.to_bytes(4, "big") for csrc in csrcs)
    if extension is not None:
        head += b"\xbe\xde" + (len(extension) // 4).to_bytes(2, "big") + extension
    tail = bytes(padding - 1) + bytes((padding,)) if padding else b""
    return head + payload + tail


def h264_payloads(nals: Iterable[bytes], mtu: int = 1400) -> list[bytes]:
    """Single NAL units or FU-A; no aggregation."""
    found: list[bytes] = []
    for nal in nals:
        if len(nal) <= mtu:
            found.append(nal)
            continue
        body = nal[1:]
        parts = [body[at : at + mtu - 2] for at in range(0, len(body), mtu - 2)]
        for index, part in enumerate(parts):
            edge = (0x80 if index == 0 else 0) | (0x40 if index == len(parts) - 1 else 0)
            found.append(bytes((nal[0] & 0xE0 | 28, edge | nal[0] & 31)) + part)
    return found


def h265_payloads(nals: Iterable[bytes], mtu: int = 1400, donl: int | None = None) -> list[bytes]:
    """Single NAL units or FU; with `donl` each carries a decoding order number."""
    order = b"" if donl is None else donl.to_bytes(2, "big")
    found: list[bytes] = []
    for nal in nals:
        if len(nal) <= mtu:
            found.append(nal[:2] + order + nal[2:])
            continue
        body = nal[2:]
        parts = [body[at : at + mtu - 5] for at in range(0, len(body), mtu - 5)]
        for index, part in enumerate(parts):
            edge = (0x80 if index == 0 else 0) | (0x40 if index == len(parts) - 1 else 0)
            head = bytes((nal[0] & 0x81 | 49 << 1, nal[1], edge | nal[0] >> 1 & 63))
            found.append(head + (order if index == 0 else b"") + part)
    return found


def aggregate(nals: Iterable[bytes], head: bytes, first_order: bytes = b"", order: bytes = b"") -> bytes:
    """STAP-A (head b"\\x18") or AP (head b"\\x60\\x01")."""
    body = b""
    for index, nal in enumerate(nals):
        body += (first_order if index == 0 else order) + len(nal).to_bytes(2, "big") + nal
    return head + body


def aac_payload(frames: Sequence[bytes]) -> bytes:
    """AAC-hbr: 13 bits size, 3 bits index."""
    headers = b"".join((len(frame) << 3).to_bytes(2, "big") for frame in frames)
    return (len(frames) * 16).to_bytes(2, "big") + headers + b"".join(frames)


class Sender:
    """Numbers packets; one track."""

    def __init__(self, *, sequence: int = 65_530, payload_type: int = 96, ssrc: int = 0x1234) -> None:
        self.sequence = sequence
        self.payload_type = payload_type
        self.ssrc = ssrc

    def send(self, payloads: Sequence[bytes], timestamp: int, *, marker: bool = True) -> list[bytes]:
        """One access unit; the last packet carries the marker."""
        packets = []
        for index, payload in enumerate(payloads):
            last = marker and index == len(payloads) - 1
            packets.append(
                rtp(
                    payload,
                    sequence=self.sequence,
                    timestamp=timestamp,
                    marker=last,
                    payload_type=self.payload_type,
                    ssrc=self.ssrc,
                )
            )
            self.sequence = self.sequence + 1 & 0xFFFF
        return packets
