"""A camera's password comes back nowhere (SECURITY.md S26, S42): not in an answer, a log, a number, a process, or a file."""

import contextlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from tests.e2e.caller import Caller, until
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e
BY_PAGE = "k4naR1-vogel-Blatt"
IN_URL = "zeis1g-am-fenster"
BY_COMMAND = "st1eglitz+im_korb"
IN_PATH = "zaunk0en1g7"
CANARIES = (BY_PAGE, IN_URL, BY_COMMAND, IN_PATH)


@pytest.fixture(scope="module")
def answers(product: Product, caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Cameras with canaries as passwords, tried, changed and refused; everything that was answered meanwhile."""
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(BY_COMMAND + "\n", encoding="utf-8")
    address = f"rtsp://127.0.0.1:{product.port + 10475}"
    said: list[str] = []
    added = []

    def call(method: str, path: str, body: dict[str, object] | None = None) -> httpx.Response:
        answer = caller.http.request(method, path, json=body)
        said.append(answer.text + str(answer.headers))
        return answer

    def reason_of(camera: str) -> str | None:
        main = call("GET", f"/api/v1/cameras/{camera}").json()["streams"]["main"]
        return main["reason"] if main else None

    caller.pattern_camera()
    login = {"username": "viewer", "password": BY_PAGE}
    page = call("POST", "/api/v1/cameras", {"name": "页面", "url": f"{address}/sub?page", **login})
    assert page.status_code == 201, page.text
    added.append(page.json()["id"])
    in_url = call(
        "POST", "/api/v1/cameras", {"name": "地址", "url": f"{address.replace('//', f'//viewer:{IN_URL}@')}/sub?url"}
    )
    assert in_url.status_code == 201, in_url.text
    added.append(in_url.json()["id"])
    option = ("--username", "viewer", "--password-file", str(secret))
    command = product.command("camera", "add", "命令", f"{address}/sub?command", *option)
    assert command.returncode == 0, command.stderr
    added.append(next(each["id"] for each in caller.cameras() if each["name"] == "命令"))
    for camera in added:
        state = until(partial(reason_of, camera), 30, f"why {camera} is offline")
        assert state == "wrong_password"
    # a maker's log-in in the path, beside the right one: the node asks for the whole of it, and it is recorded
    right = {"username": (demo := product.demo_logins())["user"], "password": demo["password"]}
    in_path = {"url": f"{address}/sub?user=admin&password={IN_PATH}", "sub_path": f"/sub?pwd={IN_PATH}"}
    made = call("POST", "/api/v1/cameras", {"name": "路径", **in_path, **right})
    assert made.status_code == 201, made.text
    assert made.json()["address"].endswith("/sub?user=***&password=***")
    added.append(made.json()["id"])
    caller.wait_recording(added[-1])
    shown = {"url": made.json()["address"], "camera": added[-1]}
    assert call("POST", "/api/v1/cameras/probe", shown).json()["reason"] is None
    probe = call("POST", "/api/v1/cameras/probe", {"url": f"{address}/main", **login})
    assert "wrong_password" in probe.text
    call("POST", "/api/v1/cameras", {"name": "x", "url": f"rtsp://viewer:{IN_URL}@169.254.169.254/"})
    call("POST", "/api/v1/cameras", {"name": "x", "url": f"http://viewer:{IN_URL}@10.0.0.1/"})
    call("POST", "/api/v1/cameras", {"name": "", "url": "rtsp://10.0.0.1/", **login})
    call("POST", "/api/v1/cameras", {"name": "x", "url": "rtsp://10.0.0.1/", "password": [BY_PAGE]})
    call("PATCH", f"/api/v1/cameras/{added[0]}", {"name": "页面二"})
    call("GET", "/api/v1/cameras")
    call("GET", "/api/openapi.json")
    probed = product.command("camera", "probe", f"{address}/main", *option)
    listed = product.command("camera", "list")
    refused = product.command("camera", "add", "x", f"rtsp://viewer:{IN_URL}@127.0.0.1:1/a")
    said += [each.stdout + each.stderr for each in (command, probed, listed, refused)]
    for offset in (10, 11):
        said.append(httpx.get(f"http://127.0.0.1:{product.port + offset}/metrics", trust_env=False).text)
    yield said
    for camera in added:
        caller.http.delete(f"/api/v1/cameras/{camera}")


def _hidden_in(content: bytes) -> list[str]:
    forms = {form: each for each in CANARIES for form in (each, json.dumps(each)[1:-1], each.encode().hex())}
    return [canary for form, canary in forms.items() if form.encode() in content]


def test_no_answer_tells_a_camera_password(answers: list[str]) -> None:
    assert len(answers) > 12
    assert [each for each in answers if _hidden_in(each.encode())] == []


def test_no_process_carries_a_camera_password_where_others_look(product: Product, answers: list[str]) -> None:
    for process in (psutil.Process(product.pid), *product.processes()):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                assert _hidden_in(Path(f"/proc/{process.pid}/{name}").read_bytes()) == [], (process.pid, name)


def test_no_file_holds_a_camera_password_in_the_clear(product: Product, answers: list[str]) -> None:
    seen = set()
    for path in product.data.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                seen.add(path.name)
                assert _hidden_in(path.read_bytes()) == [], path
    assert {"control.sqlite3", "control.sqlite3-wal", "control.log", "node-0.log", "desired.sealed"} <= seen


def test_search_itself_finds_what_is_there(tmp_path: Path) -> None:
    assert _hidden_in(f"password={IN_URL};".encode()) == [IN_URL]
