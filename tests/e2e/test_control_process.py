"""The control process alone, as the launcher starts it: real sockets, the command line, its log, and its end."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx
import pytest
from tests.e2e.product import ROOT, free_port_base

from brightkitchen.domain.users.totp import code_at
from brightkitchen.kernel.clock import SystemClock

pytestmark = pytest.mark.e2e
ADMIN = {"username": "admin", "password": "steamed-buns-at-dawn"}
PERSON = {**ADMIN, "name": "管理员", "role": "CITY_ADMIN"}
CANARY = "k4nar1envogel"


@dataclass(slots=True)
class Running:
    """A started control process."""

    process: subprocess.Popen[str]
    data: Path
    port: int
    url: str
    log: Path
    pipe: int

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `brightkitchen …` beside it."""
        return subprocess.run(
            [sys.executable, "-m", "brightkitchen", *words, "--data", str(self.data)],
            capture_output=True,
            text=True,
            timeout=60,
            env=_environment(),
            cwd=ROOT,
        )

    def stop(self) -> int:
        """Ask it to end. returns: its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def end(self) -> None:
        """Leave nothing behind, however it went."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(15)
        os.close(self.pipe)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"X-BK": "1", "Origin": self.url}, trust_env=False)


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "LANG": "en_GB.UTF-8", "LC_ALL": "", "PYTHONPATH": path}


def start(data: Path, port: int) -> Running:
    """Start control alone, as it ships: the first log-in has to change the password and to set up a second factor."""
    read_end, write_end = os.pipe()
    data.mkdir(mode=0o700, exist_ok=True)
    log = data / "control.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "brightkitchen", "control"),
                *("--data", str(data), "--port", str(port), "--inherit", str(read_end)),
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            pass_fds=(read_end,),
            env=_environment(),
            cwd=ROOT,
        )
    os.close(read_end)
    os.write(write_end, json.dumps({"secret": "ab" * 32, "first_people": [PERSON]}).encode() + b"\n")
    running = Running(process, data, port, f"http://127.0.0.1:{port}", log, write_end)
    assert process.stdout is not None
    if '"ready"' not in process.stdout.readline():
        running.end()
        raise AssertionError(log.read_text("utf-8"))
    return running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    one = start(tmp_path_factory.mktemp("control") / "data", free_port_base())
    with one.client() as client:
        _enrol(client)
    yield one
    one.end()


MINE = {"username": "admin", "password": "a-quiet-kettle-sings"}
_codes: list[str] = []
"""Recovery codes of the administrator: each opens one session, without waiting for a one-time code's next half minute."""


def _enrol(client: httpx.Client) -> None:
    """The first log-in: another password, one-time codes, ten recovery codes."""
    _log_in(client, ADMIN)
    change = {"old": ADMIN["password"], "new": MINE["password"]}
    _keep_cookies(client, client.post("/api/v1/account/password", json=change))
    key = client.post("/api/v1/account/totp").json()["key"]
    code = code_at(key, SystemClock().utc())
    enrolled = client.post("/api/v1/account/totp/confirm", json={"code": code})
    _codes[:] = enrolled.json()["recovery_codes"]


def _log_in(client: httpx.Client, who: dict[str, str] = MINE) -> None:
    answer = client.post("/api/v1/session", json=who)
    _keep_cookies(client, answer)
    if "step" in answer.json():
        proof = {"ticket": answer.json()["ticket"], "recovery": _codes.pop()}
        _keep_cookies(client, client.post("/api/v1/session/factor", json=proof))


def _keep_cookies(client: httpx.Client, answer: httpx.Response) -> None:
    """Do as browsers do on loopback; httpx keeps `Secure` cookies for https only."""
    assert answer.status_code == 200, answer.text
    lines = [
        line.partition(";")[0] for line in answer.headers.get_list("set-cookie") if "max-age=0" not in line.lower()
    ]
    client.headers["cookie"] = "; ".join(lines)


def test_log_in_and_list_over_the_network(running: Running) -> None:
    with running.client() as client:
        assert client.get("/api/v1/cameras").status_code == 401
        _log_in(client)
        assert client.get("/api/v1/cameras").json() == {"items": [], "next_cursor": None, "total": 0}


def test_command_line_adds_lists_probes_and_removes_without_showing_the_password(running: Running) -> None:
    secret = running.data / "secret"
    secret.write_text(CANARY + "\n", encoding="utf-8")
    added = running.command(
        *("camera", "add", "烹饪间", "rtsp://10.1.2.3/main", "--username", "viewer", "--password-file", str(secret))
    )
    assert added.returncode == 0, added.stderr
    listed = running.command("camera", "list")
    camera, state, address, *_names = listed.stdout.rstrip("\n").split("\t")
    assert (camera[:4], state, address) == ("cam_", "-", "rtsp://10.1.2.3:554/main")
    with running.client() as client:
        _log_in(client)
        assert client.get(f"/api/v1/cameras/{camera}").json()["has_password"] is True
    probed = running.command("camera", "probe", f"rtsp://viewer:{CANARY}@10.1.2.3/main")
    assert probed.returncode == 1
    refused = running.command("camera", "add", "x", "rtsp://169.254.169.254/a")
    assert refused.returncode == 1
    removed = running.command("camera", "remove", camera)
    assert removed.returncode == 0, removed.stderr
    said = [added, listed, probed, refused, removed]
    assert all(CANARY not in each.stdout + each.stderr for each in said)
    assert all(len(each.stderr.splitlines()) <= 2 for each in said), "a sentence, not a traceback"
    secret.unlink()
    raw = {path.name: path.read_bytes() for path in running.data.rglob("*") if path.is_file()}
    assert "control.log" in raw
    assert [name for name, content in raw.items() if CANARY.encode() in content] == []


