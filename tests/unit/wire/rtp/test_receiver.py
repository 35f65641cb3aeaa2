"""The receiver against well-behaved and lying cameras."""

import base64
import gc
import itertools
import struct
from collections.abc import Sequence
from itertools import pairwise

import pytest
from tests.unit.wire.rtp.packetiser import Sender, aac_payload, aggregate, h264_payloads, h265_payloads, rtp
from tests.unit.wire.test_h26x import Bits, h264_sps

from brightkitchen.kernel.errors import OurError
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AccessUnit, AudioFormat, Codec, VideoFormat
from brightkitchen.wire.h26x import build_avcc
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.receiver import UDP_REORDER, RtpReceiver

SPS = bytes.fromhex("67640028ac2b402802dd80b501010140000003004000000ca3c60ca8")
PPS = bytes.fromhex("68ee3cb0")
SPS_SMALL = bytes.fromhex("6742c00dd901609684000003000400000300c83c50a920")
VPS5 = bytes.fromhex("40010c01ffff01600000030090000003000003003c928090")
SPS5 = bytes.fromhex("42010101600000030090000003000003003ca00a080b9f26592a4932b9a02000000300200000030321")
PPS5 = bytes.fromhex("4401c172b46240")
IDR = b"\x65\x88" + bytes(range(1, 200)) * 3
SLICE = b"\x41\x9a" + bytes(range(1, 150)) * 2
IRAP5 = b"\x26\x01\xaf" + bytes(range(1, 250)) * 3
T0 = Utc(1_700_000_000_000_000)
H264 = TrackDescription(0, Codec.H264, 96, 90_000)
PCMA = TrackDescription(1, Codec.PCMA, 8, 8_000)
KEY = (SPS, PPS, IDR)


def at(number: int) -> Utc:
    return Utc(T0 + number * 40_000)


def send_pictures(
    pictures: Sequence[Sequence[bytes]], sender: Sender | None = None, mtu: int = 100
) -> list[list[bytes]]:
    sender = sender or Sender()
    return [sender.send(h264_payloads(nals, mtu), 5000 + index * 3600) for index, nals in enumerate(pictures)]


def receive(receiver: RtpReceiver, groups: Sequence[Sequence[bytes]], track: int = 0) -> list[AccessUnit]:
    return [unit for number, group in enumerate(groups) for unit in receiver.receive_rtp(track, group, at(number))]


def codes(receiver: RtpReceiver) -> list[str]:
    return [note.code for note in receiver.notes]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_h264_in_reads_of_any_size_gives_the_same_units(size: int) -> None:
    packets = [
        packet
        for group in send_pictures([KEY, (SLICE,), (SLICE, SLICE), (b"\x06\x05\x01\x80", IDR)])
        for packet in group
    ]
    receiver = RtpReceiver([H264])
    units = receive(receiver, [packets[start : start + size] for start in range(0, len(packets), size)])
    expected = [KEY, (SLICE,), (SLICE, SLICE), (b"\x06\x05\x01\x80", IDR)]
    assert [unit.data for unit in units] == [build_avcc(nals) for nals in expected]
    assert [(unit.pts, unit.is_key, unit.lost) for unit in units] == [
        (0, True, 0), (3600, False, 0), (7200, False, 0), (10_800, True, 0),
    ]  # fmt: skip
    assert (receiver.packets_received, receiver.packets_lost, receiver.units_dropped, receiver.notes) == (
        len(packets),
        0,
        0,
        [],
    )


def test_units_keep_their_bytes_when_the_read_buffer_is_reused() -> None:
    receiver = RtpReceiver([H264])
    units = []
    buffer = bytearray(2000)
    for group in send_pictures([KEY, (SLICE,), (SLICE,)]):
        for packet in group:
            buffer[: len(packet)] = packet
            units += receiver.receive_rtp(0, [memoryview(buffer)[: len(packet)]], T0)
            buffer[:] = b"\xee" * len(buffer)
    assert [unit.data for unit in units] == [build_avcc(KEY), build_avcc([SLICE]), build_avcc([SLICE])]


def test_format_from_sdp_is_announced_with_the_first_call() -> None:
    sprop = ",".join(base64.b64encode(nal).decode().rstrip("=") for nal in (SPS, PPS))
    receiver = RtpReceiver([TrackDescription(0, Codec.H264, 96, 90_000, 1, {"sprop-parameter-sets": sprop}), PCMA])
    receiver.receive_rtp(0, [], T0)
    (change,) = receiver.changes
    assert (change.index, change.track) == (0, 0)
    assert isinstance(change.format, VideoFormat)
    assert (change.format.width_px, change.format.height_px, change.format.parameter_sets) == (1280, 720, (SPS, PPS))
    receiver.receive_rtp(1, [], T0)
    assert [change.format for change in receiver.changes] == [AudioFormat(Codec.PCMA, 8_000, 1, "alaw")]
    assert set(receiver.formats) == {0, 1}


def test_wrong_sprop_is_noted_and_in_band_sets_are_used() -> None:
    fmtp = {"sprop-parameter-sets": "!!!,Z0I=,AAA"}
    receiver = RtpReceiver([TrackDescription(0, Codec.H264, 96, 90_000, 1, fmtp)])
    assert len(receive(receiver, send_pictures([KEY, (SLICE,)]))) == 2
    assert codes(receiver) == ["sprop_wrong", "parameter_set_wrong"]


