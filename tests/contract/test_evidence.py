"""Evidence from the picture to the row (docs/design/evidence.md): taken, sealed, found, looked at, linked, ended."""

import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.contract.conftest import NODE, Control, log_in
from tests.contract.kitchen_evidence import Kitchen, open_kitchen
from tests.contract.people import EAST, WEST, Crowd
from tests.encoding import read_number
from tests.media_node import iso

from brightkitchen.domain.authz.model import Role
from brightkitchen.kernel.evidence import hash_bytes, hash_link
from brightkitchen.kernel.ids import CameraId
from brightkitchen.web.nodechannel import NodeLink


@pytest.fixture
async def kitchen(control: Control, tmp_path: Path) -> AsyncIterator[Kitchen]:
    async with open_kitchen(control, tmp_path) as one:
        yield one


def number_in(jpeg: bytes, *, below_px: int = 0) -> int:
    picture = np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"))
    return read_number(picture[: picture.shape[0] - below_px])


async def file_of(kitchen: Kitchen, item: str, name: str) -> httpx.Response:
    return await kitchen.client.get(f"/api/v1/evidence/{item}/files/{name}")


# T04: the hash of the file is in the store, and asked for again it is the same picture
async def test_snapshot_is_sealed_and_its_files_are_what_the_node_saw(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot(note="操作台有一块生肉")
    assert (item["number"], item["state"], item["seq"], item["hold"]) == ("E2611-00001", "SEALED", 1, "set")
    assert (item["frame_at"], item["source"], item["operator_name"]) == (iso(1.6), "recording", "管理员")
    shown = (await kitchen.client.get(f"/api/v1/evidence/{item['number']}")).json()
    for fact in shown["files"]:
        data = (await file_of(kitchen, item["id"], fact["name"])).content
        assert (len(data), hashlib.sha256(data).hexdigest()) == (fact["size_bytes"], fact["sha256"]), fact["name"]
        assert data == (kitchen.folder_of(item) / fact["name"]).read_bytes()
    original = (await file_of(kitchen, item["id"], "original.jpg")).content
    assert number_in(original) == 40
    assert (await file_of(kitchen, item["id"], "original.jpg")).content == original  # T04: the same picture again
    manifest = json.loads(shown["manifest"])
    assert manifest["clock"]["camera_drift_us"] == "unknown"
    assert (manifest["camera"]["zone"], manifest["camera"]["premises_name"]) == ("COOK", "站前小学食堂")
    assert manifest["node"] == {"id": NODE, "public_key": kitchen.node.statement_key}


async def test_display_copy_has_the_picture_and_its_marks_below(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    display = (await file_of(kitchen, item["id"], "display.jpg")).content
    original = (await file_of(kitchen, item["id"], "original.jpg")).content
    marked, plain = Image.open(io.BytesIO(display)), Image.open(io.BytesIO(original))
    assert marked.width == plain.width and marked.height > plain.height
    assert number_in(display, below_px=marked.height - plain.height) == 40
    strip = np.asarray(marked.convert("L"))[plain.height :]
    assert strip.min() < 60 < 180 < strip.max()


async def test_chain_of_three_items_follows_by_hand(kitchen: Kitchen) -> None:
    items = [await kitchen.snapshot(), await kitchen.clip(), await kitchen.snapshot(2.0)]
    before = "0" * 64
    for seq, item in enumerate(items, 1):
        manifest = (kitchen.folder_of(item) / "manifest.json").read_bytes()
        assert (json.loads(manifest)["before"], json.loads(manifest)["seq"]) == (before, seq)
        before = hash_link(before, hash_bytes(manifest))
        assert (item["hash"], item["number"]) == (before, f"E2611-{seq:05d}")


async def test_clip_keeps_its_range_and_is_played_by_ranges(kitchen: Kitchen) -> None:
    item = await kitchen.clip()
    assert (item["kind"], item["from_at"], item["to_at"]) == ("clip", iso(1), iso(3))
    path = f"/api/v1/evidence/{item['id']}/files/original-1.mp4"
    whole = await kitchen.client.get(path)
    part = await kitchen.client.get(path, headers={"range": "bytes=4-11"})
    assert (part.status_code, part.content) == (206, whole.content[4:12])
    assert part.headers["content-range"] == f"bytes 4-11/{len(whole.content)}"
    assert (await kitchen.client.get(path, headers={"range": "bytes=9-4"})).status_code == 416


async def test_snapshot_while_the_signer_is_away_waits_and_is_sealed_later(kitchen: Kitchen) -> None:
    kitchen.control.signer.is_away = True
    item = await kitchen.snapshot()
    assert (item["state"], item["seq"], item["hold"]) == ("CAPTURED", None, "set")
    assert (await kitchen.client.post(f"/api/v1/evidence/{item['id']}/check")).json()["code"] == "evidence.not_sealed"
    kitchen.control.signer.is_away = False
    assert await kitchen.control.evidence.sealer.seal_all() == 1
    sealed = (await kitchen.client.get(f"/api/v1/evidence/{item['id']}")).json()
    assert (sealed["state"], sealed["seq"]) == ("SEALED", 1)
    assert (await kitchen.client.post(f"/api/v1/evidence/{item['id']}/check")).json() == {"findings": []}


# T04, T10: from replay; the sealed range is held
async def test_capture_holds_the_recording_around_it(kitchen: Kitchen) -> None:
    item = await kitchen.clip()
    holds = (await kitchen.client.get("/api/v1/recording/holds")).json()["items"]
    assert [(each["from"], each["to"], each["why"]) for each in holds] == [(iso(-59), iso(63), "evidence")]
    path = f"/api/v1/recording/holds/{holds[0]['id']}/release"
    released = await kitchen.client.post(path, json={"reason": "不需要了"})
    assert released.json()["code"] == "recording.hold_needed", item["number"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"purpose": "OTHER", "at": iso(1)}, "evidence.purpose_note"),
        ({"at": iso(100_000)}, "evidence.future"),
        ({"kind": "clip"}, "evidence.range"),
        ({"kind": "clip", "from": iso(3), "to": iso(2)}, "evidence.range"),
        ({"kind": "clip", "from": iso(1), "to": iso(100_000)}, "evidence.range"),
        ({"at": iso(-100)}, "media.nothing_recorded"),
        ({"camera": "cam_0000000000000009", "at": iso(1)}, "access.none"),
    ],
)
async def test_capture_that_cannot_be_is_refused_and_leaves_nothing(
    kitchen: Kitchen, fields: dict[str, str], code: str
) -> None:
    answer = await kitchen.ask(**fields)
    assert answer.json()["code"] == code
    assert (await kitchen.client.get("/api/v1/evidence")).json()["total"] == 0
    assert list((kitchen.folder / "incoming").iterdir()) == []
    assert (await kitchen.client.get("/api/v1/recording/holds")).json()["items"] == []