def test_reset_password_ends_sessions_and_the_new_one_works_once_told(running: Running) -> None:
    second = {"username": "second", "password": ADMIN["password"]}
    chosen = running.data / "chosen"
    chosen.write_text(second["password"], encoding="utf-8")
    created = running.command("user", "create", "second", "--password-file", str(chosen))
    assert created.returncode == 0, created.stderr
    with running.client() as client:
        _log_in(client, second)
        reset = running.command("user", "reset", "second")
        assert client.get("/api/v1/session").status_code == 401
        assert client.post("/api/v1/session", json=second).status_code == 401
    assert reset.returncode == 0
    assert running.command("user", "reset", "second", "--password-file", str(chosen)).returncode == 0
    with running.client() as client:
        _log_in(client, second)
        assert client.get("/api/v1/session").json()["pending"] == ["change_password", "enrol_factor"]


def test_slow_and_oversized_headers_are_cut_off(running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=15) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHo")
        assert slow.recv(1024) == b""  # within 10 s, says the limit; the socket's own 15 s would raise
    with running.client() as client:
        assert client.get("/api/v1/system", headers={"X-Big": "a" * 20_000}).status_code == 431


def test_metrics_and_health_are_on_the_admin_listener_only(running: Running) -> None:
    admin = f"http://127.0.0.1:{running.port + 10}"
    assert httpx.get(admin + "/healthz", trust_env=False).json() == {"ok": True}
    ready = httpx.get(admin + "/readyz", trust_env=False)
    assert (ready.status_code, ready.json()["administrator"]) == (503, True)  # no media node here
    assert "bk_control_requests_total" in httpx.get(admin + "/metrics", trust_env=False).text
    with running.client() as client:
        assert [client.get(path).status_code for path in ("/metrics", "/healthz", "/readyz")] == [404] * 3


def test_log_is_json_and_knows_no_password_hash_or_token(running: Running) -> None:
    lines = running.log.read_text("utf-8").splitlines()
    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict), line
    text = "\n".join(lines)
    for secret in (ADMIN["password"], MINE["password"], "$argon2", "__Host-bk_session", "bk1.", "ab" * 32):
        assert secret not in text


def test_two_installations_share_no_key(running: Running, tmp_path: Path) -> None:
    other = start(tmp_path / "data", free_port_base() + 400)
    try:
        keys = {(one.data / "keys" / "kek").read_bytes() for one in (running, other)}
        assert len(keys) == 2
        assert other.stop() == 0
    finally:
        other.end()


def test_audit_is_anchored_from_the_start_and_checked_while_control_runs(running: Running) -> None:
    with running.client() as client:
        client.post("/api/v1/session", json={**ADMIN, "password": "wrong"})
    checked = running.command("check", "--audit")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    assert "The audit is intact" in checked.stdout
    assert {file.name for file in (running.data / "anchors").iterdir()} >= {"keys.jsonl"}


def test_chromium_keeps_the_session_cookie_on_plain_loopback(running: Running) -> None:
    from playwright.sync_api import sync_playwright

    script = """async (body) => {
        const send = (method, body) => fetch('/api/v1/session', {method, body: body && JSON.stringify(body),
            headers: {'X-BK': '1', 'Content-Type': 'application/json'}});
        return [(await send('POST', body)).status, (await send('GET')).status, document.cookie];
    }"""
    third = {"username": "third", "password": MINE["password"]}
    chosen = running.data / "chosen"
    chosen.write_text(third["password"], encoding="utf-8")
    words = ("user", "create", "third", "--role", "OPERATOR_PM", "--password-file", str(chosen))
    assert running.command(*words).returncode == 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for host in ("127.0.0.1", "localhost"):
            page = browser.new_page()
            page.goto(f"http://{host}:{running.port}/api/v1/system")
            assert page.evaluate(script, third) == [200, 200, ""]
        browser.close()


async def test_event_socket_over_the_network_tells_of_a_camera_and_does_not_hold_up_the_end(running: Running) -> None:
    with running.client() as client:
        _log_in(client)
        headers = {"Cookie": client.headers["cookie"], "Origin": running.url}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(
                running.url + "/api/v1/events", headers=headers | {"Origin": "https://evil.example"}
            )
        socket = await session.ws_connect(running.url + "/api/v1/events", headers=headers)
        added = await asyncio.to_thread(running.command, "camera", "add", "切配间", "rtsp://10.1.2.9/main")
        assert added.returncode == 0, added.stderr
        heard = await socket.receive_json(timeout=10)
        assert (heard["type"], heard["camera"]["name"]) == ("camera", "切配间")
        assert await asyncio.to_thread(running.stop) == 0


def test_command_without_a_running_control_says_so_in_one_sentence(running: Running) -> None:
    assert running.process.poll() == 0
    gone = running.command("camera", "list")
    assert gone.returncode == 1
    assert len(gone.stderr.splitlines()) == 1
