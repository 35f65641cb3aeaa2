"""The demo's cameras: which scenes exist, and their clip files, made once and kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ..clip import AudioHeader, ClipHeader, write_audio_clip, write_clip
from . import sound
from .bake import bake
from .canvas import U8
from .coding import Coder, Plan, VideoCodec, build_frame
from .film import Caption, Film, Shape
from .rooms import build_stage
from .script import Event

GENERATOR_VERSION = 2
MAIN_BPS = 2_000_000
SUB_BPS = 400_000
AudioCodec = Literal["pcma", "pcmu", "aac"]
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """One demo camera. `zone_code` is a zone of DOMAIN.md 1.2, `room` the drawn kind of room, `events` what happens."""

    key: str
    site_name: str
    zone_code: str
    zone_name: str
    title: str
    site_name_en: str
    zone_name_en: str
    room: str
    seed: int = 0
    length_s: float = 20.0
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class ClipPaths:
    """The files of one scene: both streams and the ground truth (JSON)."""

    main: Path
    sub: Path
    truth: Path


_SITES = {
    "zq": ("演示·站前小学食堂", "Demo Zhanqian Primary School"),
    "bj": ("演示·八家子第二幼儿园", "Demo Bajiazi Kindergarten No 2"),
    "lj": ("演示·老街饺子馆", "Demo Laojie Dumplings"),
    "lk": ("演示·湖南街道冷库", "Demo Hunan Subdistrict Cold Store"),
    "qh": ("演示·七号桥家常菜馆", "Demo No 7 Bridge Restaurant"),
    "ds": ("演示·东山中学食堂", "Demo Dongshan Middle School"),
}
_ZONES = {
    "COOK": ("烹饪间", "Cooking"),
    "CUT": ("切配间", "Cutting"),
    "WASH": ("洗消间", "Washing"),
    "ROUGH": ("粗加工间", "Rough processing"),
    "COLD": ("凉菜专间", "Cold dishes"),
    "STORE": ("库房", "Store"),
    "SAMPLE": ("留样间", "Samples"),
    "DINE": ("就餐区", "Dining"),
    "SERVE": ("分餐间", "Serving"),
    "WORK": ("装卸作业区", "Loading area"),
}


def _spec(
    key: str,
    site: str,
    zone: str,
    *,
    room: str = "",
    seed: int = 0,
    title: str = "",
    length_s: float = 20.0,
    events: tuple[Event, ...] = (),
) -> SceneSpec:
    name, name_en = _SITES[site]
    zone_name, zone_en = _ZONES[zone]
    return SceneSpec(
        key,
        name,
        zone,
        zone_name,
        title or f"{name.removeprefix('演示·')} {zone_name}",
        name_en,
        zone_en,
        room or zone,
        seed,
        length_s,
        events,
    )


SCENES: tuple[SceneSpec, ...] = (
    _spec("zq-cook", "zq", "COOK"),
    _spec("zq-cut", "zq", "CUT"),
    _spec("zq-wash", "zq", "WASH"),
    _spec("zq-serve", "zq", "SERVE"),
    _spec("zq-sample", "zq", "SAMPLE"),
    _spec("zq-store", "zq", "STORE"),
    _spec("bj-cook", "bj", "COOK", seed=1),
    _spec("bj-serve", "bj", "SERVE", seed=1),
    _spec("lj-cut", "lj", "CUT", seed=1),
    _spec("lj-dine", "lj", "DINE"),
    _spec("lk-work", "lk", "WORK", room="CHILL"),
    _spec("qh-cold", "qh", "COLD"),
    _spec("qh-rough", "qh", "ROUGH"),
    _spec("ds-dine", "ds", "DINE", seed=1),
    _spec("ds-wash", "ds", "WASH", seed=1),
    _spec(
        "lj-cook-hat",
        "lj",
        "COOK",
        seed=2,
        title="老街饺子馆 烹饪间（未戴工作帽）",
        length_s=30.0,
        events=(Event("hat_off", 8, 22, who=1, heading_deg=115),),
    ),
    _spec(
        "qh-store-smoke",
        "qh",
        "STORE",
        seed=1,
        title="七号桥家常菜馆 库房（吸烟）",
        length_s=30.0,
        events=(Event("smoking", 8, 22, who=1, heading_deg=-150),),
    ),
    _spec(
        "ds-cut-phone",
        "ds",
        "CUT",
        title="东山中学食堂 切配间（玩手机）",
        length_s=30.0,
        events=(Event("phone", 6, 24, who=1),),
    ),
    _spec(
        "qh-rough-mouse",
        "qh",
        "ROUGH",
        seed=1,
        title="七号桥家常菜馆 粗加工间（鼠患）",
        length_s=30.0,
        events=(Event("mouse", 8, 17),),
    ),
    _spec(
        "ds-wash-cover",
        "ds",
        "WASH",
        title="东山中学食堂 洗消间（遮挡）",
        length_s=30.0,
        events=(Event("covered", 8, 22),),
    ),
    _spec(
        "bj-sample-frozen",
        "bj",
        "SAMPLE",
        seed=1,
        title="八家子第二幼儿园 留样间（画面冻结）",
        length_s=30.0,
        events=(Event("frozen", 6, 24),),
    ),
    _spec(
        "qh-cold-moved",
        "qh",
        "COLD",
        seed=1,
        title="七号桥家常菜馆 凉菜专间（移位）",
        length_s=30.0,
        events=(Event("moved", 8, 22),),
    ),
    _spec(
        "lk-work-dim",
        "lk",
        "WORK",
        room="CHILL",
        seed=1,
        title="湖南街道冷库 装卸作业区（过暗）",
        length_s=30.0,
        events=(Event("dim", 8, 22),),
    ),
    _spec(
        "zq-store-black",
        "zq",
        "STORE",
        title="站前小学食堂 库房（黑屏）",
        length_s=30.0,
        events=(Event("black", 8, 22),),
    ),
    _spec(
        "lj-cook-flame",
        "lj",
        "COOK",
        seed=3,
        title="老街饺子馆 烹饪间（动火离人）",
        length_s=30.0,
        events=(Event("flame_left", 0, 30),),
    ),
)


def find_scene(key: str) -> SceneSpec:
    """The scene of that key. Raises KeyError."""
    found = next((s for s in SCENES if s.key == key), None)
    if found is None:
        raise KeyError(key)
    return found


def build_film(spec: SceneSpec, *, quick: bool = False, font_path: str | None = None) -> Film:
    """The scene's loop at main-stream size; `quick` is a small two-second time-lapse of it."""
    shape = Shape(length_s=spec.length_s)
    if quick:
        shape = Shape(640, 360, 12.5, 2.0, spec.length_s / 2.0)
    caption = Caption(f"{spec.site_name} {spec.zone_name}", f"{spec.site_name_en} {spec.zone_name_en}")
    return Film(spec.room, spec.seed, shape, spec.events, caption, font_path=font_path)


