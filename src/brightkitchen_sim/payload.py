"""Packetisers: coded frames -> RTP packets laid out ready to be sent. Pure.

RFC 6184 (H.264, single NAL units and FU-A), RFC 7798 (H.265, single NAL units and FU), RFC 3551 (G.711),
RFC 3640 (AAC-hbr). A `Template` holds all packets of one frame behind one another, each behind its 4-byte
interleaving prefix (RFC 2326 §10.12); sequence number, timestamp and SSRC are zero and are filled in when it is sent.
"""

import base64
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

PREFIX_BYTES = 4
RTP_HEADER_BYTES = 12
DEFAULT_MAX_PAYLOAD_BYTES = 1400

_PACKET_HEAD = struct.Struct(">BBHBBHII")
_VARIABLE = struct.Struct(">HII")
_VARIABLE_AT = PREFIX_BYTES + 2
_RTP_VERSION_2 = 0x80
_MARKER = 0x80
_H264_SPS = 7
_H265_VPS = 32


class Template(NamedTuple):
    """All packets of one frame. `offsets` are where each packet's '$' stands in `data`."""

    data: bytes
    offsets: tuple[int, ...]


def split_avcc(frame: bytes | memoryview) -> Iterator[memoryview]:
    """Yield the NAL units of an AVCC frame. Raises ValueError when a length does not fit."""
    view = memoryview(frame)
    position = 0
    while position < len(view):
        size = int.from_bytes(view[position : position + 4], "big")
        end = position + 4 + size
        if size == 0 or end > len(view):
            raise ValueError(f"NAL unit of {size} bytes at {position} in a frame of {len(view)}")
        yield view[position + 4 : end]
        position = end


def split_annexb(stream: bytes) -> list[bytes]:
    """Return the NAL units between the start codes of an Annex B byte stream."""
    return [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1") if unit.strip(b"\0")]


def build_avcc(units: Sequence[bytes]) -> bytes:
    """Join NAL units, each behind its 4-byte big-endian length."""
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def nal_type(codec: str, unit: bytes | memoryview) -> int:
    """Return nal_unit_type of a NAL unit of `codec` ("h264" or "h265")."""
    return unit[0] & 0x1F if codec == "h264" else (unit[0] >> 1) & 0x3F


def build_video_template(
    codec: str,
    frame: bytes | memoryview,
    *,
    is_key: bool,
    parameter_sets: Sequence[bytes],
    channel: int,
    payload_type: int,
    max_payload_bytes: int = DEFAULT_MAX_PAYLOAD_BYTES,
) -> Template:
    """Packetise one AVCC frame; a key frame gets its parameter sets in band when it does not bring them."""
    units: list[bytes | memoryview] = list(split_avcc(frame))
    first_set = _H264_SPS if codec == "h264" else _H265_VPS
    if is_key and not any(nal_type(codec, unit) == first_set for unit in units):
        units = [*parameter_sets, *units]
    fragments = _split_h264 if codec == "h264" else _split_h265
    payloads = [payload for unit in units for payload in fragments(unit, max_payload_bytes)]
    return _build_template(payloads, channel, payload_type, marker_on_last=True)


def build_audio_template(codec: str, packet: bytes | memoryview, *, channel: int, payload_type: int) -> Template:
    """Packetise one G.711 packet, or one AAC frame with its AU header (13-bit size, 3-bit index)."""
    if codec != "aac":
        return _build_template([packet], channel, payload_type, marker_on_last=False)
    au_header = struct.pack(">HH", 16, len(packet) << 3)
    return _build_template([au_header + bytes(packet)], channel, payload_type, marker_on_last=True)


def fill_packets(template: Template, sequence: int, timestamp: int, ssrc: int) -> bytearray:
    """Return a copy of the template with sequence numbers from `sequence` on, the timestamp and the SSRC."""
    data = bytearray(template.data)
    pack_into = _VARIABLE.pack_into
    for offset in template.offsets:
        pack_into(data, offset + _VARIABLE_AT, sequence & 0xFFFF, timestamp, ssrc)
        sequence += 1
    return data


def split_packets(data: bytearray | bytes, offsets: Sequence[int]) -> Iterator[memoryview]:
    """Yield each packet with its interleaving prefix."""
    view = memoryview(data)
    for i, offset in enumerate(offsets):
        yield view[offset : offsets[i + 1] if i + 1 < len(offsets) else len(view)]


def _build_template(
    payloads: Sequence[bytes | memoryview], channel: int, payload_type: int, *, marker_on_last: bool
) -> Template:
    parts: list[bytes | memoryview] = []
    offsets: list[int] = []
    position = 0
    for i, payload in enumerate(payloads):
        marker = _MARKER if marker_on_last and i == len(payloads) - 1 else 0
        size = RTP_HEADER_BYTES + len(payload)
        parts.append(_PACKET_HEAD.pack(0x24, channel, size, _RTP_VERSION_2, marker | payload_type, 0, 0, 0))
        parts.append(payload)
        offsets.append(position)
        position += PREFIX_BYTES + size
    return Template(b"".join(parts), tuple(offsets))


def _split_h264(unit: bytes | memoryview, max_bytes: int) -> Iterator[bytes | memoryview]:
    if len(unit) <= max_bytes:
        yield unit
        return
    indicator = (unit[0] & 0xE0) | 28
    yield from _split_into_fragments(bytes([indicator]), unit[0] & 0x1F, memoryview(unit)[1:], max_bytes)


def _split_h265(unit: bytes | memoryview, max_bytes: int) -> Iterator[bytes | memoryview]:
    if len(unit) <= max_bytes:
        yield unit
        return
    header = bytes([(unit[0] & 0x81) | (49 << 1), unit[1]])
    yield from _split_into_fragments(header, (unit[0] >> 1) & 0x3F, memoryview(unit)[2:], max_bytes)


def _split_into_fragments(header: bytes, unit_type: int, body: memoryview, max_bytes: int) -> Iterator[bytes]:
    step = max_bytes - len(header) - 1
    for start in range(0, len(body), step):
        is_first, is_last = start == 0, start + step >= len(body)
        fu_header = unit_type | (0x80 if is_first else 0) | (0x40 if is_last else 0)
        yield header + bytes([fu_header]) + body[start : start + step]


def build_sender_report(ssrc: int, utc_us: int, timestamp: int, packets: int, octets: int) -> bytes:
    """Return an RTCP sender report followed by a CNAME (RFC 3550 §6.4.1, §6.5)."""
    seconds, rest_us = divmod(utc_us, 1_000_000)
    ntp_s = seconds + 2_208_988_800
    fraction = (rest_us << 32) // 1_000_000
    report = struct.pack(
        ">BBHIIIIII",
        0x80,
        200,
        6,
        ssrc,
        ntp_s & 0xFFFFFFFF,
        fraction,
        timestamp,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    name = b"sim"
    item = struct.pack(">BB", 1, len(name)) + name
    item += b"\0" * (4 - len(item) % 4)
    return report + struct.pack(">BBHI", 0x81, 202, 1 + len(item) // 4, ssrc) + item


def build_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