def test_resolution_change_in_band_is_announced_before_its_unit() -> None:
    receiver = RtpReceiver([H264])
    groups = send_pictures([KEY, (SLICE,), (SLICE,), (SPS_SMALL, PPS, IDR), KEY])
    receive(receiver, groups[:2])
    packets = [packet for group in groups[2:] for packet in group]
    units = receiver.receive_rtp(0, packets, T0)
    assert len(units) == 3
    assert [(change.index, isinstance(change.format, VideoFormat) and change.format.width_px) for change in receiver.changes] == [
        (1, 352), (2, 1280),
    ]  # fmt: skip


def test_pictures_before_the_first_key_frame_are_dropped_and_counted() -> None:
    receiver = RtpReceiver([H264])
    units = receive(receiver, send_pictures([(SLICE,), (SLICE,), KEY, (SLICE,)]))
    assert [(unit.pts, unit.is_key) for unit in units] == [(0, True), (3600, False)]
    assert receiver.units_dropped == 2


@pytest.mark.parametrize("missing", [0, 3, -1])
def test_lost_packet_drops_its_picture_and_marks_the_next(missing: int) -> None:
    receiver = RtpReceiver([H264])
    groups = send_pictures([KEY, (SLICE, SLICE), (SLICE,), (SLICE,)])
    del groups[1][missing]
    units = receive(receiver, groups)
    assert [(unit.pts, unit.lost) for unit in units] == [(0, 0), (7200, 1), (10_800, 0)]
    assert (receiver.packets_lost, receiver.units_dropped) == (1, 1)


def test_whole_picture_lost_keeps_the_ones_around_it() -> None:
    receiver = RtpReceiver([H264])
    groups = send_pictures([KEY, (SLICE,), (SLICE,), (SLICE,)])
    lost = len(groups.pop(2))
    units = receive(receiver, groups)
    assert [(unit.pts, unit.lost) for unit in units] == [(0, 0), (3600, 0), (10_800, lost)]
    assert receiver.units_dropped == 0


def test_first_slice_lost_drops_the_picture() -> None:
    receiver = RtpReceiver([H264])
    second = b"\x41\x40" + bytes(50)  # first_mb_in_slice > 0
    groups = send_pictures([KEY, (SLICE,), (b"\x41\x9a\x01", second), (SLICE,)])
    del groups[2][0]
    units = receive(receiver, groups)
    assert [unit.pts for unit in units] == [0, 3600, 10_800]
    assert (receiver.units_dropped, units[-1].lost) == (1, 1)


def test_missing_markers_end_pictures_where_the_timestamp_changes() -> None:
    sender = Sender()
    groups = [
        sender.send(h264_payloads(nals, 100), index * 3600, marker=False)
        for index, nals in enumerate([KEY, (SLICE,), (SLICE,), (SLICE,)])
    ]
    receiver = RtpReceiver([H264])
    units = receive(receiver, groups)
    assert [unit.data for unit in units] == [build_avcc(KEY), build_avcc([SLICE]), build_avcc([SLICE])]
    assert codes(receiver) == ["marker_missing"]


def test_marker_on_every_packet_keeps_pictures_whole() -> None:
    sender, groups = Sender(), []
    nals = (SPS, PPS, b"\x65\x88\x01", b"\x65\x44\x02")
    for index in range(4):
        groups.append([packet for nal in nals for packet in sender.send([nal], index * 3600)])
    receiver = RtpReceiver([H264])
    units = receive(receiver, groups)
    assert [unit.data for unit in units] == [build_avcc(nals)] * 3
    assert codes(receiver) == ["marker_wrong"]


@pytest.mark.parametrize("mtu", [7, 1400])
@pytest.mark.parametrize("from_picture", [0, 2])
def test_pictures_with_the_same_timestamp_stay_apart(mtu: int, from_picture: int) -> None:
    sender, groups = Sender(), []
    pictures = [KEY, *[(b"\x41\x9a" + bytes((n,)) * 30,) for n in range(5)]]
    for index, nals in enumerate(pictures):
        stamp = 3600 * (index if index < from_picture or index > from_picture + 2 else from_picture)
        groups.append(sender.send(h264_payloads(nals, mtu), stamp))
    receiver = RtpReceiver([H264])
    units = receive(receiver, [*groups, sender.send([SLICE], 90_000)])
    assert [unit.data for unit in units] == [build_avcc(nals) for nals in pictures] + [build_avcc([SLICE])]
    instants = [unit.pts for unit in units]
    assert all(earlier < later for earlier, later in itertools.pairwise(instants))
    assert codes(receiver) == ["timestamp_repeated"]


@pytest.mark.parametrize("mtu", [9, 1400])
def test_h265_pictures_with_the_same_timestamp_stay_apart(mtu: int) -> None:
    sender = Sender()
    later = [(b"\x02\x01\xd0" + bytes((n,)) * 30,) for n in range(3)]
    groups = [sender.send(h265_payloads([VPS5, SPS5, PPS5, IRAP5], 90), 0)]
    groups += [sender.send(h265_payloads(nals, mtu), 3600) for nals in later]
    groups.append(sender.send(h265_payloads(later[0], mtu), 90_000))
    groups.append(sender.send(h265_payloads(later[0], mtu), 93_600))
    units = receive(RtpReceiver([TrackDescription(0, Codec.H265, 96, 90_000)]), groups)
    assert [unit.data for unit in units][1:4] == [build_avcc(nals) for nals in later]


