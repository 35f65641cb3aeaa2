"""Tests wait on events or move a manual clock: a test that sleeps is slow when it passes and flaky when it fails."""

import ast
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_SLEEPERS: Final = {("time", "sleep"), ("asyncio", "sleep")}


def find_sleeps(source: str, name: str) -> list[str]:
    """Return ``name:line`` of every call of `time.sleep` or `asyncio.sleep` with anything but a literal 0."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        if not (isinstance(owner, ast.Name) and (owner.id, node.func.attr) in _SLEEPERS):
            continue
        yields = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
        if not yields:
            found.append(f"{name}:{node.lineno}")
    return found


def main(folder: Path = ROOT / "tests") -> int:
    found = [
        place for path in sorted(folder.rglob("*.py")) for place in find_sleeps(path.read_text("utf-8"), str(path))
    ]
    for place in found:
        print(f"{place}: a test sleeps; wait on an event or advance a ManualClock")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
