"""Format, lint, strict types, import rules and our own small checkers; one line each, all of them even if one fails."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CHECKS: Final = (
    ("format", ("-m", "ruff", "format", "--check", "-q", "src", "tests", "tools")),
    ("lint", ("-m", "ruff", "check", "-q", "src", "tests", "tools")),
    ("types", ("-m", "mypy", "--no-error-summary")),
    ("imports", ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")),
    ("no known hole in the locks", ("tools/audit_deps.py",)),
    ("no sleeps in tests", ("tools/no_sleep.py",)),
    ("no strangers in the tree", ("tools/clean_tree.py",)),
)


def main() -> int:
    failed = []
    for name, arguments in CHECKS:
        done = subprocess.run((sys.executable, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=600)
        print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout + done.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
