"""S50, T26: the owner is told who watched the own kitchen: the next morning, without names, and nothing is ever left out."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.contract.conftest import NODE, PASSWORD, UNSAFE, Control, add_camera
from tests.contract.people import log_in_as
from tests.contract.register import COUNTY, KITCHEN, OTHER_COUNTY, OTHER_KITCHEN, insert_premises, place_camera
from tests.contract.test_audit import grant, rows_of, session_of, view

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.model import WATCHED, Who
from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.kernel.ids import PremisesId
from brightkitchen.kernel.units import US_PER_S, Utc

DAY_S = 86_400.0
OWNER = Grant(Role.OWNER, Scope(premises=PremisesId(KITCHEN)))
OFFICER = Grant(Role.COUNTY_OFFICER, Scope(COUNTY))
OFFICER_NAME = "zhang.officer"


def go_to(control: Control, text: str) -> None:
    """Move the clock forward to a local instant of the city, e.g. "2026-11-24T08:00"."""
    at = int(datetime.fromisoformat(text + ":00+08:00").astimezone(UTC).timestamp()) * US_PER_S
    control.clock.jump((at - control.clock.utc()) / US_PER_S)


async def watch_page(client: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/premises/{KITCHEN}/watchers", params=params)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def watches(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await watch_page(client))["items"])


async def log_in_again(client: httpx.AsyncClient, username: str) -> None:
    answer = await client.post("/api/v1/session", json={"username": username, "password": PASSWORD}, headers=UNSAFE)
    client.headers["cookie"] = "__Host-bk_session=" + answer.headers["set-cookie"].partition(";")[0].partition("=")[2]


@pytest.fixture
async def kitchen(control: Control, admin: httpx.AsyncClient) -> str:
    """A camera in the owner's kitchen; today is 2026-11-23, 08:00 in the city."""
    await insert_premises(control, id=KITCHEN)
    camera: str = (await add_camera(admin))["id"]
    await place_camera(control, camera)
    return camera


async def _officer_watches(control: Control, camera: str) -> None:
    """An officer of the county watches for a minute and takes a picture."""
    async with control.client(address="192.0.2.99") as officer:
        await log_in_as(control, officer, OFFICER_NAME, OFFICER)
        assert (await grant(officer, camera)).status_code == 200
        assert (await grant(officer, camera, "snapshot")).status_code == 200
    sid = await session_of(control)
    control.clock.jump(70)
    reports = [
        view(control, camera, sid, 1),
        view(control, camera, sid, 2, act="snapshot", seconds=0, count=2),
    ]
    assert await control.services.cameras.note_views(NODE, reports) == 0


async def test_owner_is_told_from_eight_of_the_next_morning(control: Control, kitchen: str) -> None:
    async with control.client() as owner:
        await log_in_as(control, owner, "owner", OWNER)
        await _officer_watches(control, kitchen)
        for time in ("2026-11-23T23:59", "2026-11-24T07:59"):
            go_to(control, time)
            await log_in_again(owner, "owner")
            assert await watches(owner) == []
        go_to(control, "2026-11-24T08:00")
        told = await watches(owner)
    assert [(each["act"], each["seconds"], each["count"], each["camera"]) for each in told] == [
        ("snapshot", 0, 2, kitchen),
        ("live", 60, 1, kitchen),
    ]
    assert {(each["authority"], each["role"]) for each in told} == {(COUNTY, "COUNTY_OFFICER")}


async def test_owner_is_never_told_who_by_name_or_from_where(control: Control, kitchen: str) -> None:
    await _officer_watches(control, kitchen)
    officer = (await rows_of(control, model.MEDIA_VIEW))[0].row
    go_to(control, "2026-11-24T09:00")
    async with control.client() as owner:
        await log_in_as(control, owner, "owner", OWNER)
        answer = await owner.get(f"/api/v1/premises/{KITCHEN}/watchers")
    assert answer.json()["items"] != []
    for secret in (OFFICER_NAME, officer.actor_id, officer.session, "192.0.2.99"):
        assert secret not in answer.text


async def test_other_owner_officer_elsewhere_and_stranger_find_nothing_there(control: Control, kitchen: str) -> None:
    await insert_premises(control, id=OTHER_KITCHEN)
    await _officer_watches(control, kitchen)
    go_to(control, "2026-11-24T09:00")
    answers = set()
    grants = {
        "other.owner": Grant(Role.OWNER, Scope(premises=PremisesId(OTHER_KITCHEN))),
        "other.county": Grant(Role.COUNTY_OFFICER, Scope(OTHER_COUNTY)),
        "parent": Grant(Role.PARENT, Scope(premises=PremisesId(KITCHEN))),
        "system": Grant(Role.SYS_ADMIN),
    }
    for name, each in grants.items():
        async with control.client() as client:
            await log_in_as(control, client, name, each)
            answer = await client.get(f"/api/v1/premises/{KITCHEN}/watchers")
            never = await client.get("/api/v1/premises/prm_9999999999999999/watchers")
            assert {**answer.json(), "instance": ""} == {**never.json(), "instance": ""}
            answers.add(answer.status_code)
    assert answers == {404}


