"""What an auditor reads: rows in words and with names, how the chain stands, a file with its purpose."""

import csv
import io
import zipfile
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control, add_camera
from tests.contract.people import log_in_as
from tests.contract.register import COUNTY, KITCHEN, OTHER_COUNTY, TOWNSHIP, insert_premises, place_camera
from tests.contract.test_audit import grant, rows_of

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.chain import GENESIS
from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.inquiry import service as inquiry
from brightkitchen.domain.premises.store import premises

AUDITOR = Grant(Role.AUDITOR)


async def found(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/audit", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_row_says_in_words_and_by_name_who_did_what_to_whom(control: Control, admin: httpx.AsyncClient) -> None:
    await insert_premises(control, id=KITCHEN)
    camera = (await add_camera(admin))["id"]
    await place_camera(control, camera)
    await grant(admin, camera)
    async with control.client() as client:
        await log_in_as(control, client, "auditor", AUDITOR)
        (allowed,) = await found(client, kind="media.grant")
        created = (await found(client, kind="change", person="auditor"))[0]
        client.headers["accept-language"] = "en"
        (english,) = await found(client, kind="media.grant")
    assert (allowed["action"], english["action"]) == ("取得许可：看实时", "Was allowed live pictures")
    assert allowed["actor"] == {"username": "admin", "name": "管理员"}
    assert (allowed["premises_name"], allowed["camera_name"]) == ("站前小学食堂", "烹饪间1号")
    assert (allowed["object_word"], allowed["reason_word"]) == ("摄像头", "凭角色市局管理员")
    assert (created["action"], created["object_word"]) == ("创建账号", "账号")
    assert created["subject"]["username"] == "auditor"


async def test_row_names_the_hash_before_and_whether_it_follows(control: Control, admin: httpx.AsyncClient) -> None:
    trail = control.services.audit
    await trail.record(*(trail.entry(model.UNMASK, names={"note": f"第{number}条"}) for number in range(3)))
    rows = await found(admin, limit=200)
    by_seq = {row["seq"]: row for row in rows}
    assert by_seq[1]["before"] == GENESIS
    assert all(by_seq[seq]["before"] == by_seq[seq - 1]["hash"] for seq in by_seq if seq > 1)
    assert {row["fits"] for row in rows} == {True}
    async with control.database.write() as connection:
        for statement in await _without_triggers(connection):
            await connection.execute(sa.text(statement))
        await connection.execute(sa.text("UPDATE audit_rows SET purpose = 'OTHER' WHERE seq = 2"))
    broken = [row["seq"] for row in await found(admin, limit=200) if not row["fits"]]
    assert broken == [2]


async def _without_triggers(connection: Any) -> list[str]:  # Any: a connection
    if connection.dialect.name == "sqlite":
        names = (
            await connection.execute(
                sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_rows'")
            )
        ).scalars()
        return [f"DROP TRIGGER {name}" for name in names]
    return ["ALTER TABLE audit_rows DISABLE TRIGGER USER"]


async def test_person_is_found_by_part_of_name_or_account_acting_and_acted_upon(
    control: Control, admin: httpx.AsyncClient
) -> None:
    async with control.client() as wang, control.client() as zhao:
        await log_in_as(control, wang, "wang.zhiyuan", Grant(Role.COUNTY_OFFICER, Scope(COUNTY)))
        await log_in_as(control, zhao, "zhao", Grant(Role.COUNTY_OFFICER, Scope(COUNTY)))
    kinds = sorted(row["kind"] for row in await found(admin, person="WANG.zhi"))
    assert kinds == ["change", "login.ok", "role.granted"]
    assert await found(admin, person="nobody there") == []
    assert {row["actor"]["name"] for row in await found(admin, person="管理", kind="login.ok")} == {"管理员"}
    reads = await rows_of(control, model.AUDIT_READ)
    assert [read.names for read in reads][:2] == [{"person": "WANG.zhi"}, {"person": "nobody there"}]


async def test_premises_is_found_by_part_of_name_or_initials(control: Control, admin: httpx.AsyncClient) -> None:
    await insert_premises(control, id=KITCHEN)
    trail = control.services.audit
    await trail.record(trail.entry(model.UNMASK, premises_id=KITCHEN, region=TOWNSHIP), trail.entry(model.UNMASK))
    for place in ("站前小", "ZQXX"):
        assert [row["premises_id"] for row in await found(admin, place=place)] == [KITCHEN]
    assert await found(admin, place="qxx") == []


async def test_name_that_too_many_have_asks_for_more_of_it(control: Control, admin: httpx.AsyncClient) -> None:
    await insert_premises(control, id=KITCHEN)
    async with control.database.write() as connection:
        row = (await connection.execute(sa.select(premises))).one()._asdict()
        await connection.execute(
            premises.insert(), [row | {"id": f"prm_{number:016d}", "name": f"食堂{number}"} for number in range(10, 60)]
        )
    answer = await admin.get("/api/v1/audit", params={"place": "食堂"})
    assert (answer.status_code, answer.json()["code"], answer.json()["params"]["field"]) == (
        422,
        "audit.name_wide",
        "place",
    )
    assert await found(admin, place="食堂10") == []


async def test_kinds_are_told_in_words_to_those_who_may_search(control: Control, admin: httpx.AsyncClient) -> None:
    items = (await admin.get("/api/v1/audit/kinds")).json()["items"]
    assert {item["kind"] for item in items} == model.KINDS
    assert {"kind": "media.view", "action": "看实时"} in items
    async with control.client() as client:
        await log_in_as(control, client, "wang", Grant(Role.COUNTY_OFFICER, Scope(COUNTY)))
        for path in ("kinds", "state", "export.csv?purpose=检查"):
            assert (await client.get(f"/api/v1/audit/{path}")).status_code == 404, path


async def test_state_names_the_end_the_anchor_and_the_last_check(control: Control, admin: httpx.AsyncClient) -> None:
    state = (await admin.get("/api/v1/audit/state")).json()
    assert (state["check"], state["is_check_late"], state["anchored_at"]) == (None, True, None)
    trail = control.services.audit
    detail: dict[str, model.Scalar] = {"rows": 7, "anchors": 2, "failures": 0}
    last = await trail.record(trail.entry(model.CHECK_RUN, object_kind="audit", detail=detail))
    state = (await admin.get("/api/v1/audit/state")).json()
    assert (state["seq"], state["check"]["rows"], state["check"]["failures"]) == (last, 7, [])
    assert state["is_check_late"] is False
    assert state["hash"] == (await rows_of(control, model.CHECK_RUN))[0].row.hash
    await trail.record(trail.entry(model.CHECK_RUN, decision=model.REFUSED, reason="edited,cut", detail=detail))
    assert (await admin.get("/api/v1/audit/state")).json()["check"]["failures"] == ["edited", "cut"]
    control.clock.jump(26 * 3_600 + 1)
    async with control.client() as client:
        await log_in_as(control, client, "auditor", AUDITOR)
        assert (await client.get("/api/v1/audit/state")).json()["is_check_late"] is True


async def test_export_holds_all_rows_of_the_search_and_is_a_row_with_its_purpose(
    control: Control, admin: httpx.AsyncClient
) -> None:
    trail = control.services.audit
    await trail.record(*(trail.entry(model.UNMASK, object_id=f"per_{number}") for number in range(3)))
    query = {"kind": "unmask", "purpose": "季度检查=1+1"}
    answer = await admin.get("/api/v1/audit/export.csv", params=query)
    assert answer.status_code == 200, answer.text
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0][:6] == ["序号", "时间", "人员", "账号", "角色", "操作"]
    assert [line[5] for line in lines[1:4]] == ["查看隐藏号码"] * 3
    book = zipfile.ZipFile(io.BytesIO((await admin.get("/api/v1/audit/export.xlsx", params=query)).content))
    assert "用途：季度检查=1+1" in book.read("xl/sharedStrings.xml").decode()
    exports = await rows_of(control, model.EXPORT)
    assert [(each.row.object_kind, each.row.detail, each.names) for each in exports] == [
        ("audit", '{"kinds":"unmask","rows":3}', {"purpose": "季度检查=1+1"})
    ] * 2
    assert (await admin.get("/api/v1/audit/export.csv")).status_code == 422


async def test_export_of_too_many_rows_is_refused_before_anything_leaves(
    control: Control, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquiry, "MAX_EXPORT_ROWS", 2)
    trail = control.services.audit
    await trail.record(*(trail.entry(model.UNMASK) for _ in range(3)))
    answer = await admin.get("/api/v1/audit/export.csv", params={"kind": "unmask", "purpose": "检查"})
    assert (answer.status_code, answer.json()["code"]) == (422, "audit.export_wide")
    assert await rows_of(control, model.EXPORT) == []


async def test_county_auditor_takes_away_rows_of_the_county_alone(control: Control) -> None:
    trail = control.services.audit
    for region in (TOWNSHIP, OTHER_COUNTY, ""):
        await trail.record(trail.entry(model.DOWNLOAD, region=region, object_id=f"in_{region}"))
    async with control.client() as client:
        await log_in_as(control, client, "auditor", Grant(Role.AUDITOR, Scope(COUNTY)))
        answer = await client.get("/api/v1/audit/export.csv", params={"kind": "download", "purpose": "检查"})
    assert answer.status_code == 200
    assert f"in_{TOWNSHIP}" in answer.text
    assert f"in_{OTHER_COUNTY}" not in answer.text
