"""S01: every route of the OpenAPI document has an entry here, and answers as it says; docs/ref/permissions.md is drawn from it.

To draw the page again after a change: BK_REGENERATE=1 make test (or this file alone).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import PASSWORD, UNSAFE, USERNAME, Control, add_camera, add_premises

from brightkitchen.domain.audit.policy import AUDIT_ACTIONS
from brightkitchen.domain.authz.model import LOCAL, Actor, Grant, Role
from brightkitchen.domain.cameras.policy import GENERAL_ACTIONS, OBJECT_ACTIONS
from brightkitchen.domain.maintenance.policy import ACTIONS as MAINTENANCE_ACTIONS
from brightkitchen.domain.onboarding.policy import ACTIONS as ONBOARDING_ACTIONS
from brightkitchen.domain.premises import policy as premises_policy
from brightkitchen.domain.premises.model import SuspensionKind
from brightkitchen.domain.users.policy import ACTIONS as USER_ACTIONS
from brightkitchen.kernel.ids import UserId
from brightkitchen.web.app import build_openapi, make_api

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ref" / "permissions.md"
NAME = "烹饪间—leak-canary"
PHONE = "13804120071"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a route answers: without a session, and to an administrator. action: None = open to everybody."""

    action: str | None
    anonymous: int
    admin: int
    body: object = None


SESSION = "a session"
ENTRIES = {
    ("POST", "/api/v1/session"): Entry(None, 200, 200, {"username": USERNAME, "password": PASSWORD}),
    ("GET", "/api/v1/session"): Entry(SESSION, 401, 200),
    ("DELETE", "/api/v1/session"): Entry(SESSION, 401, 204),
    ("POST", "/api/v1/session/touch"): Entry(SESSION, 401, 204),
    ("GET", "/api/v1/system"): Entry(None, 200, 200),
    ("GET", "/api/v1/cameras"): Entry("camera.list", 401, 200),
    ("POST", "/api/v1/cameras"): Entry("camera.add", 401, 201, {"name": "x", "url": "rtsp://10.1.2.4/a"}),
    ("POST", "/api/v1/cameras/probe"): Entry("camera.probe", 401, 503, {"url": "rtsp://10.1.2.3/a"}),
    ("GET", "/api/v1/cameras/{camera_id}"): Entry("camera.view", 401, 200),
    ("PATCH", "/api/v1/cameras/{camera_id}"): Entry("camera.change", 401, 200, {"zone": "WASH"}),
    ("DELETE", "/api/v1/cameras/{camera_id}"): Entry("camera.remove", 401, 204),
    ("GET", "/api/v1/onboarding"): Entry("onboarding.view", 401, 200),
    ("GET", "/api/v1/onboarding/changes"): Entry("onboarding.view", 401, 200),
    ("GET", "/api/v1/premises/{premises_id}/onboarding"): Entry("onboarding.view", 401, 200),
    ("POST", "/api/v1/premises/{premises_id}/onboarding/{event}"): Entry(
        "onboarding.sign and so on, one for each event", 401, 200, {"reason": "不同意安装"}
    ),
    ("PUT", "/api/v1/premises/{premises_id}/due"): Entry(
        "onboarding.set_due", 401, 200, {"is_due": True, "exempt_reason": "只卖预包装食品", "reason": "现场核实"}
    ),
    ("GET", "/api/v1/frames"): Entry("camera.approve", 401, 200),
    ("POST", "/api/v1/cameras/{camera_id}/approve"): Entry("camera.approve", 401, 409, {}),
    ("POST", "/api/v1/cameras/{camera_id}/refuse"): Entry("camera.approve", 401, 409, {"reason": "拍的是走廊"}),
    ("GET", "/api/v1/devices"): Entry("device.view", 401, 200),
    ("POST", "/api/v1/devices"): Entry("device.add", 401, 201, {"sn": "E43902218", "kind": "IPC"}),
    ("GET", "/api/v1/devices/{device_id}"): Entry("device.view", 401, 200),
    ("PUT", "/api/v1/devices/{device_id}"): Entry("device.change", 401, 200, {"sn": "E43902217", "kind": "NVR"}),
    ("DELETE", "/api/v1/devices/{device_id}"): Entry("device.remove", 401, 204),
    ("POST", "/api/v1/devices/{device_id}/{event}"): Entry("device.move", 401, 200, {}),
    ("GET", "/api/v1/faults"): Entry("fault.view", 401, 200),
    ("POST", "/api/v1/faults"): Entry("fault.open", 401, 409, {"camera_id": "CAMERA", "note": "画面发绿"}),
    ("GET", "/api/v1/faults/{ticket_id}"): Entry("fault.view", 401, 200),
    ("POST", "/api/v1/faults/{ticket_id}/{event}"): Entry("fault.handle", 401, 200, {"cause": "POWER"}),
    ("POST", "/api/v1/media/tokens"): Entry(
        "camera.live, camera.play, camera.snapshot, camera.thumb",
        401,
        200,
        {
            "items": [
                {"camera": "CAMERA", "act": act, "profile": "main"} for act in ("live", "play", "snapshot", "thumb")
            ]
        },
    ),
    ("GET", "/api/v1/kinds"): Entry(SESSION, 401, 200),
    ("GET", "/api/v1/premises"): Entry("premises.list", 401, 200),
    ("POST", "/api/v1/premises"): Entry(
        "premises.add", 401, 201, {"name": "x", "category": "PHARMACY", "region": "210302006"}
    ),
    ("GET", "/api/v1/premises/{premises_id}"): Entry("premises.card; premises.view for the file", 401, 200),
    ("PATCH", "/api/v1/premises/{premises_id}"): Entry(
        "premises.change; premises.grade, premises.hours, premises.exempt for those fields", 401, 200, {"hours": ""}
    ),
    ("DELETE", "/api/v1/premises/{premises_id}"): Entry("premises.retire", 401, 204),
    ("POST", "/api/v1/premises/{premises_id}/people"): Entry(
        "premises.people", 401, 201, {"kind": "DUTY", "name": "x"}
    ),
    ("PATCH", "/api/v1/premises/{premises_id}/people/{person_id}"): Entry("premises.people", 401, 200, {"name": "y"}),
    ("DELETE", "/api/v1/premises/{premises_id}/people/{person_id}"): Entry("premises.people", 401, 204),
    ("POST", "/api/v1/premises/{premises_id}/people/{person_id}/unmask"): Entry(
        "premises.unmask_phone, premises.unmask_id_no", 401, 200, {"field": "phone", "purpose": "INSPECTION"}
    ),
    ("POST", "/api/v1/premises/{premises_id}/suspensions"): Entry(
        "premises.suspend",
        401,
        404,
        {"kind": "CLOSED", "from_on": "2026-11-24", "to_on": "2026-11-25", "reason": "x"},
    ),
    ("POST", "/api/v1/premises/{premises_id}/suspensions/{suspension_id}/decision"): Entry(
        "premises.decide", 401, 200, {"approve": True}
    ),
    ("POST", "/api/v1/premises/{premises_id}/suspensions/{suspension_id}/end"): Entry("premises.resume", 401, 409),
    ("GET", "/api/v1/audit"): Entry("audit.search", 401, 200),
    ("GET", "/api/v1/premises/{premises_id}/watchers"): Entry("premises.watchers", 401, 200),
    ("GET", "/api/openapi.json"): Entry(SESSION, 401, 200),
}


