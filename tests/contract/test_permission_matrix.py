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
from tests.contract.media_entries import MEDIA_ENTRIES

from brightkitchen.domain.audit.policy import AUDIT_ACTIONS
from brightkitchen.domain.authz.model import LOCAL, Actor, Grant, Role, Scope
from brightkitchen.domain.authz.roles import ROLES
from brightkitchen.domain.cameras.policy import GENERAL_ACTIONS, OBJECT_ACTIONS
from brightkitchen.domain.evidence.policy import ACTIONS as EVIDENCE_ACTIONS
from brightkitchen.domain.inquiry.policy import ACTIONS as INQUIRY_ACTIONS
from brightkitchen.domain.intake.policy import ACTIONS as IMPORT_ACTIONS
from brightkitchen.domain.maintenance.policy import ACTIONS as MAINTENANCE_ACTIONS
from brightkitchen.domain.marks.policy import ACTIONS as MARK_ACTIONS
from brightkitchen.domain.numbers.policy import ACTIONS as NUMBER_ACTIONS
from brightkitchen.domain.onboarding.policy import ACTIONS as ONBOARDING_ACTIONS
from brightkitchen.domain.overview.policy import ACTIONS as OVERVIEW_ACTIONS
from brightkitchen.domain.premises import policy as premises_policy
from brightkitchen.domain.premises.model import SuspensionKind
from brightkitchen.domain.recording.policy import ACTIONS as RECORDING_ACTIONS
from brightkitchen.domain.system.policy import ACTIONS as SYSTEM_ACTIONS
from brightkitchen.domain.users.grants import GRANTABLE
from brightkitchen.domain.users.identity_store import Identity, save_identity
from brightkitchen.domain.users.policy import ACTIONS as USER_ACTIONS
from brightkitchen.domain.walls.policy import ACTIONS as WALL_ACTIONS
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import format_utc
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
    query: str = ""


