"""S02: what lies outside the scope answers as what was never there: the same body, headers and class of time."""

import statistics
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import perf_counter

import httpx
import pytest
from tests.contract.conftest import Control, add_camera, add_premises
from tests.contract.people import acting_as, officer_of

CALLS = (
    ("GET", "", None),
    ("PATCH", "", {"hours": "1 06:00-07:00"}),
    ("DELETE", "", None),
    ("POST", "/people", {"kind": "DUTY", "name": "x"}),
    ("DELETE", "/people/{person}", None),
    ("POST", "/people/{person}/unmask", {"field": "phone", "purpose": "CASE"}),
    ("POST", "/suspensions", {"kind": "CLOSED", "from_on": "2026-11-23", "to_on": "2026-11-24", "reason": "x"}),
    ("POST", "/suspensions/sus_0000000000000000/decision", {"approve": True}),
    ("POST", "/suspensions/sus_0000000000000000/end", None),
)
NEVER = ("prm_0000000000000000", "prm_x", "cam_0000000000000000", "%2e%2e", "1'--", "食堂", "prm_" + "0" * 400)


@dataclass(slots=True)
class Scene:
    officer: httpx.AsyncClient
    foreign: str
    retired: str
    person: str
    camera: str


@pytest.fixture
async def scene(control: Control, admin: httpx.AsyncClient) -> AsyncIterator[Scene]:
    foreign = await add_premises(admin, name="海城外人勿看", region="210381006")
    url = f"/api/v1/premises/{foreign['id']}"
    person = (await admin.post(f"{url}/people", json={"kind": "DUTY", "name": "外县人", "phone": "13804120071"})).json()
    gone = await add_premises(admin, name="已撤", region="210302006")
    await admin.delete(f"/api/v1/premises/{gone['id']}")
    camera = await add_camera(admin, premises_id=foreign["id"])
    async with acting_as(control, "tiedong", officer_of("210302")) as officer:
        yield Scene(officer, foreign["id"], gone["id"], person["id"], camera["id"])


def _same(answer: httpx.Response) -> tuple[object, ...]:
    headers = {name: value for name, value in answer.headers.items() if name not in ("date",)}
    body = {**answer.json(), "instance": ""}
    nonce_free = {name: value for name, value in headers.items() if "nonce" not in value}
    return answer.status_code, body, nonce_free


@pytest.mark.parametrize(("method", "tail", "body"), CALLS, ids=[f"{each[0]} {each[1]}" for each in CALLS])
async def test_missing_foreign_retired_and_malformed_answer_alike(
    scene: Scene, method: str, tail: str, body: dict[str, object] | None
) -> None:
    answers = []
    for premises in (scene.foreign, scene.retired, *NEVER):
        url = f"/api/v1/premises/{premises}{tail.format(person=scene.person)}"
        answers.append(await scene.officer.request(method, url, json=body))
    first = _same(answers[0])
    assert first[0] == 404
    assert [_same(answer) for answer in answers] == [first] * len(answers)
    assert not any("外人" in answer.text or "13804120071" in answer.text for answer in answers)


async def test_camera_of_another_county_answers_as_one_that_never_was(scene: Scene) -> None:
    answers = [
        await scene.officer.patch(f"/api/v1/cameras/{each}", json={"zone": "CUT"})
        for each in (scene.camera, "cam_0000000000000000", "x")
    ]
    assert [_same(answer) for answer in answers] == [_same(answers[0])] * 3
    assert answers[0].status_code == 404


async def test_time_of_a_foreign_premises_is_of_the_class_of_a_missing_one(scene: Scene) -> None:
    taken: dict[str, list[float]] = {scene.foreign: [], NEVER[0]: []}
    for _round in range(40):
        for premises, times in taken.items():
            began = perf_counter()
            assert (await scene.officer.get(f"/api/v1/premises/{premises}")).status_code == 404
            times.append(perf_counter() - began)
    foreign, missing = (statistics.median(times) for times in taken.values())
    assert foreign < missing * 2 + 0.002


async def test_lists_counts_and_searches_hold_nothing_foreign(scene: Scene) -> None:
    for params in ({}, {"text": "外人"}, {"text": "hcwrwk"}, {"region": "210381"}, {"text": "13804120071"}):
        answer = await scene.officer.get("/api/v1/premises", params=params)
        assert answer.json() == {"items": [], "next_cursor": None, "total": 0}