@pytest.mark.parametrize("first", [b"\x09\x10", b"\x06\x05\x01\x80"])
def test_prefix_behind_a_marker_opens_the_next_picture_of_the_same_timestamp(first: bytes) -> None:
    sender = Sender()
    groups = [sender.send(h264_payloads(KEY, 1400), 0), sender.send(h264_payloads([first, SLICE], 1400), 0)]
    groups.append(sender.send([SLICE], 7200))
    units = receive(RtpReceiver([H264]), [*groups, sender.send([SLICE], 10800)])
    assert [unit.data for unit in units][:2] == [build_avcc(KEY), build_avcc([first, SLICE])]


def test_empty_packet_behind_a_marker_changes_nothing() -> None:
    sender, receiver = Sender(), RtpReceiver([H264])
    groups = [sender.send(h264_payloads(nals, 100), 5000 + 3600 * n) for n, nals in enumerate([KEY, (SLICE,)])]
    empty = rtp(b"", sequence=sender.sequence, timestamp=5000 + 3600)
    sender.sequence += 1
    last = sender.send(h264_payloads((SLICE,), 100), 5000 + 2 * 3600)
    untrusted = RtpReceiver([H264])
    lone = [rtp(KEY[2], sequence=1, timestamp=9, marker=True), rtp(b"", sequence=2, timestamp=9)]
    assert untrusted.receive_rtp(0, lone, at(0)) == []
    assert [unit.pts for unit in receive(receiver, [*groups, [empty], last])] == [0, 3600, 7200]
    assert codes(receiver) == codes(untrusted) == []


def test_marker_that_begins_to_lie_later_costs_one_picture() -> None:
    sender = Sender()
    groups = send_pictures([KEY, (SLICE,), (SLICE,)], sender)
    for index in range(3, 6):
        slices = (b"\x41\x9a\x07", b"\x41\x4a\x07")
        groups.append([packet for nal in slices for packet in sender.send([nal], 5000 + index * 3600)])
    receiver = RtpReceiver([H264])
    units = receive(receiver, groups)
    assert [unit.data for unit in units[3:]] == [
        build_avcc([b"\x41\x9a\x07"]),
        build_avcc([b"\x41\x9a\x07", b"\x41\x4a\x07"]),
    ]
    assert receiver.units_dropped == 1


def test_parameter_sets_with_an_older_timestamp_join_the_picture_that_follows() -> None:
    sender = Sender()
    groups = [
        sender.send([SPS], 100),
        sender.send([PPS], 100),
        sender.send([b"\x65\x88\x01"], 3600),
        sender.send([SLICE], 7200),
    ]
    receiver = RtpReceiver([H264])
    units = receive(receiver, groups)
    assert [unit.data for unit in units] == [build_avcc([SPS, PPS, b"\x65\x88\x01"]), build_avcc([SLICE])]


def test_odd_headers_are_read_past() -> None:
    nals = [*KEY, SLICE]
    packets = [
        rtp(
            nal,
            sequence=n,
            timestamp=0 if n < 3 else 3600,
            marker=n > 1,
            csrcs=[1, 2],
            extension=b"abcdefgh",
            padding=4,
        )
        for n, nal in enumerate(nals)
    ]
    packets.append(rtp(SLICE, sequence=4, timestamp=7200, marker=True))
    receiver = RtpReceiver([H264])
    units = receiver.receive_rtp(0, packets, T0)
    assert [unit.data for unit in units] == [build_avcc(KEY), build_avcc([SLICE]), build_avcc([SLICE])]
    assert receiver.notes == []


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (b"\x80\x60\0\1", "packet_short"),
        (b"\x40" + bytes(20), "not_rtp"),
        (b"\xa0\x60" + bytes(9) + b"\x01\x41\x00", "padding_wrong"),
        (b"\xa0\x60" + bytes(10) + b"\x41\x09", "padding_wrong"),
        (b"\x8f\x60" + bytes(20), "packet_short"),
        (rtp(b"\x7c", sequence=1, timestamp=0), "fragment_short"),
        (rtp(b"\x79\x00\x00", sequence=1, timestamp=0), "payload_kind"),
        (rtp(b"\x18\xff\xff\x01", sequence=1, timestamp=0), "aggregate_wrong"),
    ],
)
def test_malformed_packet_is_counted_and_noted(packet: bytes, code: str) -> None:
    receiver = RtpReceiver([H264])
    assert receiver.receive_rtp(0, [packet], T0) == []
    assert (codes(receiver), receiver.packets_skipped) == ([code], 1)


def test_empty_payload_is_no_error() -> None:
    receiver = RtpReceiver([H264])
    assert receiver.receive_rtp(0, [rtp(b"", sequence=1, timestamp=0, marker=True)], T0) == []
    assert receiver.notes == []


def test_stap_a_is_split() -> None:
    sender = Sender()
    groups = [sender.send([aggregate(KEY, b"\x78")], 0), sender.send([SLICE], 3600)]
    receiver = RtpReceiver([H264])
    assert [unit.data for unit in receive(receiver, groups)] == [build_avcc(KEY), build_avcc([SLICE])]


def test_other_payload_type_than_described_is_taken_and_noted() -> None:
    receiver = RtpReceiver([H264])
    units = receive(receiver, send_pictures([KEY, (SLICE,)], Sender(payload_type=98)))
    assert len(units) == 2
    assert codes(receiver) == ["payload_type_differs"]


def test_foreign_payload_type_among_the_described_one_is_left_out() -> None:
    receiver = RtpReceiver([H264])
    sender = Sender()
    groups = send_pictures([KEY, (SLICE,), (SLICE,)], sender)
    groups.insert(1, [rtp(b"<xml/>", sequence=3, timestamp=1, payload_type=107)])
    assert len(receive(receiver, groups)) == 3
    assert (codes(receiver), receiver.packets_lost) == (["payload_type_foreign"], 0)


