"""Reads C2PA signatures with the jailed process of `stamping.py`: a picture that somebody sent is never parsed in ours. Blocks."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

import brightkitchen
from brightkitchen.media.evidence.stamping import Head, Outcome

READ_TIMEOUT_S: Final = 30.0
MAX_SAID_BYTES: Final = 4 * 1024 * 1024
ARGV: Final = (sys.executable, "-P", "-m", "brightkitchen.media.evidence.stamping")


def has_library() -> bool:
    """True where the extra "c2pa" is installed."""
    return find_spec("c2pa") is not None


def build_environment() -> dict[str, str]:
    """Return all that a jailed process gets to know of ours."""
    return {
        "PYTHONPATH": str(Path(brightkitchen.__file__).parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "PATH": os.defpath,
    }


def read_stamp(file: BinaryIO, media_type: str, root: str = "") -> Outcome:
    """Return what a file's C2PA signature is worth. file: a real file, at its beginning. root: PEM, whose leaves make it "Trusted".

    An "error" is also what is said of a process that died or took too long.
    """
    head = Head(chain=root, media_type=media_type, source=file.fileno())
    try:
        done = subprocess.run(
            ARGV,
            input=msgspec.json.encode(head) + b"\n",
            capture_output=True,
            pass_fds=(file.fileno(),),
            env=build_environment(),
            cwd="/",
            timeout=READ_TIMEOUT_S,
            check=True,
        )
        return msgspec.json.decode(done.stdout[:MAX_SAID_BYTES].splitlines()[-1], type=Outcome)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError, IndexError) as cause:
        return Outcome(state="error", codes=(type(cause).__name__,))
