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
from tests.contract.conftest import PASSWORD, UNSAFE, USERNAME, Control, add_camera

from brightkitchen.domain.authz.model import LOCAL, Actor, Grant, Role
from brightkitchen.domain.cameras.policy import GENERAL_ACTIONS, OBJECT_ACTIONS
from brightkitchen.domain.users.policy import ACTIONS as USER_ACTIONS
from brightkitchen.web.app import build_openapi, make_api

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ref" / "permissions.md"
NAME = "烹饪间—leak-canary"


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
    ("POST", "/api/v1/session/passkey"): Entry(None, 422, 422),
    ("POST", "/api/v1/session/factor"): Entry(None, 401, 401, {"ticket": "x", "totp": "123456"}),
    ("POST", "/api/v1/session/step-up/options"): Entry(SESSION, 401, 200),
    ("POST", "/api/v1/session/step-up"): Entry(SESSION, 401, 200, {"password": PASSWORD}),
    ("GET", "/api/v1/account"): Entry(SESSION, 401, 200),
    ("POST", "/api/v1/account/password"): Entry(SESSION, 401, 200, {"old": PASSWORD, "new": "a-quiet-kettle-sings"}),
    ("POST", "/api/v1/account/totp"): Entry(SESSION, 401, 200),
    ("POST", "/api/v1/account/totp/confirm"): Entry(SESSION, 401, 422, {"code": "123456"}),
    ("POST", "/api/v1/account/passkeys/options"): Entry(SESSION, 401, 422),
    ("POST", "/api/v1/account/passkeys"): Entry(SESSION, 401, 422, {"ticket": "x", "credential": {}}),
    ("DELETE", "/api/v1/account/factors/{factor_id}"): Entry(SESSION, 401, 404),
    ("POST", "/api/v1/account/recovery-codes"): Entry(SESSION, 401, 409),
    ("GET", "/api/v1/account/sessions"): Entry(SESSION, 401, 200),
    ("DELETE", "/api/v1/account/sessions"): Entry(SESSION, 401, 200),
    ("DELETE", "/api/v1/account/sessions/{session_id}"): Entry(SESSION, 401, 404),
    ("GET", "/api/v1/system"): Entry(None, 200, 200),
    ("GET", "/api/v1/cameras"): Entry("camera.list", 401, 200),
    ("POST", "/api/v1/cameras"): Entry("camera.add", 401, 201, {"name": "x", "url": "rtsp://10.1.2.4/a"}),
    ("POST", "/api/v1/cameras/probe"): Entry("camera.probe", 401, 503, {"url": "rtsp://10.1.2.3/a"}),
    ("GET", "/api/v1/cameras/{camera_id}"): Entry("camera.view", 401, 200),
    ("PATCH", "/api/v1/cameras/{camera_id}"): Entry("camera.change", 401, 200, {"zone": "洗消"}),
    ("DELETE", "/api/v1/cameras/{camera_id}"): Entry("camera.remove", 401, 204),
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


async def _call(client: httpx.AsyncClient, method: str, path: str, entry: Entry, camera: str) -> httpx.Response:
    text = httpx.Request("POST", "http://x/", json=entry.body).content.decode().replace("CAMERA", camera)
    headers = UNSAFE | {"Content-Type": "application/json"} if entry.body is not None else UNSAFE
    content = text if entry.body is not None else None
    return await client.request(method, path.replace("{camera_id}", camera), content=content, headers=headers)


async def test_every_route_has_an_entry_and_every_entry_a_route(control: Control) -> None:
    assert set(ENTRIES) - {("GET", "/api/openapi.json")} == _routes(control)


async def test_no_route_hides_from_the_document(control: Control) -> None:
    api = make_api(control.services, control.options)
    hidden = {route.path for route in _every_route(api.router) if not getattr(route, "include_in_schema", False)}
    assert hidden == {"/api/v1/events", "/api/openapi.json", "/{path:path}"}


@pytest.mark.parametrize(("method", "path"), list(ENTRIES), ids=lambda part: str(part))
async def test_route_without_a_session_answers_as_entered_and_leaks_nothing(
    admin: httpx.AsyncClient, anonymous: httpx.AsyncClient, method: str, path: str
) -> None:
    camera = await add_camera(admin, name=NAME)
    entry = ENTRIES[method, path]
    answer = await _call(anonymous, method, path, entry, camera["id"])
    assert answer.status_code == entry.anonymous, answer.text
    assert NAME not in answer.text
    assert "10.1.2.3" not in answer.text
    assert (await admin.get(f"/api/v1/cameras/{camera['id']}")).json()["etag"] == '"1"'


@pytest.mark.parametrize(("method", "path"), list(ENTRIES), ids=lambda part: str(part))
async def test_route_answers_an_administrator_as_entered(admin: httpx.AsyncClient, method: str, path: str) -> None:
    camera = await add_camera(admin, name=NAME)
    entry = ENTRIES[method, path]
    answer = await _call(admin, method, path, entry, camera["id"])
    assert answer.status_code == entry.admin, answer.text


async def test_unregistered_action_is_refused_to_everybody(control: Control) -> None:
    policy = control.services.policy
    assert {policy.check(Actor((Grant(role),)), "camera.format_disk").allowed for role in Role} == {False}


async def test_actions_are_what_the_slices_say(control: Control) -> None:
    assert set(control.services.policy.actions) == {*GENERAL_ACTIONS, *OBJECT_ACTIONS, *USER_ACTIONS}


async def test_the_machine_itself_sees_no_pictures(control: Control, admin: httpx.AsyncClient) -> None:
    camera = await control.services.cameras.access_camera(LOCAL, (await add_camera(admin))["id"], "camera.view")
    assert control.services.cameras.abilities(LOCAL, camera) == ("camera.view", "camera.change", "camera.remove")


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
        "`POST /api/v1/cameras/probe` answers 503 here because no media node is connected in this test. Passkeys are 422 because the "
        "test's page is opened by its IP address, for which browsers know none.",
        "",
    ]
    return "\n".join(lines)


def _write(page: str) -> None:
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")


def _read() -> str:
    return PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
