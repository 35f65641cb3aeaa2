import itertools

import pytest

from brightkitchen_sim.faults import FAULTS, FaultError, Faults, build_schedule, parse_fault


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("stall", ("stall", "all")),
        ("stall=media", ("stall", "media")),
        ("loss", ("loss", 2.0)),
        ("loss=7.5", ("loss", 7.5)),
        ("refuse", ("refuse", True)),
        ("sdp_lies=size", ("sdp_lies", "size")),
        ("timestamp_jump=-5", ("timestamp_jump", -5.0)),
    ],
)
def test_fault_text_says_name_and_value(text: str, meaning: tuple[str, object]) -> None:
    assert parse_fault(text) == meaning


@pytest.mark.parametrize("text", ["", "fire", "stall=x", "loss=many", "loss=101", "loss=nan", "refuse=5", "drop=-1"])
def test_fault_text_without_sense_is_refused(text: str) -> None:
    with pytest.raises(FaultError):
        parse_fault(text)


def test_faults_tell_changes_and_keep_the_hot_path_flags() -> None:
    faults = Faults()
    told: list[tuple[str, object]] = []
    faults.watch(lambda name, value: told.append((name, value)))
    faults.set("stall", "media")
    assert (faults.no_media, faults.no_answers, faults.alters_packets) == (True, False, False)
    faults.set("loss", 50.0)
    assert faults.alters_packets
    faults.clear("stall")
    faults.clear("stall")
    faults.clear("loss")
    assert (faults.no_media, faults.alters_packets, faults.active) == (False, False, {})
    assert told == [("stall", "media"), ("loss", 50.0), ("stall", None), ("loss", None)]


def test_schedule_is_the_same_for_a_seed_and_never_overlaps() -> None:
    plan = build_schedule(7, range(1, 6), 1800.0)
    assert plan == build_schedule(7, range(1, 6), 1800.0)
    assert plan != build_schedule(8, range(1, 6), 1800.0)
    assert [fault for fault in plan if fault.camera == 3] == build_schedule(7, [3], 1800.0)
    assert [fault.at_s for fault in plan] == sorted(fault.at_s for fault in plan)
    for camera in range(1, 6):
        own = [fault for fault in plan if fault.camera == camera]
        assert len(own) > 5
        assert all(a.at_s + a.for_s < b.at_s for a, b in itertools.pairwise(own))
        assert own[-1].at_s + own[-1].for_s < 1800.0
    assert {fault.name for fault in plan} <= set(FAULTS)
