"""Starts that cannot be, each with one sentence and nothing left behind; and ends that leave nobody running."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.e2e.caller import until
from tests.e2e.product import Product, free_port_base, run_command

pytestmark = pytest.mark.e2e
CHINESE = {"LANG": "zh_CN.UTF-8"}
LANGUAGES = [pytest.param({}, id="en"), pytest.param(CHINESE, id="zh")]


def refuse(*words: str, environment: dict[str, str], says: str) -> None:
    """Start in vain: one sentence in the language of the terminal that holds `says`, an exit code, no traceback."""
    done = run_command("demo", *words, environment=environment)
    lines = (done.stdout + done.stderr).splitlines()
    assert done.returncode != 0
    assert len(lines) == 1, lines
    assert says in lines[0]
    is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in lines[0])
    assert is_chinese == bool(environment), lines[0]


@pytest.mark.parametrize(
    ("environment", "offsets"),
    [pytest.param({}, (0, 11, 10474), id="en"), pytest.param(CHINESE, (1,), id="zh")],
)
def test_taken_port_is_named_and_nothing_starts(
    environment: dict[str, str], offsets: tuple[int, ...], tmp_path: Path
) -> None:
    base = free_port_base()
    data = tmp_path / "data"
    for offset in offsets:
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", base + offset))
            taken.listen()
            words = ("--port", str(base), "--data", str(data), "--cameras", "1")
            refuse(*words, environment=environment, says=str(base + offset))
    assert not (data / "control.sqlite3").exists()


@pytest.mark.parametrize("environment", LANGUAGES)
def test_second_launcher_on_the_same_folder_is_refused(product: Product, environment: dict[str, str]) -> None:
    words = ("--port", str(free_port_base()), "--data", str(product.data))
    refuse(*words, environment=environment, says=str(product.data))


@pytest.mark.parametrize("environment", LANGUAGES)
def test_folder_that_is_a_file_or_below_one_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for data in (file, file / "data"):
        refuse("--port", str(free_port_base()), "--data", str(data), environment=environment, says=str(data))
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "mine"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("environment", LANGUAGES)
def test_full_disk_is_refused_before_anything_is_made(environment: dict[str, str], small_disk: Path) -> None:
    data = small_disk / "data"
    refuse("--port", str(free_port_base()), "--data", str(data), environment=environment, says="512 MiB")
    assert [path for path in data.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("environment", LANGUAGES)
def test_address_of_others_without_tls_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    words = ("--port", str(free_port_base()), "--data", str(data), "--host", "0.0.0.0")
    refuse(*words, environment=environment, says="--insecure-http")
    assert not data.exists()


@pytest.mark.parametrize("environment", LANGUAGES)
def test_demo_at_an_address_of_others_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    words = ("--port", str(free_port_base()), "--data", str(data), "--host", "0.0.0.0", "--insecure-http")
    refuse(*words, environment=environment, says="--demo-public")
    assert not data.exists()


def _start(tmp_path: Path) -> tuple[Product, list[psutil.Process]]:
    product = Product(tmp_path / "data", free_port_base(), ("--cameras", "1"))
    product.start()
    product.wait_for("demo cameras are connected", 30)
    processes = product.processes()
    commands = " ".join(" ".join(each.cmdline()) for each in processes)
    assert all(word in commands for word in ("control", "media-node", "brightkitchen_sim"))
    return product, processes


def test_ctrl_c_ends_every_child_and_closes_every_recording(tmp_path: Path) -> None:
    product, processes = _start(tmp_path)
    try:
        written = product.data / "node-0" / "store" / "open"
        until(lambda: any(file.stat().st_size > 0 for file in written.iterdir()), 60, "something recorded")
        begun_s = os.times().elapsed
        assert product.stop(15) == 0
        print(f"Ctrl-C: ended after {os.times().elapsed - begun_s:.1f} s")
        assert [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
        assert list((product.data / "node-0" / "store" / "open").iterdir()) == []
        assert list((product.data / "node-0" / "store" / "segments").rglob("*.mp4")) != []
    finally:
        product.kill()


def test_children_of_a_killed_launcher_end_by_themselves(tmp_path: Path) -> None:
    product, processes = _start(tmp_path)
    try:
        os.kill(product.pid, signal.SIGKILL)
        begun_s = os.times().elapsed
        _gone, alive = psutil.wait_procs(processes, timeout=15)
        print(f"launcher killed: all children ended after {os.times().elapsed - begun_s:.1f} s")
        left = [" ".join(each.cmdline()) for each in alive if each.status() != psutil.STATUS_ZOMBIE]
        for each in alive:
            each.kill()
        assert left == []
    finally:
        product.kill()