def test_new_source_goes_on_without_a_gap_in_time() -> None:
    receiver = RtpReceiver([H264])
    units = receive(receiver, send_pictures([KEY, (SLICE,)]))
    again = send_pictures([KEY, (SLICE,)], Sender(sequence=9, ssrc=0x777))
    units += [unit for n, group in enumerate(again) for unit in receiver.receive_rtp(0, group, at(2 + n))]
    assert [unit.pts for unit in units] == [0, 3600, 7200, 10_800]
    assert (codes(receiver)[0], receiver.packets_lost) == ("source_changed", 0)


def test_h265_in_a_track_described_as_h264_is_recorded() -> None:
    receiver = RtpReceiver([H264])
    sender = Sender(sequence=0)
    groups = [sender.send(h265_payloads([VPS5, SPS5, PPS5, IRAP5], 90), n * 3600) for n in range(3)]
    units = receive(receiver, groups)
    assert [unit.data for unit in units] == [build_avcc([VPS5, SPS5, PPS5, IRAP5])] * 3
    assert codes(receiver) == ["codec_differs"]
    format = receiver.formats[0]
    assert isinstance(format, VideoFormat)
    assert (format.codec, format.width_px, format.height_px, format.codec_string) == (
        Codec.H265,
        320,
        178,
        "hvc1.1.6.L60.90",
    )


def test_h264_in_a_track_described_as_h265_is_recorded() -> None:
    receiver = RtpReceiver([TrackDescription(0, Codec.H265, 96, 90_000)])
    units = receive(receiver, send_pictures([KEY, (SLICE,)]))
    assert [unit.data for unit in units] == [build_avcc(KEY), build_avcc([SLICE])]
    assert codes(receiver) == ["codec_differs"]


def test_h265_aggregate_with_decoding_order_numbers_is_split() -> None:
    about = TrackDescription(0, Codec.H265, 96, 90_000, 1, {"sprop-max-don-diff": "1"})
    sender = Sender()
    nals = [VPS5, SPS5, PPS5, b"\x26\x01\xaf\x01"]
    groups = [sender.send([aggregate(nals, b"\x60\x01", b"\0\1", b"\0")], n * 3600) for n in range(2)]
    receiver = RtpReceiver([about])
    units = receive(receiver, [*groups, sender.send(h265_payloads([IRAP5], 90, donl=5), 7200)])
    assert [unit.data for unit in units] == [build_avcc(nals), build_avcc(nals), build_avcc([IRAP5])]


def test_h265_unknown_kind_and_short_payload_are_skipped() -> None:
    receiver = RtpReceiver([TrackDescription(0, Codec.H265, 96, 90_000)])
    receiver.receive_rtp(0, [rtp(b"\x64\x01\x00", sequence=1, timestamp=0), rtp(b"\x26", sequence=2, timestamp=0)], T0)
    assert codes(receiver) == ["payload_kind", "fragment_short"]


def test_udp_reorder_restores_the_sequence_and_counts_what_comes_too_late() -> None:
    packets = [packet for group in send_pictures([KEY, (SLICE,), (SLICE,)]) for packet in group]
    shuffled = [packets[0], *packets[3:5], packets[1], packets[2], *packets[5:], packets[4]]
    receiver = RtpReceiver([H264], reorder=UDP_REORDER)
    assert len(receive(receiver, [shuffled])) == 3
    assert (receiver.packets_lost, receiver.packets_late) == (0, 1)


def test_udp_reorder_gives_up_on_a_missing_packet_when_full() -> None:
    packets = [packet for group in send_pictures([KEY, *[(SLICE,)] * 12]) for packet in group]
    del packets[9]
    receiver = RtpReceiver([H264], reorder=4)
    units = [unit for packet in packets for unit in receiver.receive_rtp(0, [packet], T0)]
    assert (len(units), receiver.packets_lost, receiver.units_dropped) == (12, 1, 1)
    far = send_pictures([KEY, (SLICE,), (SLICE,)], Sender(sequence=30_000))
    assert receive(receiver, far)[-1].lost == 0


def test_late_packet_on_tcp_is_left_out_and_a_far_jump_is_a_new_numbering() -> None:
    receiver = RtpReceiver([H264])
    groups = send_pictures([KEY, (SLICE,), (SLICE,)])
    receive(receiver, [groups[0], groups[1], groups[1]])
    assert receiver.packets_late == len(groups[1])
    sender = Sender(sequence=20_000)
    receiver.receive_rtp(0, sender.send(h264_payloads(KEY, 100), 20_000), at(5))
    assert (codes(receiver), receiver.packets_lost) == (["sequence_jump"], 1)


def test_timestamp_jump_goes_on_by_arrival() -> None:
    receiver = RtpReceiver([H264])
    sender = Sender()
    stamps = [0, 3600, 3600 + 90_000 * 3600, 7200 + 90_000 * 3600, 100, 3700]
    units = receive(receiver, [sender.send(h264_payloads(KEY, 400), stamp) for stamp in stamps])
    assert [unit.pts for unit in units] == [0, 3600, 7200, 10_800, 14_400, 18_000]
    assert codes(receiver) == ["timestamp_jump"]


