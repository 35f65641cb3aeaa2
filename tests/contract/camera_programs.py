"""Cameras that are programs of their own: each prints its port, and ends when its standard input is closed."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
START_TIMEOUT_S = 30

needs_gstreamer = pytest.mark.skipif(
    shutil.which("python3", path="/usr/bin") is None or not Path("/usr/lib/python3/dist-packages/gi").exists(),
    reason="needs Debian's python3-gi and gir1.2-gst-rtsp-server-1.0",
)


@asynccontextmanager
async def camera_program(*command: str) -> AsyncIterator[int]:
    """Run it and yield its port."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            yield int(json.loads(await process.stdout.readline())["port"])
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


def gstreamer(*arguments: str) -> tuple[str, ...]:
    """Return the command of GStreamer's RTSP server."""
    return ("/usr/bin/python3", str(HERE / "gst_rtsp_server.py"), *arguments)


def ipycam() -> tuple[str, ...]:
    """Return the command of ipycam's RTSP server."""
    return (sys.executable, str(HERE / "ipycam_camera.py"))
