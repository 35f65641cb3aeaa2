"""Makes clips in a process of low priority: `python -m brightkitchen_sim.provision`.

Reads one JSON job a line from standard input, {"scene": key, "codec": "h264", "profile": "main"}, {"audio": "pcma"} or
{"background": "1280x720"} (what stands behind the true clock), and answers each with the job and "path", or "error".
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from brightkitchen_sim.clip import AudioCodec, VideoCodec
from brightkitchen_sim.liveclock import Picture
from brightkitchen_sim.livesource import build_plain_background
from brightkitchen_sim.scenes import library as kitchens
from brightkitchen_sim.testpicture import ensure_pattern_clip, write_aac_clip, write_tone_clip

Profile = Literal["main", "sub"]
BACKGROUND_VERSION = 1
_PATTERN_SIZES: dict[Profile, tuple[int, int, int]] = {"main": (640, 360, 400_000), "sub": (320, 180, 120_000)}


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

    def ensure_clip(self, cache_dir: Path, scene: Scene, codec: VideoCodec, profile: Profile) -> Path: ...

    def ensure_audio(self, cache_dir: Path, codec: AudioCodec) -> Path: ...

    def draw_background(self, width_px: int, height_px: int) -> Picture: ...


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

    def ensure_clip(self, cache_dir: Path, scene: Scene, codec: VideoCodec, profile: Profile) -> Path:
        width_px, height_px, bitrate_bps = _PATTERN_SIZES[profile]
        path = cache_dir / f"pattern-{codec}-{profile}.clip"
        ensure_pattern_clip(
            path, codec=codec, width_px=width_px, height_px=height_px, gop=25, duration_s=4.0, bitrate_bps=bitrate_bps
        )
        return path

    def ensure_audio(self, cache_dir: Path, codec: AudioCodec) -> Path:
        path = cache_dir / f"tone-{codec}.sound"
        if not path.exists():
            if codec == "aac":
                write_aac_clip(path)
            else:
                write_tone_clip(path, codec)
        return path

    def draw_background(self, width_px: int, height_px: int) -> Picture:
        return build_plain_background(width_px, height_px)


class KitchenLibrary:
    """The drawn kitchens. A scene takes tens of seconds to make, once."""

    SCENES: Sequence[Scene] = kitchens.SCENES

    def ensure_clip(self, cache_dir: Path, scene: Scene, codec: VideoCodec, profile: Profile) -> Path:
        paths = kitchens.ensure_clips(cache_dir, kitchens.find_scene(scene.key), codec=codec)
        return paths.main if profile == "main" else paths.sub

    def ensure_audio(self, cache_dir: Path, codec: AudioCodec) -> Path:
        return kitchens.ensure_audio(cache_dir, codec)

    def draw_background(self, width_px: int, height_px: int) -> Picture:
        return kitchens.draw_background(width_px, height_px)


def load_library(name: str) -> Library:
    """Return the library "kitchen" or "pattern"."""
    return PatternLibrary() if name == "pattern" else KitchenLibrary()


def background_path(cache_dir: Path, scenes: str, size: str) -> Path:
    """Return where the picture of `size` ("1280x720") lies once it is made."""
    return cache_dir / f"background-{scenes}-v{BACKGROUND_VERSION}-{size}.npy"


def run_job(scenes: str, cache_dir: Path, job: dict[str, Any]) -> Path:
    """Make what the job names, unless it is there. Raises ValueError, OSError or KeyError."""
    library = load_library(scenes)
    if "audio" in job:
        return library.ensure_audio(cache_dir, job["audio"])
    if "background" in job:
        return _ensure_background(library, background_path(cache_dir, scenes, job["background"]), job["background"])
    scene = next((scene for scene in library.SCENES if scene.key == job["scene"]), None)
    if scene is None:
        raise KeyError(job["scene"])
    return library.ensure_clip(cache_dir, scene, job["codec"], job["profile"])


def _ensure_background(library: Library, path: Path, size: str) -> Path:
    if not path.exists():
        width, _, height = size.partition("x")
        temporary = path.with_name(f".{path.stem}.{os.getpid()}.npy")
        np.save(temporary, library.draw_background(int(width), int(height)))
        temporary.replace(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="brightkitchen_sim.provision")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--scenes", choices=("kitchen", "pattern"), default="kitchen")
    options = parser.parse_args()
    os.nice(19)
    options.cache.mkdir(parents=True, exist_ok=True)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = job | {"path": str(run_job(options.scenes, options.cache, job))}
        except (ValueError, OSError, KeyError, RuntimeError) as error:
            answer = job | {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
