"""Boxes: what is written, what is refused when read."""

import struct
from itertools import pairwise

import pytest

from brightkitchen.kernel.errors import OurError, TheirError
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.aac import build_audio_format, build_config, parse_config
from brightkitchen.wire.au import AccessUnit, AudioFormat, Codec, VideoFormat
from brightkitchen.wire.fmp4.reader import (
    MAX_INIT_BYTES,
    MAX_MOOF_BYTES,
    FragmentInfo,
    build_video_init_from,
    find_whole_end,
    parse_init,
    scan_fragments,
)
from brightkitchen.wire.fmp4.writer import (
    DtsAssigner,
    IndexEntry,
    build_box,
    build_end_index,
    build_fragment,
    build_init,
    timescale_of,
)
from brightkitchen.wire.h26x import build_video_format

SETS = (bytes.fromhex("67640028ac2b402802dd80b501010140000003004000000ca3c60ca8"), bytes.fromhex("68ee3cb0"))
VIDEO = build_video_format(Codec.H264, SETS)
WITH_B = VideoFormat(Codec.H264, 1280, 720, SETS, VIDEO.codec_string, 2)
AAC = build_audio_format(b"\x11\x90")
PCMA = AudioFormat(Codec.PCMA, 8_000, 1, "alaw")
INIT = build_init({0: VIDEO, 1: PCMA})


def picture(pts: int, *, key: bool = False, size: int = 10) -> AccessUnit:
    return AccessUnit(0, pts, bytes(size), key, Utc(0))


def sound(pts: int, size: int = 160) -> AccessUnit:
    return AccessUnit(1, pts, bytes(size), True, Utc(0))


def scan(data: bytes) -> list[FragmentInfo]:
    return list(scan_fragments(lambda at, size: data[at : at + size], len(data)))


def write(*args: object, **more: object) -> bytes:
    return b"".join(build_fragment(*args, **more))  # type: ignore[arg-type]  # passed on as they are


def test_fragment_refers_to_the_units_without_copying() -> None:
    units = [picture(0, key=True), picture(3600)]
    head, *data = build_fragment(0, VIDEO, units, sequence=1, base_ticks=0, end_ticks=7200)
    assert all(part is unit.data for part, unit in zip(data, units, strict=True))
    assert head[-8:] == (28).to_bytes(4, "big") + b"mdat"


def test_video_durations_come_from_the_next_picture_and_the_end() -> None:
    units = [picture(9000, key=True), picture(12_600), picture(20_000)]
    (fragment,) = scan(INIT + write(0, VIDEO, units, sequence=4, base_ticks=9000, end_ticks=25_000))
    assert [(s.decode_time, s.duration, s.composition_offset, s.is_key) for s in fragment.samples] == [
        (0, 3600, 0, True), (3600, 7400, 0, False), (11_000, 5000, 0, False),
    ]  # fmt: skip
    assert (fragment.duration, fragment.decode_time, fragment.sequence) == (16_000, 0, 4)


def test_unknown_end_gives_the_last_picture_a_usual_length() -> None:
    (fragment,) = scan(INIT + write(0, VIDEO, [picture(3600)], sequence=1, base_ticks=0, end_ticks=3600))
    assert [(s.decode_time, s.duration, s.is_key) for s in fragment.samples] == [(3600, 3600, False)]


def test_keys_within_a_fragment_are_flagged_each() -> None:
    units = [picture(0), picture(3600, key=True), picture(7200)]
    (fragment,) = scan(INIT + write(0, VIDEO, units, sequence=1, base_ticks=0, end_ticks=10_800))
    assert [sample.is_key for sample in fragment.samples] == [False, True, False]


def test_pictures_out_of_order_get_exact_times_across_fragments() -> None:
    shown = [0, 4, 2, 1, 3, 8, 6, 5, 7, 9]
    order = DtsAssigner(2)
    units = [picture(n * 3600, key=n == 0) for n in shown]
    data = INIT + write(0, WITH_B, units[:4], sequence=1, base_ticks=0, end_ticks=3 * 3600, order=order)
    data += write(0, WITH_B, units[4:], sequence=2, base_ticks=0, end_ticks=36_000, order=order)
    samples = [sample for fragment in scan(data) for sample in fragment.samples]
    assert [s.decode_time + s.composition_offset for s in samples] == [unit.pts for unit in units]
    assert [s.decode_time for s in samples] == [0, 1, 2, 3600, 7200, 10_800, 14_400, 18_000, 21_600, 25_200]
    assert all(a.decode_time + a.duration == b.decode_time for a, b in pairwise(samples))


