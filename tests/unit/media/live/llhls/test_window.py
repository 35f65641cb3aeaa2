import pytest

from brightkitchen.kernel.errors import OurError
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.live.llhls.window import Window

NOW = Utc(1_795_392_000_000_000)
PART_US = 500_000


def fill(window: Window, segments: int, *, size_bytes: int = 1000, first: int = 0) -> None:
    """Add whole segments of four parts and two seconds; the data of part p of segment n is n * 4 + p, repeated."""
    for number in range(first, first + segments):
        window.open_segment(Utc(NOW + number * 2 * US_PER_S))
        for part in range(4):
            data = bytes([(number * 4 + part) % 256]) * size_bytes
            window.add_part(data, PART_US, is_independent=part == 0)
    window.close_segment()


def numbers(window: Window) -> list[int]:
    return [segment.number for segment in window.present().segments]


def test_window_slides_over_twelve_seconds_and_keeps_what_left_for_sixteen_more() -> None:
    window = Window()
    window.begin_timeline(b"init", PART_US)
    fill(window, 40)
    assert numbers(window) == [34, 35, 36, 37, 38, 39]
    assert [number for number in range(40) if window.segment(number) is not None] == list(range(26, 40))
    assert window.part(26, 3) == bytes([26 * 4 + 3]) * 1000
    assert window.part(25, 3) is None
    assert window.size_bytes == 14 * 4000


def test_window_with_nothing_in_it_is_empty_and_finds_nothing() -> None:
    window = Window()
    assert window.is_empty
    assert (window.part(0, 0), window.segment(0), window.init(1), window.rates_bps()) == (None, None, None, (0, 0))
    window.begin_timeline(b"init", PART_US)
    window.open_segment(NOW)
    window.add_part(b"a", PART_US, is_independent=True)
    said = window.is_empty
    window.close_segment()
    assert [said, window.is_empty] == [True, False]  # the list begins with a whole segment


def test_growing_segment_has_parts_and_is_not_given_whole() -> None:
    window = Window()
    window.begin_timeline(b"init", PART_US)
    window.open_segment(NOW)
    window.add_part(b"a", PART_US, is_independent=True)
    assert (window.part(0, 0), window.part(0, 1), window.segment(0)) == (b"a", None, None)
    window.close_segment()
    assert window.segment(0) == (b"a",)


def test_segment_without_a_part_never_was() -> None:
    window = Window()
    window.begin_timeline(b"init", PART_US)
    fill(window, 1)
    window.open_segment(NOW)
    window.close_segment()
    fill(window, 1, first=1)
    assert numbers(window) == [0, 1]


def test_timelines_are_discontinuities_and_are_counted_when_they_leave() -> None:
    window = Window()
    for init in range(1, 11):
        window.begin_timeline(b"init %d" % init, PART_US)
        fill(window, 2, first=2 * init)
    live = window.present()
    assert [(each.number, each.init, each.is_discontinuity) for each in live.segments] == [
        (14, 8, True),
        (15, 8, False),
        (16, 9, True),
        (17, 9, False),
        (18, 10, True),
        (19, 10, False),
    ]
    assert live.discontinuities == 6  # the first timeline began without one; those of 8, 9 and 10 are listed
    assert window.init(10) == b"init 10"
    assert window.init(1) is None


def test_first_segment_of_all_is_no_discontinuity() -> None:
    window = Window()
    window.begin_timeline(b"a", PART_US)
    window.begin_timeline(b"b", PART_US)
    fill(window, 1)
    assert [each.is_discontinuity for each in window.present().segments] == [False]


def test_bound_forgets_what_left_first_and_then_the_oldest_listed() -> None:
    window = Window(limit_bytes=20_000)
    window.begin_timeline(b"init", PART_US)
    fill(window, 40)
    assert window.size_bytes <= 20_000
    assert numbers(window) == [35, 36, 37, 38, 39]
    assert window.segment(34) is None
    window.limit_bytes = 9_000
    fill(window, 1, first=40)
    assert numbers(window) == [39, 40]
    assert window.size_bytes <= 9_000


def test_segment_of_half_the_bound_shall_end() -> None:
    window = Window(limit_bytes=4_000)
    window.begin_timeline(b"init", PART_US)
    window.open_segment(NOW)
    said = []
    for size_bytes in (1_999, 1):
        window.add_part(bytes(size_bytes), PART_US, is_independent=False)
        said.append(window.is_full)
    window.close_segment()
    assert [*said, window.is_full] == [False, True, False]


def test_text_is_built_once_until_something_is_new() -> None:
    window = Window()
    window.begin_timeline(b"init", PART_US)
    fill(window, 2)
    text = window.text()
    assert window.text() is text
    window.open_segment(NOW)
    window.add_part(b"x", PART_US, is_independent=True)
    assert b"2.0.m4s" in window.text()


def test_rates_are_the_highest_and_the_average() -> None:
    window = Window()
    window.begin_timeline(b"init", PART_US)
    fill(window, 1, size_bytes=1000)
    fill(window, 1, first=1, size_bytes=3000)
    assert window.rates_bps() == (48_000, 32_000)


def test_parts_and_segments_need_what_comes_before_them() -> None:
    window = Window()
    with pytest.raises(OurError):
        window.open_segment(NOW)
    with pytest.raises(OurError):
        window.add_part(b"", PART_US, is_independent=True)
