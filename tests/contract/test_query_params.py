"""S41: query parameters are closed sets and bounded text; what looks like a pattern is just text; cursors are ours."""

import httpx
import pytest
from tests.contract.conftest import Control, add_premises

NAMES = ("百分之百100%店", "下划线_店", "反斜杠\\店", "引号'店", "普通店", "KFC肯德基")
WRONG = (
    ("sort", "created_at"),
    ("sort", "name; DROP TABLE premises"),
    ("sort", ""),
    ("limit", "0"),
    ("limit", "201"),
    ("limit", "x"),
    ("text", "食" * 65),
    ("state", "lead"),
    ("grade", "E"),
    ("region", "21030"),
    ("region", "2103%"),
    ("category", "a' OR 1=1"),
    ("is_due", "perhaps"),
    ("cursor", "x"),
    ("cursor", "AAAA"),
    ("cursor", "é"),
    ("cursor", "A" * 2000),
)


@pytest.fixture
async def names(admin: httpx.AsyncClient) -> dict[str, str]:
    return {name: (await add_premises(admin, name=name, category="SNACK"))["id"] for name in NAMES}


async def _found(admin: httpx.AsyncClient, **params: object) -> list[str]:
    answer = await admin.get("/api/v1/premises", params={key: str(value) for key, value in params.items()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] >= len(answer.json()["items"])
    return [row["name"] for row in answer.json()["items"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%", {NAMES[0]}),
        ("_", {NAMES[1]}),
        ("\\", {NAMES[2]}),
        ("'", {NAMES[3]}),
        ("%店", {NAMES[0]}),
        ("店", set(NAMES[:5])),
        ("ptd", {NAMES[4]}),
        ("PTD", {NAMES[4]}),
        ("kfc", {NAMES[5]}),
        ("kfckdj", {NAMES[5]}),
        ("*", set()),
        ("p_d", set()),
        ("", set(NAMES)),
        ("   ", set(NAMES)),
    ],
)
async def test_search_takes_every_character_as_it_is(
    admin: httpx.AsyncClient, names: dict[str, str], text: str, expected: set[str]
) -> None:
    assert set(await _found(admin, text=text)) == expected


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda part: str(part)[:20])
async def test_parameter_outside_its_set_is_refused_without_echo(
    admin: httpx.AsyncClient, name: str, value: str
) -> None:
    answer = await admin.get("/api/v1/premises", params={name: value})
    assert answer.status_code == 422, answer.text
    assert len(value) < 3 or value not in answer.text


@pytest.mark.parametrize("sort", ["name", "region", "state", "updated"])
async def test_pages_of_each_order_name_every_premises_once(
    control: Control, admin: httpx.AsyncClient, names: dict[str, str], sort: str
) -> None:
    whole = await _found(admin, sort=sort)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await admin.get("/api/v1/premises", params={"sort": sort, "limit": 2, "cursor": cursor})).json()
        assert page["total"] == len(NAMES)
        seen += [row["name"] for row in page["items"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            break
    assert seen == whole
    assert sorted(seen) == sorted(NAMES)


async def test_order_by_name_is_by_pinyin_and_by_change_newest_first(
    control: Control, admin: httpx.AsyncClient, names: dict[str, str]
) -> None:
    assert await _found(admin, sort="name") == [NAMES[0], NAMES[2], NAMES[5], NAMES[4], NAMES[1], NAMES[3]]
    control.clock.jump(60)
    await admin.patch(f"/api/v1/premises/{names[NAMES[4]]}", json={"address": "新址"})
    assert (await _found(admin, sort="updated"))[0] == NAMES[4]


async def test_cursor_of_another_list_or_changed_by_hand_is_refused(
    admin: httpx.AsyncClient, names: dict[str, str]
) -> None:
    cursor = (await admin.get("/api/v1/premises", params={"limit": 2})).json()["next_cursor"]
    tries = (
        {"cursor": cursor, "sort": "region"},
        {"cursor": cursor, "text": "店"},
        {"cursor": cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")},
        {"cursor": "A" + cursor[1:] if cursor[0] != "A" else "B" + cursor[1:]},
    )
    answers = [await admin.get("/api/v1/premises", params=params) for params in tries]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "web.cursor")] * 4
    assert (await admin.get("/api/v1/premises", params={"cursor": cursor, "limit": 2})).status_code == 200


async def test_filters_narrow_rows_and_count_alike(admin: httpx.AsyncClient) -> None:
    await add_premises(admin, name="甲", region="210302006", risk_grade="D", is_due=False)
    await add_premises(admin, name="乙", region="210302", category="PHARMACY")
    await add_premises(admin, name="丙", region="210381006", credit_code="91350100M000100Y43", external_no="LN-9")
    asked: tuple[tuple[dict[str, str], list[str]], ...] = (
        ({"region": "210302"}, ["甲", "乙"]),
        ({"region": "210302006"}, ["甲"]),
        ({"region": "210300"}, ["丙", "甲", "乙"]),
        ({"category": "PHARMACY"}, ["乙"]),
        ({"grade": "D"}, ["甲"]),
        ({"is_due": "false"}, ["甲"]),
        ({"is_complete": "true"}, []),
        ({"is_suspended": "false", "state": "LEAD"}, ["丙", "甲", "乙"]),
        ({"state": "SIGNED"}, []),
        ({"text": "91350100m"}, ["丙"]),
        ({"text": "LN-9"}, ["丙"]),
    )
    for params, expected in asked:
        answer = (await admin.get("/api/v1/premises", params=params)).json()
        assert ([row["name"] for row in answer["items"]], answer["total"]) == (expected, len(expected)), params
