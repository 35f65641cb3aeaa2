"""T08: 4,335 premises in one file, wrong rows reported in the reader's language, all or nothing per row, and again."""

import io
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook
from tests.contract.conftest import UNSAFE, Control
from tests.contract.generated_city import COUNTIES, add_words, credit_code
from tests.contract.people import log_in_as

from brightkitchen.domain.authz.model import Grant, Role, Scope
from brightkitchen.domain.cameras.store import camera_credentials, camera_zones, cameras
from brightkitchen.domain.intake.store import import_jobs, import_logins, import_rows
from brightkitchen.domain.premises.store import premises
from brightkitchen.web.spreadsheets import XLSX, Sheet, build_csv, build_xlsx

PREMISES_HEADER = (
    "单位编号",
    "单位名称",
    "类别",
    "县区",
    "地址",
    "统一社会信用代码",
    "面积(平方米)",
    "签约日期",
    "应接入",
)
CAMERA_HEADER = ("单位编号", "摄像头名称", "区域", "兼顾区域", "RTSP地址", "账号", "密码")
SECRET = "leak-canary-4711"
ANY_COUNTY = ("铁东区", "铁西区", "海城市")

Rows = Sequence[Sequence[str]]


def a_premises(number: int, **changes: str) -> tuple[str, ...]:
    row = {
        "单位编号": f"A{number:05}",
        "单位名称": f"老街饺子馆{number}号店",
        "类别": "小型餐馆",
        "县区": ANY_COUNTY[number % 3],
        "地址": f"老街{number}号",
        "统一社会信用代码": credit_code(number),
        "面积(平方米)": "45",
        "签约日期": "2026-03-01",
        "应接入": "是",
    } | changes
    return tuple(row[title] for title in PREMISES_HEADER)


def a_camera(number: int, index: int, **changes: str) -> tuple[str, ...]:
    row = {
        "单位编号": f"A{number:05}",
        "摄像头名称": f"后厨{index}号",
        "区域": ("烹饪", "洗消", "切配")[index % 3],
        "兼顾区域": "",
        "RTSP地址": f"rtsp://10.{number >> 8 & 255}.{number & 255}.{index + 1}:554/main",
        "账号": "admin",
        "密码": SECRET,
    } | changes
    return tuple(row[title] for title in CAMERA_HEADER)


def a_book(premises_rows: Rows, camera_rows: Rows = ()) -> bytes:
    return build_xlsx([Sheet("单位", PREMISES_HEADER, premises_rows), Sheet("摄像头", CAMERA_HEADER, camera_rows)])


async def upload(
    control: Control, client: httpx.AsyncClient, content: bytes, name: str = "单位.xlsx", kind: str = XLSX
) -> dict[str, Any]:  # Any: JSON
    answer = await client.post(
        "/api/v1/imports", params={"name": name}, content=content, headers={"content-type": kind}
    )
    assert answer.status_code == 201, answer.text
    return await settled(control, client, answer.json()["id"])


async def settled(control: Control, client: httpx.AsyncClient, job: str) -> dict[str, Any]:  # Any: JSON
    """Return the file after everything that went on in the background has ended."""
    await control.supervisor.finish()
    found: dict[str, Any] = (await client.get(f"/api/v1/imports/{job}")).json()
    return found


async def run(control: Control, client: httpx.AsyncClient, job: str) -> dict[str, Any]:  # Any: JSON
    answer = await client.post(f"/api/v1/imports/{job}/run")
    assert answer.status_code == 202, answer.text
    return await settled(control, client, job)


async def count(control: Control, table: sa.Table) -> int:
    async with control.database.read() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())


@pytest.fixture
async def importer(control: Control, admin: httpx.AsyncClient) -> httpx.AsyncClient:
    async with control.database.write() as connection:
        await add_words(connection)
    return admin


