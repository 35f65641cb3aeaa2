"""Any packets: units or nothing, never an exception; and what a sender splits, the receiver joins."""

import base64
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.wire.rtp.packetiser import Sender, aac_payload, h264_payloads, h265_payloads, rtp

from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import Codec
from brightkitchen.wire.h26x import build_avcc, build_video_format, parse_decoder_configuration, split_avcc
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.receiver import RtpReceiver
from brightkitchen.wire.rtp.rtcp import parse_compound

H264_SETS = (bytes.fromhex("67640028ac2b402802dd80b501010140000003004000000ca3c60ca8"), bytes.fromhex("68ee3cb0"))
H265_SPROPS = {
    "sprop-vps": "QAEMAf//AWAAAAMAkAAAAwAAAwA8koCQ",
    "sprop-sps": "QgEBAWAAAAMAkAAAAwAAAwA8oAoIC58mWSpJMrmgIAAAAwAgAAADAyE=",
    "sprop-pps": "RAHBcrRiQA==",
}
SPROPS = {
    Codec.H264: {"sprop-parameter-sets": ",".join(base64.b64encode(nal).decode() for nal in H264_SETS)},
    Codec.H265: H265_SPROPS,
}
CODECS = list(Codec)

payload_heads = st.sampled_from([b"", b"\x67", b"\x65\x88", b"\x7c\x85", b"\x7c\x05", b"\x7c\x45", b"\x18\x00", b"\x40\x01",
                                 b"\x62\x01\x93", b"\x62\x01\x53", b"\x60\x01\x00", b"\x00\x10", b"\x00\x20\x00\x10"])  # fmt: skip
likely = st.builds(
    lambda head, body, sequence, timestamp, marker, payload_type, ssrc, padding: rtp(
        head + body, sequence=sequence, timestamp=timestamp, marker=marker, payload_type=payload_type, ssrc=ssrc,
        padding=padding,
    ),
    payload_heads, st.binary(max_size=40), st.integers(0, 40) | st.integers(0, 65_535),
    st.sampled_from([0, 3600, 7200, 0xFFFFFFFF]) | st.integers(0, 0xFFFFFFFF), st.booleans(), st.sampled_from([96, 0, 8]),
    st.sampled_from([1, 2]), st.sampled_from([0, 0, 4]),
)  # fmt: skip
reads = st.lists(st.lists(likely | st.binary(max_size=60), max_size=12), max_size=8)


@settings(max_examples=300, deadline=None)
@given(codec=st.sampled_from(CODECS), reads=reads, reorder=st.sampled_from([0, 4]), report=st.binary(max_size=60))
def test_any_packets_give_only_units_in_bounds(
    codec: Codec, reads: list[list[bytes]], reorder: int, report: bytes
) -> None:
    fmtp = dict(SPROPS.get(codec, {}))
    if codec is Codec.H265 and reorder:
        fmtp["sprop-max-don-diff"] = "1"
    receiver = RtpReceiver(
        [TrackDescription(0, codec, 96, 90_000 if codec.is_video else 8_000, 1, fmtp)], reorder=reorder
    )
    sent = sum(len(packet) for read in reads for packet in read)
    got = 0
    for number, read in enumerate(reads):
        units = receiver.receive_rtp(0, [memoryview(packet) for packet in read], Utc(number * 40_000))
        receiver.receive_rtcp(0, report, Utc(number * 40_000))
        assert all(0 <= change.index <= len(units) for change in receiver.changes)
        for unit in units:
            assert unit.pts >= 0
            got += len(unit.data)
            if receiver.formats[0].codec.is_video:
                assert b"".join(len(nal).to_bytes(4, "big") + bytes(nal) for nal in split_avcc(unit.data)) == unit.data
    assert got <= 4 * sent + 64
    assert len(receiver.notes) <= 64
    receiver.build_report(0, Utc(10_000_000))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_rtcp_parses_or_is_their_error(data: bytes) -> None:
    with suppress(TheirError):
        parse_compound(data)


@settings(max_examples=300, deadline=None)
@given(
    codec=st.sampled_from([Codec.H264, Codec.H265]),
    data=st.binary(max_size=120),
    head=st.sampled_from([b"\x67", b"\x42\x01"]),
)
def test_any_parameter_sets_parse_or_are_their_error(codec: Codec, data: bytes, head: bytes) -> None:
    other = [b"\x68\xee\x3c\xb0"] if codec is Codec.H264 else [b"\x40\x01\x0c", b"\x44\x01\xc1"]
    for work in (
        lambda: build_video_format(codec, [head + data, *other]),
        lambda: parse_decoder_configuration(codec, data),
    ):
        with suppress(TheirError):
            work()


nal_body = st.binary(min_size=1, max_size=500)


@settings(max_examples=150, deadline=None)
@given(
    pictures=st.lists(st.lists(nal_body, min_size=1, max_size=4), min_size=2, max_size=6),
    mtu=st.integers(10, 200), read=st.integers(1, 30),
)  # fmt: skip
def test_h264_split_by_a_sender_is_joined_byte_for_byte(pictures: list[list[bytes]], mtu: int, read: int) -> None:
    sender, packets, expected = Sender(), [], []
    for index, bodies in enumerate(pictures):
        nals = [*(H264_SETS if index == 0 else ()), *(bytes((0x65 if index == 0 else 0x41,)) + body for body in bodies)]
        expected.append(build_avcc(nals))
        packets += sender.send(h264_payloads(nals, mtu), index * 3600)
    packets += sender.send([b"\x09\xf0"], len(pictures) * 3600, marker=False)
    receiver = RtpReceiver([TrackDescription(0, Codec.H264, 96, 90_000)])
    units = [
        unit
        for at in range(0, len(packets), read)
        for unit in receiver.receive_rtp(0, packets[at : at + read], Utc(at))
    ]
    assert [unit.data for unit in units] == expected
    assert [unit.pts for unit in units] == [3600 * index for index in range(len(pictures))]
    assert [unit.is_key for unit in units] == [index == 0 for index in range(len(pictures))]


@settings(max_examples=100, deadline=None)
@given(frames=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=5), cut=st.integers(1, 299))
def test_aac_frames_and_fragments_are_joined(frames: list[bytes], cut: int) -> None:
    fmtp = {"config": "1190", "sizelength": "13", "indexlength": "3"}
    receiver = RtpReceiver([TrackDescription(1, Codec.AAC, 97, 48_000, 2, fmtp)])
    sender = Sender(payload_type=97)
    packets = sender.send([aac_payload(frames)], 0)
    whole = frames[0]
    header = aac_payload([whole])[:4]
    parts = [part for part in (whole[:cut], whole[cut:]) if part]
    packets += sender.send([header + part for part in parts], 1024 * len(frames))
    units = receiver.receive_rtp(1, packets, Utc(0))
    assert [unit.data for unit in units] == [*frames, whole]
    assert [unit.pts for unit in units] == [1920 * index for index in range(len(frames) + 1)]


def test_h265_with_donl_is_joined_without_it() -> None:
    h265 = [b"\x26\x01" + b"\xaf" * 900]
    receiver = RtpReceiver([TrackDescription(0, Codec.H265, 96, 90_000, 1, {"sprop-max-don-diff": "2", **H265_SPROPS})])
    sender = Sender()
    packets = [packet for n in range(3) for packet in sender.send(h265_payloads(h265, 300, donl=n), n * 3600)]
    assert [unit.data for unit in receiver.receive_rtp(0, packets, Utc(0))] == [build_avcc(h265)] * 3
