"""Spans, holes and their reasons; times in seconds."""

from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.model import Gap, Span
from brightkitchen.media.store.queries import clip_spans, explain_holes, holes_between, join_spans


def at(seconds: float) -> Utc:
    return Utc(int(seconds * US_PER_S))


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


def gap(start: float, end: float, reason: str) -> Gap:
    return Gap(at(start), at(end), reason)


def test_join_spans_overlapping_and_near_ones_become_one() -> None:
    assert join_spans([span(60, 120), span(0, 60.03), span(120.9, 130), span(131, 140), span(5, 6)]) == [
        span(0, 130),
        span(131, 140),
    ]


def test_clip_spans_keeps_only_what_lies_inside() -> None:
    assert clip_spans([span(0, 10), span(20, 30), span(40, 50)], at(5), at(25)) == [span(5, 10), span(20, 25)]


def test_holes_between_are_what_spans_leave_out() -> None:
    assert holes_between([span(10, 20), span(30, 40)], at(0), at(50)) == [span(0, 10), span(20, 30), span(40, 50)]
    assert holes_between([span(0, 50)], at(10), at(40)) == []
    assert holes_between([], at(10), at(10)) == []


def test_hole_without_a_note_is_unknown() -> None:
    assert explain_holes([span(0, 10)], [gap(20, 30, "ended")]) == [gap(0, 10, "unknown")]


def test_hole_is_cut_where_reasons_change_and_where_none_was_noted() -> None:
    noted = [gap(2, 4, "ended"), gap(4, 6, "host_unreachable"), gap(8, 20, "disk_full")]
    assert explain_holes([span(0, 10)], noted) == [
        gap(0, 2, "unknown"),
        gap(2, 4, "ended"),
        gap(4, 6, "host_unreachable"),
        gap(6, 8, "unknown"),
        gap(8, 10, "disk_full"),
    ]


def test_short_rests_of_a_hole_take_their_neighbours_reason() -> None:
    assert explain_holes([span(0, 10)], [gap(0.4, 9.5, "ended")]) == [gap(0, 10, "ended")]
    assert explain_holes([span(0, 10)], [gap(0, 8, "ended")]) == [gap(0, 8, "ended"), gap(8, 10, "unknown")]
