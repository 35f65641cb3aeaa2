"""Every unsafe operation of the API as somebody of a kitchen would misuse it to be rid of a recording (SECURITY A3).

The table is checked against the OpenAPI document: an operation that is not in it fails the test until somebody has thought about
what an owner could do with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Json = dict[str, Any]  # Any: JSON
UNSAFE: Final = ("post", "put", "patch", "delete")

_TODAY = datetime.now(UTC) + timedelta(hours=8)  # noqa: TID251  dates of the city that the running product is in
NOW = f"{_TODAY - timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}"
_CODE = "A" * 22
_REASON = {"reason": "本店不再需要"}
_FACTS: Json = {"sn": "E43902219", "kind": "IPC"}
ELSEWHERE = "rtsp://10.9.8.7/other"


def day(ahead: int) -> str:
    """Return the ISO date that many days from now in the city."""
    return f"{_TODAY + timedelta(days=ahead):%Y-%m-%d}"


def far_hours() -> str:
    """Return business hours of one minute, three days from now."""
    return f"{(_TODAY + timedelta(days=3)).isoweekday()} 03:00-03:01"


@dataclass(frozen=True, slots=True)
class Pull:
    """One request. Strings of the form "{name}" in body and path stand for things of the test.

    may: it may be answered with a yes, because it leaves all footage; otherwise it has to be refused, for another reason than its form.
    keeps: under which name the id in the answer is kept for later pulls.
    """

    body: object = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    content: bytes | None = None
    may: bool = False
    keeps: str = ""


def own(body: object = None, *, keeps: str = "", **path: str) -> Pull:
    """Return what is the person's own affair."""
    return Pull(body, path, may=True, keeps=keeps)


def each(name: str, values: tuple[str, ...], body: object) -> tuple[Pull, ...]:
    """Return the same request for every value of one part of the path."""
    return tuple(Pull(body, {name: value}) for value in values)


_STAFF: Json = {"role": "FS_OFFICER", "premises": "{premises_id}"}
_ONBOARDING = (
    *("sign", "survey", "order", "start_install", "finish_install", "start_trial", "accept", "put_in_service"),
    *("refuse", "rework", "suspend", "resume", "relocate", "terminate", "reopen"),
)
_DEVICE = ("unassign", "degrade", "drop", "repair", "return", "scrap")
_FAULT = ("triage", "dispatch", "wait", "fix", "confirm", "close")
_HOLD = {"camera_id": "{camera_id}", "from": "2025-01-01T00:00:00Z", "to": "2025-01-30T00:00:00Z", "note": "占满磁盘"}
_MEDIA = [{"camera": "{camera_id}", "act": act, "profile": "main"} for act in ("live", "play", "snapshot", "thumb")]
_PERSON: Json = {"kind": "DUTY", "name": "张三", "phone": "13804120072"}
_CAMERA: Json = {"name": "另一路", "premises_id": "{premises_id}", "zone": "COOK"}

_CHANGES: Final[tuple[Json, ...]] = (
    {"zone": "DORM"},
    {"zone": "LOCKER"},
    {"zone": "TOILET"},
    {"zone": "WASH"},
    {"zones": ["DINE"]},
    {"premises_id": "{other_premises_id}"},
    {"premises_id": ""},
    {"url": ELSEWHERE},
    {"url": "{pattern_url}"},
    {"sub_path": "/nothing"},
    {"username": "nobody", "password": "wrong"},
    {"username": "", "password": ""},
    {"record": []},
    {"record": ["sub"]},
    {"transport": "udp"},
    {"allow_basic": True},
    {"name": "已停用"},
)

