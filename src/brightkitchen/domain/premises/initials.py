"""What one types to find a Chinese name without an input method: 站前小学食堂 = zqxxst."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

import brightkitchen
from brightkitchen.kernel.errors import BrightKitchenError, Kind

BATCH_TIMEOUT_S: Final = 30.0
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
_COMMAND: Final = (sys.executable, "-m", "brightkitchen.domain.premises.initials")
MAX_INITIALS: Final = 100
_KEPT: Final = re.compile(r"[0-9a-z]")


@lru_cache(maxsize=4096)
def build_initials(name: str) -> str:
    """Return the first letters of the pinyin in lower case, with ASCII letters and digits as they are; everything else is left out.

    A character with several readings gets the one of the word it stands in (重庆 = cq).
    """
    # here, not above: its dictionaries take a moment and some memory, and only those who write names need them
    from pypinyin import Style, lazy_pinyin

    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors="default")
    return "".join(each for each in "".join(letters).lower() if _KEPT.fullmatch(each))[:MAX_INITIALS]


ManyInitials = Callable[[Sequence[str]], Awaitable[list[str]]]
"""Returns what `build_initials` says of each name, in their order."""
InitialsSession = Callable[[], AbstractAsyncContextManager[ManyInitials]]


@asynccontextmanager
async def initials_here() -> AsyncIterator[ManyInitials]:
    """Build initials of many names in this process, which keeps the dictionaries (some 55 MB) from then on."""

    async def build(names: Sequence[str]) -> list[str]:
        return [build_initials(name) for name in names]

    yield build


@asynccontextmanager
async def initials_aside() -> AsyncIterator[ManyInitials]:
    """Build initials of many names in a process that ends with the block, and takes the dictionaries with it.

    raises: BrightKitchenError(UNAVAILABLE, "premises.initials_failed") if it dies or is silent for half a minute.
    """
    child = await asyncio.create_subprocess_exec(
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath, "PYTHONPATH": str(Path(brightkitchen.__file__).parent.parent), "PYTHONUTF8": "1"},
        limit=_MAX_ANSWER_BYTES,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    to_child, from_child = child.stdin, child.stdout

    async def build(names: Sequence[str]) -> list[str]:
        try:
            async with asyncio.timeout(BATCH_TIMEOUT_S):
                to_child.write(json.dumps(list(names)).encode() + b"\n")
                await to_child.drain()
                answer: list[str] = json.loads(await from_child.readline())
        except (TimeoutError, OSError, ValueError) as cause:
            raise BrightKitchenError(Kind.UNAVAILABLE, "premises.initials_failed") from cause
        return answer

    try:
        yield build
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def _answer() -> None:
    """Answer lines of names with lines of initials until the end of the input."""
    for line in sys.stdin:
        print(json.dumps([build_initials(name) for name in json.loads(line)]), flush=True)


if __name__ == "__main__":
    _answer()
