import pytest

from brightkitchen.kernel.units import Utc
from brightkitchen.media.playback.service import TimeRange


@pytest.mark.parametrize(
    ("allowed", "touched"),
    [
        ((None, None), True),
        ((15, None), True),
        ((20, None), False),
        ((None, 10), False),
        ((None, 11), True),
        ((12, 13), True),
    ],
)
def test_range_touches_half_open(allowed: tuple[int | None, int | None], touched: bool) -> None:
    low, high = (Utc(at) if at is not None else None for at in allowed)
    assert TimeRange(low, high).touches(10, 20) is touched


def test_range_clips_to_what_may_be_seen() -> None:
    assert TimeRange(Utc(5), Utc(9)).clip(Utc(0), Utc(20)) == (5, 9)
    assert TimeRange(None, None).clip(Utc(0), Utc(20)) == (0, 20)
