"""R-CAM-2: complete only while every must-zone has an ACTIVE channel."""

import pytest

from brightkitchen.domain.cameras.coverage import Channel, Coverage, build_coverage, is_complete, required_zones
from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.premises.kinds import load_packaged_kinds
from brightkitchen.domain.premises.model import Premises
from brightkitchen.domain.premises.states import PremisesState
from brightkitchen.kernel.ids import CameraId, PremisesId
from brightkitchen.kernel.units import Utc

KINDS = load_packaged_kinds()


def premises(category: str, *, area_m2: float | None = None, present: tuple[str, ...] = ()) -> Premises:
    return Premises(
        id=PremisesId("prm_a"),
        region="210302006",
        category=category,
        name="甲",
        initials="j",
        area_m2=area_m2,
        present_zones=present,
        state=PremisesState.IN_SERVICE,
        state_at=Utc(0),
        is_complete=False,
        is_demo=False,
        created_at=Utc(0),
        updated_at=Utc(0),
        version=1,
    )


def channel(zone: str, *more: str, activity: Activity = Activity.ACTIVE) -> Channel:
    return Channel(CameraId(f"cam_{zone}"), zone, frozenset(more), activity)


def states(item: Premises, *channels: Channel) -> dict[str, Coverage]:
    return {each.zone: each.state for each in build_coverage(item, KINDS, channels)}


def test_pharmacy_is_complete_with_door_and_counter() -> None:
    item = premises("PHARMACY")
    assert required_zones(item, KINDS) == ("GATE", "COUNTER")
    both = (channel("GATE"), channel("COUNTER"))
    assert is_complete(build_coverage(item, KINDS, both))
    assert not is_complete(build_coverage(item, KINDS, both[:1]))


@pytest.mark.parametrize("activity", [Activity.NEW, Activity.DEGRADED, Activity.OFFLINE])
def test_zone_without_an_active_channel_is_inactive_not_covered(activity: Activity) -> None:
    item = premises("PHARMACY")
    channels = (channel("GATE"), channel("COUNTER", activity=activity))
    assert states(item, *channels)["COUNTER"] is Coverage.INACTIVE
    assert not is_complete(build_coverage(item, KINDS, channels))


def test_second_channel_that_is_active_covers_the_zone() -> None:
    item = premises("PHARMACY")
    assert states(item, channel("GATE", activity=Activity.OFFLINE), channel("GATE"))["GATE"] is Coverage.COVERED


def test_zone_that_is_must_if_present_counts_only_where_it_is() -> None:
    without, having = premises("COLD_STORE"), premises("COLD_STORE", present=("DISINF",))
    assert states(without)["DISINF"] is Coverage.NOT_PRESENT
    assert states(having)["DISINF"] is Coverage.MISSING
    assert required_zones(without, KINDS) == ("GATE", "AISLE", "WORK")
    assert required_zones(having, KINDS) == ("GATE", "AISLE", "WORK", "DISINF")


@pytest.mark.parametrize(("area_m2", "is_covered"), [(50.0, True), (50.1, False), (None, False)])
def test_one_camera_serves_several_zones_in_a_small_restaurant_only(area_m2: float | None, is_covered: bool) -> None:
    coverage = build_coverage(premises("SNACK", area_m2=area_m2), KINDS, [channel("COOK", "CUT", "WASH")])
    assert is_complete(coverage) is is_covered


def test_small_school_needs_a_camera_for_each_zone() -> None:
    zones = ("STORE", "ROUGH", "CUT", "COOK", "SERVE", "WASH", "SAMPLE", "DINE")
    item = premises("PRIMARY_SCHOOL", area_m2=40)
    assert not is_complete(build_coverage(item, KINDS, [channel("COOK", *zones)]))
    assert is_complete(build_coverage(item, KINDS, [channel(zone) for zone in zones]))


def test_zone_that_should_be_seen_does_not_hinder_completeness() -> None:
    coverage = build_coverage(premises("SNACK"), KINDS, [channel("COOK"), channel("CUT"), channel("WASH")])
    assert is_complete(coverage)
    assert {each.zone for each in coverage if not each.is_required} == {"STORE", "ROUGH", "COLD", "DINE", "PACK"}


def test_category_that_nobody_knows_is_never_complete() -> None:
    assert not is_complete(build_coverage(premises("SPACE_STATION"), KINDS, [channel("COOK")]))