def test_picture_above_the_limit_is_dropped_without_keeping_it() -> None:
    receiver = RtpReceiver([H264])
    sender = Sender()
    receive(receiver, send_pictures([KEY, (SLICE,)], sender))
    endless = [b"\x7c\x85" + bytes(60_000), *[b"\x7c\x05" + bytes(60_000)] * 300]
    for payload in endless:
        receiver.receive_rtp(0, sender.send([payload], 50_000, marker=False), T0)
    units = receiver.receive_rtp(0, sender.send([b"\x7c\x45\x01"], 50_000), T0)
    units += receiver.receive_rtp(0, sender.send([SLICE], 53_600), T0)
    assert [unit.data for unit in units] == [build_avcc([SLICE])]
    assert codes(receiver) == ["unit_too_large"]


def test_g711_packets_become_units_on_the_same_timeline() -> None:
    receiver = RtpReceiver([H264, PCMA])
    sender = Sender(payload_type=8)
    receive(receiver, send_pictures([KEY]))
    groups = [sender.send([bytes(160)], 9000 + n * 160, marker=n == 0) for n in range(4)]
    del groups[2]
    units = [
        unit for n, group in enumerate(groups) for unit in receiver.receive_rtp(1, group, Utc(T0 + 40_000 + n * 20_000))
    ]
    assert [(unit.pts, len(unit.data), unit.is_key, unit.lost) for unit in units] == [
        (0, 160, True, 0), (1800, 160, True, 0), (5400, 160, True, 1),
    ]  # fmt: skip
    assert receiver.receive_rtp(1, [b"", rtp(b"", sequence=5, timestamp=0, payload_type=8)], T0) == []


def receive_sound(payload_sizes: Sequence[int], reads_of: int, *, channels: int, early_us: int) -> list[object]:
    """Return what comes of sound whose timestamps wrap, with a loss in it, behind a picture and sender reports."""
    receiver = RtpReceiver([H264, TrackDescription(1, Codec.PCMA, 8, 8_000, channels)])
    receiver.receive_rtp(0, send_pictures([KEY, (SLICE,)])[0], T0)
    timestamp, packets = 2**32 - 1000, []
    for number, size_bytes in enumerate(payload_sizes):
        payload = bytes((number % 256,)) * size_bytes
        packets.append(rtp(payload, sequence=65_530 + number, timestamp=timestamp, payload_type=8))
        timestamp = timestamp + size_bytes // channels & 0xFFFFFFFF
    del packets[5]
    units = receiver.receive_rtp(1, packets[:1], T0)
    receiver.receive_rtcp(0, sender_report(0x1234, T0, 5000), T0)
    receiver.receive_rtcp(1, sender_report(0x1234, T0 + early_us, 2**32 - 1000), T0)
    for start in range(1, len(packets), reads_of):
        units += receiver.receive_rtp(1, packets[start : start + reads_of], T0)
    return [(unit.pts, unit.data, unit.lost) for unit in units] + [receiver.units_dropped, receiver.packets_lost]


@pytest.mark.parametrize("early_us", [0, 100_000, -100_000])
@pytest.mark.parametrize(
    ("payload_sizes", "channels"), [([160] * 40, 1), ([80] * 20 + [240] * 20, 2), ([160, 0] * 20, 1), ([1] * 20, 2)]
)
@pytest.mark.parametrize("reads_of", [2, 9, 1000])
def test_sound_in_reads_of_any_size_gives_the_same_units(
    payload_sizes: Sequence[int], channels: int, early_us: int, reads_of: int
) -> None:
    whole = receive_sound(payload_sizes, reads_of, channels=channels, early_us=early_us)
    assert len(whole) > 15
    assert whole == receive_sound(payload_sizes, 1, channels=channels, early_us=early_us)


def test_pcmu_in_a_track_described_as_pcma_is_recorded_as_what_it_is() -> None:
    receiver = RtpReceiver([PCMA])
    assert len(receiver.receive_rtp(1, Sender(payload_type=0).send([bytes(160)], 0), T0)) == 1
    assert receiver.formats[1] == AudioFormat(Codec.PCMU, 8_000, 1, "ulaw")
    assert codes(receiver) == ["payload_type_differs", "codec_differs"]


AAC = TrackDescription(1, Codec.AAC, 97, 48_000, 2, {"config": "1190"})


def test_aac_without_configuration_is_assumed_to_be_plain() -> None:
    receiver = RtpReceiver([TrackDescription(1, Codec.AAC, 97, 16_000, 1, {"sizelength": "x"})])
    receiver.receive_rtp(1, [], T0)
    assert receiver.formats[1] == AudioFormat(Codec.AAC, 16_000, 1, "mp4a.40.2", b"\x14\x08")
    assert codes(receiver) == ["audio_config_wrong"]


def test_aac_that_cannot_be_described_is_dropped() -> None:
    receiver = RtpReceiver([TrackDescription(1, Codec.AAC, 97, 12_345, 1)])
    assert receiver.receive_rtp(1, Sender(payload_type=97).send([aac_payload([b"abc"])], 0), T0) == []
    assert (codes(receiver)[-1], receiver.units_dropped) == ("audio_unusable", 1)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0\0a",
        b"\x00\x10\xff",
        b"\x00\x20\x00\x80\x00\x80ab",
        b"\x07\x00" + bytes(500),
        b"\x00\x20\x00\x00\x00\x00ab",
    ],
)
def test_malformed_aac_is_skipped(payload: bytes) -> None:
    receiver = RtpReceiver([AAC])
    assert receiver.receive_rtp(1, Sender(payload_type=97).send([payload], 0), T0) == []
    assert codes(receiver) == ["frame_headers_wrong"]


