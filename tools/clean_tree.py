"""Nothing in the tree names a package registry's host, a folder of somebody's machine, or a key."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_STRANGERS: Final = (
    (
        "a package registry's host",
        re.compile(r"registry\.npmjs|files\.pythonhosted|pypi\.org/simple|registry\.yarnpkg|npmmirror"),
    ),
    ("a folder of somebody's machine", re.compile(r"(?<![\w.])/(?:home/\w+|Users/\w+|work/(?:main|wt|shared))\b")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
)


def find_strangers(text: str) -> list[tuple[int, str]]:
    """Return (line number, what) of every line that must not be committed."""
    return [
        (number, what)
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in _STRANGERS
        if pattern.search(line)
    ]


def main() -> int:
    listed = subprocess.run(("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, check=True, timeout=30)
    bad = 0
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if not name or name in ("tools/clean_tree.py", "tools/test_clean_tree.py") or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, what in find_strangers(text):
            print(f"{name}:{number}: names {what}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