async def test_capture_of_a_node_with_another_key_is_not_believed(kitchen: Kitchen) -> None:
    async def nothing(*_: object) -> None:
        return None

    stranger = NodeLink(NODE, kitchen.node.port.port, nothing, nothing, "ab" * 32)
    await kitchen.control.services.nodes.admit(stranger)
    answer = await kitchen.ask(at=iso(1))
    assert answer.json()["code"] == "evidence.not_trusted"
    assert (await kitchen.client.get("/api/v1/evidence")).json()["total"] == 0


async def test_capture_while_the_node_is_away_says_so(kitchen: Kitchen) -> None:
    await kitchen.node.port.close()
    assert (await kitchen.ask(at=iso(1))).json()["code"] == "node.no_answer"


async def test_more_than_thirty_a_minute_are_too_many(kitchen: Kitchen) -> None:
    answers = [await kitchen.ask(at=iso(-100)) for _ in range(31)]
    assert [answer.status_code for answer in answers[:30]] == [404] * 30
    assert (answers[30].status_code, answers[30].json()["code"]) == (429, "evidence.too_many")


async def test_evidence_of_another_county_is_not_there(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    async with Crowd(kitchen.control) as crowd:
        stranger = await crowd.join("west", Role.COUNTY_OFFICER, WEST)
        neighbour = await crowd.join("east", Role.COUNTY_OFFICER, EAST)
        for name in (item["id"], item["number"]):
            for path in (f"/{name}", f"/{name}/files/display.jpg"):
                assert (await neighbour.get(f"/api/v1/evidence{path}")).status_code == 200
                missing = await stranger.get(f"/api/v1/evidence{path}")
                assert (missing.status_code, missing.json()["code"]) == (404, "access.none")
            for act, body in (("check", {}), ("link", {"case_no": "1"})):
                assert (await stranger.post(f"/api/v1/evidence/{name}/{act}", json=body)).status_code == 404
        assert (await stranger.get("/api/v1/evidence")).json() | {"abilities": []} == {
            "items": [],
            "next_cursor": None,
            "total": 0,
            "abilities": [],
        }
        taken = await stranger.post(
            "/api/v1/evidence", json={"kind": "snapshot", "camera": kitchen.camera, "purpose": "PATROL"}
        )
        assert (taken.status_code, taken.json()["code"]) == (404, "access.none")


@pytest.mark.parametrize("role", [Role.OPERATOR_PM, Role.GRID_ASSISTANT, Role.EDU_OFFICER])
async def test_evidence_is_not_for(kitchen: Kitchen, role: Role) -> None:
    item = await kitchen.snapshot()
    async with Crowd(kitchen.control) as crowd:
        person = await crowd.join("person", role, EAST + "006" if role is Role.GRID_ASSISTANT else EAST)
        assert (await person.get("/api/v1/evidence")).status_code == 404
        assert (await person.get(f"/api/v1/evidence/{item['id']}")).status_code == 404


async def test_list_is_filtered_and_paged(kitchen: Kitchen) -> None:
    made = []
    for number in range(3):
        made.append(await kitchen.snapshot(1 + number / 10))
        kitchen.control.clock.jump(1)
    await kitchen.clip()
    newest = [each["number"] for each in (await kitchen.client.get("/api/v1/evidence")).json()["items"]]
    assert newest == ["E2611-00004", "E2611-00003", "E2611-00002", "E2611-00001"]
    first = (await kitchen.client.get("/api/v1/evidence", params={"limit": 3, "kind": "snapshot"})).json()
    assert (first["total"], first["next_cursor"], len(first["items"])) == (3, None, 3)
    page = (await kitchen.client.get("/api/v1/evidence", params={"limit": 2})).json()
    rest = (await kitchen.client.get("/api/v1/evidence", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [each["number"] for each in page["items"] + rest["items"]] == newest
    found = (await kitchen.client.get("/api/v1/evidence", params={"text": "00002 站前"})).json()["items"]
    assert [each["id"] for each in found] == [made[1]["id"]]
    assert (await kitchen.client.get("/api/v1/evidence", params={"text": "%"})).json()["total"] == 0


async def test_download_needs_a_purpose_a_proof_and_leaves_a_row(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    path = f"/api/v1/evidence/{item['id']}/download"
    assert (await kitchen.client.post(path, json={"file": "original.jpg"})).status_code == 422
    other = {"file": "original.jpg", "purpose": "OTHER"}
    assert (await kitchen.client.post(path, json=other)).json()["code"] == "evidence.purpose_note"
    taken = await kitchen.client.post(path, json={"file": "original.jpg", "purpose": "COURT"})
    assert taken.headers["content-disposition"].startswith("attachment")
    assert taken.content == (kitchen.folder_of(item) / "original.jpg").read_bytes()
    rows = (await kitchen.client.get("/api/v1/audit", params={"kind": "download", "object": item["id"]})).json()[
        "items"
    ]
    assert [(row["purpose"], row["detail"]["file"]) for row in rows] == [("COURT", "original.jpg")]
    kitchen.control.clock.jump(301)
    stale = await kitchen.client.post(path, json={"file": "original.jpg", "purpose": "COURT"})
    assert stale.json()["code"] == "auth.step_up_required"


@pytest.mark.parametrize("name", ["../manifest.json", "..%2f..%2fmanifest.json", "nothing.jpg", "%00", "Original.jpg"])
async def test_file_that_no_manifest_names_is_not_there(kitchen: Kitchen, name: str) -> None:
    item = await kitchen.snapshot()
    answer = await kitchen.client.get(f"/api/v1/evidence/{item['id']}/files/{name}")
    assert answer.status_code == 404


async def test_capture_and_seal_are_rows_of_the_audit(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot(note="秘密备注")
    rows = (await kitchen.client.get("/api/v1/audit", params={"object": item["id"]})).json()["items"]
    by_kind = {row["kind"]: row for row in rows}
    assert by_kind["media.snapshot"]["purpose"] == "PATROL"
    assert by_kind["media.snapshot"]["camera_id"] == kitchen.camera
    assert by_kind["media.snapshot"]["names"] == {"note": "秘密备注"}
    assert by_kind["evidence.sealed"]["detail"] | {"kid": ""} == {
        "number": item["number"],
        "seq": 1,
        "hash": item["hash"],
        "suite": "ed25519",
        "kid": "",
    }
    keys = (await kitchen.client.get("/api/v1/audit", params={"kind": "key.created"})).json()["items"]
    assert {row["object_kind"] for row in keys} == {"node_key", "evidence_key"}


async def test_owner_is_told_of_a_capture_without_a_name(kitchen: Kitchen) -> None:
    await kitchen.snapshot()
    kitchen.control.clock.jump(36 * 3600)
    await log_in(kitchen.client)
    premises = (await kitchen.client.get(f"/api/v1/cameras/{kitchen.camera}")).json()["premises_id"]
    watches = (await kitchen.client.get(f"/api/v1/premises/{premises}/watchers")).json()["items"]
    told = [(each["act"], each["camera"], each["purpose"], each["count"]) for each in watches]
    assert ("snapshot", kitchen.camera, "PATROL", 1) in told
    assert "管理员" not in json.dumps(watches, ensure_ascii=False)


async def test_release_and_disposal_need_a_second_person(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    path = f"/api/v1/evidence/{item['id']}"
    linked = await kitchen.client.post(f"{path}/link", json={"case_no": "W2611-0412"})
    assert (linked.json()["state"], linked.json()["case_no"]) == ("LINKED", "W2611-0412")
    early = await kitchen.client.post(f"{path}/dispose", json={"reason": "结案"})
    assert early.json()["code"] == "evidence.not_now"
    async with Crowd(kitchen.control) as crowd:
        second = await crowd.join("second", Role.CITY_ADMIN)
        asked = await kitchen.client.post(f"{path}/release", json={"reason": "案件已结"})
        assert (asked.status_code, asked.json()["state"], asked.json()["waiting"]) == (202, "LINKED", True)
        again = await kitchen.client.post(f"{path}/release", json={"reason": "案件已结"})
        assert again.json()["code"] == "evidence.not_now"
        (request,) = (await second.get("/api/v1/approvals")).json()["items"]
        own = await kitchen.client.post(f"/api/v1/approvals/{request['id']}", json={"agree": True})
        assert own.json()["code"] == "approval.own"
        assert (await second.post(f"/api/v1/approvals/{request['id']}", json={"agree": True})).status_code == 200
        released = (await kitchen.client.get(path)).json()
        assert (released["state"], released["hold"], released["waiting"]) == ("RELEASED", "ended", False)
        (hold,) = (await kitchen.client.get("/api/v1/recording/holds")).json()["items"]
        assert hold["released_at"] is not None
        soon = await kitchen.client.post(f"{path}/dispose", json={"reason": "过期"})
        assert (soon.json()["code"], soon.json()["params"]["days"]) == ("evidence.kept_until", 30)
        kitchen.control.clock.jump(31 * 86_400)
        await log_in(kitchen.client)
        again_second = await crowd.sign_in("second")
        assert (await kitchen.client.post(f"{path}/dispose", json={"reason": "过期"})).status_code == 202
        (request,) = (await again_second.get("/api/v1/approvals")).json()["items"]
        agreed = await again_second.post(f"/api/v1/approvals/{request['id']}", json={"agree": True})
        assert agreed.status_code == 200, agreed.text
    assert await kitchen.evidence.sweep_disposed() == 1
    kept = sorted(file.name for file in kitchen.folder_of(item).iterdir())
    assert kept == ["manifest.json", "seal.json", "statement.json"]
    gone = (await kitchen.client.get(path)).json()
    assert (gone["state"], gone["hash"]) == ("DISPOSED", item["hash"])
    assert (await kitchen.client.post(f"{path}/check")).json() == {"findings": []}


async def test_release_that_was_refused_may_be_asked_for_again(kitchen: Kitchen) -> None:
    item = await kitchen.snapshot()
    path = f"/api/v1/evidence/{item['id']}/release"
    async with Crowd(kitchen.control) as crowd:
        second = await crowd.join("second", Role.CITY_ADMIN)
        await kitchen.client.post(path, json={"reason": "案件已结"})
        (request,) = (await second.get("/api/v1/approvals")).json()["items"]
        refused = {"agree": False, "reason": "还要用"}
        assert (await second.post(f"/api/v1/approvals/{request['id']}", json=refused)).status_code == 200
    await kitchen.evidence.forget_refused()
    assert (await kitchen.client.post(path, json={"reason": "真的结了"})).status_code == 202


async def test_camera_drift_is_kept_beside_the_item_and_warned_of(kitchen: Kitchen) -> None:
    kitchen.node.sources.last.counters.clock_drift_us = 12_400_000
    item = await kitchen.snapshot()
    assert (item["camera_drift_us"], item["is_drift_warned"]) == (12_400_000, True)
    assert CameraId(item["camera_id"]) == kitchen.camera
