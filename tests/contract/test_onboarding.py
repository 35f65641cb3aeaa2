"""The road to service over HTTP: the whole walk by the right people, every refusal, and what is written."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control
from tests.contract.people import join
from tests.contract.register import OTHER_COUNTY
from tests.contract.small_city import add_channel, add_premises, build_city, connect_nodes, report

from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.maintenance.device_store import devices
from brightkitchen.domain.onboarding.states import TABLE, Event
from brightkitchen.domain.onboarding.store import denominator_changes, premises_events
from brightkitchen.domain.premises.states import PremisesState as State
from brightkitchen.domain.premises.store import premises
from brightkitchen.kernel.ids import CameraId, PremisesId
from brightkitchen.kernel.units import US_PER_S

COUNTY = Scope("210302")
CONTRACT = {
    "number": "AS-TD-0001",
    "party": "鞍山市老街饺子馆",
    "credit_code": "91210302MA0Y000015",
    "from_on": "2026-11-01",
    "to_on": "2029-10-31",
    "payer": "MERCHANT",
    "data_clause_agreed": True,
    "signed_on": "2026-10-30",
    "manager": "刘洋",
    "operator": "电信铁东",
}
POINT = {"zone": "COOK", "place": "门口上方", "has_power": True, "up_mbps": 30, "light": "GOOD", "height_m": 2.6}
SURVEY = {"points": [POINT, POINT | {"zone": "WASH"}], "result": "SUITABLE", "materials": "网线40米"}
WORK_ORDER = {
    "installer": "孙伟",
    "planned_on": "2026-11-25",
    "cameras": [
        {"sn": "E43902217", "model": "DS-2CD3T46", "mac": "44-19-B6-01-02-03", "gb_id": "21030200001320000001"},
        {"sn": "E43902218", "model": "DS-2CD3T46", "mac": "44-19-B6-01-02-04"},
    ],
}
ACCEPTANCE = {"talk": "NOT_CAPABLE", "notice_sign_confirmed": True, "notice_sign_note": "前厅入口右侧"}
EVERYTHING = {"reason": "测试", "contract": CONTRACT, "survey": SURVEY, "work_order": WORK_ORDER}


@dataclass(slots=True)
class People:
    """Who takes part."""

    manager: httpx.AsyncClient
    installer: httpx.AsyncClient
    officer: httpx.AsyncClient
    stranger: httpx.AsyncClient


@pytest.fixture
async def people(control: Control) -> AsyncIterator[People]:
    await build_city(control)
    await connect_nodes(control)
    found = People(
        await join(control, "pm", Grant(Role.OPERATOR_PM, COUNTY)),
        await join(control, "installer", Grant(Role.OPERATOR_INSTALLER, COUNTY)),
        await join(control, "officer", Grant(Role.COUNTY_OFFICER, COUNTY)),
        await join(control, "stranger", Grant(Role.COUNTY_OFFICER, Scope(OTHER_COUNTY))),
    )
    yield found
    for client in (found.manager, found.installer, found.officer, found.stranger):
        await client.aclose()


async def move(client: httpx.AsyncClient, premises_id: PremisesId, event: str, **fields: object) -> httpx.Response:
    return await client.post(f"/api/v1/premises/{premises_id}/onboarding/{event}", json=fields)


async def moved(client: httpx.AsyncClient, premises_id: PremisesId, event: str, **fields: object) -> dict[str, Any]:
    answer = await move(client, premises_id, event, **fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def rows(control: Control, table: sa.Table) -> list[Any]:
    async with control.database.read() as connection:
        return list(await connection.execute(sa.select(table)))


async def put_state(control: Control, premises_id: PremisesId, state: State) -> None:
    async with control.database.write() as connection:
        await connection.execute(premises.update().where(premises.c.id == premises_id).values(state=state.value))


async def bind_owner(control: Control, premises_id: PremisesId) -> None:
    scope = Scope(premises=premises_id)
    await control.services.users.create_user(
        LOCAL, "owner", grants=(Grant(Role.OWNER, scope),), password="rice-cooker-at-dawn"
    )


def installation(*cameras: CameraId) -> dict[str, object]:
    return {
        "cameras": [
            {"camera": camera, "zone": zone, "height_m": 2.6, "angle_deg": 35, "up_mbps": 28.4}
            for camera, zone in zip(cameras, ("COOK", "WASH"), strict=True)
        ]
    }


async def test_premises_walks_from_lead_to_service_by_the_right_people(control: Control, people: People) -> None:
    shop = await add_premises(control)
    await moved(people.manager, shop, "sign", contract=CONTRACT)
    await moved(people.installer, shop, "survey", survey=SURVEY)
    await moved(people.manager, shop, "order", work_order=WORK_ORDER)
    assert [(row.sn, row.state, row.premises_id, row.mac) for row in await rows(control, devices)] == [
        ("E43902217", "ASSIGNED", shop, "44:19:b6:01:02:03"),
        ("E43902218", "ASSIGNED", shop, "44:19:b6:01:02:04"),
    ]
    await moved(people.installer, shop, "start_install")
    cook = await add_channel(control, people.installer, shop, "COOK")
    wash = await add_channel(control, people.installer, shop, "WASH")
    dark = await move(people.installer, shop, "finish_install", installation=installation(cook, wash))
    assert (dark.status_code, dark.json()["code"]) == (409, "onboarding.first_frames_missing")
    assert [each["detail"] for each in dark.json()["errors"]] == [
        "摄像头“COOK 10.1.2.3”还没有画面。",
        "摄像头“WASH 10.1.2.3”还没有画面。",
    ]
    for camera in (cook, wash):
        report(control, camera)
    await moved(people.installer, shop, "finish_install", installation=installation(cook, wash))
    for camera in (cook, wash):
        assert (await people.officer.post(f"/api/v1/cameras/{camera}/approve", json={})).status_code == 200
    road = await moved(people.manager, shop, "start_trial")
    assert road["standing"]["state"] == "TRIAL"

    early = await move(people.officer, shop, "accept", acceptance=ACCEPTANCE)
    assert (early.status_code, early.json()["code"]) == (409, "onboarding.not_acceptable")
    assert [each["code"] for each in early.json()["errors"]] == [
        "onboarding.missing.online",
        "onboarding.missing.owner",
    ]
    await bind_owner(control, shop)
    await control.operations.presence.look()
    control.clock.jump(24 * 3600)
    for camera in (cook, wash):
        report(control, camera, since_s=24 * 3600)
    officer = await join(control, "officer2", Grant(Role.COUNTY_OFFICER, COUNTY))
    accepted = await moved(officer, shop, "accept", acceptance=ACCEPTANCE)
    assert {item["what"]: item["outcome"] for item in accepted["checklist"]}["zones"] == "OK"
    in_service = await moved(officer, shop, "put_in_service")
    await officer.aclose()

    assert in_service["standing"]["state"] == "IN_SERVICE"
    assert in_service["standing"]["is_complete"] is True
    assert [row["event"] for row in in_service["history"]] == [
        "put_in_service",
        "accept",
        "start_trial",
        "finish_install",
        "start_install",
        "order",
        "survey",
        "sign",
    ]
    assert in_service["history"][-1]["fields"]["contract"]["number"] == "AS-TD-0001"
    assert {row["actor"] for row in in_service["history"]} == {"pm", "installer", "officer2"}


@pytest.mark.parametrize("state", list(State))
async def test_every_event_that_the_table_lacks_is_a_clear_conflict(
    control: Control, admin: httpx.AsyncClient, state: State
) -> None:
    await build_city(control)
    shop = await add_premises(control, state=state.value)
    for event in Event:
        if (state, event) in TABLE:
            continue
        answer = await move(admin, shop, event.value, **EVERYTHING)
        assert (answer.status_code, answer.json()["code"]) == (409, "onboarding.not_now"), event
        assert "onboarding." not in answer.json()["detail"]
    assert await rows(control, premises_events) == []


async def test_every_transition_writes_exactly_one_event_row(control: Control, people: People) -> None:
    shop = await add_premises(control)
    steps: list[tuple[httpx.AsyncClient, str, dict[str, object]]] = [
        (people.manager, "refuse", {"reason": "暂不安装"}),
        (people.manager, "reopen", {"reason": "改变主意"}),
        (people.manager, "sign", {"contract": CONTRACT}),
        (people.officer, "relocate", {"reason": "搬到三道街"}),
        (people.manager, "reopen", {"reason": "已搬完"}),
        (people.officer, "terminate", {"reason": "转让"}),
        (people.officer, "reopen", {"reason": "新业主接手"}),
    ]
    for count, (client, event, fields) in enumerate(steps, start=1):
        await moved(client, shop, event, **fields)
        assert len(await rows(control, premises_events)) == count
    chain = sorted(await rows(control, premises_events), key=lambda row: row.id)
    assert {(row.from_state, row.event, row.to_state) for row in chain} == {
        ("LEAD", "refuse", "REFUSED"),
        ("REFUSED", "reopen", "LEAD"),
        ("LEAD", "sign", "SIGNED"),
        ("SIGNED", "relocate", "RELOCATED"),
        ("RELOCATED", "reopen", "SIGNED"),
        ("SIGNED", "terminate", "TERMINATED"),
        ("TERMINATED", "reopen", "LEAD"),
    }


async def test_refused_act_changes_nothing(control: Control, people: People) -> None:
    shop = await add_premises(control)
    answer = await move(people.manager, shop, "sign", contract=CONTRACT | {"data_clause_agreed": False})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["contract.data_clause_agreed"]
    road = (await people.manager.get(f"/api/v1/premises/{shop}/onboarding")).json()
    assert (road["standing"]["state"], road["history"]) == ("LEAD", [])


async def test_step_of_another_role_is_not_found(control: Control, people: People) -> None:
    shop = await add_premises(control, state="TRIAL")
    assert (await move(people.manager, shop, "accept", acceptance=ACCEPTANCE)).status_code == 404
    assert (await move(people.officer, shop, "start_trial")).status_code == 404


async def test_premises_outside_the_scope_does_not_exist(control: Control, people: People) -> None:
    shop = await add_premises(control)
    away = PremisesId("prm_0000000000000000")
    mine = await people.stranger.get(f"/api/v1/premises/{shop}/onboarding")
    nobodys = await people.stranger.get(f"/api/v1/premises/{away}/onboarding")
    assert (mine.status_code, mine.json()["detail"]) == (nobodys.status_code, nobodys.json()["detail"])
    board = (await people.stranger.get("/api/v1/onboarding")).json()
    assert (board["items"], sum(each["count"] for each in board["counts"])) == ([], 0)


async def test_steps_say_who_may_do_what_and_what_it_needs(control: Control, people: People) -> None:
    shop = await add_premises(control)
    steps = (await people.officer.get(f"/api/v1/premises/{shop}/onboarding")).json()["standing"]["steps"]
    assert [(step["event"], step["needs"], step["allowed"]) for step in steps] == [
        ("sign", ["contract"], False),
        ("refuse", ["reason"], True),
        ("terminate", ["reason"], True),
    ]
    assert steps[0]["roles"] == ["CITY_ADMIN", "OPERATOR_PM"]


async def test_same_contract_number_twice_is_a_conflict(control: Control, people: People) -> None:
    first, second = await add_premises(control), await add_premises(control, "大树烧烤")
    await moved(people.manager, first, "sign", contract=CONTRACT)
    answer = await move(people.manager, second, "sign", contract=CONTRACT)
    assert (answer.status_code, answer.json()["code"]) == (409, "onboarding.contract_taken")


async def test_survey_of_a_private_room_is_refused(control: Control, people: People) -> None:
    shop = await add_premises(control, state="SIGNED")
    answer = await move(people.manager, shop, "survey", survey=SURVEY | {"points": [POINT | {"zone": "PRIVATE_ROOM"}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "onboarding.zone_refused")


async def test_work_order_with_a_device_of_another_premises_is_refused(control: Control, people: People) -> None:
    first, second = await add_premises(control, state="SURVEYED"), await add_premises(control, state="SURVEYED")
    await moved(people.manager, first, "order", work_order=WORK_ORDER)
    answer = await move(people.manager, second, "order", work_order=WORK_ORDER)
    assert (answer.status_code, answer.json()["code"]) == (409, "device.taken")
    assert len(await rows(control, devices)) == 2


async def test_suspended_premises_returns_to_where_it_was_when_its_days_are_over(
    control: Control, people: People
) -> None:
    shop = await add_premises(control, state="IN_SERVICE")
    today = datetime.fromtimestamp(control.clock.utc() // US_PER_S, tz=UTC).date().isoformat()
    days = {"kind": "HOLIDAY", "from_on": today, "to_on": "2026-11-25"}
    await moved(people.officer, shop, "suspend", reason="停业检修", suspension=days)
    await control.services.onboarding.resume_ended()
    control.clock.jump(2 * 86400)
    assert await control.services.onboarding.resume_ended() == 0
    control.clock.jump(86400)
    assert await control.services.onboarding.resume_ended() == 1
    last = max(await rows(control, premises_events), key=lambda row: row.at)
    assert (last.event, last.to_state, last.actor) == ("resume", "IN_SERVICE", None)
    changes = await rows(control, denominator_changes)
    assert sorted((row.what, row.old, row.new) for row in changes) == [
        ("SUSPENSION", "", f"{today}/2026-11-25"),
        ("SUSPENSION", "SUSPENDED", ""),
    ]


async def test_suspension_that_does_not_include_today_is_refused(control: Control, people: People) -> None:
    shop = await add_premises(control, state="IN_SERVICE")
    days = {"kind": "CLOSED", "from_on": "2027-01-01", "to_on": "2027-02-01"}
    answer = await move(people.officer, shop, "suspend", reason="停业", suspension=days)
    assert [each["code"] for each in answer.json()["errors"]] == ["onboarding.suspension_not_now"]


async def test_denominator_changes_are_logged_one_row_each(
    control: Control, admin: httpx.AsyncClient, people: People
) -> None:
    shop = await add_premises(control)
    body = {"is_due": False, "exempt_reason": "只卖预包装食品", "reason": "现场核实"}
    assert (await people.officer.put(f"/api/v1/premises/{shop}/due", json=body)).status_code == 404
    assert (await admin.put(f"/api/v1/premises/{shop}/due", json=body)).status_code == 200
    assert (await admin.put(f"/api/v1/premises/{shop}/due", json=body)).status_code == 200
    changes = (await people.officer.get("/api/v1/onboarding/changes")).json()["items"]
    assert sorted((each["what"], each["old"], each["new"], each["actor"]) for each in changes) == [
        ("EXEMPTION", "", "只卖预包装食品", "管理员"),
        ("IS_DUE", "YES", "NO", "管理员"),
    ]
    assert (await people.stranger.get("/api/v1/onboarding/changes")).json()["items"] == []


async def test_terminated_premises_leaves_the_denominator_with_a_row(control: Control, people: People) -> None:
    shop = await add_premises(control)
    road = await moved(people.officer, shop, "terminate", reason="注销执照")
    assert road["standing"]["is_due"] is False
    assert [(row.what, row.new, row.reason) for row in await rows(control, denominator_changes)] == [
        ("IS_DUE", "NO", "注销执照")
    ]


async def test_board_counts_by_state_and_pages_the_longest_waiting_first(control: Control, people: People) -> None:
    for number in range(3):
        await add_premises(control, f"饺子馆{number}")
        control.clock.jump(60)
    await add_premises(control, "站前小学食堂", state="IN_SERVICE")
    first = (await people.officer.get("/api/v1/onboarding", params={"state": "LEAD", "limit": 2})).json()
    assert {each["state"]: each["count"] for each in first["counts"] if each["count"]} == {"LEAD": 3, "IN_SERVICE": 1}
    assert [each["name"] for each in first["items"]] == ["饺子馆0", "饺子馆1"]
    params = {"state": "LEAD", "limit": 2, "cursor": first["next_cursor"]}
    second = (await people.officer.get("/api/v1/onboarding", params=params)).json()
    assert ([each["name"] for each in second["items"]], second["next_cursor"]) == (["饺子馆2"], None)
    under_way = (await people.officer.get("/api/v1/onboarding")).json()["items"]
    assert [each["name"] for each in under_way] == ["饺子馆0", "饺子馆1", "饺子馆2"]