def test_aac_fragment_lost_or_unfinished_drops_the_frame() -> None:
    receiver = RtpReceiver([AAC])
    sender = Sender(payload_type=97)
    head = b"\x00\x10\x00\x50"  # one frame of 10 bytes
    first = sender.send([head + b"aaaa"], 0)
    sender.send([head + b"bbbb"], 0)
    after = sender.send([head + b"0123456789"], 1024)
    units = receiver.receive_rtp(1, [*first, *after, *sender.send([head + b"cccc"], 2048)], T0)
    units += receiver.receive_rtp(1, sender.send([head + b"dddd"], 3072) + sender.send([head + b"eeeeeeee"], 3072), T0)
    assert [(unit.data, unit.lost) for unit in units] == [(b"0123456789", 1)]
    assert (receiver.units_dropped, codes(receiver)) == (2, ["frame_headers_wrong"])


def sender_report(ssrc: int, at_us: int, timestamp: int) -> bytes:
    seconds, rest = divmod(at_us, 1_000_000)
    return struct.pack(
        ">BBHIIIIII", 0x80, 200, 6, ssrc, seconds + 2_208_988_800, (rest << 32) // 1_000_000, timestamp, 0, 0
    )


def test_sender_reports_move_the_sound_slowly_to_the_picture() -> None:
    receiver = RtpReceiver([H264, PCMA])
    receive(receiver, send_pictures([KEY, (SLICE,)]))
    sound = Sender(payload_type=8)
    receiver.receive_rtp(1, sound.send([bytes(160)], 0), T0)
    receiver.receive_rtcp(0, sender_report(0x1234, T0, 5000), T0)
    receiver.receive_rtcp(1, sender_report(0x1234, T0 + 200_000, 0), T0)  # the sound was made 200 ms after the picture
    units = [unit for n in range(1, 200) for unit in receiver.receive_rtp(1, sound.send([bytes(160)], n * 160), T0)]
    assert units[0].pts == 1800 + 180
    assert abs(units[-1].pts - 199 * 1800 - 18_000) <= 1  # NTP fractions round
    assert all(late.pts > early.pts for early, late in pairwise(units))


def test_sender_reports_of_a_lying_clock_are_not_used() -> None:
    receiver = RtpReceiver([H264, PCMA])
    receiver.receive_rtcp(0, sender_report(7, T0, 0), T0)
    receive(receiver, send_pictures([KEY, (SLICE,)]))
    sound = Sender(payload_type=8)
    receiver.receive_rtp(1, sound.send([bytes(160)], 0), T0)
    receiver.receive_rtcp(1, sender_report(0x1234, T0 + 3_600_000_000, 0), T0)
    receiver.receive_rtcp(0, sender_report(0x1234, T0, 5000), T0)
    assert codes(receiver) == ["sender_clock_wrong"]
    assert receiver.receive_rtp(1, sound.send([bytes(160)], 160), T0)[0].pts == 1800


@pytest.mark.parametrize(("rtptime", "pts", "noted"), [(8000, 4500, []), (80_000, 0, ["rtp_info_wrong"])])
def test_rtp_info_aligns_the_sound_if_it_is_believable(rtptime: int, pts: int, noted: list[str]) -> None:
    receiver = RtpReceiver([H264, PCMA])
    receiver.set_rtp_info(0, 1, 5000)
    receiver.set_rtp_info(1, None, rtptime)
    receiver.set_rtp_info(1, 5, None)
    receiver.set_rtp_info(5, 5, 5)
    receive(receiver, send_pictures([KEY, (SLICE,)]))
    units = receiver.receive_rtp(1, Sender(payload_type=8).send([bytes(160)], 8400), T0)
    assert ([unit.pts for unit in units], codes(receiver)) == ([pts], noted)


def test_sound_from_before_the_first_picture_is_dropped() -> None:
    receiver = RtpReceiver([H264, PCMA])
    receiver.set_rtp_info(0, None, 5000)
    receiver.set_rtp_info(1, None, 8400)
    receive(receiver, send_pictures([KEY, (SLICE,)]))
    sound = Sender(payload_type=8)
    groups = [packet for n in range(4) for packet in sound.send([bytes(160)], 8000 + n * 160)]
    assert [unit.pts for unit in receiver.receive_rtp(1, groups, T0)] == [900]
    assert receiver.units_dropped == 3


def test_receiver_report_says_what_was_lost() -> None:
    receiver = RtpReceiver([H264], ssrc=0xABCD, name="bk")
    assert receiver.build_report(0, T0) == bytes.fromhex("80c900010000abcd81ca00030000abcd0102626b00000000")
    groups = send_pictures([KEY, (SLICE,)])
    sent = len(groups[0]) + len(groups[1])
    del groups[1][1]
    receive(receiver, groups)
    receiver.receive_rtcp(0, sender_report(0x1234, T0, 5000), T0)
    report = receiver.build_report(0, Utc(T0 + 500_000))
    source, lost, highest, jitter, last, delay = struct.unpack_from(">IIIIII", report, 8)
    assert (source, lost & 0xFFFFFF, jitter, delay) == (0x1234, 1, 0, 32_768)
    assert lost >> 24 == 256 // sent
    assert highest == (65_530 + sent - 1) & 0xFFFF
    assert last == struct.unpack(">I", sender_report(0, T0, 0)[10:14])[0]
    assert struct.unpack_from(">I", receiver.build_report(0, T0), 12)[0] == 1


