"""A product with something on every page: what the lists of a working day hold, said by the people who would say it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.e2e.caller import Caller, Json, build_utc
from tests.e2e.product import Product, start_product

from brightkitchen.kernel.clock import SystemClock

SETTINGS: Final = {"BRIGHTKITCHEN_DEMO__PREMISES": "3000"}
"""Enough premises that each step of the onboarding has some."""

_INSTALLERS: Final = "210302"
"""The county of the demo's installer."""
_IMPORT: Final = (
    "单位名称,类别,县区,地址\n"
    "鞍山市铁东区老街饺子馆,小型餐馆,铁东区,站前街道二一九路12号\n"
    "胜利幼儿园食堂,幼儿园食堂,铁东区,胜利街道胜利南路8号\n"
    "无名小吃,不存在的类别,铁东区,站前街\n"
    ",小吃店,铁西区,共和街道\n"
)


@contextmanager
def start_seeded(
    folder: Path, *words: str, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[Product, Json]]:
    """Run a product and fill it. gives: the product, and its things by the names that `screens` use."""
    with start_product(folder, *words, settings={**SETTINGS, **(settings or {})}) as product:
        yield product, seed(product)


def seed(product: Product) -> Json:
    """Fill a fresh product. returns: the things by name. raises: AssertionError with the server's answer."""
    people = {name: _caller(product, name) for name in ("admin", "pm", "noc", "installer", "principal")}
    try:
        admin = people["admin"]
        clock, shown = admin.clock_camera(), admin.pattern_camera()
        school = _say(people["principal"], "GET", "premises")["items"][0]["id"]
        things: Json = {"camera": shown["id"], "other_camera": clock["id"], "premises": school}
        things |= _seed_premises(admin, product, things)
        things |= _seed_evidence(admin, shown)
        things |= _seed_road(people["pm"])
        things |= _seed_first_frame(people["installer"], product, shown)
        things |= _seed_people(admin)
        things |= _seed_operation(people["noc"], people["pm"], things)
        things |= _seed_import(admin)
        return things
    finally:
        for each in people.values():
            each.close()


def _caller(product: Product, name: str) -> Caller:
    return Caller(product, username=name, password=product.password)


def _say(caller: Caller, method: str, path: str, said: object = None) -> Json:
    """Call the API as one does who may. returns: the answer."""
    answer = caller.http.request(method, f"/api/v1/{path}", json=said)
    assert answer.status_code < 300, f"{caller.username} {method} {path}: {answer.status_code} {answer.text}"
    found: Json = answer.json() if answer.content else {}
    return found


def _seed_premises(admin: Caller, product: Product, things: Json) -> Json:
    """A channel that answers nothing, a saved wall, and who answers for the kitchen."""
    url = f"rtsp://127.0.0.1:{product.spare_port(3)}/main"
    school = things["premises"]
    dark = _say(admin, "POST", "cameras", {"name": "洗消间2号", "url": url, "premises_id": school, "zone": "WASH"})
    wall = {"name": "早餐时段重点", "layout": 4, "places": [things["camera"], dark["id"], "", ""]}
    _say(admin, "POST", "walls", wall)
    for person in (
        {"kind": "RESPONSIBLE", "name": "周建国", "phone": "13804120071"},
        {"kind": "DUTY", "name": "张海", "phone": "13804120072"},
    ):
        _say(admin, "POST", f"premises/{school}/people", person)
    return {"dark_camera": dark["id"]}


def _seed_evidence(admin: Caller, camera: Json) -> Json:
    until_ms = admin.wait_recording(camera["id"], after_ms=SystemClock().utc() // 1000)
    first = {"kind": "snapshot", "camera": camera["id"], "purpose": "PATROL", "note": "垃圾桶未加盖"}
    sealed = _say(admin, "POST", "evidence", first | {"at": build_utc(until_ms - 2000)})
    clip = {"from": build_utc(until_ms - 3000), "to": build_utc(until_ms - 1000)}
    _say(
        admin, "POST", "evidence", {"kind": "clip", "camera": camera["id"], "purpose": "VIOLATION", "note": "", **clip}
    )
    hold = {"camera_id": camera["id"], **clip, "note": "投诉核查，等待复核"}
    _say(admin, "POST", "recording/holds", hold)
    return {"evidence": sealed["id"], "moment": build_utc(until_ms - 3000)}


def _seed_road(manager: Caller) -> Json:
    """Return a premises of the demo at each of the first steps."""
    found = {}
    for name in ("lead", "signed", "surveyed"):
        items = _say(manager, "GET", f"onboarding?state={name.upper()}&limit=1&region={_INSTALLERS}")["items"]
        assert items, f"the demo has nothing at {name}"
        found[name] = items[0]["premises_id"]
    return found


def _seed_first_frame(installer: Caller, product: Product, shown: Json) -> Json:
    """A channel with a picture, added by who installs it: somebody else has to look at its first frame."""
    places = _say(installer, "GET", f"onboarding?state=INSTALLING&limit=1&region={_INSTALLERS}")["items"]
    assert places, "the demo has nothing that is being installed"
    logins = product.demo_logins()
    channel = {
        "name": "烹饪间1号",
        "url": shown["address"].replace("/main", "/sub"),
        "premises_id": places[0]["premises_id"],
        "zone": "COOK",
    }
    _say(installer, "POST", "cameras", channel | {"username": logins["user"], "password": logins["password"]})
    return {"waiting": places[0]["name"]}


def _seed_people(admin: Caller) -> Json:
    bureau = _say(admin, "GET", "organisations")["items"][0]["id"]
    for username, name in (("wangzhiyuan", "王志远"), ("lihongmei", "李红梅")):
        grant = {"role": "COUNTY_OFFICER", "region": "210302"}
        made = _say(
            admin, "POST", "people", {"username": username, "name": name, "organisation": bureau, "grants": [grant]}
        )
    return {"person": made["person"]["id"], "invitation": made["code"]}


def _seed_operation(centre: Caller, manager: Caller, things: Json) -> Json:
    """Fault tickets at three steps, and devices in three states."""
    tickets = [
        _say(centre, "POST", "faults", {"camera_id": things[camera], "note": note})["id"]
        for camera, note in (("dark_camera", "连不上摄像头"), ("camera", "画面发绿"), ("other_camera", "画面偶尔停顿"))
    ]
    for ticket in tickets[1:]:
        _say(centre, "POST", f"faults/{ticket}/triage", {"cause": "DEVICE"})
        _say(centre, "POST", f"faults/{ticket}/dispatch", {"note": "请今天上门"})
    for number, kind in (("E43902217", "IPC"), ("E43902218", "IPC"), ("N7710023", "NVR")):
        device = {"sn": number, "kind": kind, "vendor": "HIKVISION", "model": "DS-2CD3T46"}
        _say(manager, "POST", "devices", device)
    return {"fault": tickets[0], "fault_on_site": tickets[1]}


def _seed_import(admin: Caller) -> Json:
    answer = admin.http.post(
        "/api/v1/imports?name=铁东新增单位.csv", content=_IMPORT.encode(), headers={"content-type": "text/csv"}
    )
    assert answer.status_code < 300, answer.text
    return {"import": answer.json()["id"]}
