"""The whole product as a user starts it: one command, its own data folder, free ports; ended with a signal."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue

ROOT = Path(__file__).resolve().parents[2]


def free_port_base(span: int = 10_700) -> int:
    """Return a port p such that the ports the product derives from it are free now."""
    for candidate in range(21000, 29000, 40):
        offsets = (0, 1, 10, 11, 10473, *range(10474, 10480))
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


@dataclass
class Product:
    """A running product. `url`, `username`, `password` are read from what it printed."""

    data: Path
    port: int
    arguments: Sequence[str] = ()
    url: str = ""
    username: str = ""
    password: str = ""
    lines: list[str] = field(default_factory=list)

    def start(self, timeout_s: float = 60) -> None:
        """Start and wait until the log-in was printed. raises: AssertionError with all it said."""
        environment = {**os.environ, "LANG": "en_GB.UTF-8", "LC_ALL": "", "PYTHONPATH": str(ROOT / "src")}
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "brightkitchen",
                "demo",
                "--port",
                str(self.port),
                "--data",
                str(self.data),
                *self.arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        self._said: Queue[str | None] = Queue()
        threading.Thread(target=self._read, daemon=True).start()
        login = self.wait_for(r"Demo log-in: (\S+)\s+password: (\S+)", timeout_s)
        self.username, self.password = login.group(1), login.group(2)
        self.url = next(found.group(1) for line in self.lines if (found := re.search(r"(http://\S+)", line)))

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

    def pid_of(self, name: str) -> int:
        """Return the process id of "control", "media-node" or "brightkitchen_sim" among the children."""
        import psutil

        for child in psutil.Process(self._process.pid).children(recursive=True):
            if name in " ".join(child.cmdline()):
                return int(child.pid)
        raise AssertionError(f"{name} is not running")

    def stop(self, timeout_s: float = 20) -> int:
        """Press Ctrl-C and wait. returns: the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(timeout_s)
        finally:
            self._process.kill()

    def demo_logins(self) -> dict[str, object]:
        logins: dict[str, object] = json.loads((self.data / "demo" / "logins.json").read_text())
        return logins

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line)
        self._said.put(None)