def test_bye_and_malformed_rtcp_are_noted() -> None:
    receiver = RtpReceiver([H264])
    receiver.receive_rtcp(0, b"\x80\xcb\x00\x01\0\0\0\1", T0)
    receiver.receive_rtcp(0, b"\x00\xcb\x00\x01\0\0\0\1", T0)
    receiver.receive_rtcp(0, b"\x80\xc9\x00\x09\0\0\0\1", T0)
    assert (receiver.ended, codes(receiver)) == (True, ["bye", "rtcp_wrong"])


def test_undescribed_track_is_our_error() -> None:
    receiver = RtpReceiver([H264])
    with pytest.raises(OurError):
        receiver.receive_rtp(1, [], T0)
    with pytest.raises(OurError):
        receiver.receive_rtcp(1, b"", T0)
    with pytest.raises(OurError):
        receiver.build_report(1, T0)
    with pytest.raises(OurError):
        RtpReceiver([H264, H264])


SPS_3 = h264_sps(77, 0, references=1).u(1).u(1).nal(b"\x67")


def test_known_parameter_sets_in_turn_announce_each_change_and_nothing_twice() -> None:
    receiver = RtpReceiver([H264])
    widths = []
    for group in send_pictures([KEY, (SPS_3, PPS, IDR), KEY, KEY, (SPS_3, SPS, IDR), (SLICE,)]):
        receiver.receive_rtp(0, group, T0)
        widths += [change.format.width_px for change in receiver.changes if isinstance(change.format, VideoFormat)]
    assert widths == [1280, 320, 1280]


def test_endless_new_parameter_sets_are_bounded() -> None:
    receiver = RtpReceiver([H264])
    many = [Bits().ue(number).nal(b"\x68") for number in range(100)]
    receive(receiver, send_pictures([(SPS, *many, IDR), (SLICE,)]))
    format = receiver.formats[0]
    assert isinstance(format, VideoFormat)
    assert (len(format.parameter_sets), codes(receiver)) == (64, ["parameter_sets_many"])


def test_pictures_from_before_the_first_sound_are_kept_and_the_sound_slides_behind_them() -> None:
    receiver = RtpReceiver([H264, PCMA])
    receiver.set_rtp_info(0, None, 5000)
    receiver.set_rtp_info(1, None, 0)
    sound = Sender(payload_type=8)
    first = receiver.receive_rtp(1, sound.send([bytes(160)], 400), T0)
    pictures = receive(receiver, send_pictures([KEY, (SLICE,), (SLICE,)]))
    later = [
        unit for n in range(1, 40) for unit in receiver.receive_rtp(1, sound.send([bytes(160)], 400 + 160 * n), T0)
    ]
    assert [unit.pts for unit in pictures] == [0, 3600, 7200]
    assert receiver.units_dropped == 0
    # PLAY began at sample 0, so sample 400 belongs 50 ms (4500 ticks) behind the first picture.
    assert (first[0].pts, later[-1].pts) == (0, 4500 + 39 * 1800)
    assert all(earlier.pts < unit.pts for earlier, unit in itertools.pairwise([*first, *later]))


def test_pause_that_arrival_confirms_is_no_jump() -> None:
    receiver = RtpReceiver([H264])
    sender = Sender()
    stamps = [(0, 0), (3600, 1), (3600 + 90_000 * 60, 1 + 25 * 60)]
    units = [
        u for stamp, n in stamps for u in receiver.receive_rtp(0, sender.send(h264_payloads(KEY, 400), stamp), at(n))
    ]
    units += receiver.receive_rtp(0, sender.send([SLICE], 7200 + 90_000 * 60), at(2 + 25 * 60))
    assert [unit.pts for unit in units][-2:] == [3600 + 90_000 * 60, 7200 + 90_000 * 60]
    assert receiver.notes == []


def test_stalled_connection_is_no_jump() -> None:
    receiver = RtpReceiver([H264])
    groups = send_pictures([KEY, (SLICE,), (SLICE,)])
    units = [u for group, n in zip(groups, (0, 1, 1000), strict=True) for u in receiver.receive_rtp(0, group, at(n))]
    assert [unit.pts for unit in units] == [0, 3600, 7200]


def test_small_error_after_the_first_alignment_is_left_alone() -> None:
    receiver = RtpReceiver([H264, PCMA])
    receive(receiver, send_pictures([KEY, (SLICE,)]))
    sound = Sender(payload_type=8)
    receiver.receive_rtp(1, sound.send([bytes(160)], 0), T0)
    receiver.receive_rtcp(1, sender_report(0x9999, T0 + 900_000, 0), T0)  # of another source
    for early_us in (0, 40_000):
        receiver.receive_rtcp(0, sender_report(0x1234, T0, 5000), T0)
        receiver.receive_rtcp(1, b"\x80\xc9\0\1\0\0\0\1" + sender_report(0x1234, T0 + early_us, 0), T0)
    assert [unit.pts for unit in receiver.receive_rtp(1, sound.send([bytes(160)], 160), T0)] == [1800]


def test_aac_frames_on_a_90_khz_clock_are_placed_by_it() -> None:
    receiver = RtpReceiver([TrackDescription(1, Codec.AAC, 97, 90_000, 2, {"config": "1190"})])
    units = receiver.receive_rtp(1, Sender(payload_type=97).send([aac_payload([b"ab", b"cd"])], 0), T0)
    assert [unit.pts for unit in units] == [0, 1920]


