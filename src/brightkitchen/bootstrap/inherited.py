"""What a child process gets from the launcher through an inherited pipe: never argv, never the environment.

The launcher writes one JSON line and keeps its end open for as long as it lives: the end of the pipe tells the child
that the launcher is gone, whatever ended it.
"""

import asyncio
import os
from collections.abc import Callable

import msgspec

MAX_LINE_BYTES = 64 * 1024


class FirstPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A log-in to create if there is nobody yet. premises_no: `external_no` of the premises the role reaches, or ""."""

    username: str
    password: str
    name: str
    role: str
    region: str = ""
    categories: tuple[str, ...] = ()
    premises_no: str = ""

    def __repr__(self) -> str:
        return f"FirstPerson(username={self.username!r}, password=…)"


class Inheritance(msgspec.Struct, frozen=True, kw_only=True):
    """secret: what authenticates local node channels of this start (hex of 32 bytes).

    signer_secret: the same for the line between control and the signer; nodes do not get it.
    """

    secret: str
    signer_secret: str = ""
    first_people: tuple[FirstPerson, ...] = ()

    def __repr__(self) -> str:
        return "Inheritance(secret=…)"


def write_inheritance(fd: int, inheritance: Inheritance) -> None:
    """Write the line; the caller keeps `fd` open."""
    os.write(fd, msgspec.json.encode(inheritance) + b"\n")


def read_inheritance(fd: int) -> Inheritance:
    """Read the line that the launcher wrote. raises: msgspec.DecodeError, EOFError."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(fd, 4096)
        if not piece or len(line) > MAX_LINE_BYTES:
            raise EOFError("the launcher closed the pipe before it said anything")
        line += piece
    return msgspec.json.decode(line, type=Inheritance)


def watch_launcher(fd: int, on_gone: Callable[[], None]) -> None:
    """Call `on_gone` on the running loop once the launcher has ended."""
    loop = asyncio.get_running_loop()
    os.set_blocking(fd, False)

    def readable() -> None:
        if os.read(fd, 4096) == b"":
            loop.remove_reader(fd)
            on_gone()

    loop.add_reader(fd, readable)