def test_next_decoding_time_without_waiting_pictures_is_the_end() -> None:
    assert DtsAssigner(0).next_after(77) == 77


def test_pictures_out_of_order_against_their_parameter_sets_keep_their_times() -> None:
    units = [picture(0, key=True), picture(7200), picture(3600)]
    (fragment,) = scan(INIT + write(0, VIDEO, units, sequence=1, base_ticks=0, end_ticks=10_800))
    assert [s.decode_time + s.composition_offset for s in fragment.samples] == [0, 7200, 3600]
    assert [s.composition_offset for s in fragment.samples] == [0, 0, 3600 - 7201]


def test_sound_counts_its_samples() -> None:
    units = [sound(4500 + n * 1800) for n in range(3)]
    (fragment,) = scan(INIT + write(1, PCMA, units, sequence=1, base_ticks=900, end_ticks=0))
    assert [(s.decode_time, s.duration, s.is_key) for s in fragment.samples] == [
        (320, 160, True),
        (480, 160, True),
        (640, 160, True),
    ]
    (fragment,) = scan(INIT + write(1, AAC, [sound(0), sound(1920)], sequence=1, base_ticks=0, end_ticks=0))
    assert [s.duration for s in fragment.samples] == [1024, 1024]


def test_sound_from_before_the_file_begins_at_its_start() -> None:
    (fragment,) = scan(INIT + write(1, PCMA, [sound(0)], sequence=1, base_ticks=900, end_ticks=0))
    assert fragment.decode_time == 0


def test_missing_sound_within_a_fragment_lengthens_what_came_before() -> None:
    units = [sound(0), sound(1800), sound(1800 + 90_000), sound(1800 + 91_800)]
    (fragment,) = scan(INIT + write(1, PCMA, units, sequence=1, base_ticks=0, end_ticks=0))
    assert [s.decode_time for s in fragment.samples] == [0, 160, 8160, 8320]


def test_nothing_to_write_is_our_error() -> None:
    with pytest.raises(OurError):
        build_init({})
    with pytest.raises(OurError):
        build_fragment(0, VIDEO, [], sequence=1, base_ticks=0, end_ticks=0)


def test_init_is_read_back_and_reduced_to_video() -> None:
    fast = AudioFormat(Codec.AAC, 96_000, 2, "mp4a.40.2", build_config(96_000, 2))
    assert parse_init(INIT) == {0: VIDEO, 1: PCMA}
    assert parse_init(build_init({0: VIDEO, 1: fast})) == {0: VIDEO, 1: fast}
    assert build_video_init_from(INIT) == build_init({0: VIDEO})
    with pytest.raises(TheirError, match="without video"):
        build_video_init_from(build_init({1: PCMA}))
    assert (timescale_of(VIDEO), timescale_of(PCMA)) == (90_000, 8_000)


def test_end_index_lists_fragments_by_track() -> None:
    index = build_end_index([IndexEntry(1, 5, 900), IndexEntry(0, 0, 700), IndexEntry(0, 90_000, 1 << 33)])
    assert struct.unpack(">I", index[:4])[0] == len(index) == struct.unpack(">I", index[-4:])[0]
    assert struct.unpack_from(">I4sIIII", index, 8) == (24 + 38, b"tfra", 0x01000000, 1, 0, 2)
    assert struct.unpack_from(">QQBBB", index, 32 + 19) == (90_000, 1 << 33, 1, 1, 1)
    assert index.count(b"tfra") == 2
    data = INIT + write(0, VIDEO, [picture(0, key=True)], sequence=1, base_ticks=0, end_ticks=3600)
    assert len(scan(data + index)) == 1
    assert find_whole_end(lambda at, size: (data + index)[at : at + size], len(data + index)) == len(data)


FRAGMENT = write(0, VIDEO, [picture(0, key=True), picture(3600)], sequence=1, base_ticks=0, end_ticks=7200)


def test_scan_stops_quietly_at_the_end_of_what_is_whole() -> None:
    assert scan(INIT) == []
    for tail in (
        b"\0" * 20,
        FRAGMENT[:50],
        FRAGMENT[:-1],
        FRAGMENT[: FRAGMENT.index(b"mdat") - 4] + build_box(b"free"),
    ):
        assert len(scan(INIT + FRAGMENT + tail)) == 1
    assert len(scan(INIT + FRAGMENT + build_box(b"free") + FRAGMENT)) == 1