async def test_import_of_4335_premises_reports_every_wrong_row_and_writes_the_others(
    control: Control, importer: httpx.AsyncClient
) -> None:
    wrong = {
        17: {"类别": "没有的类别"},
        900: {"县区": "沈阳市"},
        1500: {"统一社会信用代码": "91210300MA0000000A"},
        2600: {"单位名称": ""},
        3700: {"面积(平方米)": "约百平"},
    }
    rows = [a_premises(number, **wrong.get(number, {})) for number in range(1, 4_336)]
    job = await upload(control, importer, a_book(rows))
    assert job["state"] == "PREVIEWED"
    assert job["counts"] == {"new": 4_330, "changed": 0, "unchanged": 0, "wrong": 5, "pending": 0}
    assert await count(control, premises) == 0
    page = (await importer.get(f"/api/v1/imports/{job['id']}/rows", params={"outcome": "WRONG"})).json()
    found = {row["line"]: row["problems"] for row in page["items"]}
    assert set(found) == {number + 1 for number in wrong}
    assert [(each["column"], each["detail"]) for each in found[18]] == [("类别", "没有这个类别。请从下拉列表中选择。")]
    job = await run(control, importer, job["id"])
    assert (job["state"], job["rows_done"], job["rows_to_do"]) == ("DONE", 4_330, 4_330)
    async with control.database.read() as connection:
        by_region = sa.select(premises.c.region, sa.func.count()).where(premises.c.state == "SIGNED")
        signed = {row[0]: row[1] for row in await connection.execute(by_region.group_by(premises.c.region))}
    hand = {COUNTIES[name]: 0 for name in ANY_COUNTY}
    for number in set(range(1, 4_336)) - set(wrong):
        hand[COUNTIES[ANY_COUNTY[number % 3]]] += 1
    assert signed == hand
    assert sum(act.detail.get("act") == "import" for act in control.journal.acts) == 4_330


async def test_import_repeated_changes_nothing_and_makes_no_duplicates(
    control: Control, importer: httpx.AsyncClient
) -> None:
    book = a_book([a_premises(n) for n in range(1, 41)], [a_camera(n, i) for n in range(1, 41) for i in range(3)])
    first = await run(control, importer, (await upload(control, importer, book))["id"])
    assert first["counts"]["new"] == 40
    assert (await count(control, premises), await count(control, cameras)) == (40, 120)
    second = await upload(control, importer, book)
    assert second["counts"] == {"new": 0, "changed": 0, "unchanged": 40, "wrong": 0, "pending": 0}
    assert second["can_run"] is False
    changed = a_book([a_premises(1, 地址="新街9号")], [a_camera(1, 0, 密码="another")])
    third = await run(control, importer, (await upload(control, importer, changed))["id"])
    assert third["counts"]["changed"] == 1
    assert (await count(control, premises), await count(control, cameras)) == (40, 120)
    async with control.database.read() as connection:
        row = (await connection.execute(sa.select(premises).where(premises.c.external_no == "A00001"))).one()
        sealed = (await connection.execute(sa.select(sa.func.count()).select_from(camera_credentials))).scalar_one()
    assert (row.address, row.version, row.initials) == ("新街9号", 2, "ljjzg1hd")
    assert sealed == 120


async def test_import_without_numbers_knows_premises_again_by_credit_code_and_name(
    control: Control, importer: httpx.AsyncClient
) -> None:
    book = a_book([a_premises(n, 单位编号="") for n in range(1, 4)])
    await run(control, importer, (await upload(control, importer, book))["id"])
    assert (await upload(control, importer, book))["counts"]["unchanged"] == 3
    without_code = a_book([a_premises(n, 单位编号="", 统一社会信用代码="") for n in range(1, 4)])
    assert (await upload(control, importer, without_code))["counts"]["unchanged"] == 3


async def test_row_with_one_wrong_camera_is_not_imported_at_all(control: Control, importer: httpx.AsyncClient) -> None:
    book = a_book(
        [a_premises(1), a_premises(2), a_premises(3)],
        [
            a_camera(1, 0),
            a_camera(1, 1, RTSP地址="rtsp://127.0.0.1/x"),
            a_camera(2, 0, 区域="更衣室"),
            a_camera(3, 0, 兼顾区域="切配、洗消"),
        ],
    )
    job = await upload(control, importer, book)
    assert (job["counts"]["new"], job["counts"]["wrong"]) == (1, 2)
    await run(control, importer, job["id"])
    async with control.database.read() as connection:
        names = list((await connection.execute(sa.select(premises.c.external_no))).scalars())
        extra = sorted((await connection.execute(sa.select(camera_zones.c.zone))).scalars())
    assert names == ["A00003"]
    assert extra == ["CUT", "WASH"]
    assert await count(control, cameras) == 1