def _routes(control: Control) -> set[tuple[str, str]]:
    document = build_openapi(make_api(control.services, control.options))
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


def _every_route(router: Any) -> Iterator[Any]:  # Any: routers nest by a private class of FastAPI
    for route in router.routes:
        if hasattr(route, "original_router"):
            yield from _every_route(route.original_router)
        else:
            yield route


EVENTS = {"premises": "refuse", "devices": "scrap", "faults": "triage"}
"""What each state table is asked to do where a route names an event."""


async def _call(
    client: httpx.AsyncClient, method: str, path: str, entry: Entry, things: dict[str, str]
) -> httpx.Response:
    text = httpx.Request("POST", "http://x/", json=entry.body).content.decode().replace("CAMERA", things["camera_id"])
    headers = UNSAFE | {"Content-Type": "application/json"} if entry.body is not None else UNSAFE
    content = text if entry.body is not None else None
    event = next((EVENTS[part] for part in path.split("/") if part in EVENTS), "")
    return await client.request(method, path.format(**things, event=event), content=content, headers=headers)


async def _things(control: Control, admin: httpx.AsyncClient) -> dict[str, str]:
    """Make one of everything that a path can name."""
    camera = await add_camera(admin, name=NAME)
    premises = await add_premises(admin, name=NAME, region="210302006")
    body = {"kind": "RESPONSIBLE", "name": NAME, "phone": PHONE}
    person = (await admin.post(f"/api/v1/premises/{premises['id']}/people", json=body)).json()
    operator = Actor((Grant(Role.OPERATOR_PM),), UserId("usr_0000000000000000"))
    device = (await admin.post("/api/v1/devices", json={"sn": "E43902217", "kind": "IPC"})).json()
    ticket = (await admin.post("/api/v1/faults", json={"camera_id": camera["id"], "note": NAME})).json()
    today = control.services.premises.today()
    suspension = await control.services.premises.request_suspension(
        operator, premises["id"], SuspensionKind.CLOSED, from_on=today, to_on=today, reason=NAME
    )
    return {
        "camera_id": camera["id"],
        "premises_id": premises["id"],
        "person_id": person["id"],
        "device_id": device["id"],
        "ticket_id": ticket["id"],
        "suspension_id": suspension.id,
    }