SESSION = "a session"
LAST_DAYS = "?from=2025-01-01T00:00:00Z&to=2025-01-20T00:00:00Z"
NOTHING = {
    "factor_id": "fac_0000000000000001",
    "session_id": "ses_0000000000000001",
    "own_identity_id": "idn_0000000000000001",
    "item_id": "evi_0000000000000001",
    "export_id": "exp_0000000000000001",
    "name": "original.jpg",
}
ENTRIES = {
    ("POST", "/api/v1/session"): Entry(None, 200, 200, {"username": USERNAME, "password": PASSWORD}),
    ("GET", "/api/v1/session"): Entry(SESSION, 401, 200),
    ("DELETE", "/api/v1/session"): Entry(SESSION, 401, 204),
    ("POST", "/api/v1/session/touch"): Entry(SESSION, 401, 204),
    ("POST", "/api/v1/session/passkey"): Entry(None, 422, 422),
    ("POST", "/api/v1/session/factor"): Entry(None, 401, 401, {"ticket": "x", "totp": "123456"}),
    ("POST", "/api/v1/session/sso"): Entry(None, 404, 404),
    ("POST", "/api/v1/session/sso/finish"): Entry(None, 404, 404, {"state": "x", "code": "y"}),
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
    ("GET", "/api/v1/account/identities"): Entry(SESSION, 401, 200),
    ("POST", "/api/v1/account/identities"): Entry(SESSION, 401, 404),
    ("POST", "/api/v1/account/identities/finish"): Entry(SESSION, 401, 404, {"state": "x", "code": "y"}),
    ("DELETE", "/api/v1/account/identities/{own_identity_id}"): Entry(SESSION, 401, 404),
    ("GET", "/api/v1/people/{user_id}/identities"): Entry("people.view", 401, 200),
    ("POST", "/api/v1/people/{user_id}/identities"): Entry("people.change", 401, 404, {"subject": "x"}),
    ("DELETE", "/api/v1/people/{user_id}/identities/{identity_id}"): Entry("people.change", 401, 204),
    ("POST", "/api/v1/kiosks"): Entry(None, 201, 201),
    ("POST", "/api/v1/kiosks/claim"): Entry(None, 404, 404, {"claim": "0" * 64}),
    ("POST", "/api/v1/kiosks/look"): Entry("kiosk.pair", 401, 404, {"code": "AAAA2222"}),
    ("POST", "/api/v1/kiosks/approve"): Entry(
        "kiosk.pair", 401, 404, {"code": "AAAA2222", "name": "指挥中心", "days": 30}
    ),
    ("GET", "/api/v1/system"): Entry(None, 200, 200),
    ("GET", "/api/v1/cameras"): Entry("camera.list", 401, 200),
    ("POST", "/api/v1/cameras"): Entry("camera.add", 401, 201, {"name": "x", "url": "rtsp://10.1.2.4/a"}),
    ("POST", "/api/v1/cameras/probe"): Entry("camera.probe", 401, 503, {"url": "rtsp://10.1.2.3/a"}),
    ("GET", "/api/v1/cameras/{camera_id}"): Entry("camera.view", 401, 200),
    ("PATCH", "/api/v1/cameras/{camera_id}"): Entry("camera.change", 401, 200, {"zone": "WASH"}),
    ("DELETE", "/api/v1/cameras/{camera_id}"): Entry("camera.remove", 401, 204),
    ("POST", "/api/v1/cameras/{camera_id}/quarantine"): Entry(
        "camera.quarantine", 401, 200, {"zone": "TOILET", "reason": "镜头转向卫生间"}
    ),
    ("POST", "/api/v1/cameras/{camera_id}/release"): Entry(
        "camera.quarantine", 401, 409, {"zone": "COOK", "reason": "已重新安装"}
    ),
    ("GET", "/api/v1/camera-tree"): Entry("camera.list", 401, 200),
    ("GET", "/api/v1/camera-tree/openings"): Entry("camera.list", 401, 200),
    ("GET", "/api/v1/favourites"): Entry("wall.view", 401, 200),
    ("PUT", "/api/v1/favourites/{favourite_id}"): Entry("wall.manage; what one may see", 401, 204),
    ("DELETE", "/api/v1/favourites/{favourite_id}"): Entry("wall.manage; what one keeps", 401, 204),
    ("POST", "/api/v1/marks"): Entry(
        "mark.add and camera.play", 401, 422, {"camera_id": "CAMERA", "at": "2025-01-01T00:00:00Z"}
    ),
    ("PATCH", "/api/v1/marks/{mark_id}"): Entry("mark.change; one's own", 401, 200, {"note": "疑似"}),
    ("DELETE", "/api/v1/marks/{mark_id}"): Entry("mark.change; one's own", 401, 204),
    ("GET", "/api/v1/walls"): Entry("wall.view", 401, 200),
    ("POST", "/api/v1/walls"): Entry("wall.manage", 401, 201, {"name": "早餐高峰", "layout": 1, "places": ["CAMERA"]}),
    ("GET", "/api/v1/walls/{wall_id}"): Entry("wall.view; one's own or shared with one's organisation", 401, 200),
    ("PATCH", "/api/v1/walls/{wall_id}"): Entry(
        "wall.manage of one's own, wall.manage_shared of the organisation's", 401, 200, {"name": "午餐"}
    ),
    ("DELETE", "/api/v1/walls/{wall_id}"): Entry(
        "wall.manage of one's own, wall.manage_shared of the organisation's", 401, 204
    ),
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
    ("GET", "/api/v1/evidence"): Entry("evidence.view", 401, 200),
    ("POST", "/api/v1/evidence"): Entry(
        "evidence.capture", 401, 503, {"kind": "snapshot", "camera": "CAMERA", "purpose": "PATROL"}
    ),
    ("GET", "/api/v1/evidence/exports"): Entry("a session: the caller's own", 401, 200),
    ("POST", "/api/v1/evidence/exports"): Entry(
        "evidence.export",
        401,
        404,
        {"items": ["evi_0000000000000001"], "purpose": "COURT", "case_no": "1", "recipient": "法院"},
    ),
    ("GET", "/api/v1/evidence/exports/{export_id}"): Entry("a session: the caller's own", 401, 404),
    ("POST", "/api/v1/evidence/exports/{export_id}/cancel"): Entry("a session: the caller's own", 401, 404),
    ("GET", "/api/v1/evidence/exports/{export_id}/file"): Entry("evidence.view, the caller's own", 401, 404),
    ("GET", "/api/v1/evidence/{item_id}"): Entry("evidence.view", 401, 404),
    ("GET", "/api/v1/evidence/{item_id}/files/{name}"): Entry("evidence.view", 401, 404),
    ("POST", "/api/v1/evidence/{item_id}/download"): Entry(
        "evidence.download", 401, 404, {"file": "original.jpg", "purpose": "COURT"}
    ),
    ("POST", "/api/v1/evidence/{item_id}/check"): Entry("evidence.check", 401, 404),
    ("POST", "/api/v1/evidence/{item_id}/link"): Entry("evidence.link", 401, 404, {"case_no": "1"}),
    ("POST", "/api/v1/evidence/{item_id}/release"): Entry("evidence.release", 401, 404, {"reason": "结案"}),
    ("POST", "/api/v1/evidence/{item_id}/dispose"): Entry("evidence.dispose", 401, 404, {"reason": "结案"}),
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
    ("GET", "/api/v1/people"): Entry("people.list", 401, 200),
    ("POST", "/api/v1/people"): Entry(
        "people.invite",
        401,
        201,
        {"username": "li", "name": "李静", "grants": [{"role": "COUNTY_OFFICER", "region": "210302"}]},
    ),
    ("GET", "/api/v1/people/roles"): Entry("people.list", 401, 200),
    ("GET", "/api/v1/people/{user_id}"): Entry("people.view", 401, 200),
    ("PATCH", "/api/v1/people/{user_id}"): Entry("people.change", 401, 200, {"name": "王明"}),
    ("POST", "/api/v1/people/{user_id}/disable"): Entry("people.disable", 401, 200),
    ("POST", "/api/v1/people/{user_id}/enable"): Entry("people.disable", 401, 200),
    ("POST", "/api/v1/people/{user_id}/end-sessions"): Entry("people.end_sessions", 401, 204),
    ("POST", "/api/v1/people/{user_id}/offboard"): Entry("people.offboard", 401, 204),
    ("POST", "/api/v1/people/{user_id}/invitation"): Entry("people.change", 401, 409),
    ("POST", "/api/v1/people/{user_id}/grants"): Entry(
        "people.grant", 401, 201, {"role": "STATION_OFFICER", "region": "210302006"}
    ),
    ("DELETE", "/api/v1/people/{user_id}/grants/{grant_id}"): Entry("people.revoke", 401, 204),
    ("POST", "/api/v1/people/{user_id}/confirm"): Entry("people.grant", 401, 403),
    ("POST", "/api/v1/people/{user_id}/recovery"): Entry("people.recover", 401, 201),
    ("GET", "/api/v1/approvals"): Entry("approvals.list", 401, 200),
    ("POST", "/api/v1/approvals/{approval_id}"): Entry("approvals.decide", 401, 404, {"agree": True}),
    ("GET", "/api/v1/recoveries"): Entry("people.recover", 401, 200),
    ("POST", "/api/v1/recoveries/{recovery_id}/agree"): Entry("people.recover", 401, 404),
    ("POST", "/api/v1/recoveries/{recovery_id}/refuse"): Entry("people.recover", 401, 404),
    ("POST", "/api/v1/invitations/look"): Entry(None, 404, 404, {"code": "AAAAAAAAAAAAAAAAAAAAAA"}),
    ("POST", "/api/v1/invitations/accept"): Entry(
        None, 404, 404, {"code": "AAAAAAAAAAAAAAAAAAAAAA", "password": PASSWORD}
    ),
    ("POST", "/api/v1/recovery/ask"): Entry(None, 204, 204, {"username": "nobody"}),
    ("POST", "/api/v1/recovery/reset"): Entry(None, 404, 404, {"code": "AAAAAAAAAAAAAAAAAAAAAA", "password": PASSWORD}),
    ("GET", "/api/v1/tokens"): Entry("tokens.keep", 401, 200),
    ("POST", "/api/v1/tokens"): Entry("tokens.keep", 401, 422, {"name": "x", "expires_at": "1999-01-01T00:00:00Z"}),
    ("DELETE", "/api/v1/tokens/{token_id}"): Entry("tokens.keep", 401, 404),
    ("GET", "/api/v1/notices"): Entry("notices.own", 401, 200),
    ("POST", "/api/v1/notices/read"): Entry("notices.own", 401, 204),
    ("GET", "/api/v1/regions"): Entry("regions.list", 401, 200),
    ("GET", "/api/v1/organisations"): Entry("organisations.list", 401, 200),
    ("POST", "/api/v1/organisations"): Entry(
        "organisations.change", 401, 201, {"kind": "STATION", "name": "站前市场监管所", "region": "210302"}
    ),
    ("PATCH", "/api/v1/organisations/{organisation_id}"): Entry("organisations.change", 401, 404, {"name": "x"}),
    ("GET", "/api/v1/kinds"): Entry(SESSION, 401, 200),
    ("GET", "/api/v1/premises"): Entry("premises.list", 401, 200),
    ("POST", "/api/v1/premises"): Entry(
        "premises.add", 401, 201, {"name": "x", "category": "PHARMACY", "region": "210302006"}
    ),
    ("GET", "/api/v1/premises/{premises_id}"): Entry("premises.card; premises.view for the file", 401, 200),
    ("PATCH", "/api/v1/premises/{premises_id}"): Entry(
        "premises.change; premises.grade, premises.hours, premises.recorded_hours, premises.exempt for those fields",
        401,
        200,
        {"hours": ""},
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
    ("POST", "/api/v1/imports"): Entry("imports.create; a file", 401, 422, query="?name=a.csv"),
    ("GET", "/api/v1/imports"): Entry("imports.create; the caller's own", 401, 200),
    ("GET", "/api/v1/imports/template.xlsx"): Entry("imports.create", 401, 200),
    ("GET", "/api/v1/imports/{import_id}"): Entry("imports.create; its maker", 401, 200),
    ("GET", "/api/v1/imports/{import_id}/rows"): Entry("imports.create; its maker", 401, 200),
    ("GET", "/api/v1/imports/{import_id}/errors.xlsx"): Entry("imports.create; its maker", 401, 200),
    ("GET", "/api/v1/imports/{import_id}/errors.csv"): Entry("imports.create; its maker", 401, 200),
    ("POST", "/api/v1/imports/{import_id}/run"): Entry("imports.create; its maker", 401, 202),
    ("POST", "/api/v1/imports/{import_id}/cancel"): Entry("imports.create; its maker", 401, 200),
    ("GET", "/api/v1/overview"): Entry("overview.view", 401, 200),
    ("GET", "/api/v1/overview/outlines"): Entry("overview.view", 401, 200),
    ("GET", "/api/v1/numbers"): Entry("numbers.view", 401, 200),
    ("GET", "/api/v1/numbers/rows"): Entry("numbers.view", 401, 200, query="?number=due"),
    ("GET", "/api/v1/numbers/export.xlsx"): Entry("numbers.export", 401, 200, query="?purpose=REPORT"),
    ("GET", "/api/v1/numbers/export.csv"): Entry("numbers.export", 401, 200, query="?purpose=REPORT"),
    ("PUT", "/api/v1/numbers/targets"): Entry(
        "numbers.aim", 401, 204, {"year": 2026, "region": "210302", "category": "PHARMACY", "premises": 9}
    ),
    ("GET", "/api/v1/audit"): Entry("audit.search", 401, 200),
    ("GET", "/api/v1/audit/kinds"): Entry("audit.search", 401, 200),
    ("GET", "/api/v1/audit/state"): Entry("audit.search", 401, 200),
    ("GET", "/api/v1/audit/export.xlsx"): Entry("audit.export", 401, 200, query="?purpose=REPORT"),
    ("GET", "/api/v1/audit/export.csv"): Entry("audit.export", 401, 200, query="?purpose=REPORT"),
    ("GET", "/api/v1/premises/{premises_id}/watchers"): Entry("premises.watchers", 401, 200),
    ("GET", "/api/v1/recording/rules"): Entry("recording.view_plan", 401, 200),
    ("PUT", "/api/v1/recording/rules/{level}/{subject}"): Entry(
        "recording.set_rule; recording.set_category_rule for a category",
        401,
        200,
        {"keep_days": 60, "reason": "专项检查"},
    ),
    ("GET", "/api/v1/recording/cameras/{camera_id}"): Entry("recording.view_plan", 401, 200),
    ("GET", "/api/v1/recording/cameras/{camera_id}/marks"): Entry("camera.play", 401, 200, query=LAST_DAYS),
    ("GET", "/api/v1/recording/search"): Entry("recording.search", 401, 200, query=LAST_DAYS),
    ("GET", "/api/v1/recording/holds"): Entry("recording.view_hold", 401, 200),
    ("POST", "/api/v1/recording/holds"): Entry(
        "recording.place_hold",
        401,
        201,
        {"camera_id": "CAMERA", "from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:10:00Z", "note": "投诉核查"},
    ),
    ("POST", "/api/v1/recording/holds/{hold_id}/release"): Entry(
        "recording.release_hold", 401, 200, {"reason": "已办结"}
    ),
    ("GET", "/api/v1/recording/alarms"): Entry("recording.view_alarm", 401, 200),
    ("GET", "/api/v1/premises/export.xlsx"): Entry("list.export_premises", 401, 200, query="?purpose=test"),
    ("GET", "/api/v1/cameras/export.xlsx"): Entry("list.export_cameras", 401, 200, query="?purpose=test"),
    ("GET", "/api/v1/faults/export.xlsx"): Entry("list.export_faults", 401, 200, query="?purpose=test"),
    ("GET", "/api/v1/settings"): Entry("system.view_settings", 401, 200),
    ("GET", "/api/v1/nodes"): Entry("recording.view_volume", 401, 200),
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


async def _add_officer(control: Control) -> tuple[str, str]:
    """Return the ids of an officer whom the administrator looks after, and of that person's role."""
    grant = Grant(Role.COUNTY_OFFICER, Scope("210302"))
    made = await control.services.users.create_user(LOCAL, "wang", grants=(grant,), display_name=NAME)
    view = await control.services.people.roster.show_person(LOCAL, made.user.id)
    return made.user.id, view.person.grants[0].id


EVENTS = {"premises": "refuse", "devices": "scrap", "faults": "triage"}
"""What each state table is asked to do where a route names an event."""


async def call_route(
    client: httpx.AsyncClient, method: str, path: str, entry: Entry, things: dict[str, str]
) -> httpx.Response:
    text = httpx.Request("POST", "http://x/", json=entry.body).content.decode().replace("CAMERA", things["camera_id"])
    headers = UNSAFE | {"Content-Type": "application/json"} if entry.body is not None else UNSAFE
    content = text if entry.body is not None else None
    event = next((EVENTS[part] for part in path.split("/") if part in EVENTS), "")
    return await client.request(
        method,
        path.format(**NOTHING | things, event=event, level="camera", subject=things["camera_id"]) + entry.query,
        content=content,
        headers=headers,
    )


async def make_things(control: Control, admin: httpx.AsyncClient) -> dict[str, str]:
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
    officer, grant = await _add_officer(control)
    maker = Actor((Grant(Role.CITY_ADMIN),), UserId((await admin.get("/api/v1/session")).json()["user"]["id"]))
    content = f"单位名称,类别,县区,地址\n{NAME}二,药店,铁东区,站前街".encode()
    job = await control.services.imports.upload(maker, "单位.csv", content)
    await control.supervisor.finish()
    held = {"camera_id": camera["id"], "from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:10:00Z", "note": NAME}
    hold = (await admin.post("/api/v1/recording/holds", json=held)).json()
    wall = (await admin.post("/api/v1/walls", json={"name": NAME, "layout": 1, "places": [camera["id"]]})).json()
    moment = {"camera_id": camera["id"], "at": format_utc(control.clock.utc()), "note": NAME}
    mark = (await admin.post("/api/v1/marks", json=moment)).json()
    await admin.put(f"/api/v1/favourites/{camera['id']}")
    linked = Identity("idn_0000000000000002", "https://sso.example", NAME, UserId(officer), NAME, control.clock.utc())
    async with control.database.write() as connection:
        await save_identity(connection, linked)
    return {
        "hold_id": hold["id"],
        "camera_id": camera["id"],
        "premises_id": premises["id"],
        "person_id": person["id"],
        "device_id": device["id"],
        "ticket_id": ticket["id"],
        "suspension_id": suspension.id,
        "user_id": officer,
        "grant_id": grant,
        "approval_id": "apr_0000000000000000",
        "recovery_id": "rcv_0000000000000000",
        "token_id": "tkn_0000000000000000",
        "organisation_id": "org_0000000000000000",
        "import_id": job.id,
        "identity_id": linked.id,
        "wall_id": wall["id"],
        "mark_id": mark["id"],
        "favourite_id": camera["id"],
    }


async def test_every_route_has_an_entry_and_every_entry_a_route(control: Control) -> None:
    assert set(ENTRIES) - {("GET", "/api/openapi.json")} == _routes(control)


async def test_no_route_hides_from_the_document(control: Control) -> None:
    api = make_api(control.services, control.options)
    hidden = {route.path for route in _every_route(api.router) if not getattr(route, "include_in_schema", False)}
    assert hidden == {"/api/v1/events", "/api/openapi.json", "/ca.crt", "/{path:path}"}


READING = [(method, path) for method, path in ENTRIES if method == "GET"]


async def test_routes_without_a_session_answer_as_entered_and_leak_nothing(
    control: Control, admin: httpx.AsyncClient
) -> None:
    # One after the other in one city: whoever is refused changes nothing, which is what is checked at the end.
    things = await make_things(control, admin)
    for (method, path), entry in ENTRIES.items():
        async with control.client() as anonymous:
            answer = await call_route(anonymous, method, path, entry, things)
        assert answer.status_code == entry.anonymous, (method, path, answer.text)
        assert not any(word in answer.text for word in (NAME, "10.1.2.3", PHONE, "138****0071")), (method, path)
    for thing in (f"cameras/{things['camera_id']}", f"premises/{things['premises_id']}"):
        assert (await admin.get(f"/api/v1/{thing}")).json()["etag"] == '"1"'


async def test_reading_routes_answer_an_administrator_as_entered(control: Control, admin: httpx.AsyncClient) -> None:
    # In one city: reading changes nothing.
    things = await make_things(control, admin)
    for method, path in READING:
        answer = await call_route(admin, method, path, (entry := ENTRIES[method, path]), things)
        assert answer.status_code == entry.admin, (method, path, answer.text)


@pytest.mark.parametrize(("method", "path"), [key for key in ENTRIES if key not in READING], ids=lambda part: str(part))
async def test_route_answers_an_administrator_as_entered(
    control: Control, admin: httpx.AsyncClient, method: str, path: str
) -> None:
    things = await make_things(control, admin)
    answer = await call_route(admin, method, path, (entry := ENTRIES[method, path]), things)
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
        *IMPORT_ACTIONS,
        *NUMBER_ACTIONS,
        *OVERVIEW_ACTIONS,
        *WALL_ACTIONS,
        *MARK_ACTIONS,
        *ONBOARDING_ACTIONS,
        *MAINTENANCE_ACTIONS,
        *AUDIT_ACTIONS,
        *RECORDING_ACTIONS,
        *SYSTEM_ACTIONS,
        *EVIDENCE_ACTIONS,
        *INQUIRY_ACTIONS,
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
        "`human` = never by an API token, whatever its maker may.",
        "",
        "| action | " + " | ".join(role.value for role in roles) + " |  |",
        "|---|" + "---|" * (len(roles) + 1),
    ]
    for action in policy.actions:
        marks = ["yes" if policy.check(Actor((Grant(role),)), action).allowed else "-" for role in roles]
        human = "human" if policy.is_human_only(action) else ""
        lines.append(f"| {action} | " + " | ".join(marks) + f" | {human} |")
    lines += [
        "",
        "## Who gives which role",
        "",
        "Within the own scope only, and never to oneself. With `*` a second person has to agree.",
        "",
        "| role | gives and takes |",
        "|---|---|",
    ]
    for role, given in GRANTABLE.items():
        names = [each.value + ("*" if ROLES[each].needs_four_eyes else "") for each in roles if each in given]
        lines.append(f"| {role.value} | {', '.join(names)} |")
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
        "`POST /api/v1/cameras/probe` answers 503 here because no media node is connected in this test; `approve` and",
        "`refuse` answer 409 because the camera has no premises, `POST /api/v1/faults` because it has an open ticket.",
        "",
        "## Routes of media nodes",
        "",
        "What each answers to a page of ours without token, handle or address (`tests/contract/test_media_routes.py`).",
        "",
        "| route | needs | without |",
        "|---|---|---|",
        *(f"| {method} {path} | {each.needs} | {each.without} |" for (method, path), each in MEDIA_ENTRIES.items()),
        "",
    ]
    return "\n".join(lines)


def _write(page: str) -> None:
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")


def _read() -> str:
    return PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
