"""The whole product as a user starts it: one command, its own data folder, free ports; ended with a signal."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue

import psutil

ROOT = Path(__file__).resolve().parents[2]
TLS = 363
"""By HTTPS the page of a product at port p is at p + TLS."""
FIRST_CAMERA = 10474
"""Simulated camera n of a product at port p listens on p + FIRST_CAMERA + n; the simulator is told of faults one below."""
SPARE = 4
"""Ports after those of two simulated cameras that a test's own cameras may have (see `spare_port`)."""


def free_port_base() -> int:
    """Return a port p such that the ports the product derives from it are free now.

    All of them lie below those that the system gives to outgoing connections (32768 and up on Linux), which would take
    one between this look and the start. Another process of tests starts to look elsewhere.
    """
    first = os.getpid() * 7 % 280 * 40
    for step in range(0, 11200, 40):
        candidate = 11000 + (first + step) % 11200
        offsets = (0, 1, 10, 11, TLS, FIRST_CAMERA - 1, *range(FIRST_CAMERA, FIRST_CAMERA + 2 + SPARE))
        if all(_is_free(candidate + offset) for offset in offsets):
            return candidate
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def build_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a user at an English terminal, without settings from ours."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("BRIGHTKITCHEN_")}
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH", ""))))
    return {**ours, "LANG": "en_GB.UTF-8", "LC_ALL": "", "PYTHONPATH": path, **(extra or {})}


def run_command(
    *words: str, environment: Mapping[str, str] | None = None, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `brightkitchen …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "brightkitchen", *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=build_environment(environment),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )


@dataclass
class Product:
    """A running product. `url`, `username`, `password` are read from what it printed.

    environment: further settings; two small test patterns instead of drawn kitchens, unless it says otherwise.
    """

    data: Path
    port: int
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    username: str = ""
    password: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The launcher's process id."""
        return self._process.pid

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 10}"

    @property
    def node_url(self) -> str:
        return f"{self.url.partition(':')[0]}://127.0.0.1:{self.port + 1}"

    def spare_port(self, index: int) -> int:
        """Return a port on which the net guard of this product admits a camera of the test. index: 0..SPARE-1."""
        return self.port + FIRST_CAMERA + 2 + index

    def start(self, timeout_s: float = 60) -> None:
        """Start and wait until the log-in was printed. raises: AssertionError with all it said."""
        spare = f'["127.0.0.1:{self.spare_port(0)}-{self.spare_port(SPARE - 1)}"]'
        settings = {
            "BRIGHTKITCHEN_DEMO__SCENES": "pattern",
            "BRIGHTKITCHEN_DEMO__PREMISES": "40",
            "BRIGHTKITCHEN_NETGUARD__ALLOW_ENDPOINTS": spare,
            **self.environment,
        }
        place = ["--port", str(self.port), "--data", str(self.data)]
        self.lines = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "brightkitchen", "demo", *place, *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=build_environment(settings),
            cwd=ROOT,
        )
        self._said: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        login = self.wait_for(r"Demo log-in: (\S+)\s+password: (\S+)", timeout_s)
        self.username, self.password = login.group(1), login.group(2)
        self.url = next(found.group(1) for line in self.lines if (found := re.search(r"(https?://\S+)", line)))

    def wait_for(self, pattern: str, timeout_s: float) -> re.Match[str]:
        """Return the match of `pattern` in a line said from now on or before."""
        for line in self.lines:
            if found := re.search(pattern, line):
                return found
        while True:
            try:
                said = self._said.get(timeout=timeout_s)
            except Empty:
                said = None
            if said is None:
                raise AssertionError(f"never said {pattern!r}; it said:\n" + "".join(self.lines) + self.logs())
            self.lines.append(said)
            if found := re.search(pattern, said):
                return found

    def logs(self) -> str:
        """Return the end of every log file."""
        return "\n".join(
            f"== {path.name}\n" + "\n".join(path.read_text("utf-8", "replace").splitlines()[-30:])
            for path in sorted((self.data / "logs").glob("*.log"))
        )

    def processes(self) -> list[psutil.Process]:
        """Return every process below the launcher."""
        return psutil.Process(self.pid).children(recursive=True)

    def pid_of(self, name: str) -> int:
        """Return the process id of "control", "media-node" or "brightkitchen_sim" among the children."""
        for child in psutil.Process(self.pid).children():
            if name in child.cmdline():
                return int(child.pid)
        raise AssertionError(f"{name} is not running")

    def command(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `brightkitchen …` beside it, for its data folder."""
        return run_command(*words, "--data", str(self.data), environment=environment)

    def tell_simulator(self, *words: str) -> None:
        """Let the simulated cameras do something wrong: the words of `brightkitchen_sim fault`."""
        command = [sys.executable, "-m", "brightkitchen_sim", "fault", "--control", str(self.port + FIRST_CAMERA - 1)]
        subprocess.run(
            [*command, *words], check=True, timeout=20, env=build_environment(), capture_output=True, cwd=ROOT
        )

    def stop(self, timeout_s: float = 20) -> int:
        """Press Ctrl-C and wait. returns: the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(timeout_s)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the launcher without a word to it; its children notice by themselves."""
        self._process.kill()
        self._process.wait(5)
        self._reader.join(20)
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()

    def demo_logins(self) -> dict[str, object]:
        logins: dict[str, object] = json.loads((self.data / "demo" / "logins.json").read_text())
        return logins

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line)
        self._said.put(None)


@contextmanager
def start_product(folder: Path, *words: str, settings: Mapping[str, str] | None = None) -> Iterator[Product]:
    """Run a product with its data below `folder`: words of the command line and settings as for `Product`. It has to end well."""
    one = Product(folder / "data", free_port_base(), words, settings or {})
    try:
        one.start()
        yield one
        assert one.stop() == 0
    finally:
        one.kill()
