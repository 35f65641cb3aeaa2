"""One loop of a scene, picture by picture, with what is to be seen in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from math import floor

import numpy as np

from .acts import Moment, moment_at
from .bake import Backdrop, bake
from .canvas import U8, Canvas, Patch
from .effects import (
    FLAME_PERIOD_S,
    STEAM_PERIOD_S,
    build_steam,
    dim,
    draw_cover,
    draw_flame,
    mouse_bones,
    slide_cover,
    steam_cover,
)
from .figures import Place, Pose, build_person, draw_bones
from .lens import F32
from .osd import draw_text, find_cjk_font
from .rooms import Stage, Steam, build_stage
from .script import WHOLE_PICTURE, Event, apply_events, away_window, mouse_at

Box = tuple[int, int, int, int]
MOVE_S = 0.6
CACHE_LIMIT_BYTES = 300_000_000
NOISE_SIGMA = 2.1
PEOPLE_FPS = 12.5  # people move on every second picture, which halves the cost of drawing them


@dataclass(frozen=True, slots=True)
class Shape:
    """Size and rhythm of a loop. `pace` is scene seconds per second of picture (quick tests show a time-lapse)."""

    width_px: int = 1920
    height_px: int = 1080
    fps: float = 25.0
    length_s: float = 20.0
    pace: float = 1.0

    def count(self) -> int:
        """Pictures in the loop."""
        return round(self.length_s * self.fps)


@dataclass(frozen=True, slots=True)
class Caption:
    """Burned-in text in Chinese and English: site, zone and the word before the counter."""

    place: str
    place_en: str
    counter: str = "循环演示"
    counter_en: str = "DEMO LOOP"


@dataclass(slots=True)
class Sighting:
    """An event and where it was seen: (second of the loop, box x y w h)."""

    event: Event
    start_s: float
    end_s: float
    boxes: list[tuple[float, Box]] = field(default_factory=list)


@lru_cache(maxsize=2)
def _draw_stage(kind: str, seed: int, width_px: int, height_px: int) -> tuple[Stage, Backdrop]:
    stage = build_stage(kind, seed)
    return stage, bake(stage.room, width_px, height_px, seed)


def build_sensor_noise(width_px: int, height_px: int, seed: int, sigma: float = NOISE_SIGMA) -> U8:
    """Noise of a small sensor as wrapped uint8, 64 pixels larger than the picture on both sides."""
    rng = np.random.default_rng(seed)
    raw = rng.standard_normal((height_px + 64, width_px + 64), np.float32)
    soft = (raw + 0.55 * np.roll(raw, 1, 1) + 0.35 * np.roll(raw, 1, 0)) / 1.19
    return np.asarray(np.clip(np.rint(soft * sigma), -12, 12).astype(np.int8).view(np.uint8))


class Film:
    """Pictures of one loop. Deterministic in its arguments; the last picture leads back to the first."""

    def __init__(
        self,
        kind: str,
        seed: int,
        shape: Shape,
        events: tuple[Event, ...],
        caption: Caption,
        *,
        font_path: str | None = None,
    ) -> None:
        self.shape = shape
        self._scene_s = shape.length_s * shape.pace
        stage, backdrop = _draw_stage(kind, seed, shape.width_px, shape.height_px)
        self._stage = apply_events(stage, events)
        self._backdrop = backdrop
        self._base = Canvas.from_rgb(backdrop.rgb)
        self._font = font_path if font_path is not None else find_cjk_font()
        self._caption = caption
        self._patches: dict[tuple[object, ...], Patch | None] = {}
        self._patch_bytes = 0
        self._walking: dict[int, tuple[Pose, Patch | None]] = {}
        self._clouds: dict[tuple[int, int], F32] = {}
        self._noise = build_sensor_noise(shape.width_px, shape.height_px, seed + 1)
        self._wall = self._draw_wall() if any(e.kind == "moved" for e in events) else None
        self._cover = (
            Canvas.from_rgb(draw_cover(shape.width_px, shape.height_px, 3))
            if any(e.kind == "covered" for e in events)
            else None
        )
        self._frozen: Canvas | None = None
        self._heads: dict[int, tuple[float, float, float]] = {}
        self._boxes: dict[str, Box] = {}
        self.sightings = [Sighting(e, e.start_s / shape.pace, e.end_s / shape.pace) for e in events]
        for seen in self.sightings:
            if seen.event.kind == "flame_left":
                start, end = away_window(self._stage, self._scene_s)
                seen.start_s, seen.end_s = start / shape.pace, end / shape.pace

    def pictures(self) -> Iterator[Canvas]:
        """All pictures of the loop in order; each belongs to the caller. Fills `sightings` on the way."""
        for index in range(self.shape.count()):
            yield self.picture(index)

    def picture(self, index: int) -> Canvas:
        """Picture number `index` of the loop."""
        at_s = index / self.shape.fps
        scene_s = at_s * self.shape.pace
        frozen = self._active("frozen", scene_s)
        if frozen is not None and self._frozen is not None:
            self._record(at_s, scene_s)
            return self._frozen.copy()
        canvas = self._base.copy() if self._wall is None or not self._is_moved(scene_s) else self._wall.copy()
        if not (self._wall is not None and self._is_moved(scene_s)):
            self._lay_all(canvas, scene_s)
        self._disturb(canvas, scene_s)
        rng = np.random.default_rng((index, 77))
        oy, ox = (int(v) for v in rng.integers(0, 64, 2))
        height, width = canvas.y.shape
        canvas.y += self._noise[oy : oy + height, ox : ox + width]
        self._caption_on(canvas, at_s)
        self._record(at_s, scene_s)
        self._frozen = canvas.copy() if frozen is not None else None
        return canvas

    def _active(self, kind: str, scene_s: float) -> Event | None:
        return next(
            (s.event for s in self.sightings if s.event.kind == kind and s.event.start_s <= scene_s < s.event.end_s),
            None,
        )

    def _is_moved(self, scene_s: float) -> bool:
        event = self._active("moved", scene_s)
        return event is not None and event.start_s + MOVE_S / 2 <= scene_s < event.end_s - MOVE_S / 2

    def _draw_wall(self) -> Canvas:
        room = self._backdrop.room
        lens = replace(room.lens, target_m=self._stage.wall_target, roll=0.22)
        picture = bake(replace(room, lens=lens), self.shape.width_px, self.shape.height_px, 1)
        return Canvas.from_rgb(picture.rgb)

    def _lay_all(self, canvas: Canvas, scene_s: float) -> None:
        layers: list[Patch] = []
        for number, flame in enumerate(self._stage.flames):
            step = round(scene_s * 25) % round(FLAME_PERIOD_S * 25)
            phase = step / (FLAME_PERIOD_S * 25)
            patch = self._cached(("flame", number, step), partial(draw_flame, self._backdrop, flame, phase, number))
            if patch is not None:
                layers.append(patch)
                self._boxes["flame_left"] = _box_of(patch)
        for number, person in enumerate(self._stage.staff):
            moment = moment_at(person, floor(scene_s * PEOPLE_FPS + 1e-6) / PEOPLE_FPS, self._scene_s, PEOPLE_FPS)
            if moment is not None:
                patch = self._person(number, moment)
                if patch is not None:
                    layers.append(patch)
        mouse = next((s.event for s in self.sightings if s.event.kind == "mouse"), None)
        run = mouse_at(self._stage, mouse, scene_s) if mouse is not None else None
        self._boxes.pop("mouse", None)
        if run is not None:
            patch = draw_bones(self._backdrop, mouse_bones(run[3]), Place(run[0], run[1], run[2], 1.25), shadow_m=0.09)
            if patch is not None:
                layers.append(patch)
                self._boxes["mouse"] = _box_of(patch)
        smoker = self._active("smoking", scene_s)
        if smoker is not None and smoker.who in self._heads:
            x, y, z = self._heads[smoker.who]
            patch = self._steam(90, scene_s, Steam((x, y, z - 0.1), 0.55, 0.75, 0.75))
            if patch is not None:
                layers.append(patch)
        for number in range(len(self._stage.steams)):
            patch = self._steam(number, scene_s, self._stage.steams[number])
            if patch is not None:
                layers.append(patch)
        for patch in sorted(layers, key=lambda p: -p.depth_m):
            canvas.lay(patch)

    def _person(self, number: int, moment: Moment) -> Patch | None:
        pose, outfit = moment.pose, moment.outfit
        scale = outfit.height_m / 1.7
        c, s = np.cos(pose.heading), np.sin(pose.heading)
        lean = 0.62 * np.sin(pose.lean)
        tall = (1.24 if pose.sits else 1.62) * scale
        self._heads[number] = (float(pose.x - s * lean), float(pose.y + c * lean), tall)

        def draw() -> Patch | None:
            return draw_bones(self._backdrop, build_person(outfit, pose), Place(pose.x, pose.y, pose.heading, scale))

        if moment.key is not None:
            return self._cached(("person", *moment.key), draw)
        if self._walking.get(number, (None, None))[0] != pose:
            self._walking[number] = (pose, draw())
        return self._walking[number][1]

    def _cached(self, key: tuple[object, ...], draw: Callable[[], Patch | None]) -> Patch | None:
        if key in self._patches:
            return self._patches[key]
        patch = draw()
        size = 0 if patch is None else int(patch.keep.nbytes * 2 + patch.keep_half.nbytes * 3)
        if self._patch_bytes + size <= CACHE_LIMIT_BYTES:
            self._patches[key] = patch
            self._patch_bytes += size
        return patch

    def _steam(self, number: int, scene_s: float, steam: Steam) -> Patch | None:
        width, height = self.shape.width_px, self.shape.height_px
        x, y, depth = self._backdrop.room.lens.project([steam.at], width, height)
        metre = self._backdrop.room.lens.focal() * width / float(depth[0])
        size = (round(steam.wide_m * metre), round(steam.tall_m * metre))
        steps = round(STEAM_PERIOD_S * 25)
        step = round(scene_s * 25 + number * 37) % steps
        cloud = self._clouds.get((number, step))
        if cloud is None:
            cloud = steam_cover(size, step / steps, number + 5) * np.float32(steam.strength)
            self._clouds[number, step] = cloud
        return build_steam(
            cloud,
            (int(x[0]) - size[0] // 2, int(y[0]) - int(size[1] * 0.93)),
            size,
            (width, height),
            float(depth[0]) - 0.35,
        )

    def _disturb(self, canvas: Canvas, scene_s: float) -> None:
        for kind, level in (("dim", 0.16), ("black", 0.0)):
            event = self._active(kind, scene_s)
            if event is not None:
                fade = min(1.0, (scene_s - event.start_s) / 0.2, (event.end_s - scene_s) / 0.2)
                dim(canvas, 1 - (1 - level) * fade)
        event = self._active("covered", scene_s)
        if event is not None and self._cover is not None:
            slide_cover(
                canvas, self._cover, max(0.02, min(1.0, (scene_s - event.start_s) / 0.7, (event.end_s - scene_s) / 0.7))
            )
        event = self._active("moved", scene_s)
        if event is not None:
            swing = min(scene_s - event.start_s, event.end_s - scene_s) / MOVE_S
            if swing < 1:
                _smear(canvas, 1 - abs(2 * swing - 1))

    def _caption_on(self, canvas: Canvas, at_s: float) -> None:
        size = max(14, round(self.shape.height_px / 24))
        font = self._font
        margin = size // 2
        word = self._caption.counter if font else self._caption.counter_en
        place = self._caption.place if font else self._caption.place_en
        counter = f"{word} {int(at_s) // 60:02d}:{int(at_s) % 60:02d}.{int(at_s * 10 + 1e-6) % 10}"
        canvas.lay(draw_text(counter, (margin, margin), size, font))
        key = ("place",)
        patch = self._cached(
            key,
            lambda: draw_text(
                place, (self.shape.width_px - margin, self.shape.height_px - round(size * 1.9)), size, font, right=True
            ),
        )
        if patch is not None:
            canvas.lay(patch)

    def _record(self, at_s: float, scene_s: float) -> None:
        whole = (0, 0, self.shape.width_px, self.shape.height_px)
        for seen in self.sightings:
            if not seen.start_s <= at_s <= seen.end_s:
                continue
            if (
                seen.boxes
                and at_s - seen.boxes[-1][0] < (0.2 if seen.event.kind == "mouse" else 1.0) / self.shape.pace - 1e-6
            ):
                continue
            kind = seen.event.kind
            if kind in WHOLE_PICTURE:
                seen.boxes.append((at_s, whole))
            elif kind in ("mouse", "flame_left"):
                if kind in self._boxes:
                    seen.boxes.append((at_s, self._boxes[kind]))
            elif seen.event.who in self._heads:
                seen.boxes.append((at_s, self._head_box(seen.event.who, upper=kind != "hat_off")))

    def _head_box(self, who: int, *, upper: bool) -> Box:
        """Round the head; with `upper` also hands and chest."""
        x, y, z = self._heads[who]
        low = 0.62 if upper else 0.16
        wide = 0.42 if upper else 0.19
        corners = [
            (x + a, y + b, z + c)
            for a in (-wide, wide)
            for b in (-wide, wide)
            for c in (-low, 0.38 if not upper else 0.3)
        ]
        px, py, _ = self._backdrop.room.lens.project(corners, self.shape.width_px, self.shape.height_px)
        left, top = max(0, int(px.min())), max(0, int(py.min()))
        right, bottom = min(self.shape.width_px, int(px.max())), min(self.shape.height_px, int(py.max()))
        return left, top, max(1, right - left), max(1, bottom - top)


def _box_of(patch: Patch) -> Box:
    width, height = patch.size_px()
    return patch.left, patch.top, width, height


def _smear(canvas: Canvas, strength: float) -> None:
    """The sideways smear of a camera that is being turned, 0..1."""
    for plane in (canvas.y, canvas.u, canvas.v):
        shift = max(1, int(plane.shape[1] * 0.012 * strength))
        total = plane.astype(np.uint16)
        for n in range(1, 8):
            total += np.roll(plane, n * shift, 1)
        plane[:] = (np.roll(total, int(plane.shape[1] * 0.3 * strength), 1) >> 3).astype(np.uint8)
