from dataclasses import replace

import pytest

from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.wire.hls.live import (
    LiveList,
    LivePart,
    LiveSegment,
    Place,
    Reload,
    build_live_multivariant,
    build_live_playlist,
    find_next_place,
    judge_reload,
    parse_media_name,
    parse_reload,
)

NOW = Utc(1_795_392_000_000_000)
KEY, OTHER = LivePart(500_000, True), LivePart(500_000, False)


def segment(number: int, *, parts: int = 4, init: int = 1, broken: bool = False, whole: bool = True) -> LiveSegment:
    start_at = Utc(NOW + number * 2 * US_PER_S)
    return LiveSegment(number, init, start_at, (KEY, *[OTHER] * (parts - 1)), broken, whole)


GROWING = LiveList((segment(7), segment(8), segment(9, parts=2, whole=False)), 0, 4, 550_000)
WHOLE = LiveList((segment(7), segment(8)), 0, 4, 550_000)


def test_growing_list_is_this_text() -> None:
    assert build_live_playlist(GROWING).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:4",
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.650,HOLD-BACK=12.000",
        "#EXT-X-PART-INF:PART-TARGET=0.550",
        "#EXT-X-MEDIA-SEQUENCE:7",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        '#EXT-X-MAP:URI="init/1.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:14.000000Z",
        '#EXT-X-PART:DURATION=0.500000,URI="7.0.m4s",INDEPENDENT=YES',
        '#EXT-X-PART:DURATION=0.500000,URI="7.1.m4s"',
        '#EXT-X-PART:DURATION=0.500000,URI="7.2.m4s"',
        '#EXT-X-PART:DURATION=0.500000,URI="7.3.m4s"',
        "#EXTINF:2.000000,",
        "7.m4s",
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:16.000000Z",
        '#EXT-X-PART:DURATION=0.500000,URI="8.0.m4s",INDEPENDENT=YES',
        '#EXT-X-PART:DURATION=0.500000,URI="8.1.m4s"',
        '#EXT-X-PART:DURATION=0.500000,URI="8.2.m4s"',
        '#EXT-X-PART:DURATION=0.500000,URI="8.3.m4s"',
        "#EXTINF:2.000000,",
        "8.m4s",
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T00:00:18.000000Z",
        '#EXT-X-PART:DURATION=0.500000,URI="9.0.m4s",INDEPENDENT=YES',
        '#EXT-X-PART:DURATION=0.500000,URI="9.1.m4s"',
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="9.2.m4s"',
    ]


def test_whole_list_hints_at_the_first_part_of_the_next_segment() -> None:
    assert build_live_playlist(WHOLE).splitlines()[-3:] == [
        "#EXTINF:2.000000,",
        "8.m4s",
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="9.0.m4s"',
    ]
    assert find_next_place(WHOLE) == Place(9, 0)


def test_parts_of_old_segments_are_left_out() -> None:
    text = build_live_playlist(replace(WHOLE, segments=tuple(segment(number) for number in range(6))))
    assert [f'URI="{number}.0.m4s"' in text for number in range(6)] == [False, False, False, True, True, True]
    assert all(f"\n{number}.m4s\n" in text for number in range(6))


def test_other_timeline_is_a_discontinuity_with_its_own_map() -> None:
    changed = (segment(7), segment(8, init=2, broken=True), segment(9, init=2))
    lines = build_live_playlist(replace(WHOLE, segments=changed, discontinuities=3)).splitlines()
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:3" in lines
    at = lines.index("#EXT-X-DISCONTINUITY")
    assert lines[at - 1] == "7.m4s"
    assert lines[at + 1] == '#EXT-X-MAP:URI="init/2.mp4"'
    assert lines.count("#EXT-X-DISCONTINUITY") == 1
    assert sum(line.startswith("#EXT-X-MAP") for line in lines) == 2


def test_multivariant_is_this_text() -> None:
    assert build_live_multivariant(
        codecs=("avc1.640028", "mp4a.40.2"),
        width_px=1920,
        height_px=1080,
        peak_bps=4_000_000,
        average_bps=3_000_000,
        uri="video.m3u8",
    ).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        '#EXT-X-STREAM-INF:BANDWIDTH=4000000,AVERAGE-BANDWIDTH=3000000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1920x1080',
        "video.m3u8",
    ]


def test_multivariant_of_an_unknown_size_and_rate_says_no_zero() -> None:
    text = build_live_multivariant(codecs=("avc1",), width_px=0, height_px=0, peak_bps=0, average_bps=0, uri="v")
    assert text.splitlines()[2] == '#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS="avc1"'


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("0", (0, None)),
        ("12", (12, None)),
        ("12.0", (12, 0)),
        ("12.34", (12, 34)),
        ("", None),
        ("01", None),
        ("1.", None),
        ("1.01", None),
        ("1.2.3", None),
        ("-1", None),
        ("1 ", None),
        ("١", None),
        ("1234567890", None),
        ("1.12345", None),
    ],
)
def test_parse_media_name(name: str, found: tuple[int, int | None] | None) -> None:
    assert parse_media_name(name) == found


def test_parse_reload_reads_segment_and_part() -> None:
    assert parse_reload(None, None) is None
    assert parse_reload("7", None) == Place(7, -1)
    assert parse_reload("7", "0") == Place(7, 0)


@pytest.mark.parametrize(
    ("number", "part"),
    [(None, "1"), ("", None), ("x", None), ("7", ""), ("7", "-1"), ("1234567890", None), ("٧", None)],
)
def test_parse_reload_refuses_what_is_no_number(number: str | None, part: str | None) -> None:
    with pytest.raises(ValueError):
        parse_reload(number, part)


@pytest.mark.parametrize(
    ("wanted", "growing", "whole"),
    [
        (Place(6, 9), Reload.READY, Reload.READY),  # left the list long ago
        (Place(8, -1), Reload.READY, Reload.READY),
        (Place(8, 3), Reload.READY, Reload.READY),
        (Place(8, 4), Reload.READY, Reload.WAIT),  # the first part of segment 9
        (Place(9, -1), Reload.WAIT, Reload.WAIT),
        (Place(9, 0), Reload.READY, Reload.WAIT),
        (Place(9, 1), Reload.READY, Reload.WAIT),
        (Place(9, 2), Reload.WAIT, Reload.WAIT),
        (Place(9, 7), Reload.WAIT, Reload.WAIT),
        (Place(9, 8), Reload.REFUSE, Reload.WAIT),  # 3 s of parts of 0.55 s are six
        (Place(10, 0), Reload.WAIT, Reload.WAIT),
        (Place(11, -1), Reload.WAIT, Reload.REFUSE),
        (Place(12, -1), Reload.REFUSE, Reload.REFUSE),
    ],
)
def test_judge_reload(wanted: Place, growing: Reload, whole: Reload) -> None:
    assert (judge_reload(GROWING, wanted), judge_reload(WHOLE, wanted)) == (growing, whole)


def test_judge_reload_of_long_parts_allows_three_ahead() -> None:
    slow = replace(GROWING, part_target_us=US_PER_S)
    assert [judge_reload(slow, Place(9, part)) for part in (4, 5)] == [Reload.WAIT, Reload.REFUSE]
