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
    yield one
    one.end()


def _log_in(client: httpx.Client) -> None:
    answer = client.post("/api/v1/session", json=ADMIN)
    assert answer.status_code == 200, answer.text
    client.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]


def test_log_in_and_list_over_the_network(running: Running) -> None:
    with running.client() as client:
        assert client.get("/api/v1/cameras").status_code == 401
        _log_in(client)
        assert client.get("/api/v1/cameras").json() == {"items": [], "next_cursor": None}


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
    created = running.command("user", "create", "second")
    assert created.returncode == 0, created.stderr
    with running.client() as client:
        _log_in(client)
        reset = running.command("user", "reset", "admin")
        assert client.get("/api/v1/session").status_code == 401
        assert client.post("/api/v1/session", json=ADMIN).status_code == 401
    assert reset.returncode == 0
    chosen = running.data / "chosen"
    chosen.write_text(ADMIN["password"], encoding="utf-8")
    assert running.command("user", "reset", "admin", "--password-file", str(chosen)).returncode == 0
    with running.client() as client:
        _log_in(client)


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
    for secret in (ADMIN["password"], "$argon2", "__Host-bk_session", "bk1.", "ab" * 32):
        assert secret not in text


def test_two_installations_share_no_key(running: Running, tmp_path: Path) -> None:
    other = start(tmp_path / "data", free_port_base() + 400)
    try:
        keys = {(one.data / "keys" / "kek").read_bytes() for one in (running, other)}
        assert len(keys) == 2
        assert other.stop() == 0
    finally:
        other.end()


def test_chromium_keeps_the_session_cookie_on_plain_loopback(running: Running) -> None:
    from playwright.sync_api import sync_playwright

    script = """async (body) => {
        const send = (method, body) => fetch('/api/v1/session', {method, body: body && JSON.stringify(body),
            headers: {'X-BK': '1', 'Content-Type': 'application/json'}});
        return [(await send('POST', body)).status, (await send('GET')).status, document.cookie];
    }"""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for host in ("127.0.0.1", "localhost"):
            page = browser.new_page()
            page.goto(f"http://{host}:{running.port}/api/v1/system")
            assert page.evaluate(script, ADMIN) == [200, 200, ""]
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


def test_audit_is_anchored_from_the_start_and_checked_while_control_runs(running: Running) -> None:
    with running.client() as client:
        client.post("/api/v1/session", json={**ADMIN, "password": "wrong"})
    checked = running.command("check", "--audit")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    assert "The audit is intact" in checked.stdout
    assert {file.name for file in (running.data / "anchors").iterdir()} >= {"keys.jsonl"}