async def test_allowed_view_that_no_node_reports_is_told_without_seconds(
    control: Control, admin: httpx.AsyncClient, kitchen: str
) -> None:
    await grant(admin, kitchen)
    await grant(admin, kitchen, "snapshot")
    sid = await session_of(control)
    control.clock.jump(30)
    await control.services.cameras.note_views(
        NODE, [view(control, kitchen, sid, 1, started_at=Utc(control.clock.utc() - 20 * US_PER_S))]
    )
    go_to(control, "2026-11-24T09:00")
    async with control.client() as owner:
        await log_in_as(control, owner, "owner", OWNER)
        assert [(each["act"], each["seconds"]) for each in await watches(owner)] == [("live", 60), ("snapshot", None)]


async def test_open_case_delays_until_it_closes(control: Control, kitchen: str) -> None:
    await _officer_watches(control, kitchen)
    go_to(control, "2026-11-23T20:00")
    async with control.database.write() as connection:
        await control.services.audit.open_case(connection, "case_1", KITCHEN, Who("usr_1", "COUNTY_OFFICER"))
    go_to(control, "2026-11-25T09:00")
    async with control.client() as owner:
        await log_in_as(control, owner, "owner", OWNER)
        assert await watches(owner) == []
        async with control.database.write() as connection:
            await control.services.audit.close_case(connection, "case_1", Who("usr_1", "COUNTY_OFFICER"))
        assert len(await watches(owner)) == 2
    opened, closed = await rows_of(control, model.CASE_OPENED, model.CASE_CLOSED)
    assert (opened.row.premises_id, closed.row.premises_id) == (KITCHEN, KITCHEN)


async def test_open_case_hides_nothing_that_was_told_before_and_nothing_beyond_ninety_days(
    control: Control, kitchen: str
) -> None:
    await _officer_watches(control, kitchen)
    go_to(control, "2026-11-24T09:00")
    async with control.database.write() as connection:
        await control.services.audit.open_case(connection, "case_1", KITCHEN, Who("usr_1", "COUNTY_OFFICER"))
    await control.services.cameras.note_views(NODE, [view(control, kitchen, await session_of(control), 9, seconds=7)])
    go_to(control, "2026-11-26T09:00")
    async with control.client() as owner:
        await log_in_as(control, owner, "owner", OWNER)
        assert [each["seconds"] for each in await watches(owner)] == [0, 60]
        go_to(control, "2027-02-22T08:59")
        await log_in_again(owner, "owner")
        assert len(await watches(owner)) == 2
        go_to(control, "2027-02-22T09:01")
        await log_in_again(owner, "owner")
        assert [each["seconds"] for each in await watches(owner)] == [7, 0, 60]


async def test_every_watch_in_the_audit_is_told_once_over_all_pages(control: Control, kitchen: str) -> None:
    trail = control.services.audit
    await insert_premises(control, id=OTHER_KITCHEN)
    async with control.database.write() as connection:
        await trail.open_case(connection, "case_1", KITCHEN, Who("usr_1", "COUNTY_OFFICER"))
    for number in range(60):
        kind = WATCHED[number % len(WATCHED)]
        where = OTHER_KITCHEN if number % 7 == 3 else KITCHEN
        decision = model.REFUSED if number % 11 == 5 else model.ALLOWED
        who = Who(f"usr_{number}", "COUNTY_OFFICER", f"sid_{number}")
        await trail.record(
            trail.entry(kind, who, premises_id=where, camera_id=kitchen, decision=decision, detail={"seconds": number})
        )
        control.clock.jump(3_600)
    control.clock.jump(91 * DAY_S)
    expected = [
        found.row.seq
        for found in await rows_of(control, *WATCHED)
        if found.row.premises_id == KITCHEN and found.row.decision == model.ALLOWED
    ]
    told: list[int] = []
    async with control.client() as owner:
        await log_in_as(control, owner, "owner", OWNER)
        cursor: str | None = ""
        while cursor is not None:
            page = await watch_page(owner, limit=7, cursor=cursor)
            told += [item["seconds"] for item in page["items"]]
            cursor = page["next_cursor"]
    assert len(told) == len(expected) == len(set(told))
