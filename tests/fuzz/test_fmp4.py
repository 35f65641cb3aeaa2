"""Any bytes as a file: fragments or their error; and what is written is read back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.aac import build_audio_format
from brightkitchen.wire.au import AccessUnit, AudioFormat, Codec, VideoFormat
from brightkitchen.wire.fmp4.reader import build_video_init_from, find_whole_end, parse_init, scan_fragments
from brightkitchen.wire.fmp4.writer import DtsAssigner, build_fragment, build_init
from brightkitchen.wire.h26x import build_video_format

SETS = (bytes.fromhex("67640028ac2b402802dd80b501010140000003004000000ca3c60ca8"), bytes.fromhex("68ee3cb0"))
VIDEO = build_video_format(Codec.H264, SETS)
INIT = build_init({0: VIDEO, 1: build_audio_format(b"\x11\x90")})
UNITS = [AccessUnit(0, n * 3600, bytes((n,)) * (n + 1), n == 0, Utc(0)) for n in range(5)]
FILE = INIT + b"".join(build_fragment(0, VIDEO, UNITS, sequence=1, base_ticks=0, end_ticks=18_000)) * 3


@settings(max_examples=400, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(FILE) - 1), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, len(FILE)),
)
def test_damaged_file_gives_fragments_or_their_error(changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(FILE)
    for at, value in changes:
        damaged[at] = value
    data = bytes(damaged[:cut])
    try:
        for fragment in scan_fragments(lambda at, size: data[at : at + size], len(data)):
            assert fragment.end_bytes <= len(data)
            assert sum(sample.size_bytes for sample in fragment.samples) <= len(data)
        assert find_whole_end(lambda at, size: data[at : at + size], len(data)) <= len(data)
        build_video_init_from(data[: len(INIT)])
    except TheirError:
        pass


@settings(max_examples=200, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=20), steps=st.lists(st.integers(1, 9000), min_size=20, max_size=20),
    base=st.integers(0, 10**9), keys=st.lists(st.booleans(), min_size=20, max_size=20), depth=st.integers(0, 4),
)  # fmt: skip
def test_fragment_read_back_equals_what_was_written(
    sizes: list[int], steps: list[int], base: int, keys: list[bool], depth: int
) -> None:
    format = VideoFormat(Codec.H264, VIDEO.width_px, VIDEO.height_px, SETS, VIDEO.codec_string, depth)
    units, at = [], base
    for size, step, key in zip(sizes, steps, keys, strict=False):
        units.append(AccessUnit(0, at, bytes(size), key, Utc(0)))
        at += step
    order = DtsAssigner(depth)
    data = INIT + b"".join(build_fragment(0, format, units, sequence=7, base_ticks=base, end_ticks=at, order=order))
    (fragment,) = scan_fragments(lambda at, size: data[at : at + size], len(data))
    assert (fragment.sequence, fragment.track, fragment.end_bytes) == (7, 0, len(data))
    assert [sample.size_bytes for sample in fragment.samples] == sizes
    assert [s.decode_time + s.composition_offset + base for s in fragment.samples] == [unit.pts for unit in units]
    assert [sample.is_key for sample in fragment.samples] == keys[: len(sizes)]
    assert all(sample.duration > 0 for sample in fragment.samples)


@settings(max_examples=100, deadline=None)
@given(
    codec=st.sampled_from([Codec.PCMA, Codec.PCMU]),
    rate=st.sampled_from([8_000, 16_000, 48_000]),
    channels=st.integers(1, 2),
)
def test_init_read_back_equals_its_formats(codec: Codec, rate: int, channels: int) -> None:
    sound = AudioFormat(codec, rate, channels, "alaw" if codec is Codec.PCMA else "ulaw")
    assert parse_init(build_init({0: VIDEO, 1: sound})) == {0: VIDEO, 1: sound}
