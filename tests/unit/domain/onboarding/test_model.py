"""What is handed in, and what acceptance asks for."""

import pytest

from brightkitchen.domain.onboarding.model import (
    Acceptance,
    Channel,
    Contract,
    Findings,
    HandedIn,
    Outcome,
    Payer,
    PlannedCamera,
    Talk,
    WorkOrder,
    build_checklist,
    check_handed_in,
    missing_of,
)
from brightkitchen.domain.onboarding.states import Need
from brightkitchen.kernel.deviceids import is_camera_gb_id, is_gb_id, parse_mac
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.ids import CameraId
from brightkitchen.kernel.text import say_error

CONTRACT = Contract(
    number="AS-TD-0001",
    party="鞍山市老街饺子馆",
    credit_code="91210302MA0Y000015",
    from_on="2026-11-01",
    to_on="2029-10-31",
    payer=Payer.MERCHANT,
    data_clause_agreed=True,
    signed_on="2026-10-30",
    manager="刘洋",
)
ACCEPTED = Acceptance(talk=Talk.OK, notice_sign_confirmed=True)
CAMERA = PlannedCamera(sn="E43902217", model="DS-2CD3T46", mac="44-19-B6-01-02-03", gb_id="21030200001320000001")


def channel(name: str = "烹饪间1号", **changes: object) -> Channel:
    values: dict[str, object] = {
        "id": CameraId("cam_1"),
        "name": name,
        "zone": "COOK",
        "is_approved": True,
        "approved_by_installer": False,
        "online_ratio": 1.0,
        "drift_s": 0.1,
        "has_recording": True,
    } | changes
    return Channel(**values)  # type: ignore[arg-type]  # a test's own defaults


def fields_of(needs: list[Need], given: HandedIn) -> list[object]:
    with pytest.raises(BrightKitchenError) as refused:
        check_handed_in(needs, given)
    assert refused.value.code == "web.fields"
    return [part.params["field"] for part in refused.value.parts]


def test_checklist_when_all_holds_misses_nothing() -> None:
    items = build_checklist(Findings((channel(),), (), True), ACCEPTED)
    assert {item.what: item.outcome for item in items} == dict.fromkeys(
        ("zones", "first_frames", "online", "clock", "playback", "talk", "notice_sign", "owner"), Outcome.OK
    )
    assert missing_of(items) == ()


def test_checklist_says_each_missing_thing_in_words() -> None:
    bad = channel(is_approved=False, online_ratio=0.5, drift_s=7.0, has_recording=False)
    given = Acceptance(talk=Talk.NOT_CAPABLE, notice_sign_confirmed=False)
    missing = missing_of(build_checklist(Findings((bad,), ("WASH",), False), given))
    assert [say_error(each, "en") for each in missing] == [
        "Nothing shows the must-zone “Washing”.",
        "No officer has approved the first frame of camera “烹饪间1号” yet.",
        "Online for 50.0% of the last 24 h; 95% are needed.",
        "The clock of camera “烹饪间1号” is too far off.",
        "Camera “烹饪间1号” has no recording to play back.",
        "The “video surveillance” notice sign has not been confirmed.",
        "The owner has no log-in for this premises yet.",
    ]


def test_checklist_without_any_camera_is_missing_that() -> None:
    missing = missing_of(build_checklist(Findings((), (), True), ACCEPTED))
    assert [each.code for each in missing] == ["onboarding.missing.channels", "onboarding.missing.online"]


def test_frame_approved_by_its_installer_does_not_count() -> None:
    items = build_checklist(Findings((channel(approved_by_installer=True),), (), True), ACCEPTED)
    assert [each.code for each in missing_of(items)] == ["onboarding.missing.first_frames"]


def test_what_nothing_measures_is_unknown_and_does_not_hold_up() -> None:
    items = build_checklist(Findings((channel(drift_s=None, has_recording=None),), (), True), ACCEPTED)
    assert {item.what for item in items if item.outcome is Outcome.UNKNOWN} == {"clock", "playback"}
    assert missing_of(items) == ()


def test_handed_in_that_is_whole_passes() -> None:
    check_handed_in([Need.CONTRACT], HandedIn(contract=CONTRACT))
    order = WorkOrder(installer="孙伟", planned_on="2026-11-25", cameras=(CAMERA,))
    check_handed_in([Need.WORK_ORDER], HandedIn(work_order=order))


def test_handed_in_without_what_is_needed_names_it() -> None:
    assert fields_of([Need.REASON, Need.CONTRACT], HandedIn()) == ["reason", "contract"]


def test_contract_without_data_clause_or_with_wrong_code_is_unfit() -> None:
    wrong = Contract(
        number=" ",
        party=CONTRACT.party,
        credit_code="91210302MA0Y000018",
        from_on="2026-11-01",
        to_on="2026-10-01",
        payer=Payer.MERCHANT,
        data_clause_agreed=False,
        signed_on="2026-02-30",
        manager="刘洋",
    )
    assert fields_of([Need.CONTRACT], HandedIn(contract=wrong)) == [
        "contract.number",
        "contract.credit_code",
        "contract.to_on",
        "contract.signed_on",
        "contract.data_clause_agreed",
    ]


def test_work_order_with_wrong_numbers_names_each() -> None:
    twice = PlannedCamera(sn=CAMERA.sn, model="", mac="44-19-B6", gb_id="2103020000132000001")
    order = WorkOrder(installer="孙伟", planned_on="soon", cameras=(CAMERA, twice))
    assert fields_of([Need.WORK_ORDER], HandedIn(work_order=order)) == [
        "work_order.planned_on",
        "work_order.cameras.0.sn",
        "work_order.cameras.1.sn",
        "work_order.cameras.1.model",
        "work_order.cameras.1.mac",
        "work_order.cameras.1.gb_id",
    ]


def test_gb_id_is_20_digits_and_a_camera_says_so() -> None:
    assert is_gb_id("21030200002000000001")
    assert not is_camera_gb_id("21030200002000000001")
    assert is_camera_gb_id("21030200001310000001")
    assert not is_gb_id("００030200001310000001")
    assert not is_gb_id("00000000001310000001")


def test_mac_is_read_in_every_usual_form() -> None:
    forms = ("44-19-B6-01-02-03", "4419.b601.0203", "4419b6010203", "44:19:b6:01:02:03")
    assert {parse_mac(form) for form in forms} == {"44:19:b6:01:02:03"}
    for wrong in ("", "44:19:b6:01:02", "zz:19:b6:01:02:03", "ff:ff:ff:ff:ff:ff"):
        with pytest.raises(ValueError, match="not a MAC"):
            parse_mac(wrong)