def test_read_that_returns_less_than_asked_ends_the_scan() -> None:
    data = INIT + FRAGMENT
    assert list(scan_fragments(lambda at, size: data[at : at + size] if at < len(INIT) else b"", len(data))) == []
    with pytest.raises(TheirError):
        list(scan_fragments(lambda at, size: data[at : at + size] if size == 8 else b"", len(data)))


def patched(old: bytes, new: bytes) -> bytes:
    assert old in FRAGMENT
    return INIT + FRAGMENT.replace(old, new, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0\0\0\x08moov", build_box(b"ftyp") + build_box(b"moov", bytes(MAX_INIT_BYTES)),
        INIT + build_box(b"moof", bytes(MAX_MOOF_BYTES)),
        INIT + build_box(b"moof") + build_box(b"mdat"),
        patched(b"tfdt\x01", b"tfdt\x00"), patched(b"tfhd\x00\x02", b"tfhd\x00\x03"), patched(b"trun\x01\x00\x03", b"trun\x01\x00\x02"),
        patched(b"trun\x01\x00\x03\x05\0\0\0\x02", b"trun\x01\x00\x03\x05\0\0\0\x03"), patched(b"tfdt", b"xxxx"),
        patched(b"\0\0\0\x0a\0\0\x0e\x10\0\0\0\x0a", b"\0\0\0\x0a\0\0\x0e\x10\0\0\0\x0b"), patched(b"\0\0\0\x14tfdt", b"\0\0\0\x64tfdt"),
        INIT + build_box(b"moof", build_box(b"mfhd"), build_box(b"traf", build_box(b"tfhd"), build_box(b"tfdt"), build_box(b"trun")))
        + build_box(b"mdat"),
    ],
)  # fmt: skip
def test_malformed_file_is_their_error(data: bytes) -> None:
    with pytest.raises(TheirError):
        scan(data)


AAC_INIT = build_init({1: AAC})


@pytest.mark.parametrize(
    "data",
    [
        b"", bytes(MAX_INIT_BYTES + 1), build_box(b"moov"), INIT.replace(b"avc1", b"vp09", 3), INIT.replace(b"avcC", b"free"),
        INIT.replace(b"\x1f\x40\0\0", b"\0\0\0\0"), AAC_INIT.replace(b"\x03\x80\x80\x80", b"\x03\x80\x80\x00"),
        AAC_INIT.replace(b"\x05\x80\x80\x80", b"\x06\x80\x80\x80"),
        INIT.replace(b"\0\0\0\x24alaw", b"\0\0\0\x20alaw").replace(b"\x1f\x40\0\0", b""),
    ],
)  # fmt: skip
def test_malformed_init_is_their_error(data: bytes) -> None:
    with pytest.raises(TheirError):
        parse_init(data)


def test_sample_entry_that_ends_early_is_their_error() -> None:
    stsd = build_box(b"stsd", bytes(4), (1).to_bytes(4, "big"), build_box(b"alaw", bytes(10)))
    media = build_box(b"mdia", build_box(b"minf", build_box(b"stbl", stsd)))
    trak = build_box(b"trak", build_box(b"tkhd", bytes(12), (2).to_bytes(4, "big")), media)
    with pytest.raises(TheirError, match="ends early"):
        parse_init(build_box(b"moov", trak))
    with pytest.raises(TheirError):
        parse_init(build_box(b"moov", build_box(b"trak", build_box(b"tkhd", bytes(4)), media)))
    empty = build_box(b"mdia", build_box(b"minf", build_box(b"stbl", build_box(b"stsd", bytes(8)))))
    with pytest.raises(TheirError, match="do not write"):
        parse_init(build_box(b"moov", build_box(b"trak", build_box(b"tkhd", bytes(16)), empty)))


@pytest.mark.parametrize(
    ("config", "expected"),
    [(b"\x11\x90", (2, 48_000, 2)), (b"\xf8\xe8\x40", (39, 44_100, 2)), (b"\x17\x80\x3e\x80\x08", (2, 32_000, 1))],
)
def test_audio_configuration_is_read(config: bytes, expected: tuple[int, int, int]) -> None:
    parsed = parse_config(config)
    assert (parsed.object_type, parsed.rate_hz, parsed.channels) == expected


@pytest.mark.parametrize("config", [b"", b"\x11", b"\x16\x90", b"\x11\x80", b"\x01\x90", b"\x17\x80\x00\x00\x08"])
def test_unusable_audio_configuration_is_their_error(config: bytes) -> None:
    with pytest.raises(TheirError):
        parse_config(config)
