"""S53, P4: telephone and identity numbers are sealed, masked everywhere, and unmasked one by one with a purpose."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from tests.contract.conftest import Control, add_premises
from tests.contract.people import acting_as

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.premises.store import premises_people
from brightkitchen.kernel.ids import PremisesId

PHONE, ID_NO = "13804120071", "11010519491231002X"
MASKED = ("138****0071", "110*************2X")


async def _person(admin: httpx.AsyncClient) -> tuple[str, str]:
    """Return the paths of a premises and of one of its people."""
    premises = f"/api/v1/premises/{(await add_premises(admin))['id']}"
    body = {"kind": "RESPONSIBLE", "name": "李校长", "phone": f"+86 {PHONE}", "id_no": ID_NO.lower()}
    made = await admin.post(f"{premises}/people", json=body)
    assert made.status_code == 201
    assert (made.json()["phone"], made.json()["id_no"]) == MASKED
    return premises, f"{premises}/people/{made.json()['id']}"


async def test_numbers_are_in_no_answer_and_no_raw_byte(
    admin: httpx.AsyncClient, read_raw: Callable[[], Awaitable[bytes]]
) -> None:
    premises, person = await _person(admin)
    answers = [
        await admin.get(premises),
        await admin.get("/api/v1/premises", params={"text": PHONE}),
        await admin.patch(person, json={"name": "王校长"}),
        await admin.patch(person, json={"name": "x", "phone": "1"}),
        await admin.patch(person, json={"name": "x"}, headers={"If-Match": '"1"'}),
        await admin.patch(premises, json={"name": "新名"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 422, 412, 200]
    assert all(PHONE not in answer.text and ID_NO not in answer.text for answer in answers)
    assert answers[0].json()["people"][0]["phone"] == MASKED[0]
    assert answers[4].json()["current"]["name"] == "王校长"
    raw = await read_raw()
    assert PHONE.encode() not in raw and ID_NO.encode() not in raw
    assert "王校长".encode() in raw  # the search would have found it


async def test_unmask_tells_one_number_and_is_written_down_first(control: Control, admin: httpx.AsyncClient) -> None:
    _, person = await _person(admin)
    for field, value in (("phone", PHONE), ("id_no", ID_NO)):
        answer = await admin.post(f"{person}/unmask", json={"field": field, "purpose": "CASE"})
        assert answer.json() == {"field": field, "value": value}
        assert answer.headers["cache-control"] == "no-store"
        act = control.journal.acts[-1]
        assert (act.kind, act.object_kind, act.purpose, act.detail) == (
            "unmask",
            "premises_person",
            "CASE",
            {"field": field},
        )
        assert act.object_id == person.rpartition("/")[2]
        assert PHONE not in repr(act) and ID_NO not in repr(act)
    control.journal.is_full = True
    refused = await admin.post(f"{person}/unmask", json={"field": "phone", "purpose": "CASE"})
    assert (refused.status_code, PHONE in refused.text) == (503, False)


async def test_unmask_needs_a_purpose_of_the_list(admin: httpx.AsyncClient) -> None:
    _, person = await _person(admin)
    for body in ({"field": "phone"}, {"field": "phone", "purpose": "curious"}, {"field": "name", "purpose": "CASE"}):
        assert (await admin.post(f"{person}/unmask", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.STATION_OFFICER, {"phone", "id_no"}),
        (Role.OPERATOR_INSTALLER, {"phone"}),
        (Role.OWNER, {"phone", "id_no"}),
        (Role.FS_DIRECTOR, {"phone"}),
        (Role.FS_OFFICER, set()),
        (Role.EDU_OFFICER, set()),
        (Role.GRID_ASSISTANT, set()),
        (Role.PARENT, set()),
        (Role.AUDITOR, set()),
    ],
    ids=lambda part: part.value if isinstance(part, Role) else "",
)
async def test_only_some_roles_unmask(control: Control, admin: httpx.AsyncClient, role: Role, may: set[str]) -> None:
    premises, person = await _person(admin)
    scope = Scope(premises=PremisesId(premises.rpartition("/")[2]))
    async with acting_as(control, "somebody", Grant(role, scope)) as client:
        done = set()
        for field in ("phone", "id_no"):
            answer = await client.post(f"{person}/unmask", json={"field": field, "purpose": "INSPECTION"})
            assert answer.status_code in (200, 404)
            done |= {field} if answer.status_code == 200 else set()
    assert done == may


async def test_exact_telephone_number_finds_the_premises_and_parts_do_not(admin: httpx.AsyncClient) -> None:
    premises, _ = await _person(admin)
    await add_premises(admin, name="别家")

    async def found(text: str) -> list[str]:
        return [row["id"] for row in (await admin.get("/api/v1/premises", params={"text": text})).json()["items"]]

    assert await found(PHONE) == await found("138 0412 0071") == [premises.rpartition("/")[2]]
    assert await found(PHONE[:7]) == await found("0071") == await found("13804120072") == []


async def test_number_that_comes_back_masked_is_refused_and_null_forgets_it(admin: httpx.AsyncClient) -> None:
    _, person = await _person(admin)
    assert (await admin.patch(person, json={"phone": MASKED[0]})).json()["errors"][0][
        "code"
    ] == "premises.phone_invalid"
    changed = (await admin.patch(person, json={"phone": None})).json()
    assert (changed["phone"], changed["id_no"]) == (None, MASKED[1])
    assert (await admin.post(f"{person}/unmask", json={"field": "phone", "purpose": "CASE"})).status_code == 404


async def test_sealed_number_moved_to_another_row_does_not_open(control: Control, admin: httpx.AsyncClient) -> None:
    premises, person = await _person(admin)
    body = {"kind": "DUTY", "name": "值班", "phone": "13999990000"}
    other = (await admin.post(f"{premises}/people", json=body)).json()["id"]
    async with control.database.write() as connection:
        rows = {row.id: row for row in await connection.execute(premises_people.select())}
        stolen = rows[person.rpartition("/")[2]].phone_sealed
        await connection.execute(
            premises_people.update().where(premises_people.c.id == other).values(phone_sealed=stolen)
        )
    answer = await admin.post(f"{premises}/people/{other}/unmask", json={"field": "phone", "purpose": "CASE"})
    assert (answer.status_code, PHONE in answer.text) == (500, False)


async def test_person_of_another_premises_is_not_found_through_this_one(admin: httpx.AsyncClient) -> None:
    _, person = await _person(admin)
    other = await add_premises(admin, name="别家")
    path = f"/api/v1/premises/{other['id']}/people/{person.rpartition('/')[2]}"
    assert (await admin.delete(path)).status_code == 404
    assert (await admin.post(f"{path}/unmask", json={"field": "phone", "purpose": "CASE"})).status_code == 404
    assert (await admin.delete(person)).status_code == 204
