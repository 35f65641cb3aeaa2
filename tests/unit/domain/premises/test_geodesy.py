"""The two datums: a known shift, there and back, and nothing moved abroad."""

from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.domain.premises.geodesy import Point, gcj02_to_wgs84, is_shifted, wgs84_to_gcj02

IN_CHINA = st.builds(Point, st.floats(73.5, 135.0), st.floats(18.2, 53.5))


def test_point_in_beijing_is_shifted_as_maps_do() -> None:
    drawn = wgs84_to_gcj02(Point(116.397228, 39.909605))
    assert abs(drawn.longitude_deg - 116.403472) < 1e-5
    assert abs(drawn.latitude_deg - 39.911008) < 1e-5


@given(IN_CHINA)
def test_there_and_back_is_the_same_point(point: Point) -> None:
    back = gcj02_to_wgs84(wgs84_to_gcj02(point))
    assert abs(back.longitude_deg - point.longitude_deg) < 1e-8
    assert abs(back.latitude_deg - point.latitude_deg) < 1e-8


@given(IN_CHINA)
def test_shift_is_hundreds_of_metres_and_no_more(point: Point) -> None:
    drawn = wgs84_to_gcj02(point)
    assert 0 < abs(drawn.longitude_deg - point.longitude_deg) + abs(drawn.latitude_deg - point.latitude_deg) < 0.03


def test_point_abroad_is_not_moved() -> None:
    tokyo = Point(139.7671, 35.6812)
    assert not is_shifted(tokyo)
    assert wgs84_to_gcj02(tokyo) == gcj02_to_wgs84(tokyo) == tokyo
