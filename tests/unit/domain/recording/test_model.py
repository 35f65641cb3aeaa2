"""What holds for a camera follows from three levels and a floor; modes become windows of time."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.domain.premises.hours import parse_hours
from brightkitchen.domain.recording.model import (
    Effective,
    Level,
    Mode,
    Rule,
    Subject,
    build_plan,
    floor_of,
    merge_rules,
)
from brightkitchen.kernel.ids import CameraId, PremisesId
from brightkitchen.kernel.recordingplan import FLOOR_DAYS, MOST_DAYS
from brightkitchen.kernel.units import US_PER_S, Utc

SHANGHAI = ZoneInfo("Asia/Shanghai")
PUBLIC = frozenset({"DINE", "GATE", "COUNTER"})
CAMERA, PREMISES = CameraId("cam_0000000000000001"), PremisesId("prm_0000000000000001")


def subject(zone: str = "COOK", *, hours: str = "", has_sub: bool = True, usual_days: int = 30) -> Subject:
    return Subject(
        CAMERA, PREMISES, "PHARMACY", (zone,), parse_hours(hours), has_sub, usual_days=usual_days, streams=("main",)
    )


def rule(
    level: Level, keep_days: int | None = None, mode: Mode | None = None, version: int = 1
) -> tuple[tuple[Level, str], Rule]:
    name = {Level.CATEGORY: "PHARMACY", Level.PREMISES: str(PREMISES), Level.CAMERA: str(CAMERA)}[level]
    return (level, name), Rule(level, name, keep_days, mode, "专项", version, None, Utc(0))


def merged(*said: tuple[tuple[Level, str], Rule], zone: str = "COOK") -> Effective:
    one = subject(zone)
    return merge_rules(dict(said), one, floor_of(one.zones, PUBLIC))


def test_without_rules_the_usual_holds() -> None:
    assert merged() == Effective(30, Mode.ALWAYS, FLOOR_DAYS, None, None, 0)


def test_narrower_rule_goes_before_a_wider_one_field_by_field() -> None:
    found = merged(
        rule(Level.CATEGORY, 60, Mode.SUB_WHEN_CLOSED, 3),
        rule(Level.PREMISES, 15, None, 4),
        rule(Level.CAMERA, None, Mode.ALWAYS, 2),
    )
    assert (found.keep_days, found.keep_from) == (15, Level.PREMISES)
    assert (found.mode, found.mode_from) == (Mode.ALWAYS, Level.CAMERA)
    assert found.version == 4


def test_rule_of_another_premises_changes_nothing() -> None:
    (level, _), other = rule(Level.PREMISES, 90)
    assert merge_rules({(level, "prm_0000000000000009"): other}, subject(), 7).keep_days == 30


@pytest.mark.parametrize(("zone", "floor"), [("COOK", 7), ("DINE", 30), ("GATE", 30), ("COUNTER", 30)])
def test_floor_of_the_zone_holds_whatever_is_said(zone: str, floor: int) -> None:
    found = merged(rule(Level.CATEGORY, 7), zone=zone)
    assert (found.keep_days, found.floor_days) == (floor, floor)


@given(
    days=st.lists(st.one_of(st.none(), st.integers(-100, 1000)), min_size=3, max_size=3),
    zone=st.sampled_from(["COOK", "DINE", "WASH", "GATE"]),
)
def test_no_rule_keeps_less_than_the_floor_or_more_than_the_most(days: list[int | None], zone: str) -> None:
    said = [rule(level, wish) for level, wish in zip(Level, days, strict=True)]
    found = merged(*said, zone=zone)
    assert max(FLOOR_DAYS, found.floor_days) <= found.keep_days <= MOST_DAYS


def at(text: str) -> Utc:
    return Utc(int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()) * US_PER_S)


def plan_for(mode: Mode, hours: str = "1-5 07:00-14:00", **more: object):  # type: ignore[no-untyped-def]
    one = subject(hours=hours, **more)  # type: ignore[arg-type]
    return build_plan(Effective(30, mode, 7, None, None, 5), one, now=at("2026-11-23T10:00:00"), zone=SHANGHAI)


def test_closed_hours_begin_and_end_an_hour_off() -> None:
    plan = plan_for(Mode.OPEN_HOURS)  # a Monday
    assert [
        plan.recorded_at(at(f"2026-11-24T{time}")) for time in ("05:59:59", "06:00:00", "14:59:59", "15:00:00")
    ] == [
        (),
        ("main",),
        ("main",),
        (),
    ]
    assert plan.recorded_at(at("2026-11-28T10:00:00")) == ()  # Saturday
    assert (plan.version, plan.keep_days) == (5, 30)


def test_small_stream_is_recorded_when_closed() -> None:
    plan = plan_for(Mode.SUB_WHEN_CLOSED)
    assert [plan.recorded_at(at(f"2026-11-24T{time}")) for time in ("03:00:00", "12:00:00")] == [("sub",), ("main",)]


def test_camera_without_a_small_stream_goes_on_with_its_only_one() -> None:
    plan = plan_for(Mode.SUB_WHEN_CLOSED, has_sub=False)
    assert plan.recorded_at(at("2026-11-24T03:00:00")) == ("main",)


def test_beyond_the_told_week_everything_is_recorded() -> None:
    assert plan_for(Mode.OPEN_HOURS).recorded_at(at("2026-12-05T03:00:00")) == ("main",)


def test_unknown_hours_are_always_recorded() -> None:
    assert plan_for(Mode.OPEN_HOURS, "").quiet == ()


def test_never_is_never() -> None:
    assert plan_for(Mode.NEVER).recorded_at(at("2026-11-24T12:00:00")) == ()


def test_windows_stay_the_same_all_day_long() -> None:
    one = subject(hours="1-7 17:00-02:00;1-7 06:00-09:00")
    effective = Effective(30, Mode.OPEN_HOURS, 7, None, None, 5)
    plans = {
        build_plan(effective, one, now=Utc(at("2026-11-23T00:00:00") + hour * 3600 * US_PER_S), zone=SHANGHAI)
        for hour in range(24)
    }
    assert len(plans) == 1
    quiet = plans.pop().quiet
    assert all(window.from_at < window.to_at for window in quiet)
    assert all(one.to_at < other.from_at for one, other in pairwise(quiet))


@given(begin=st.integers(0, 1439), length=st.integers(1, 1439), ahead_s=st.integers(0, 7 * 86_400))
def test_open_minutes_are_never_quiet(begin: int, length: int, ahead_s: int) -> None:
    end = (begin + length) % 1440
    hours = f"1-7 {begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    now = at("2026-11-23T10:00:00")
    plan = build_plan(Effective(30, Mode.OPEN_HOURS, 7, None, None, 1), subject(hours=hours), now=now, zone=SHANGHAI)
    moment = Utc(now + ahead_s * US_PER_S)
    local = datetime.fromtimestamp(moment // US_PER_S, UTC).astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    is_open = (minute - begin) % 1440 < length
    if is_open:
        assert plan.recorded_at(moment) == ("main",)
