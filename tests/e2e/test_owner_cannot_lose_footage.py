"""S51, A3, T10: people of a kitchen pull every lever the API has, cut the power, and the moment is still played.

Nobody holds the moment: it has to outlive all of it by itself. What the levers are: `levers.py`, checked against the document.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from tests.e2e.caller import Caller, Json, build_utc, parse_utc_ms, until
from tests.e2e.levers import LEVERS, NOW, Pull, far_hours, fill, operations
from tests.e2e.product import Product, start_product

from brightkitchen_sim.liveclock import read_clock

pytestmark = pytest.mark.e2e
SCHOOL = "演示·站前小学食堂"
REFUSED = {403, 404}
"""How somebody is refused who may not; 409 would only say that it is the wrong moment, 422 would only say that the request was wrong, 401 that nobody asked."""
SHOWN = (
    *("premises_id", "zone", "zones", "address", "sub_path", "record", "transport", "audio", "allow_basic"),
    *("has_password", "quarantined_at", "activity"),
)
ALARM_WITHIN_S = 60
NEVER_GIVEN = {
    "factor_id": "fac_0000000000000001",
    "session_id": "ses_0000000000000001",
    "own_identity_id": "idn_0000000000000001",
    "identity_id": "idn_0000000000000002",
    "token_id": "tkn_0000000000000000",
    "suspension_id": "sus_0000000000000000",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was played: the clocks drawn into the pictures, ms UTC, and a hash over the coded pictures."""

    clocks: tuple[int, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A second that was recorded, as an officer saw it then."""

    camera: str
    at_ms: int
    seen: Seen


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with start_product(tmp_path_factory.mktemp("owner"), "--cameras", "2") as one:
        yield one


def as_person(product: Product, username: str) -> Caller:
    return Caller(replace(product, username=username))


@pytest.fixture(scope="module")
def admin(product: Product) -> Iterator[Caller]:
    with closing(Caller(product)) as one:
        yield one


@pytest.fixture(scope="module")
def officer(product: Product) -> Iterator[Caller]:
    with closing(as_person(product, "tiedong")) as one:
        yield one


def ask(caller: Caller, method: str, path: str, body: object = None) -> Json:
    """Return the answer of somebody who may. raises: AssertionError with what was said instead."""
    answer = caller.http.request(method, f"/api/v1/{path}", json=body)
    assert answer.status_code < 300, (method, path, answer.text)
    found: Json = answer.json() if answer.content else {}
    return found


@pytest.fixture(scope="module")
def things(admin: Caller, officer: Caller) -> dict[str, str]:
    """Return the ids of one of everything that a lever can be laid at; both cameras belong to the school of the three."""
    admin.prove()
    school = next(each for each in ask(admin, "GET", f"premises?q={SCHOOL}")["items"] if each["name"] == SCHOOL)
    other = next(each for each in ask(admin, "GET", "premises")["items"] if each["id"] != school["id"])
    clock, pattern = admin.clock_camera(), admin.pattern_camera()
    for camera, zone in ((clock, "COOK"), (pattern, "WASH")):
        ask(admin, "PATCH", f"cameras/{camera['id']}", {"premises_id": school["id"], "zone": zone})
    until(lambda: admin.camera(clock["id"])["activity"] == "ACTIVE", 30, "the first frame is approved")
    # the city records by business hours here: then the hours are a lever, too
    ask(admin, "PATCH", f"premises/{school['id']}", {"hours": "1-7 00:00-24:00"})
    said = {"mode": "open_hours", "keep_days": 30, "reason": "夜间无人"}
    ask(admin, "PUT", f"recording/rules/premises/{school['id']}", said)
    until(lambda: admin.camera(clock["id"])["streams"]["main"]["recording"], 20, "recorded by the rule")
    here = {"camera_id": clock["id"], "from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:10:00Z", "note": "投诉核查"}
    item = ask(
        officer, "POST", "evidence", {"kind": "snapshot", "camera": pattern["id"], "purpose": "PATROL", "note": "x"}
    )
    ask(officer, "POST", f"evidence/{item['id']}/link", {"case_no": "W2611-0412"})
    csv = "单位名称,类别,县区,地址\n新店二,药店,铁东区,站前街".encode()
    job = admin.http.post("/api/v1/imports?name=a.csv", content=csv, headers={"content-type": "text/csv"}).json()
    people = {each["username"]: each["id"] for each in ask(admin, "GET", "people?limit=200")["items"]}
    export = {"items": [item["id"]], "purpose": "COURT", "case_no": "W2611-0412", "recipient": "法院"}
    made = {
        "camera_id": clock["id"],
        "camera_url": clock["address"],
        "pattern_id": pattern["id"],
        "pattern_url": pattern["address"],
        "premises_id": school["id"],
        "other_premises_id": other["id"],
        "item_id": item["id"],
        "export_id": ask(admin, "POST", "evidence/exports", export)["id"],
        "hold_id": ask(officer, "POST", "recording/holds", here)["id"],
        "person_id": ask(admin, "POST", f"premises/{school['id']}/people", {"kind": "DUTY", "name": "张一"})["id"],
        "device_id": ask(admin, "POST", "devices", {"sn": "E1", "kind": "IPC", "premises_id": school["id"]})["id"],
        "ticket_id": ask(admin, "POST", "faults", {"camera_id": pattern["id"], "note": "花屏"})["id"],
        "officer_mark_id": ask(officer, "POST", "marks", {"camera_id": clock["id"], "at": NOW})["id"],
        "recovery_id": ask(admin, "POST", f"people/{people['edu']}/recovery")["id"],
        "organisation_id": ask(admin, "GET", "organisations")["items"][0]["id"],
        "import_id": job["id"],
        "user_id": people["tiedong"],
        "grant_id": ask(admin, "GET", f"people/{people['tiedong']}")["grants"][0]["id"],
        "far_hours": far_hours(),
    }
    # an end of evidence that waits for a second person, who must not be the owner
    ask(officer, "POST", f"evidence/{item['id']}/release", {"reason": "案件已结"})
    made["approval_id"] = ask(admin, "GET", "approvals")["items"][0]["id"]
    made |= {f"id_of_{name}": people[name] for name in ("principal", "director", "safety")}
    return NEVER_GIVEN | made


def play(viewer: Caller, camera: str, at_ms: int) -> Seen:
    """Play two seconds from a moment on, as the page does, and read the clock of each picture."""
    handle = viewer.open_handle(camera, "play")
    asked = {"profile": "main", "from": build_utc(at_ms), "to": build_utc(at_ms + 2000), "tracks": "video"}
    answer = viewer.node.get(f"/play/{camera}/stream.mp4", params=asked, headers=handle)
    assert answer.status_code == 200, answer.text
    digest = hashlib.sha256()
    clocks = []
    with av.open(io.BytesIO(answer.content), mode="r") as container:
        for packet in container.demux(video=0):
            digest.update(bytes(packet))
            for frame in packet.decode():
                pixels = np.ascontiguousarray(frame.to_ndarray(format="rgb24"), np.uint8)
                clocks.append(read_clock(pixels) or 0)
    return Seen(tuple(clocks), digest.hexdigest())


def check_snapshot(viewer: Caller, moment: Moment) -> None:
    """A still of the moment shows its second."""
    handle = viewer.open_handle(moment.camera, "snapshot")
    asked = {"profile": "main", "at": build_utc(moment.at_ms)}
    answer = viewer.node.get(f"/snapshot/{moment.camera}", params=asked, headers=handle)
    assert answer.status_code == 200, answer.text
    clock_ms = read_clock(np.ascontiguousarray(Image.open(io.BytesIO(answer.content)).convert("RGB"), np.uint8))
    assert clock_ms is not None and abs(clock_ms - moment.at_ms) < 1000


@pytest.fixture(scope="module")
def moment(officer: Caller, things: dict[str, str]) -> Moment:
    """Return a second that is on disk, under no hold."""
    camera = things["camera_id"]
    at_ms = officer.wait_recording(camera) + 2000
    officer.wait_recording(camera, after_ms=at_ms + 6000)
    seen = play(officer, camera, at_ms)
    assert any(abs(clock - at_ms) < 1000 for clock in seen.clocks), (at_ms, seen.clocks)
    found = Moment(camera, at_ms, seen)
    check_snapshot(officer, found)
    return found


def look(admin: Caller, officer: Caller, things: dict[str, str]) -> Json:
    """Return all that decides on whether the camera is recorded, shown and kept."""
    camera = ask(officer, "GET", f"cameras/{things['camera_id']}")
    plan = ask(officer, "GET", f"recording/cameras/{things['camera_id']}")
    item = ask(officer, "GET", f"evidence/{things['item_id']}")
    premises = ask(admin, "GET", f"premises/{things['premises_id']}")
    holds = ask(officer, "GET", "recording/holds?open=true")["items"]
    return {
        "camera": {name: camera[name] for name in SHOWN},
        "plan": {name: plan[name] for name in ("keep_days", "mode", "floor_days", "recorded", "quiet", "rules")},
        "item": {name: item[name] for name in ("state", "hold", "waiting")},
        "premises": {name: premises[name] for name in ("state", "is_due", "category", "region", "hours")},
        "holds": sorted(each["id"] for each in holds),
        "officer": ask(admin, "GET", f"people/{things['user_id']}")["grants"],
    }


def send(person: Caller, route: tuple[str, str], pull: Pull, things: dict[str, str]) -> int:
    """Pull one lever, signed in. returns: the status."""
    if person.http.get("/api/v1/session").status_code == 401:
        person.log_in()
    path = route[1].format_map(things | {name: str(fill(value, things)) for name, value in pull.path.items()})
    more: dict[str, Any] = {}  # Any: whatever the body is
    if pull.content is not None:
        more = {"content": pull.content, "headers": {"content-type": "text/csv"}}
    elif pull.body is not None:
        more = {"json": fill(pull.body, things)}
    answer = person.http.request(route[0], path + pull.query, **more)
    if answer.status_code == 200 and path.endswith("/account/password"):
        person.password = str(fill("{password}-newer", things))
    if pull.keeps and answer.status_code < 300:
        things[pull.keeps] = answer.json()["id"]
    return answer.status_code


def pull_all(person: Caller, others: tuple[Caller, Caller], things: dict[str, str]) -> dict[str, list[int]]:
    """Pull every lever there is as one person; each yes is looked into at once. returns: what was answered."""
    document = person.http.get("/api/openapi.json").json()
    routes = operations(document)
    before = look(*others, things)
    answers: dict[str, list[int]] = {}
    for name, pulls in LEVERS.items():
        for pull in pulls:
            status = send(person, routes[name], pull, things)
            answers.setdefault(name, []).append(status)
            assert status < 500, (name, pull)
            if status < 300:
                assert pull.may, f"{person.username} may {name} with {pull}"
                assert look(*others, things) == before, (name, pull)
            elif not pull.may:
                assert status in REFUSED, f"{name} with {pull}: {status} does not say that it was refused"
    assert look(*others, things) == before
    return answers


def test_every_unsafe_operation_is_a_lever_that_was_thought_of(admin: Caller) -> None:
    assert set(LEVERS) == set(operations(admin.http.get("/api/openapi.json").json()))


@pytest.mark.parametrize("username", ["safety", "director", "principal"])
def test_moment_outlives_every_lever_of(
    product: Product, admin: Caller, officer: Caller, things: dict[str, str], moment: Moment, username: str
) -> None:
    with closing(as_person(product, username)) as person:
        staff = {"principal": "director"}.get(username, "principal")
        mine = things | {
            "own_id": things[f"id_of_{username}"],
            "staff_id": things[f"id_of_{staff}"],
            "password": person.password,
            "role": username,
            "from": build_utc(moment.at_ms),
            "to": build_utc(moment.at_ms + 1000),
        }
        answers = pull_all(person, (admin, officer), mine)
    pulled = sum(map(len, answers.values()))
    granted = sorted(name for name, statuses in answers.items() if min(statuses) < 300)
    print(f"{username}: {len(answers)} operations, {pulled} pulls; granted: {', '.join(granted)}")
    until_ms = officer.wait_recording(moment.camera)
    officer.wait_recording(moment.camera, after_ms=until_ms + 2000)
    assert play(officer, moment.camera, moment.at_ms) == moment.seen
    things["suspension_id"] = mine["suspension_id"]


def test_approved_suspension_leaves_the_recording_running(
    officer: Caller, things: dict[str, str], moment: Moment
) -> None:
    """The regulator says yes to what the owner asked for: it excuses, it does not switch off."""
    path = f"premises/{things['premises_id']}/suspensions/{things['suspension_id']}/decision"
    assert ask(officer, "POST", path, {"approve": True})["state"] == "APPROVED"
    until_ms = officer.wait_recording(moment.camera)
    officer.wait_recording(moment.camera, after_ms=until_ms + 5000)
    assert play(officer, moment.camera, moment.at_ms) == moment.seen


def test_power_cut_is_an_alarm_within_a_minute_and_the_moment_is_still_played(
    product: Product, officer: Caller, moment: Moment
) -> None:
    """Last: the camera says nothing more, as one whose plug was pulled."""
    product.tell_simulator("--camera", "0", "--set", "stall")
    cut_ms = officer.wait_recording(moment.camera)

    def find_alarm() -> Json | None:
        found = ask(officer, "GET", "recording/alarms?open=true")["items"]
        return next((each for each in found if each["camera_id"] == moment.camera), None)

    alarm = until(find_alarm, ALARM_WITHIN_S + 30, "an alarm of the camera without power")
    took_s = (parse_utc_ms(alarm["opened_at"]) - parse_utc_ms(alarm["since_at"])) / 1000
    print(f"power cut: {alarm['reason']} after {took_s:.1f} s without pictures")
    assert alarm["profile"] == "main"
    assert alarm["reason"] not in ("", "unreported", "node_away")
    assert parse_utc_ms(alarm["since_at"]) >= cut_ms - 1000
    assert took_s <= ALARM_WITHIN_S
    assert play(officer, moment.camera, moment.at_ms) == moment.seen
    check_snapshot(officer, moment)