async def test_error_file_holds_the_wrong_rows_and_their_problems_and_can_be_given_again(
    control: Control, importer: httpx.AsyncClient
) -> None:
    book = a_book([a_premises(1), a_premises(2, 类别="=1+1")], [a_camera(2, 0), a_camera(2, 1, 区域="天台")])
    job = await upload(control, importer, book)
    answer = await importer.get(f"/api/v1/imports/{job['id']}/errors.xlsx")
    assert SECRET.encode() not in answer.content
    errors = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    sheet = errors.get_sheet_by_name("单位").to_python()
    assert len(sheet) == 2
    row = dict(zip(sheet[0], sheet[1], strict=True))
    assert (row["单位编号"], row["类别"], row["问题"]) == ("A00002", "=1+1", "类别：没有这个类别。请从下拉列表中选择。")
    camera_rows = errors.get_sheet_by_name("摄像头").to_python()
    assert [line[-1] for line in camera_rows[1:]] == ["", "区域：没有这个区域。请从下拉列表中选择。"]
    english = await importer.get(f"/api/v1/imports/{job['id']}/errors.csv", headers={"accept-language": "en"})
    text = english.content.decode("utf-8-sig")
    assert '"\'=1+1"' in text
    assert "Category: There is no such category. Choose from the list." in text
    again = await upload(control, importer, answer.content)
    assert again["counts"]["wrong"] == 1


async def test_passwords_are_sealed_at_once_and_gone_when_the_file_is_done(
    control: Control, importer: httpx.AsyncClient
) -> None:
    book = a_book([a_premises(1)], [a_camera(1, 0), a_camera(1, 1, 密码="", RTSP地址=f"rtsp://u:{SECRET}@10.9.9.9/m")])
    job = await upload(control, importer, book)
    async with control.database.read() as connection:
        for table in (import_jobs, import_rows, import_logins):
            text = repr((await connection.execute(sa.select(table))).all())
            assert SECRET not in text
    assert await count(control, import_logins) == 1
    rows = await importer.get(f"/api/v1/imports/{job['id']}/rows")
    assert SECRET not in rows.text
    await run(control, importer, job["id"])
    assert await count(control, import_logins) == 0
    assert await count(control, camera_credentials) == 2


async def test_rows_outside_the_importers_scope_are_row_errors(control: Control, importer: httpx.AsyncClient) -> None:
    async with control.client() as county:
        await log_in_as(control, county, "tiedong", Grant(Role.COUNTY_ADMIN, Scope(COUNTIES["铁东区"])))
        job = await upload(control, county, a_book([a_premises(n) for n in range(1, 4)]))
        assert (job["counts"]["new"], job["counts"]["wrong"]) == (1, 2)
        page = (await county.get(f"/api/v1/imports/{job['id']}/rows", params={"outcome": "WRONG"})).json()
        assert {each["detail"] for row in page["items"] for each in row["problems"]} == {"这家单位不在您的管辖范围。"}
        await run(control, county, job["id"])
    async with control.database.read() as connection:
        assert set((await connection.execute(sa.select(premises.c.region))).scalars()) == {COUNTIES["铁东区"]}