def clip_paths(cache_dir: Path, spec: SceneSpec, *, codec: VideoCodec = "h264", quick: bool = False) -> ClipPaths:
    """Where the scene's files are, or will be; the name changes with whatever changes the pictures."""
    content = json.dumps(
        [GENERATOR_VERSION, asdict(spec), codec, quick, MAIN_BPS, SUB_BPS], ensure_ascii=True, sort_keys=True
    )
    stem = f"{spec.key}-{hashlib.sha256(content.encode()).hexdigest()[:12]}-{codec}"
    return ClipPaths(cache_dir / f"{stem}.main.clip", cache_dir / f"{stem}.sub.clip", cache_dir / f"{stem}.truth.json")


def ensure_clips(
    cache_dir: Path,
    spec: SceneSpec,
    *,
    codec: VideoCodec = "h264",
    quick: bool = False,
    progress: Progress | None = None,
) -> ClipPaths:
    """Make the scene's files unless they are there; blocks (about 20 s of one core for 20 s of picture).

    progress: called with 0..1 about once per second of picture.
    raises:   OSError when the folder cannot be written.
    """
    paths = clip_paths(cache_dir, spec, codec=codec, quick=quick)
    if paths.main.exists() and paths.sub.exists() and paths.truth.exists():
        return paths
    cache_dir.mkdir(parents=True, exist_ok=True)
    film = build_film(spec, quick=quick)
    shape = film.shape
    main = Coder(
        Plan(codec, shape.width_px, shape.height_px, shape.fps, round(shape.fps * 2), 300_000 if quick else MAIN_BPS)
    )
    small = (shape.width_px // 3, shape.height_px // 3) if not quick else (320, 180)
    sub = Coder(Plan(codec, *small, shape.fps / 2, round(shape.fps), 100_000 if quick else SUB_BPS))
    for index, canvas in enumerate(film.pictures()):
        frame = build_frame(canvas.to_yuv420p())
        if index % 2 == 0:
            sub.add(frame.reformat(width=small[0], height=small[1], interpolation="AREA"))
        main.add(frame)
        if progress is not None and index % max(1, round(shape.fps)) == 0:
            progress(index / shape.count())
    _write_video(paths.sub, sub, spec)
    _write_video(paths.main, main, spec)
    _write_truth(paths.truth, film, spec)
    if progress is not None:
        progress(1.0)
    return paths


def _write_video(path: Path, coder: Coder, spec: SceneSpec) -> None:
    sets = coder.finish()
    plan = coder.plan
    length_s = len(coder.units) / plan.fps
    rate = round(sum(len(data) for data, _ in coder.units) * 8 / length_s)
    header = ClipHeader(plan.codec, plan.width_px, plan.height_px, plan.fps, plan.gop, length_s, rate, sets, spec.key)
    write_clip(path, header, coder.units)


def _write_truth(path: Path, film: Film, spec: SceneSpec) -> None:
    """Ground truth: per event code, seconds of the loop, the box round all places and the box second by second."""
    rows = []
    for seen in film.sightings:
        boxes = [box for _, box in seen.boxes]
        left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
        right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
        rows.append(
            {
                "code": seen.event.code(),
                "event": seen.event.kind,
                "start_s": seen.start_s,
                "end_s": seen.end_s,
                "box": [left, top, right - left, bottom - top],
                "keyframes": [{"at_s": round(at, 3), "box": list(box)} for at, box in seen.boxes],
            }
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(rows, ensure_ascii=False, indent=1), "utf-8")
    temporary.replace(path)


def ensure_audio(cache_dir: Path, codec: AudioCodec) -> Path:
    """Make the kitchen's sound (16 s loop) unless it is there; blocks about a second."""
    path = cache_dir / f"kitchen-v{GENERATOR_VERSION}-{codec}.sound"
    if path.exists():
        return path
    cache_dir.mkdir(parents=True, exist_ok=True)
    if codec == "aac":
        packets, config = sound.code_aac(sound.build_ambience(16_000))
        write_audio_clip(path, AudioHeader("aac", 16_000, 1, 1024, config), packets)
    else:
        packets = sound.code_g711(sound.build_ambience(8_000), codec)
        write_audio_clip(path, AudioHeader(codec, 8_000, 1, 160), packets)
    return path


@lru_cache(maxsize=4)
def _background(width_px: int, height_px: int, kind: str, seed: int) -> U8:
    return bake(build_stage(kind, seed).room, width_px, height_px, seed).rgb


def draw_background(width: int, height: int, kind: str = "COOK", seed: int = 0) -> U8:
    """An empty room, (height, width, 3) uint8 RGB; even sizes. Raises KeyError for an unknown kind."""
    return _background(width, height, kind, seed).copy()