def test_udp_held_packets_come_out_when_another_numbering_begins() -> None:
    receiver = RtpReceiver([H264], reorder=8)
    groups = send_pictures([KEY, (SLICE,), (SLICE,)])
    held = groups[2][1:]
    far = send_pictures([KEY, (SLICE,)], Sender(sequence=30_000))
    units = receive(receiver, [groups[0], groups[1], held, [b"short", *far[0]], far[1]])
    assert [unit.data for unit in units] == [build_avcc(KEY), build_avcc([SLICE]), build_avcc(KEY), build_avcc([SLICE])]
    assert codes(receiver) == ["packet_short", "sequence_jump"]


def test_fragment_that_never_ends_drops_its_picture_only() -> None:
    sender = Sender()
    groups = send_pictures([KEY, (SLICE,)], sender)
    for nals in (
        [b"\x7c\x81" + bytes(9), b"\x41\x9a"],
        [b"\x7c\x81" + bytes(9), b"\x7c\x81" + bytes(9), b"\x7c\x41\0"],
        [b"\x7c\x81\0"],
    ):
        groups.append(sender.send(nals, 20_000 + 3600 * len(groups)))
    groups.append(sender.send([SLICE], 90_000))
    receiver = RtpReceiver([H264])
    assert [unit.data for unit in receive(receiver, groups)] == [
        build_avcc(KEY),
        build_avcc([SLICE]),
        build_avcc([SLICE]),
    ]
    assert receiver.units_dropped == 3


def test_parameter_set_in_fragments_is_learnt() -> None:
    receiver = RtpReceiver([H264])
    units = receive(receiver, send_pictures([KEY, (SLICE,)], mtu=20))
    assert [unit.data for unit in units] == [build_avcc(KEY), build_avcc([SLICE])]


def test_key_frame_without_its_parameter_sets_waits_for_them() -> None:
    receiver = RtpReceiver([H264])
    units = receive(receiver, send_pictures([(SPS, IDR), (SLICE,), KEY, (SLICE,)]))
    assert [unit.data for unit in units] == [build_avcc(KEY), build_avcc([SLICE])]
    assert receiver.units_dropped == 2


def test_h265_single_units_with_decoding_order_numbers_lose_only_those() -> None:
    receiver = RtpReceiver([TrackDescription(0, Codec.H265, 96, 90_000, 1, {"sprop-max-don-diff": "1"})])
    sender, nals = Sender(), [VPS5, SPS5, PPS5, b"\x26\x01\xaf\x07"]
    groups = [sender.send(h265_payloads(nals, donl=n), n * 3600) for n in range(2)]
    assert [unit.data for unit in receive(receiver, groups)] == [build_avcc(nals)] * 2


def test_sound_that_is_no_rtp_is_skipped() -> None:
    for about in (PCMA, AAC):
        receiver = RtpReceiver([about])
        assert receiver.receive_rtp(1, [b"\0" * 20], T0) == []
        assert codes(receiver) == ["not_rtp"]


def test_source_that_changes_before_its_first_unit_starts_at_zero() -> None:
    receiver = RtpReceiver([H264])
    receiver.receive_rtp(0, [rtp(SPS, sequence=1, timestamp=7, ssrc=1)], T0)
    assert [unit.pts for unit in receive(receiver, send_pictures([KEY, (SLICE,)]))] == [0, 3600]


def test_aac_fragments_left_behind_by_a_lost_packet_are_dropped() -> None:
    receiver = RtpReceiver([AAC])
    sender = Sender(payload_type=97)
    head = b"\x00\x10\x00\x50"
    packets = sender.send([head + b"aaaa"], 0)
    sender.sequence += 1
    packets += sender.send([aac_payload([b"whole"])], 1024)
    assert [(unit.data, unit.lost) for unit in receiver.receive_rtp(1, packets, T0)] == [(b"whole", 1)]
    assert receiver.units_dropped == 1


def test_sequence_jump_of_sound_is_one_lost_packet() -> None:
    receiver = RtpReceiver([PCMA])
    packets = [rtp(bytes(160), sequence=n, timestamp=t, payload_type=8) for n, t in ((1, 0), (20_000, 160))]
    assert [unit.lost for unit in receiver.receive_rtp(1, packets, T0)] == [0, 1]


def test_described_payload_type_that_comes_after_another_is_taken_from_then_on() -> None:
    receiver = RtpReceiver([PCMA])
    packets = [
        rtp(bytes(160), sequence=n, timestamp=160 * n, payload_type=kind) for n, kind in enumerate((98, 8, 98, 8))
    ]
    assert len(receiver.receive_rtp(1, packets, T0)) == 3
    assert codes(receiver) == ["payload_type_differs", "payload_type_foreign"]


def test_aac_after_a_gap_or_another_fragment_goes_on() -> None:
    receiver = RtpReceiver([AAC])
    sender = Sender(payload_type=97)
    head = b"\x00\x10\x00\x50"
    packets = sender.send([aac_payload([b"one"])], 0)
    sender.sequence += 1
    packets += sender.send([aac_payload([b"two"])], 2048)
    packets += (
        sender.send([head + b"aaaa"], 3072)
        + sender.send([head + b"bbbb"], 4096)
        + sender.send([head + b"cccccc"], 4096)
    )
    assert [unit.data for unit in receiver.receive_rtp(1, packets, T0)] == [b"one", b"two", b"bbbbcccccc"]
    assert receiver.units_dropped == 1


def test_receiver_let_go_leaves_nothing_to_the_collector() -> None:
    gc.collect()
    receiver = RtpReceiver([H264, PCMA])
    receive(receiver, send_pictures([KEY, (SLICE,)]))
    del receiver
    assert gc.collect() == 0