async def test_every_route_has_an_entry_and_every_entry_a_route(control: Control) -> None:
    assert set(ENTRIES) - {("GET", "/api/openapi.json")} == _routes(control)


async def test_no_route_hides_from_the_document(control: Control) -> None:
    api = make_api(control.services, control.options)
    hidden = {route.path for route in _every_route(api.router) if not getattr(route, "include_in_schema", False)}
    assert hidden == {"/api/v1/events", "/api/openapi.json", "/{path:path}"}


@pytest.mark.parametrize(("method", "path"), list(ENTRIES), ids=lambda part: str(part))
async def test_route_without_a_session_answers_as_entered_and_leaks_nothing(
    control: Control, admin: httpx.AsyncClient, anonymous: httpx.AsyncClient, method: str, path: str
) -> None:
    things = await _things(control, admin)
    entry = ENTRIES[method, path]
    answer = await _call(anonymous, method, path, entry, things)
    assert answer.status_code == entry.anonymous, answer.text
    assert not any(word in answer.text for word in (NAME, "10.1.2.3", PHONE, "138****0071"))
    for thing in (f"cameras/{things['camera_id']}", f"premises/{things['premises_id']}"):
        assert (await admin.get(f"/api/v1/{thing}")).json()["etag"] == '"1"'


@pytest.mark.parametrize(("method", "path"), list(ENTRIES), ids=lambda part: str(part))
async def test_route_answers_an_administrator_as_entered(
    control: Control, admin: httpx.AsyncClient, method: str, path: str
) -> None:
    things = await _things(control, admin)
    answer = await _call(admin, method, path, (entry := ENTRIES[method, path]), things)
    assert answer.status_code == entry.admin, answer.text


async def test_unregistered_action_is_refused_to_everybody(control: Control) -> None:
    policy = control.services.policy
    assert {policy.check(Actor((Grant(role),)), "camera.format_disk").allowed for role in Role} == {False}


async def test_actions_are_what_the_slices_say(control: Control) -> None:
    assert set(control.services.policy.actions) == {
        *GENERAL_ACTIONS,
        *OBJECT_ACTIONS,
        *premises_policy.GENERAL_ACTIONS,
        *premises_policy.OBJECT_ACTIONS,
        *USER_ACTIONS,
        *ONBOARDING_ACTIONS,
        *MAINTENANCE_ACTIONS,
        *AUDIT_ACTIONS,
    }


async def test_the_machine_itself_sees_no_pictures(control: Control, admin: httpx.AsyncClient) -> None:
    camera = await control.services.cameras.access_camera(LOCAL, (await add_camera(admin))["id"], "camera.view")
    assert control.services.cameras.abilities(LOCAL, camera) == (
        "camera.view",
        "camera.change",
        "camera.rezone",
        "camera.remove",
    )


async def test_permissions_page_says_what_the_code_does(control: Control) -> None:
    page = _build_page(control)
    if os.environ.get("BK_REGENERATE") == "1":
        _write(page)
    assert _read() == page


def _build_page(control: Control) -> str:
    policy = control.services.policy
    roles = list(Role)
    lines = [
        "# Permissions",
        "",
        "Drawn from the code by `tests/contract/test_permission_matrix.py`; a difference fails. Do not edit.",
        "",
        "`local` is whoever may open the server's private socket on its own machine (the command line).",
        "",
        "## Actions",
        "",
        "| action | " + " | ".join(role.value for role in roles) + " |",
        "|---|" + "---|" * len(roles),
    ]
    for action in policy.actions:
        marks = ["yes" if policy.check(Actor((Grant(role),)), action).allowed else "-" for role in roles]
        lines.append(f"| {action} | " + " | ".join(marks) + " |")
    lines += [
        "",
        "## Routes",
        "",
        "What each answers without a session and to an administrator. Outside the caller's scope a thing is *not found*.",
        "",
        "| route | needs | anonymous | admin |",
        "|---|---|---|---|",
    ]
    for (method, path), entry in ENTRIES.items():
        lines.append(f"| {method} {path} | {entry.action or '-'} | {entry.anonymous} | {entry.admin} |")
    lines += [
        "| WebSocket /api/v1/events | a session, our own Origin | refused | camera.view of each camera |",
        "",
        "`POST /api/v1/cameras/probe` answers 503 here because no media node is connected in this test; `approve` and",
        "`refuse` answer 409 because the camera has no premises, `POST /api/v1/faults` because it has an open ticket.",
        "",
    ]
    return "\n".join(lines)


def _write(page: str) -> None:
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")


def _read() -> str:
    return PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
