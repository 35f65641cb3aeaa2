"""`brightkitchen camera …` beside the running product: what it says in both languages, and its exit codes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.e2e.caller import Caller
from tests.e2e.product import Product

from brightkitchen.kernel.text import say

pytestmark = pytest.mark.e2e
LANGUAGES = [pytest.param("en", "en_GB.UTF-8", id="en"), pytest.param("zh-CN", "zh_CN.UTF-8", id="zh")]


@pytest.fixture(scope="module")
def not_rtsp(product: Product) -> Iterator[int]:
    """A web server at a port where the net guard admits cameras."""
    port = product.spare_port(2)
    server = socket.create_server(("127.0.0.1", port))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _address = server.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield port
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(10)


@pytest.mark.parametrize(("language", "locale"), LANGUAGES)
def test_failing_probe_says_what_is_wrong_and_what_to_do(
    product: Product, caller: Caller, not_rtsp: int, language: str, locale: str, tmp_path: Path
) -> None:
    caller.pattern_camera()
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-password")
    right = tmp_path / "right"
    right.write_text(str(product.demo_logins()["password"]))
    camera = f"127.0.0.1:{product.port + 10475}"
    tries = {
        "wrong_password": (f"rtsp://{camera}/main", wrong),
        "no_such_path": (f"rtsp://{camera}/nowhere", right),
        "port_closed": (f"rtsp://127.0.0.1:{product.spare_port(3)}/main", right),
        "not_rtsp": (f"rtsp://127.0.0.1:{not_rtsp}/main", right),
    }
    for reason, (url, password) in tries.items():
        words = ("camera", "probe", url, "--username", "viewer", "--password-file", str(password))
        done = product.command(*words, environment={"LANG": locale})
        said = done.stdout.splitlines()
        assert done.returncode == 1, (reason, done.stdout, done.stderr)
        assert len(said) == 1, said
        assert say(f"camera.reason.{reason}", language) in said[0], reason
        assert say(f"camera.advice.{reason}", language) in said[0], reason
        assert done.stderr == ""


@pytest.mark.parametrize(("language", "locale"), LANGUAGES)
def test_wrong_call_is_refused_in_one_sentence(product: Product, language: str, locale: str) -> None:
    environment = {"LANG": locale}
    for words, exit_code in (
        (("camera", "probe", "http://10.0.0.1/"), 2),
        (("camera", "add", "x", "rtsp://169.254.169.254/a"), 1),
        (("camera", "remove", "cam_0000000000000000"), 1),
        (("camera", "add", "x", "rtsp://10.0.0.1/", "--username", "a", "--password-file", "/nowhere"), 2),
    ):
        done = product.command(*words, environment=environment)
        assert (done.returncode, done.stdout) == (exit_code, ""), words
        assert len(done.stderr.splitlines()) == 1, done.stderr
        is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in done.stderr)
        assert is_chinese == (language == "zh-CN"), done.stderr


def test_add_list_probe_and_remove_a_working_camera(product: Product, caller: Caller, tmp_path: Path) -> None:
    caller.pattern_camera()
    password = tmp_path / "password"
    password.write_text(str(product.demo_logins()["password"]))
    option = ("--username", "viewer", "--password-file", str(password))
    url = f"rtsp://127.0.0.1:{product.port + 10475}/sub"
    probed = product.command("camera", "probe", url, *option)
    assert (probed.returncode, probed.stderr) == (0, "")
    assert "320x180" in probed.stdout
    added = product.command("camera", "add", "切配间", url, "--premises", "站前小学食堂", "--zone", "切配", *option)
    assert added.returncode == 0, added.stderr
    camera = next(each["id"] for each in caller.cameras() if each["address"] == url)
    try:
        caller.wait_recording(camera)
        listed = product.command("camera", "list")
        line = next(line for line in listed.stdout.splitlines() if line.startswith(camera))
        assert line.split("\t")[1:] == ["live", url, "站前小学食堂", "CUT", "切配间"]
        assert product.command("camera", "probe", camera).returncode == 0
        again = product.command("camera", "add", "二", url, *option)
        assert again.returncode != 0
    finally:
        removed = product.command("camera", "remove", camera)
    assert removed.returncode == 0
    assert camera not in product.command("camera", "list").stdout
    assert product.command("camera", "remove", camera).returncode == 1