LEVERS: Final[dict[str, tuple[Pull, ...]]] = {
    # what the camera shows, where it is, how it is reached
    "change_camera": tuple(Pull(change) for change in _CHANGES),
    "remove_camera": (Pull(),),
    "quarantine_camera": (Pull({"zone": "TOILET", "reason": "镜头转向卫生间"}),),
    "ask_camera_release": (Pull({"zone": "COOK", "reason": "已重新安装"}),),
    "approve_first_frame": (Pull({}),),
    "refuse_first_frame": (Pull({"reason": "拍的是走廊"}),),
    "add_camera": (Pull({**_CAMERA, "url": ELSEWHERE}), Pull({**_CAMERA, "url": "{camera_url}"})),
    "probe_camera": (Pull({"url": "{camera_url}", "camera": "{camera_id}"}), Pull({"url": ELSEWHERE})),
    "issue_media_tokens": (own({"items": _MEDIA}),),
    # how it is recorded, and what is held
    "set_recording_rule": tuple(
        Pull({**said, "reason": "节省空间"}, {"level": level, "subject": subject})
        for level, subject in (("camera", "{camera_id}"), ("premises", "{premises_id}"), ("category", "PRIMARY_SCHOOL"))
        for said in (
            {"mode": "never"},
            {"mode": "open_hours"},
            {"mode": "sub_when_closed"},
            {"keep_days": 7},
            {"keep_days": 1},
            {},
        )
    ),
    "place_hold": tuple(Pull(_HOLD) for _ in range(25)),
    "release_hold": (Pull({"reason": "已办结"}),),
    # evidence
    "capture_evidence": (
        Pull({"kind": "snapshot", "camera": "{camera_id}", "purpose": "OTHER"}),
        Pull({"kind": "clip", "camera": "{camera_id}", "purpose": "OTHER", "from": "{from}", "to": "{to}"}),
    ),
    "link_evidence": (Pull({"case_no": "1"}),),
    "check_evidence": (Pull(),),
    "download_evidence_file": (Pull({"file": "original.jpg", "purpose": "OTHER"}),),
    "release_evidence": (Pull(_REASON),),
    "dispose_evidence": (Pull(_REASON),),
    "begin_evidence_export": (Pull({"items": ["{item_id}"], "purpose": "COURT", "case_no": "1", "recipient": "本店"}),),
    "cancel_evidence_export": (Pull(),),
    # the premises
    "change_premises": (
        Pull({"hours": "{far_hours}"}),
        Pull({"present_zones": []}),
        Pull({"category": "PHARMACY"}),
        Pull({"region": "210381001"}),
        Pull({"is_due": False, "exempt_reason": "已停业"}),
        Pull({"risk_grade": "A"}),
        Pull({"name": "改名"}),
    ),
    "retire_premises": (Pull(),),
    "set_premises_due": (Pull({"is_due": False, "exempt_reason": "只卖预包装食品", "reason": "已停业"}),),
    "move_premises": (
        *each("event", _ONBOARDING, _REASON),
        Pull(
            {**_REASON, "suspension": {"kind": "RENOVATION", "from_on": day(0), "to_on": day(60)}}, {"event": "suspend"}
        ),
    ),
    "request_suspension": tuple(
        own({"kind": kind, "from_on": day(0), "to_on": day(20), **_REASON}, keeps="suspension_id")
        for kind in ("HOLIDAY", "RENOVATION", "CLOSED")
    ),
    "decide_suspension": (Pull({"approve": True}),),
    "end_suspension": (own(),),
    "add_premises": (Pull({"name": "新店", "category": "PHARMACY", "region": "210302006"}),),
    "add_premises_person": (own(_PERSON),),
    "change_premises_person": (own({"name": "李四"}),),
    "unmask_premises_person": (own({"field": "phone", "purpose": "DATA_CHECK"}),),
    "remove_premises_person": (own(),),
    "upload_import": (Pull(query="?name=a.csv", content="单位名称,类别,县区,地址\n新店,药店,铁东区,站前街".encode()),),
    "run_import": (Pull(),),
    "cancel_import": (Pull(),),
    "set_number_target": (Pull({"year": 2026, "region": "210302", "category": "PHARMACY", "premises": 9}),),
    # what is said of the devices
    "add_device": (Pull(_FACTS),),
    "change_device": (Pull({**_FACTS, "kind": "NVR"}),),
    "remove_device": (Pull(),),
    "move_device": each("event", _DEVICE, {"reason": "送修", "camera_id": "{camera_id}"}),
    "open_fault": (own({"camera_id": "{camera_id}", "note": "画面发绿"}),),
    "move_fault": each("event", _FAULT, {"cause": "CLOSED", "note": "停业"}),
    # people: those who decide, and the own staff
    "invite_person": (
        Pull({"username": "lever-admin", "name": "某人", "grants": [{"role": "CITY_ADMIN", "region": "210300"}]}),
        own({"username": "lever-{role}", "name": "王五", "grants": [_STAFF]}),
    ),
    "change_person": (Pull({"name": "某人"}), own({"name": "赵六"}, user_id="{staff_id}")),
    "give_grant": (
        Pull({"role": "CITY_ADMIN", "region": "210300"}, {"user_id": "{own_id}"}),
        Pull({"role": "COUNTY_ADMIN", "region": "210302"}, {"user_id": "{staff_id}"}),
        own(_STAFF, user_id="{staff_id}"),
    ),
    "revoke_grant": (Pull(),),
    "confirm_person": (Pull(),),
    "disable_person": (Pull(), own(user_id="{staff_id}")),
    "enable_person": (Pull(), own(user_id="{staff_id}")),
    "end_sessions_of_person": (Pull(), own(user_id="{staff_id}")),
    "offboard_person": (Pull(), Pull(path={"user_id": "{staff_id}"})),
    "renew_invitation": (Pull(), own(user_id="{staff_id}")),
    "start_recovery": (Pull(), own(user_id="{staff_id}")),
    "agree_to_recovery": (Pull(),),
    "refuse_recovery": (Pull(),),
    "decide_approval": (Pull({"agree": True}), Pull({"agree": False, "reason": "不同意"})),
    "request_identity_link": (Pull({"subject": "x"}),),
    "unlink_identity": (Pull(),),
    "add_organisation": (Pull({"kind": "COUNTY_BUREAU", "name": "新局", "region": "210302"}),),
    "change_organisation": (Pull({"retired": True}),),
    # the own log-in: what ends the session comes last
    "make_token": (own({"name": "脚本", "expires_at": day(30) + "T00:00:00Z"}),),
    "revoke_token": (own(),),
    "read_notices": (own(),),
    "touch_session": (own(),),
    "begin_step_up": (own(),),
    "step_up": (own({"password": "{password}"}),),
    "begin_totp": (own(),),
    "confirm_totp": (own({"code": "123456"}),),
    "begin_passkey": (own(),),
    "add_passkey": (own({"ticket": "x", "credential": {}}),),
    "remove_factor": (own(),),
    "make_recovery_codes": (own(),),
    "begin_own_link": (own(),),
    "finish_own_link": (own({"state": "x", "code": "y"}),),
    "unlink_own_identity": (own(),),
    "begin_single_sign_on": (own(),),
    "finish_single_sign_on": (own({"state": "x", "code": "y"}),),
    "begin_passkey_log_in": (own(),),
    "finish_log_in": (own({"ticket": "x", "totp": "123456"}),),
    "look_at_invitation": (own({"code": _CODE}),),
    "ask_as_kiosk": (own(),),
    "claim_kiosk": (own({"claim": "0" * 64}),),
    "look_at_kiosk": (own({"code": "AAAA2222"}),),
    "approve_kiosk": (own({"code": "AAAA2222", "name": "指挥中心", "days": 30}),),
    "accept_invitation": (own({"code": _CODE, "password": "a-quiet-kettle-sings"}),),
    "ask_for_recovery": (own({"username": "tiedong"}),),
    "reset_by_code": (own({"code": _CODE, "password": "a-quiet-kettle-sings"}),),
    "change_own_password": (own({"old": "{password}", "new": "{password}-newer"}),),
    "end_own_session": (own(),),
    "end_other_sessions": (own(),),
    "close_session": (own(),),
    "open_session": (own({"username": "tiedong", "password": "not-the-officer's"}),),
    # what hangs on the wall of the person's own screen
    "add_wall": (
        own({"name": "后厨", "layout": 4, "places": ["{camera_id}", "", "", ""]}, keeps="wall_id"),
        own({"name": "全店", "layout": 1, "places": [""], "is_shared": True}),
    ),
    "change_wall": (own({"layout": 1, "places": [""]}),),
    "delete_wall": (own(),),
    "add_favourite": (own(favourite_id="{camera_id}"),),
    "remove_favourite": (own(favourite_id="{camera_id}"),),
    # a mark of the kitchen's own people: it touches no recording, and no officer's mark can be reached
    "add_mark": (own({"camera_id": "{camera_id}", "at": NOW, "note": "换油"}, keeps="mark_id"),),
    "change_mark": (own({"note": "已更换"}), Pull({"note": ""}, {"mark_id": "{officer_mark_id}"})),
    "remove_mark": (own(), Pull(path={"mark_id": "{officer_mark_id}"})),
}


def fill(body: object, things: Mapping[str, str]) -> object:
    """Return the body with things in place of their names."""
    match body:
        case str() if "{" in body:
            return body.format_map(things)
        case dict():
            return {key: fill(value, things) for key, value in body.items()}
        case list():
            return [fill(value, things) for value in body]
    return body


def operations(document: Json) -> dict[str, tuple[str, str]]:
    """Return the unsafe operations of an OpenAPI document: method and path by operationId."""
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in UNSAFE
    }
