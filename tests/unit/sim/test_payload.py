import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen_sim.payload import (
    build_audio_template,
    build_avcc,
    build_sender_report,
    build_video_template,
    fill_packets,
    split_annexb,
    split_avcc,
    split_packets,
)

SPS, PPS = b"\x67\x42\xc0\x1e", b"\x68\xce\x3c"


def read_payloads(data: bytes | bytearray, offsets: tuple[int, ...]) -> list[bytes]:
    return [bytes(packet[16:]) for packet in split_packets(data, offsets)]


def join_h264(payloads: list[bytes]) -> list[bytes]:
    """Put NAL units together again as RFC 6184 §5.8 says."""
    units: list[bytes] = []
    for payload in payloads:
        if payload[0] & 0x1F != 28:
            units.append(payload)
        elif payload[1] & 0x80:
            units.append(bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) + payload[2:])
        else:
            units[-1] += payload[2:]
    return units


def join_h265(payloads: list[bytes]) -> list[bytes]:
    """Put NAL units together again as RFC 7798 §4.4.3 says."""
    units: list[bytes] = []
    for payload in payloads:
        if payload[0] >> 1 & 0x3F != 49:
            units.append(payload)
        elif payload[2] & 0x80:
            units.append(bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]]) + payload[3:])
        else:
            units[-1] += payload[3:]
    return units


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=4), st.integers(16, 1500))
def test_h264_units_of_any_size_come_back_whole(sizes: list[int], max_payload: int) -> None:
    units = [b"\x65" + bytes(i % 251 for i in range(size)) for size in sizes]
    template = build_video_template(
        "h264",
        build_avcc(units),
        is_key=False,
        parameter_sets=(),
        channel=0,
        payload_type=96,
        max_payload_bytes=max_payload,
    )
    payloads = read_payloads(template.data, template.offsets)
    assert join_h264(payloads) == units
    assert max(map(len, payloads)) <= max_payload


@given(st.lists(st.integers(2, 5000), min_size=1, max_size=4))
def test_h265_units_of_any_size_come_back_whole(sizes: list[int]) -> None:
    units = [b"\x26\x01" + bytes(i % 251 for i in range(size)) for size in sizes]
    template = build_video_template(
        "h265", build_avcc(units), is_key=False, parameter_sets=(), channel=0, payload_type=96
    )
    assert join_h265(read_payloads(template.data, template.offsets)) == units


def test_key_frame_without_parameter_sets_gets_them_in_band() -> None:
    idr = b"\x65" * 40
    bare = build_video_template(
        "h264", build_avcc([idr]), is_key=True, parameter_sets=(SPS, PPS), channel=0, payload_type=96
    )
    own = build_video_template(
        "h264", build_avcc([SPS, PPS, idr]), is_key=True, parameter_sets=(b"\x67other",), channel=0, payload_type=96
    )
    assert read_payloads(bare.data, bare.offsets) == [SPS, PPS, idr]
    assert own == bare


def test_packets_filled_carry_numbers_marker_and_length() -> None:
    frame = build_avcc([b"\x41" * 3000])
    template = build_video_template("h264", frame, is_key=False, parameter_sets=(), channel=0, payload_type=96)
    data = fill_packets(template, 0xFFFF, 0x01020304, 0xA0B0C0D0)
    heads = [struct.unpack(">BBHBBHII", packet[:16]) for packet in split_packets(data, template.offsets)]
    assert [head[5] for head in heads] == [0xFFFF, 0, 1]
    assert [head[4] for head in heads] == [96, 96, 96 | 0x80]
    assert {(head[0], head[1], head[3], head[6], head[7]) for head in heads} == {
        (0x24, 0, 0x80, 0x01020304, 0xA0B0C0D0)
    }
    assert [head[2] + 4 for head in heads] == [len(packet) for packet in split_packets(data, template.offsets)]


def test_aac_packet_has_its_au_header() -> None:
    template = build_audio_template("aac", b"x" * 100, channel=2, payload_type=97)
    assert template.data[16:20] == bytes([0, 16]) + (100 << 3).to_bytes(2, "big")
    assert template.data[20:] == b"x" * 100
    assert template.data[5] == 97 | 0x80


@pytest.mark.parametrize("frame", [b"\0\0\0\x05\x65", b"\0\0\0\0", b"\0\0"])
def test_frame_with_impossible_lengths_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match="NAL unit"):
        list(split_avcc(frame))


def test_annexb_with_both_start_codes_is_split() -> None:
    assert split_annexb(b"\0\0\0\1" + SPS + b"\0\0\1" + PPS + b"\0\0\0\1\x65\x88") == [SPS, PPS, b"\x65\x88"]


def test_sender_report_says_time_and_counts() -> None:
    report = build_sender_report(7, 1_500_000, 90_000, 12, 3400)
    fields = struct.unpack(">BBHIIIIII", report[:28])
    assert fields == (0x80, 200, 6, 7, 2_208_988_801, 1 << 31, 90_000, 12, 3400)
    assert len(report) % 4 == 0
    assert (int.from_bytes(report[30:32], "big") + 1) * 4 == len(report) - 28
