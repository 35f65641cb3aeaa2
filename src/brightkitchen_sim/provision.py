"""Makes clips in a process of low priority: `python -m brightkitchen_sim.provision`.

Reads one JSON job a line from standard input, {"scene": key, "codec": "h264", "profile": "main"} or {"audio": "pcma"},
and answers each with the job and "path", or "error".
"""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from brightkitchen_sim.clip import VideoCodec
from brightkitchen_sim.testpicture import ensure_pattern_clip, write_aac_clip, write_tone_clip

_PATTERN_SIZES = {"main": (640, 360, 400_000), "sub": (320, 180, 120_000)}


class Scene(Protocol):
    """One place that can be shown."""

    @property
    def key(self) -> str: ...
    @property
    def site_name(self) -> str: ...
    @property
    def zone_code(self) -> str: ...
    @property
    def zone_name(self) -> str: ...
    @property
    def title(self) -> str: ...


class Library(Protocol):
    """Where clips come from."""

    SCENES: Sequence[Scene]

    def ensure_clips(self, cache_dir: Path, spec: Any, *, codec: Any, profile: Any) -> Path: ...

    def ensure_audio(self, cache_dir: Path, codec: Any) -> Path: ...


class PatternScene:
    """A test pattern instead of a kitchen."""

    key = "pattern"
    site_name = "Test site"
    zone_code = "test"
    zone_name = "Test"
    title = "Test pattern"


class PatternLibrary:
    """Small test patterns, made in a second: for tests, and for machines without the time to draw kitchens."""

    SCENES: Sequence[Scene] = (PatternScene(),)

    def ensure_clips(self, cache_dir: Path, spec: Any, *, codec: VideoCodec, profile: str) -> Path:
        width_px, height_px, bitrate_bps = _PATTERN_SIZES[profile]
        path = cache_dir / f"pattern-{codec}-{profile}.clip"
        ensure_pattern_clip(
            path, codec=codec, width_px=width_px, height_px=height_px, gop=25, duration_s=4.0, bitrate_bps=bitrate_bps
        )
        return path

    def ensure_audio(self, cache_dir: Path, codec: str) -> Path:
        path = cache_dir / f"tone-{codec}.sound"
        if not path.exists():
            if codec == "aac":
                write_aac_clip(path)
            else:
                write_tone_clip(path, codec)
        return path


def load_library(name: str) -> Library:
    """Return the library "kitchen" or "pattern". Raises ImportError when the kitchens are not installed."""
    if name == "pattern":
        return PatternLibrary()
    return cast(Library, importlib.import_module("brightkitchen_sim.scenes.library"))


def run_job(library: Library, cache_dir: Path, job: dict[str, str]) -> Path:
    """Make what the job names, unless it is there. Raises ValueError, OSError or KeyError."""
    if "audio" in job:
        return library.ensure_audio(cache_dir, job["audio"])
    scene = next(scene for scene in library.SCENES if scene.key == job["scene"])
    return library.ensure_clips(cache_dir, scene, codec=job["codec"], profile=job["profile"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="brightkitchen_sim.provision")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--scenes", choices=("kitchen", "pattern"), default="kitchen")
    options = parser.parse_args()
    os.nice(19)
    options.cache.mkdir(parents=True, exist_ok=True)
    library = load_library(options.scenes)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = job | {"path": str(run_job(library, options.cache, job))}
        except (ValueError, OSError, KeyError, RuntimeError) as error:
            answer = job | {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
