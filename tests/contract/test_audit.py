"""S48: every log-in, grant, view, change and refusal is a row, in order, without secrets; and what cannot be written does not happen."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.conftest import NODE, UNSAFE, USERNAME, Control, DatabaseAddress, add_camera
from tests.contract.people import log_in_as
from tests.contract.register import COUNTY, KITCHEN, OTHER_COUNTY, TOWNSHIP, insert_premises, place_camera

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.anchors import AnchorFolder
from brightkitchen.domain.audit.checking import check_chain
from brightkitchen.domain.audit.queries import Filters, FoundRow
from brightkitchen.domain.audit.store import audit_rows
from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.kernel.database import open_database_read_only
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.nodeprotocol import ViewReport
from brightkitchen.kernel.units import US_PER_S, Utc

CANARY = "k4nar1envogel"


async def rows_of(control: Control, *kinds: str) -> list[FoundRow]:
    """Return the rows of these kinds, oldest first."""
    page = await control.services.audit.search(Filters(kinds=kinds))
    return list(reversed(page.rows))


async def grant(client: httpx.AsyncClient, camera: str, act: str = "live", **fields: object) -> httpx.Response:
    body = {"items": [{"camera": camera, "act": act, "profile": "main", **fields}]}
    return await client.post("/api/v1/media/tokens", json=body)


async def session_of(control: Control) -> str:
    return (await rows_of(control, model.LOGIN_OK))[-1].row.session


def view(control: Control, camera: str, sid: str, number: int = 1, **changes: Any) -> ViewReport:
    now = control.clock.utc()
    fields: dict[str, Any] = {
        "view": f"vw_{number:016d}",
        "camera": camera,
        "sid": sid,
        "act": "live",
        "profile": "main",
        "started_at": Utc(now - 60 * US_PER_S),
        "ended_at": now,
        "seconds": 60,
    }
    return ViewReport(**(fields | changes))


# -- log-ins ---------------------------------------------------------------------------------------------------------


async def test_log_in_and_out_are_rows_with_address_and_pseudonym(control: Control, admin: httpx.AsyncClient) -> None:
    await admin.delete("/api/v1/session")
    opened, ended = await rows_of(control, model.LOGIN_OK, model.SESSION_ENDED)
    assert (opened.row.address, opened.row.actor_role, opened.names) == (
        "192.0.2.7",
        "CITY_ADMIN",
        {"username": USERNAME},
    )
    assert (ended.row.session, ended.row.reason, ended.row.address) == (opened.row.session, "log_out", "192.0.2.7")
    assert opened.row.session.startswith("sid_")


async def test_refused_log_in_keeps_no_name_that_is_nobodys(control: Control, anonymous: httpx.AsyncClient) -> None:
    for name in (USERNAME, CANARY):
        body = {"username": name, "password": CANARY}
        assert (await anonymous.post("/api/v1/session", json=body, headers=UNSAFE)).status_code == 401
    known, unknown = await rows_of(control, model.LOGIN_REFUSED)
    assert (known.row.reason, known.row.decision, known.names) == ("auth.wrong", "refused", {"username": USERNAME})
    assert (unknown.row.reason, unknown.row.object_id, unknown.names) == ("unknown_account", "", {})
    assert CANARY not in repr((known, unknown))


async def test_locked_account_is_one_row_however_often_it_is_tried(
    control: Control, anonymous: httpx.AsyncClient
) -> None:
    body = {"username": USERNAME, "password": "wrong"}
    for _ in range(12):
        await anonymous.post("/api/v1/session", json=body, headers=UNSAFE)
    reasons = [found.row.reason for found in await rows_of(control, model.LOGIN_REFUSED)]
    assert reasons == ["auth.wrong"] * 4 + ["auth.locked"] * 2


async def test_created_people_and_new_passwords_are_rows_without_the_password(control: Control) -> None:
    await control.services.users.create_user(
        LOCAL, "zhang", grants=(Grant(Role.COUNTY_OFFICER, Scope(COUNTY)),), password=CANARY * 2
    )
    await control.services.users.reset_password(LOCAL, "zhang", password=CANARY * 3)
    found = await rows_of(control, model.CHANGE, model.ROLE_GRANTED)
    assert [(each.row.kind, each.row.actor_role) for each in found[-3:]] == [
        ("change", "LOCAL"),
        ("role.granted", "LOCAL"),
        ("change", "LOCAL"),
    ]
    assert found[-2].row.region == COUNTY
    assert CANARY not in repr(found)


# -- cameras ---------------------------------------------------------------------------------------------------------


async def test_changes_of_a_camera_say_old_and_new_and_never_a_password(
    control: Control, admin: httpx.AsyncClient
) -> None:
    camera = await add_camera(admin, url=f"rtsp://viewer:{CANARY}@10.1.2.3/main?password={CANARY}")
    path = f"/api/v1/cameras/{camera['id']}"
    await admin.patch(path, json={"name": "洗消间", "password": CANARY + "2"})
    await admin.patch(path, json={"url": f"rtsp://10.9.9.9:8554/h264?password={CANARY}"})
    await admin.delete(path)
    added, renamed, moved, retired = (await rows_of(control, model.CHANGE))[-4:]
    assert added.names is not None
    assert added.names["new.name"] == "烹饪间1号"
    assert '"login":"changed"' in renamed.row.detail
    assert renamed.names == {"old.name": "烹饪间1号", "new.name": "洗消间"}
    assert '"old.host":"10.1.2.3"' in moved.row.detail
    assert '"new.host":"10.9.9.9"' in moved.row.detail
    assert '"path_main":"changed"' in moved.row.detail
    assert '"retired":true' in retired.row.detail
    assert {each.row.camera_id for each in (added, renamed, moved, retired)} == {camera["id"]}
    assert CANARY not in repr((added, renamed, moved, retired))


async def test_refused_change_writes_no_row(control: Control, admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin)
    before = len(await rows_of(control, model.CHANGE))
    answer = await admin.patch(f"/api/v1/cameras/{camera['id']}", json={"name": "x"}, headers={"If-Match": '"9"'})
    assert answer.status_code == 412
    assert len(await rows_of(control, model.CHANGE)) == before


async def test_address_outside_the_networks_and_foreign_camera_are_rows(
    control: Control, admin: httpx.AsyncClient
) -> None:
    await admin.post("/api/v1/cameras", json={"name": "x", "url": f"rtsp://a:{CANARY}@169.254.169.254/a"})
    for _ in range(3):
        await admin.get("/api/v1/cameras/cam_0000000000000000")
    await admin.get(f"/api/v1/cameras/{CANARY}")
    guard, missing, nonsense = await rows_of(control, model.GUARD_REFUSED, model.SCOPE_MISS)
    assert (guard.row.reason, guard.names) == ("camera.address_not_allowed", {"host": "169.254.169.254"})
    assert (missing.row.object_id, missing.row.reason, missing.row.decision) == (
        "cam_0000000000000000",
        "camera.view",
        "refused",
    )
    assert nonsense.row.object_id == ""
    assert CANARY not in repr((guard, missing, nonsense))


# -- media -----------------------------------------------------------------------------------------------------------


async def test_grant_is_one_row_for_ten_minutes_of_renewals(control: Control, admin: httpx.AsyncClient) -> None:
    camera = (await add_camera(admin))["id"]
    for _ in range(10):
        assert (await grant(admin, camera)).status_code == 200
        control.clock.jump(60)
    assert (await grant(admin, camera)).status_code == 200
    assert len(await rows_of(control, model.MEDIA_GRANT)) == 2
    await grant(admin, camera, "play", **{"from": "2026-11-23T00:00:00Z", "to": "2026-11-23T00:05:00Z"})
    await grant(admin, camera, "play", **{"from": "2026-11-22T00:00:00Z", "to": "2026-11-22T00:05:00Z"})
    played = [found.row for found in await rows_of(control, model.MEDIA_GRANT)][2:]
    assert len(played) == 2
    assert '"from_at":1795392000000000' in played[0].detail
    assert (played[0].actor_role, played[0].reason) == ("CITY_ADMIN", "role CITY_ADMIN")


async def test_grant_that_cannot_be_written_is_refused_and_gives_no_token(
    control: Control, admin: httpx.AsyncClient
) -> None:
    camera = (await add_camera(admin))["id"]
    async with control.database.write() as connection:
        await connection.execute(sa.text("ALTER TABLE audit_head RENAME TO audit_head_away"))
    answer = await grant(admin, camera)
    assert (answer.status_code, answer.json()["code"]) == (503, "audit.not_written")
    assert "bk1." not in answer.text
    answer = await admin.patch(f"/api/v1/cameras/{camera}", json={"name": "unrecorded"})
    assert answer.json()["code"] == "audit.not_written"
    assert (await admin.get("/api/v1/cameras")).json()["items"][0]["name"] == "烹饪间1号"
    async with control.database.write() as connection:
        await connection.execute(sa.text("ALTER TABLE audit_head_away RENAME TO audit_head"))
    assert (await grant(admin, camera)).status_code == 200  # the refused one did not count as written


async def test_view_of_a_node_carries_who_was_allowed_it(control: Control, admin: httpx.AsyncClient) -> None:
    await insert_premises(control, id=KITCHEN)
    camera = (await add_camera(admin))["id"]
    await place_camera(control, camera)
    await grant(admin, camera)
    sid = await session_of(control)
    reports = [view(control, camera, sid, 1), view(control, camera, sid, 2, act="snapshot", seconds=0, count=3)]
    assert await control.services.cameras.note_views(NODE, reports) == 0
    assert await control.services.cameras.note_views(NODE, reports) == 0  # said twice, written once
    live, still = await rows_of(control, model.MEDIA_VIEW, model.MEDIA_SNAPSHOT)
    assert (live.row.actor_role, live.row.premises_id, live.row.region) == ("CITY_ADMIN", KITCHEN, TOWNSHIP)
    assert (live.row.session, live.row.address, live.row.reason) == (sid, "192.0.2.7", "")
    assert '"seconds":60' in live.row.detail
    assert '"count":3' in still.row.detail
    assert live.row.actor_id == (await rows_of(control, model.MEDIA_GRANT))[0].row.actor_id != ""


async def test_view_without_a_grant_and_lost_reports_are_rows_too(control: Control, admin: httpx.AsyncClient) -> None:
    camera = (await add_camera(admin))["id"]
    reports = [view(control, camera, "sid_nobody", 1), view(control, "cam_0000000000000000", "sid_nobody", 2)]
    assert await control.services.cameras.note_views(NODE, reports, lost=12) == 1
    (found,) = await rows_of(control, model.MEDIA_VIEW)
    (lost,) = await rows_of(control, model.MEDIA_LOST)
    assert (found.row.actor_id, found.row.reason) == ("", "no_grant")
    assert (lost.row.object_id, lost.row.detail) == (NODE, '{"lost":12}')


# -- the chain under load --------------------------------------------------------------------------------------------


async def test_rows_written_at_once_have_no_gap_and_follow_each_other(control: Control) -> None:
    trail = control.services.audit
    await asyncio.gather(*(trail.record(trail.entry(model.DOWNLOAD)) for _ in range(40)))
    async with control.database.read() as connection:
        seqs = list((await connection.execute(sa.select(audit_rows.c.seq).order_by(audit_rows.c.seq))).scalars())
    assert seqs == list(range(1, len(seqs) + 1))


async def test_row_is_undone_with_the_act_it_speaks_of(control: Control) -> None:
    trail = control.services.audit
    before = await trail.record(trail.entry(model.DOWNLOAD))
    with pytest.raises(RuntimeError):
        async with control.database.write() as connection:
            await trail.append(connection, trail.entry(model.EXPORT))
            raise RuntimeError
    assert await rows_of(control, model.EXPORT) == []
    assert await trail.record(trail.entry(model.DOWNLOAD)) == before + 1


# -- searching -------------------------------------------------------------------------------------------------------


async def test_search_pages_are_whole_and_their_cursor_fits_only_its_search(
    control: Control, admin: httpx.AsyncClient
) -> None:
    trail = control.services.audit
    for number in range(7):
        await trail.record(trail.entry(model.UNMASK, object_kind="person", object_id=f"per_{number}"))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await admin.get("/api/v1/audit", params={"kind": "unmask", "limit": 3, "cursor": cursor})).json()
        seen += [item["object_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"per_{number}" for number in reversed(range(7))]
    first = (await admin.get("/api/v1/audit", params={"kind": "unmask", "limit": 3})).json()["next_cursor"]
    for params in ({"kind": "change", "cursor": first}, {"kind": "unmask", "cursor": "AAAA"}, {"cursor": first + "x"}):
        answer = await admin.get("/api/v1/audit", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "web.cursor")


async def test_search_by_each_filter_finds_the_one_row(control: Control, admin: httpx.AsyncClient) -> None:
    trail = control.services.audit
    wanted = trail.entry(
        model.EXPORT,
        model.Who("usr_zhang", "COUNTY_OFFICER", "sid_1"),
        object_kind="file",
        object_id="exp_1",
        premises_id=KITCHEN,
        camera_id="cam_x",
        region=TOWNSHIP,
        decision="refused",
        names={"note": "100%的_材料"},
    )
    other = trail.entry(model.DOWNLOAD, model.Who("usr_li"), region=OTHER_COUNTY, names={"note": "100的x材料"})
    control.clock.jump(10)
    await trail.record(wanted, other)
    at = "2026-11-23T00:00:00Z"
    for params in (
        {"actor": "usr_zhang"},
        {"kind": "export"},
        {"object": "exp_1"},
        {"premises": KITCHEN},
        {"camera": "cam_x"},
        {"session": "sid_1"},
        {"region": COUNTY},
        {"decision": "refused"},
        {"text": "100%的_材"},
        {"kind": "export", "from": at, "to": "2026-11-23T00:00:10Z"},
    ):
        items = (await admin.get("/api/v1/audit", params=params)).json()["items"]
        assert [item["object_id"] for item in items] == ["exp_1"], params
    assert (await admin.get("/api/v1/audit", params={"kind": "export", "to": at})).json()["items"] == []
    for bad in ({"kind": "nonsense"}, {"from": "yesterday"}, {"region": "2103'"}, {"decision": "maybe"}):
        assert (await admin.get("/api/v1/audit", params=bad)).status_code == 422
    read = (await rows_of(control, model.AUDIT_READ))[0].row
    assert (read.actor_role, read.detail) == ("CITY_ADMIN", '{"actor":"usr_zhang"}')


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.AUDITOR, Role.CITY_ADMIN)])
async def test_search_is_not_found_for_everybody_else(control: Control, role: Role) -> None:
    async with control.client() as client:
        await log_in_as(control, client, "somebody", Grant(role, Scope(COUNTY, premises=None)))
        answer = await client.get("/api/v1/audit")
    assert (answer.status_code, answer.json()["code"]) == (404, "access.none")


async def test_county_auditor_finds_rows_of_the_county_alone(control: Control) -> None:
    trail = control.services.audit
    for region in (TOWNSHIP, OTHER_COUNTY, ""):
        await trail.record(trail.entry(model.DOWNLOAD, region=region, object_id=f"in_{region}"))
    async with control.client() as client:
        await log_in_as(control, client, "auditor", Grant(Role.AUDITOR, Scope(COUNTY)))
        for params in ({}, {"region": "210300"}, {"region": TOWNSHIP}):
            items = (await client.get("/api/v1/audit", params={"kind": "download", **params})).json()["items"]
            assert [item["object_id"] for item in items] == [f"in_{TOWNSHIP}"]
        assert (await client.get("/api/v1/audit", params={"region": OTHER_COUNTY})).status_code == 404


# -- both databases --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_rows SET actor_id = 'x' WHERE seq = 1",
        "DELETE FROM audit_rows WHERE seq = 1",
        "UPDATE audit_texts SET text = '{}' WHERE seq = 1",
        "DELETE FROM audit_texts WHERE seq = 1",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = seq - 1",
    ],
)
async def test_database_refuses_what_is_not_an_addition(control: Control, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="append only"):
        async with control.database.write() as connection:
            await connection.execute(sa.text(statement))


async def test_chain_is_checked_by_a_connection_that_only_reads(
    control: Control, migrated_database: DatabaseAddress, tmp_path: Path
) -> None:
    trail = control.services.audit
    last = await trail.record(*(trail.entry(model.DOWNLOAD, names={"file": "甲.xlsx"}) for _ in range(20)))
    reading = await open_database_read_only(migrated_database)
    report = await check_chain(reading, AnchorFolder(tmp_path / "anchors"))
    with pytest.raises((sa.exc.DBAPIError, BrightKitchenError)):
        async with reading.read() as connection:
            await connection.execute(sa.text("UPDATE audit_head SET anchor_no = 5"))
    await reading.close()
    assert (report.rows, [finding.trouble.value for finding in report.findings]) == (last, ["no_anchors"])