async def test_file_belongs_to_its_maker_alone(control: Control, importer: httpx.AsyncClient) -> None:
    job = await upload(control, importer, a_book([a_premises(1)]))
    async with control.client() as other:
        await log_in_as(control, other, "colleague", Grant(Role.CITY_ADMIN))
        for method, path in (
            ("GET", ""),
            ("GET", "/rows"),
            ("GET", "/errors.xlsx"),
            ("POST", "/run"),
            ("POST", "/cancel"),
        ):
            answer = await other.request(method, f"/api/v1/imports/{job['id']}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "access.none")
        assert (await other.get("/api/v1/imports")).json() == {"items": []}
    async with control.client() as officer:
        await log_in_as(control, officer, "officer", Grant(Role.CITY_OFFICER))
        answer = await officer.post(
            "/api/v1/imports", params={"name": "a.xlsx"}, content=b"PK", headers={"content-type": XLSX}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "access.none")


async def test_cancelled_file_is_not_run(control: Control, importer: httpx.AsyncClient) -> None:
    job = await upload(control, importer, a_book([a_premises(1)], [a_camera(1, 0)]))
    assert (await importer.post(f"/api/v1/imports/{job['id']}/cancel")).json()["state"] == "CANCELLED"
    assert (await importer.post(f"/api/v1/imports/{job['id']}/run")).status_code == 409
    assert await count(control, premises) == 0
    assert await count(control, import_logins) == 0


async def test_interrupted_file_is_continued_where_it_was(control: Control, importer: httpx.AsyncClient) -> None:
    job = await upload(control, importer, a_book([a_premises(n) for n in range(1, 451)]))
    assert (await importer.post(f"/api/v1/imports/{job['id']}/run")).status_code == 202
    while await count(control, premises) == 0:  # the first batch of 200 is written
        await control.clock.sleep(0)
    await control.supervisor.close()
    assert 0 < await count(control, premises) < 450
    assert await control.services.imports.interrupt_all() == 1
    assert (await importer.get(f"/api/v1/imports/{job['id']}")).json()["state"] == "INTERRUPTED"
    job = await run(control, importer, job["id"])
    assert (job["state"], job["rows_done"]) == ("DONE", 450)
    assert await count(control, premises) == 450


async def test_same_row_twice_and_same_camera_twice_are_wrong(control: Control, importer: httpx.AsyncClient) -> None:
    book = a_book(
        [a_premises(1), a_premises(1), a_premises(2)], [a_camera(1, 0), a_camera(2, 0, RTSP地址="rtsp://10.0.1.1/main")]
    )
    job = await upload(control, importer, book)
    page = (await importer.get(f"/api/v1/imports/{job['id']}/rows", params={"outcome": "WRONG"})).json()
    codes = {row["line"]: [each["code"] for each in row["problems"]] for row in page["items"]}
    assert codes == {3: ["import.row.twice"], 4: ["import.row.camera_twice"]}


async def test_csv_in_gb18030_and_english_headers_are_read(control: Control, importer: httpx.AsyncClient) -> None:
    header = ("Name", "Category", "County", "Address")
    rows = [
        ("站前小学食堂", "Primary school canteen", "210302", "站前街1号"),
        ("=1+1", "PRIMARY_SCHOOL", "铁东区", "b"),
    ]
    for encoding in ("gb18030", "utf-8-sig"):
        text = "\r\n".join(",".join(row) for row in (header, *rows))
        job = await upload(control, importer, text.encode(encoding), "units.csv", "text/csv")
        assert (job["counts"]["new"], job["counts"]["wrong"]) == (2, 0)
    done = await run(control, importer, job["id"])
    assert done["state"] == "DONE"
    async with control.database.read() as connection:
        assert set((await connection.execute(sa.select(premises.c.name))).scalars()) == {"站前小学食堂", "=1+1"}


async def test_template_read_back_has_every_column_and_no_rows(control: Control, importer: httpx.AsyncClient) -> None:
    for language, sheet in (("zh-CN", "单位"), ("en", "premises")):
        answer = await importer.get("/api/v1/imports/template.xlsx", headers={"accept-language": language})
        assert answer.headers["content-type"] == XLSX
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        assert len(book.get_sheet_by_name(sheet).to_python()[0]) == 18
        empty = await importer.post(
            "/api/v1/imports", params={"name": "t.xlsx"}, content=answer.content, headers={"content-type": XLSX}
        )
        assert (empty.status_code, empty.json()["code"]) == (422, "import.empty")


async def test_upload_of_another_kind_or_without_proof_of_origin_is_refused(
    control: Control, importer: httpx.AsyncClient
) -> None:
    book = a_book([a_premises(1)])
    for name, kind, status in (("a.xlsm", XLSX, 422), ("a.xlsx", "text/plain", 422), ("a.csv", XLSX, 422)):
        answer = await importer.post(
            "/api/v1/imports", params={"name": name}, content=book, headers={"content-type": kind}
        )
        assert answer.status_code == status, (name, kind, answer.text)
    headers = {"content-type": XLSX, "origin": "http://evil.example"}
    answer = await importer.post("/api/v1/imports", params={"name": "a.xlsx"}, content=book, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "web.cross_site")
    assert json.loads(answer.text)["code"] == "web.cross_site"
    assert await count(control, import_jobs) == 0
    assert UNSAFE["X-BK"] == "1"
    assert build_csv(("a",), [("b",)]).startswith(b"\xef\xbb\xbf")
