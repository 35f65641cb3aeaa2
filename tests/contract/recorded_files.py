"""What programs that are not ours say of a recorded file: ffmpeg decodes all of it, ffprobe counts and times it."""

import asyncio
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Heard:
    """One track of a file. frames: decoded ones; times_s: of its packets, in order."""

    codec: str
    frames: int
    times_s: tuple[float, ...]

    @property
    def is_monotonic(self) -> bool:
        return all(later > earlier for earlier, later in pairwise(self.times_s))


async def run_tool(*command: str, timeout_s: float = 30) -> tuple[int, str, str]:
    """Run a program; return exit status, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), err.decode()


async def complaints_of(file: Path) -> str:
    """Return what ffmpeg says while it decodes the file from start to end; nothing if all is well."""
    status, out, err = await run_tool("ffmpeg", "-nostdin", "-v", "error", "-i", str(file), "-f", "null", "-")
    return f"{out}{err}" if status == 0 else f"status {status}: {out}{err}"


async def examine(file: Path) -> dict[str, Heard]:
    """Return the tracks of a file by kind, "video" and "audio"."""
    status, out, err = await run_tool(
        *("ffprobe", "-v", "error", "-of", "json", "-count_frames", "-show_streams", "-show_packets"), str(file)
    )
    assert (status, err) == (0, ""), err
    said = json.loads(out)
    return {
        stream["codec_type"]: Heard(
            stream["codec_name"],
            int(stream["nb_read_frames"]),
            tuple(float(packet["pts_time"]) for packet in said["packets"] if packet["stream_index"] == stream["index"]),
        )
        for stream in said["streams"]
    }
