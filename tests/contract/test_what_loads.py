"""What a command loads before it does anything: each library costs every call its time, and every process its memory."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("sqlalchemy", "alembic", "fastapi", "av", "numpy", "c2pa")


@pytest.mark.parametrize(
    "words",
    [("camera", "list"), ("user", "reset-password", "admin"), ("media-node", "--inherit", "99"), ("signer", "--help")],
)
def test_command_loads_only_what_it_needs(words: tuple[str, ...], tmp_path: Path) -> None:
    place = [] if "--help" in words else ["--data", str(tmp_path)]
    script = "import sys; from brightkitchen.bootstrap.main import _parser; _parser(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, *words, *place], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "argparse" in loaded
    assert loaded.isdisjoint(HEAVY)
