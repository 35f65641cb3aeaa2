from hypothesis import given
from hypothesis import strategies as st
from tests.unit.wire.rtp.packetiser import Sender

from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import Codec
from brightkitchen.wire.h26x import build_avcc, split_avcc
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.payloads import build_h264_payloads
from brightkitchen.wire.rtp.receiver import RtpReceiver

SPS = bytes.fromhex("67640028ac2b402802dd80b501010140000003004000000ca3c60ca8")
PPS = bytes.fromhex("68ee3cb0")
SEI = b"\x06\x05\x04abcd\x80"

body = st.binary(min_size=1, max_size=700)
nal = st.builds(lambda first, rest: bytes((first,)) + rest, st.sampled_from([0x41, 0x01, 0x61, 0x06, 0x0C, 0x68]), body)
pictures = st.lists(st.lists(nal, max_size=5), min_size=1, max_size=5)


@given(pictures=pictures, limit_bytes=st.integers(16, 300))
def test_payloads_are_joined_to_the_same_units_by_our_own_receiver(
    pictures: list[list[bytes]], limit_bytes: int
) -> None:
    sender, packets, expected = Sender(), [], []
    for index, middle in enumerate(pictures):
        nals = [*((SPS, PPS) if index == 0 else ()), *middle, b"\x65key" if index == 0 else b"\x41delta"]
        expected.append(build_avcc(nals))
        payloads = build_h264_payloads(expected[-1], limit_bytes=limit_bytes)
        assert max(map(len, payloads)) <= limit_bytes
        packets += sender.send(payloads, index * 3600)
    packets += sender.send([b"\x09\xf0"], len(pictures) * 3600, marker=False)
    receiver = RtpReceiver([TrackDescription(0, Codec.H264, 96, 90_000)])
    units = receiver.receive_rtp(0, packets, Utc(1))
    assert [unit.data for unit in units] == expected
    assert [unit.is_key for unit in units] == [index == 0 for index in range(len(pictures))]


@given(size_bytes=st.integers(1, 5000), limit_bytes=st.integers(16, 1200))
def test_fragments_have_one_size_but_the_last(size_bytes: int, limit_bytes: int) -> None:
    payloads = build_h264_payloads(build_avcc([b"\x65" + bytes(size_bytes)]), limit_bytes=limit_bytes)
    assert len(set(map(len, payloads[:-1]))) <= 1
    assert len(payloads[-1]) <= len(payloads[0])
    if len(payloads) > 1:
        assert {payload[0] & 31 for payload in payloads} == {28}
        assert [payload[1] & 0xC0 for payload in payloads] == [0x80, *[0] * (len(payloads) - 2), 0x40]


def test_sets_and_sei_go_out_as_one_packet() -> None:
    payloads = build_h264_payloads(build_avcc([SPS, PPS, SEI, b"\x65key"]), limit_bytes=1164)
    assert [payload[0] & 31 for payload in payloads] == [24, 5]
    assert payloads[0][0] & 0x60 == 0x60  # the importance of the most important


def test_sets_are_put_before_a_picture_that_brings_none() -> None:
    bare = build_h264_payloads(build_avcc([b"\x65key"]), limit_bytes=1164, parameter_sets=(SPS, PPS))
    own = build_h264_payloads(build_avcc([SPS, PPS, b"\x65key"]), limit_bytes=1164, parameter_sets=(SPS, PPS))
    assert bare == own
    assert len(own) == 2


def test_units_that_rtp_cannot_carry_are_left_out() -> None:
    payloads = build_h264_payloads(build_avcc([b"\x18not ours", b"\x00neither", b"\x41picture"]), limit_bytes=100)
    assert payloads == [b"\x41picture"]
    assert list(split_avcc(build_avcc([b""]))) == [b""]
    assert build_h264_payloads(build_avcc([b""]), limit_bytes=100) == []
