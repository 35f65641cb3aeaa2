"""Whole lists as workbooks: what the list shows and nothing more, written into the audit first, harmless in a spreadsheet."""

import io
from contextlib import aclosing

import httpx
import pytest
from python_calamine import CalamineWorkbook
from tests.contract.conftest import Control
from tests.contract.people import join
from tests.contract.small_city import add_channel, add_premises, build_city

from brightkitchen.domain.audit.model import EXPORT, Filters
from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.system import exports
from brightkitchen.kernel.ids import PremisesId
from brightkitchen.web.spreadsheets import XLSX


def cells(answer: httpx.Response) -> list[list[str]]:
    """Return the rows of the only sheet below its note."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == XLSX
    assert answer.headers["content-disposition"].startswith("attachment;")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0)
    return [[str(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)][1:]


def asked(**query: str) -> dict[str, str]:
    return {"purpose": "核对台账", **query}


@pytest.fixture
async def city(control: Control) -> PremisesId:
    await build_city(control)
    await add_premises(control, "海城面馆", region="210381006")
    return await add_premises(control, "=cmd|' /C calc'!A0", region="210302006")


async def test_premises_leave_as_the_filter_shows_them(
    control: Control, admin: httpx.AsyncClient, city: PremisesId
) -> None:
    header, *rows = cells(await admin.get("/api/v1/premises/export.xlsx", params=asked()))
    assert header[:3] == ["编号", "单位", "类别"]
    assert {row[1] for row in rows} == {"=cmd|' /C calc'!A0", "海城面馆"}  # texts, not formulas
    assert {row[5] for row in rows} == {"意向"}
    _, *rows = cells(await admin.get("/api/v1/premises/export.xlsx", params=asked(region="210381")))
    assert [row[1] for row in rows] == ["海城面馆"]
    _, *rows = cells(await admin.get("/api/v1/premises/export.xlsx", params=asked(), headers={"accept-language": "en"}))
    assert {row[5] for row in rows} == {"lead"}


async def test_workbook_holds_no_formula(admin: httpx.AsyncClient, city: PremisesId) -> None:
    answer = await admin.get("/api/v1/premises/export.xlsx", params=asked())
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0)
    assert all(isinstance(cell, str) for row in sheet.to_python() for cell in row)


async def test_export_is_written_down_with_its_purpose_before_it_leaves(
    control: Control, admin: httpx.AsyncClient, city: PremisesId
) -> None:
    await admin.get("/api/v1/cameras/export.xlsx", params=asked(region="210302"))
    page = await control.services.audit.search(Filters(kinds=(EXPORT,)), limit=10)
    (row,) = [each for each in page.rows if each.row.object_kind == "list"]
    assert (row.row.object_id, row.row.region) == ("cameras", "210302")
    assert row.names is not None and row.names["purpose"] == "核对台账"


async def test_export_reaches_no_further_than_the_list_of_who_asks(
    control: Control, admin: httpx.AsyncClient, city: PremisesId
) -> None:
    await add_channel(control, admin, city, "COOK")
    async with aclosing(await join(control, "haicheng", Grant(Role.COUNTY_OFFICER, Scope("210381")))) as officer:
        _, *rows = cells(await officer.get("/api/v1/premises/export.xlsx", params=asked()))
        assert [row[1] for row in rows] == ["海城面馆"]
        assert len(cells(await officer.get("/api/v1/cameras/export.xlsx", params=asked()))) == 1
    assert len(cells(await admin.get("/api/v1/cameras/export.xlsx", params=asked()))) == 2


async def test_grant_that_lets_nothing_out_adds_nothing_to_an_export(control: Control, city: PremisesId) -> None:
    grants = (Grant(Role.COUNTY_OFFICER, Scope("210381")), Grant(Role.OWNER, Scope(premises=city)))
    async with aclosing(await join(control, "both", *grants)) as person:
        assert (await person.get("/api/v1/premises")).json()["total"] == 2
        _, *rows = cells(await person.get("/api/v1/premises/export.xlsx", params=asked()))
        assert [row[1] for row in rows] == ["海城面馆"]


async def test_lists_stay_in_for_who_may_only_look(control: Control, city: PremisesId) -> None:
    async with aclosing(await join(control, "owner", Grant(Role.OWNER, Scope(premises=city)))) as owner:
        for path in ("premises", "cameras", "faults"):
            assert (await owner.get(f"/api/v1/{path}/export.xlsx", params=asked())).status_code == 404


async def test_export_without_purpose_or_of_too_many_rows_is_refused(
    admin: httpx.AsyncClient, city: PremisesId, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await admin.get("/api/v1/premises/export.xlsx")).status_code == 422
    monkeypatch.setattr(exports, "MAX_ROWS", 1)
    refused = await admin.get("/api/v1/premises/export.xlsx", params=asked())
    assert (refused.status_code, refused.json()["code"]) == (422, "list.too_many")


async def test_faults_leave_with_their_states_in_words(
    control: Control, admin: httpx.AsyncClient, city: PremisesId
) -> None:
    camera = await add_channel(control, admin, city, "COOK")
    opened = await admin.post("/api/v1/faults", json={"camera_id": camera, "note": "画面黑屏"})
    assert opened.status_code == 201, opened.text
    header, *rows = cells(await admin.get("/api/v1/faults/export.xlsx", params=asked()))
    assert header[0] == "工单"
    assert [(row[0], row[5]) for row in rows] == [(opened.json()["number"], "待处理")]
