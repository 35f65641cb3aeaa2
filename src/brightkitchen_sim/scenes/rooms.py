"""The rooms: what stands where, who works there, where it burns and steams. One function per kind of zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from . import furniture as f
from .acts import Staff, Stop
from .bake import Panel, Room
from .canvas import U8
from .figures import Outfit
from .lens import Lens
from .osd import choose_text, draw_notice, find_cjk_font
from .solids import Solid, ball, box, drum

SCARVES = ((0.03, 0.10, 0.32), None, (0.42, 0.04, 0.04), (0.55, 0.32, 0.03))
SKINS = ((0.52, 0.31, 0.20), (0.60, 0.38, 0.26), (0.44, 0.25, 0.16), (0.56, 0.34, 0.24))


@dataclass(frozen=True, slots=True)
class Steam:
    """Steam rising from a point; width and height of the cloud in metres."""

    at: tuple[float, float, float]
    wide_m: float
    tall_m: float
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A room with its people and effects, before any event."""

    room: Room
    staff: tuple[Staff, ...]
    flames: tuple[tuple[float, float, float], ...] = ()
    steams: tuple[Steam, ...] = ()
    mouse_path: tuple[tuple[float, float], ...] = ((1.0, 5.6), (5.6, 5.6))
    wall_target: tuple[float, float, float] = (0.0, 2.6, 2.5)  # where a knocked camera looks


def build_notices(font_path: str | None) -> Mapping[str, U8]:
    """The printed pictures on kitchen walls."""

    def say(chinese: str, english: str) -> str:
        return choose_text(chinese, english, font_path)

    return {
        "public": draw_notice(
            say("食品安全公示栏", "FOOD SAFETY"),
            tuple(
                say(a, b)
                for a, b in (
                    ("营业执照  食品经营许可证", "Licences"),
                    ("从业人员健康证", "Health certificates"),
                    ("量化分级：A 级", "Grade A"),
                    ("监督电话 12315", "Phone 12315"),
                )
            ),
            (24, 92, 168),
            font_path,
        ),
        "rules": draw_notice(
            say("烹饪加工管理制度", "COOKING RULES"),
            tuple(
                say(a, b)
                for a, b in (
                    ("一、烧熟煮透，中心温度达七十度", "1 Cook through, core 70 C"),
                    ("二、生熟分开，防止交叉污染", "2 Keep raw and cooked apart"),
                    ("三、戴工作帽、口罩", "3 Wear hat and mask"),
                    ("四、明火不离人", "4 Never leave a flame"),
                )
            ),
            (20, 120, 80),
            font_path,
        ),
        "zone_cut": draw_notice(say("切配区", "CUTTING"), (), (30, 90, 170), font_path, (240, 60)),
        "zone_wash": draw_notice(say("餐具洗消区", "WASHING"), (), (30, 90, 170), font_path, (300, 60)),
        "zone_sample": draw_notice(say("食品留样柜", "SAMPLES"), (), (190, 40, 34), font_path, (300, 60)),
        "menu": draw_notice(
            say("本周食谱", "MENU"),
            tuple(
                say(a, b)
                for a, b in (
                    ("周一 红烧肉 米饭", "Mon"),
                    ("周二 西红柿炒鸡蛋", "Tue"),
                    ("周三 土豆炖牛肉", "Wed"),
                    ("周四 鱼香肉丝", "Thu"),
                    ("周五 三鲜饺子", "Fri"),
                )
            ),
            (196, 60, 30),
            font_path,
        ),
        "slogan": draw_notice(say("光盘行动  从我做起", "CLEAR YOUR PLATE"), (), (170, 34, 30), font_path, (600, 110)),
        "cold": draw_notice(say("零下十八度", "-18 C"), (), (20, 60, 130), font_path, (240, 70)),
    }


def _outfit(n: int, **changes: object) -> Outfit:
    """The n-th person of a kitchen: skin, build and height vary."""
    base = Outfit(
        skin=SKINS[n % 4],
        height_m=(1.74, 1.62, 1.69, 1.78)[n % 4],
        girth=(1.04, 0.95, 1.12, 1.0)[n % 4],
        scarf=SCARVES[n % 4],
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # keyword names are Outfit's fields


def _room(
    solids: list[Solid],
    panels: list[Panel],
    lens: Lens,
    *,
    mirrors_z: tuple[float, ...] = (0.0,),
    exposure: float = 1.68,
    ambient: tuple[float, float, float] = (0.33, 0.34, 0.345),
    cast: tuple[float, float, float] = (0.99, 1.0, 0.975),
) -> Room:
    return Room(lens, tuple(solids), tuple(panels), ambient, exposure, mirrors_z, cast, build_notices(find_cjk_font()))


def _flip_solid(solid: Solid, width_m: float) -> Solid:
    return replace(solid, centre=(width_m - solid.centre[0], solid.centre[1], solid.centre[2]), yaw=-solid.yaw)


def flip_stage(stage: Stage, width_m: float) -> Stage:
    """The same room with left and right exchanged, so that two sites do not look alike."""
    room = stage.room
    eye, target = room.lens.eye_m, room.lens.target_m
    lens = replace(
        room.lens, eye_m=(width_m - eye[0], eye[1], eye[2]), target_m=(width_m - target[0], target[1], target[2])
    )
    panels = tuple(replace(p, centre=(width_m - p.centre[0], p.centre[1], p.centre[2])) for p in room.panels)
    flipped = replace(room, lens=lens, solids=tuple(_flip_solid(s, width_m) for s in room.solids), panels=panels)
    staff = tuple(
        replace(s, stops=tuple(replace(p, x=width_m - p.x, heading_deg=-p.heading_deg) for p in s.stops))
        for s in stage.staff
    )
    return Stage(
        flipped,
        staff,
        tuple((width_m - x, y, z) for x, y, z in stage.flames),
        tuple(replace(s, at=(width_m - s.at[0], s.at[1], s.at[2])) for s in stage.steams),
        tuple((width_m - x, y) for x, y in stage.mouse_path),
        (width_m - stage.wall_target[0], stage.wall_target[1], stage.wall_target[2]),
    )


def cook(seed: int) -> Stage:
    """烹饪间: four wok places under a hood along the right wall side, a plating bench, stock pots."""
    w, d, h = 6.2, 6.0, 2.95
    s = [f.shell(w, d, h, "floor_tiles")]
    lamp_s, panels = f.lamps(h, [(1.6, 3.6), (3.6, 2.0), (3.6, 4.2)], power=3.3)
    s += lamp_s
    foods = [f.CARROT, f.GREENS, f.MEAT]
    for n in range(3):
        s += f.stove(1.55 + 1.32 * n, d - 0.04, foods[(n + seed) % 3])
    s += f.pot(5.86, d - 0.45, 0.55, 0.26, 0.42, (0.50, 0.40, 0.26))
    s += [
        box((5.56, 6.16), (d - 0.85, d - 0.05), (0.08, 0.55), "steel"),
        drum(5.86, d - 0.45, (0.5, 0.555), 0.3, "dark_steel"),
    ]
    s += f.hood((1.45, 6.15), (d - 1.25, d - 0.02))
    s += f.bench((0.02, 0.62), (3.3, 5.0), splash="w") + f.bench((5.45, 6.15), (1.9, 4.0), splash="e")
    s += (
        f.basin(5.8, 2.3, 0.82, 0.19, f.GREENS)
        + f.basin(5.75, 2.75, 0.82, 0.19, f.MEAT)
        + f.basin(5.85, 3.2, 0.82, 0.19, f.POTATO)
    )
    s += f.plates(5.75, 3.65, 0.82, 7) + f.plates(6.0, 3.7, 0.82, 5, 0.09)
    for n, colour in enumerate((f.RED, f.YELLOW, (0.12, 0.05, 0.02), (0.3, 0.3, 0.28))):
        s += [
            drum(0.25, 3.55 + 0.16 * n, (0.82, 1.02), 0.05, "gloss", tint=colour),
            drum(0.25, 3.55 + 0.16 * n, (1.02, 1.07), 0.025, "gloss", tint=f.WHITE),
        ]
    s += f.pot(0.32, 4.6, 0.82, 0.2, 0.3) + f.basin(0.32, 3.9, 0.28, 0.22, None)
    s += f.notice((0.25, 1.1), d, (1.35, 2.0), "rules") + f.notice_side(w, (2.2, 3.2), (1.4, 2.05), "public")
    s += f.extinguishers(0.45, d - 0.25) + f.bin_(5.85, 1.4)
    s += [box((1.4, 5.2), (4.32, 4.52), (0.0, 0.006), "dark", casts=False)]
    lens = Lens((0.35, 0.55, 2.72), (3.55, 4.6, 0.92), 80)
    staff = (
        Staff(_outfit(0), (Stop(2.2, 4.62, -6, "toss"),), 0.0),
        Staff(_outfit(3, skin=SKINS[2]), (Stop(3.52, 4.62, 4, "wok", 2.2), Stop(5.12, 3.0, -90, "plate", 1.0)), 0.15),
        Staff(
            _outfit(1, hat="cap", apron=(0.07, 0.13, 0.25)),
            (Stop(5.0, 2.35, -80, "plate", 1.0), Stop(1.0, 3.9, 90, "stand", 0.8)),
            0.4,
        ),
    )
    flames = tuple((1.55 + 0.65 + 1.32 * n, d - 0.64, 0.87) for n in range(2))
    steams = (
        Steam((2.2, d - 0.64, 1.0), 1.0, 1.1, 1.0),
        Steam((3.52, d - 0.64, 1.0), 0.9, 1.05, 0.8),
        Steam((5.86, d - 0.45, 1.0), 0.9, 1.0, 0.9),
    )
    return Stage(
        _room(s, panels, lens, mirrors_z=(0.0, 0.82)),
        staff,
        flames,
        steams,
        ((0.2, 3.1), (0.55, 2.6), (0.75, 3.2), (0.72, 5.2), (1.1, 5.7)),
    )


def cut(seed: int) -> Stage:
    """切配间: two long benches with boards and vegetables, a fridge, colour-coded baskets."""
    w, d, h = 6.0, 5.8, 2.9
    s = [f.shell(w, d, h, "red_floor")]
    lamp_s, panels = f.lamps(h, [(2.0, 2.4), (4.2, 2.4), (3.0, 4.4)], power=3.4)
    s += lamp_s
    s += f.bench((1.5, 4.4), (2.9, 3.65)) + f.bench((1.0, 5.0), (d - 0.72, d - 0.03), splash="n")
    s += f.board((1.75, 2.3), (3.0, 3.4), 0.82, (0.25, 0.62, 0.30)) + f.board(
        (3.25, 3.8), (3.0, 3.4), 0.82, (0.85, 0.35, 0.30)
    )
    s += f.heap(2.02, 3.2, 0.86, 0.12, f.GREENS, 1) + f.heap(3.5, 3.22, 0.86, 0.11, f.MEAT, 2)
    s += (
        f.heap(2.65, 3.3, 0.82, 0.13, f.CARROT, 3, 26)
        + f.basin(2.95, 3.05, 0.82, 0.16, f.GREENS)
        + f.basin(4.15, 3.3, 0.82, 0.18, f.POTATO)
    )
    s += (
        f.basin(1.6, 3.4, 0.28, 0.2, None)
        + f.basin(2.6, 3.3, 0.28, 0.24, f.RICE)
        + f.crate(3.2, 3.05, 0.28, f.BLUE, None)
    )
    for n, colour in enumerate((f.GREENS, f.TOMATO, f.POTATO, f.CARROT)):
        s += f.crate(1.25 + 0.75 * n, d - 0.55, 0.82, (f.YELLOW, f.BLUE, f.RED, (0.06, 0.3, 0.12))[n], colour)
    s += (
        f.crate(1.5, d - 0.6, 0.28, f.BLUE, f.GREENS)
        + f.crate(2.5, d - 0.6, 0.28, f.RED, f.TOMATO)
        + f.crate(3.5, d - 0.6, 0.28, f.YELLOW, f.POTATO)
    )
    s += (
        f.knives(2.2, d, 1.35, 6)
        + f.notice((3.5, 4.6), d, (1.4, 2.1), "public")
        + f.notice((1.2, 2.0), d, (1.85, 2.05), "zone_cut")
    )
    s += f.cabinet((5.28, 5.98), (3.4, 5.0), 1.95, "w") + f.cabinet((5.28, 5.98), (1.9, 3.3), 1.95, "w", glass=False)
    s += (
        f.bin_(0.4, d - 0.4)
        + f.bin_(0.4, d - 0.9, (0.25, 0.25, 0.27))
        + f.notice_side(w, (0.9, 1.7), (1.4, 2.0), "rules")
    )
    lens = Lens((0.35, 0.4, 2.68), (3.25, 3.9, 0.85), 82)
    staff = (
        Staff(_outfit(1), (Stop(2.05, 3.98, 180, "chop"),), 0.0),
        Staff(
            _outfit(2, hat="cap", apron=(0.12, 0.20, 0.42)),
            (Stop(3.52, 3.98, 178, "chop", 2.6), Stop(4.85, 4.2, -90, "stand", 0.7)),
            0.3,
        ),
        Staff(_outfit(3), (Stop(3.0, 2.5, 4, "plate", 1.4), Stop(1.6, 4.78, 0, "plate", 0.9)), 0.55),
    )
    return Stage(
        _room(s, panels, lens, mirrors_z=(0.0, 0.82)),
        staff,
        mouse_path=((0.75, 5.65), (0.75, 4.9), (5.1, 4.95), (5.15, 3.0)),
    )


def wash(seed: int) -> Stage:
    """餐用具洗消间: a row of tubs, a hood-type dish washer with steam, disinfection cabinets, racks of dishes."""
    w, d, h = 5.8, 5.6, 2.85
    s = [f.shell(w, d, h, "floor_tiles")]
    lamp_s, panels = f.lamps(h, [(1.8, 2.6), (3.9, 3.4)], power=4.0, colour=(0.95, 1.0, 1.0))
    s += lamp_s
    s += f.sink((0.9, 3.5), (d - 0.75, d - 0.03), 3)
    s += f.bench((3.52, 4.25), (d - 0.75, d - 0.03), splash="n")
    s += [
        box((4.27, 4.97), (d - 0.8, d - 0.08), (0.1, 0.84), "steel"),
        box((4.27, 4.97), (d - 0.8, d - 0.08), (1.02, 1.66), "steel"),
        box((4.32, 4.92), (d - 0.75, d - 0.1), (0.84, 1.02), "dark"),
        box((4.4, 4.84), (d - 0.81, d - 0.8), (1.3, 1.45), "dark"),
        box((4.97, 5.02), (d - 0.6, d - 0.4), (1.02, 1.5), "dark_steel"),
    ]
    s += f.cabinet((5.12, 5.78), (2.4, 4.0), 1.9, "w")
    s += f.rack((0.03, 0.55), (2.5, 4.3))
    for n in range(4):
        for z in (0.3, 0.8, 1.3):
            s += f.plates(0.28, 2.72 + 0.44 * n, z, 6 + (n * 3 + int(z * 10)) % 7, 0.12)
    s += (
        f.plates(3.75, d - 0.4, 0.82, 11)
        + f.plates(4.02, d - 0.42, 0.82, 8)
        + f.basin(5.2, 4.9, 0, 0.26, None, depth_m=0.2)
    )
    s += f.crate(2.2, 2.6, 0, f.BLUE, None, size=(0.6, 0.45, 0.3)) + f.crate(
        2.22, 2.62, 0.3, f.RED, None, size=(0.6, 0.45, 0.3)
    )
    for n in range(3):
        s += f.plates(2.38 + 0.13 * n, 2.84, 0.34, 9, 0.09)
    s += (
        f.bin_(5.3, 1.6, (0.3, 0.3, 0.32))
        + f.notice((1.2, 2.1), d, (1.75, 1.95), "zone_wash")
        + f.notice((2.4, 3.3), d, (1.4, 2.0), "public")
    )
    s += [drum(3.9, 3.2, (0, 0.012), 0.12, "dark_steel")]
    lens = Lens((0.35, 0.4, 2.62), (3.0, 4.1, 0.85), 82)
    rubber = (0.02, 0.10, 0.20)
    staff = (
        Staff(_outfit(2, hat="net", apron=rubber, gloves=(0.6, 0.35, 0.05)), (Stop(1.45, 4.5, 0, "wash"),)),
        Staff(
            _outfit(1, apron=rubber, hat="cap"),
            (Stop(2.75, 4.5, 0, "wash", 1.6), Stop(4.0, 4.45, -10, "plate", 1.0), Stop(4.75, 3.2, -90, "stand", 0.6)),
            0.2,
        ),
    )
    steams = (Steam((4.62, d - 0.6, 1.0), 1.1, 1.2, 0.85), Steam((1.35, d - 0.4, 0.8), 0.9, 0.9, 0.55))
    return Stage(
        _room(s, panels, lens, mirrors_z=(0.0,), cast=(0.95, 1.0, 1.0)),
        staff,
        (),
        steams,
        ((0.6, 5.3), (0.7, 4.6), (0.75, 2.4), (1.2, 1.9)),
    )


def rough(seed: int) -> Stage:
    """粗加工间: separate sinks for meat, fish and vegetables, crates on the floor rack, a scale."""
    w, d, h = 5.8, 5.6, 2.8
    s = [f.shell(w, d, h, "floor_tiles")]
    lamp_s, panels = f.lamps(h, [(1.8, 2.4), (4.0, 3.6)], power=3.8)
    s += lamp_s
    s += f.sink((0.6, 2.9), (d - 0.8, d - 0.03), 2) + f.sink((3.1, 4.3), (d - 0.8, d - 0.03), 1)
    s += f.heap(1.1, d - 0.4, 0.70, 0.24, f.GREENS, 4) + f.heap(2.3, d - 0.42, 0.70, 0.2, f.CARROT, 5)
    s += f.rack((4.45, 5.75), (d - 0.6, d - 0.05), (0.25, 0.85, 1.4))
    for n in range(2):
        s += f.crate(4.55 + 0.6 * n, d - 0.5, 0.25, (f.BLUE, f.YELLOW)[n], f.POTATO) + f.crate(
            4.55 + 0.6 * n, d - 0.5, 0.85, (f.RED, f.BLUE)[n], (f.TOMATO, f.GREENS)[n]
        )
    s += f.pallet((4.5, 5.7), (2.2, 3.6))
    for n in range(2):
        for m in range(2):
            s += f.crate(
                4.55 + 0.58 * n,
                2.3 + 0.6 * m,
                0.14,
                (f.BLUE, f.RED)[(n + m) % 2],
                (f.GREENS, f.POTATO, f.CARROT)[(n + 2 * m) % 3],
                size=(0.54, 0.46, 0.28),
            )
    s += f.crate(4.56, 2.32, 0.42, f.YELLOW, f.GREENS, size=(0.54, 0.46, 0.28))
    s += (
        f.bench((2.0, 3.5), (2.5, 3.15))
        + f.board((2.2, 2.8), (2.6, 3.0), 0.82, (0.3, 0.45, 0.75))
        + f.heap(2.5, 2.8, 0.86, 0.12, (0.5, 0.5, 0.48), 6)
        + f.basin(3.2, 2.85, 0.82, 0.18, f.GREENS)
    )
    s += f.sacks(0.15, 3.1, 0.14, 3, (0.95, 0.8, 0.55)) + f.pallet((0.1, 1.1), (3.0, 3.7))
    s += (
        f.bin_(0.4, 4.3) + f.notice((3.2, 4.1), d, (1.45, 2.0), "rules") + f.notice((1.2, 2.1), d, (1.5, 2.1), "public")
    )
    lens = Lens((0.35, 0.4, 2.6), (3.0, 4.0, 0.8), 82)
    staff = (
        Staff(
            _outfit(2, hat="cap", jacket=(0.22, 0.34, 0.5), apron=(0.05, 0.14, 0.10), gloves=(0.1, 0.3, 0.5)),
            (Stop(1.15, 4.45, 2, "wash"),),
        ),
        Staff(
            _outfit(0, hat="cap", apron=(0.05, 0.14, 0.10)),
            (Stop(2.5, 3.5, 178, "chop", 2.2), Stop(3.95, 2.9, -90, "stack", 1.0)),
            0.1,
        ),
    )
    return Stage(_room(s, panels, lens), staff, mouse_path=((4.35, 5.4), (4.3, 4.0), (4.3, 1.9), (5.5, 1.5)))


def cold(seed: int) -> Stage:
    """凉菜专间: a small clean room, ultraviolet lamp, air conditioner, dishes on a bench, passing window."""
    w, d, h = 4.8, 4.8, 2.7
    s = [f.shell(w, d, h, "floor_tiles")]
    lamp_s, panels = f.lamps(h, [(1.8, 2.0), (3.2, 3.4)], power=3.4, colour=(0.93, 0.98, 1.0))
    s += lamp_s
    s += f.bench((1.1, 3.9), (d - 0.75, d - 0.03), splash="n") + f.bench((1.4, 3.3), (2.1, 2.8))
    s += [
        box((1.5, 2.7), (d - 0.05, d - 0.03), (1.05, 1.75), "glass_door"),
        box((1.44, 2.76), (d - 0.04, d - 0.02), (0.99, 1.81), "steel"),
        box((1.5, 2.7), (d - 0.07, d - 0.05), (1.05, 1.75), "glass_door"),
    ]
    colours = (f.GREENS, f.MEAT, (0.72, 0.60, 0.30), f.TOMATO, (0.2, 0.12, 0.06), f.CARROT)
    for n in range(6):
        x = 1.35 + 0.44 * n
        s += [
            drum(x, d - 0.42, (0.82, 0.84), 0.15, "gloss", tint=f.WHITE),
            *f.heap(x, d - 0.42, 0.845, 0.09, colours[n], n, 14),
        ]
    for n in range(4):
        x = 1.65 + 0.45 * n
        s += [
            drum(x, 2.6, (0.82, 0.84), 0.13, "gloss", tint=f.WHITE),
            *f.heap(x, 2.6, 0.845, 0.08, colours[(n + 2) % 6], n + 9, 12),
        ]
    s += f.board((1.6, 2.15), (2.15, 2.45), 0.82) + f.plates(3.05, 2.3, 0.82, 8)
    s += [
        box((3.0, 4.1), (d - 0.26, d - 0.01), (2.15, 2.45), "plastic", tint=f.WHITE),
        box((3.05, 4.05), (d - 0.28, d - 0.26), (2.17, 2.22), "dark"),
    ]
    s += [
        box((1.2, 2.4), (d - 0.12, d - 0.03), (2.18, 2.24), "plastic", tint=f.WHITE),
        box((1.24, 2.36), (d - 0.10, d - 0.05), (2.14, 2.18), "lamp", casts=False, tint=(0.10, 0.06, 0.22)),
    ]
    s += f.cabinet((4.12, 4.78), (2.3, 3.7), 1.9, "w") + f.notice_side(w, (1.2, 2.0), (1.4, 1.95), "public")
    s += [*f.sink((0.05, 0.6), (d - 0.6, d - 0.05), 1), *f.bin_(4.45, 1.0, (0.5, 0.5, 0.5))]
    lens = Lens((0.3, 0.35, 2.5), (2.6, 3.2, 0.88), 82)
    staff = (
        Staff(
            _outfit(1, hat="net", gloves=(0.35, 0.55, 0.72), apron=None),
            (Stop(2.0, 3.15, 180, "plate", 2.0), Stop(2.2, 3.62, 0, "plate", 1.0)),
            0.0,
        ),
        Staff(_outfit(3, gloves=(0.35, 0.55, 0.72)), (Stop(3.1, 3.6, 2, "plate"),), 0.3),
    )
    return Stage(
        _room(s, panels, lens, mirrors_z=(0.0, 0.82), cast=(0.94, 1.0, 1.02)),
        staff,
        mouse_path=((0.7, 4.6), (0.85, 3.9), (3.9, 3.9), (3.95, 2.2)),
    )


def store(seed: int) -> Stage:
    """库房: racks with cartons, rice sacks on pallets off the floor, a scale by the door."""
    w, d, h = 5.4, 6.0, 2.8
    s = [f.shell(w, d, h, "hall_floor", "paint")]
    lamp_s, panels = f.lamps(h, [(2.6, 2.4), (2.6, 4.4)], power=3.6)
    s += lamp_s
    rng = np.random.default_rng(seed + 5)
    s += f.rack((4.75, 5.35), (1.7, 3.6)) + f.rack((4.75, 5.35), (3.75, 5.65)) + f.rack((2.6, 4.4), (d - 0.6, d - 0.05))
    for y0 in (1.78, 3.83):
        for z in (0.3, 0.8, 1.3, 1.75):
            y = y0
            while y < y0 + 1.5:
                size = (0.42, 0.30 + 0.18 * float(rng.random()), 0.22 + 0.18 * float(rng.random()))
                shade = 0.75 + 0.5 * float(rng.random())
                if rng.random() < 0.22:
                    s += [
                        drum(
                            4.98,
                            y + 0.12,
                            (z, z + 0.28),
                            0.10,
                            "gloss",
                            tint=((0.6, 0.35, 0.05), f.RED, f.BLUE)[int(rng.random() * 3)],
                        ),
                        drum(5.2, y + 0.13, (z, z + 0.28), 0.10, "gloss", tint=(0.6, 0.35, 0.05)),
                    ]
                else:
                    s += f.carton(4.82, y, z, size, (shade, shade * 0.98, shade * 0.95))
                y += size[1] + 0.05
    for n in range(5):
        for z in (0.3, 0.8, 1.3):
            s += [
                drum(
                    2.78 + 0.36 * n,
                    d - 0.33,
                    (z, z + 0.24 + 0.05 * ((n + int(z * 10)) % 2)),
                    0.12,
                    "gloss",
                    tint=((0.75, 0.62, 0.2), f.RED, (0.15, 0.07, 0.03), f.WHITE, (0.2, 0.35, 0.1))[
                        (n + int(z * 10)) % 5
                    ],
                )
            ]
    s += f.pallet((0.15, 1.2), (2.7, 3.4)) + f.pallet((0.15, 1.2), (3.55, 4.25)) + f.pallet((0.15, 1.2), (4.4, 5.1))
    s += (
        f.sacks(0.25, 2.8, 0.14, 5)
        + f.sacks(0.25, 3.65, 0.14, 6, (1.0, 0.95, 0.80))
        + f.sacks(0.25, 4.5, 0.14, 3, (0.95, 0.98, 1.0))
    )
    s += f.door((1.35, 2.25), d) + f.notice((0.3, 1.1), d, (1.35, 1.95), "public")
    s += [
        box((2.3, 2.75), (3.9, 4.4), (0, 0.06), "dark_steel"),
        box((2.3, 2.36), (4.1, 4.2), (0.06, 0.9), "steel"),
        box((2.25, 2.42), (4.02, 4.28), (0.9, 1.08), "dark"),
    ]
    s += (
        f.carton(3.3, 4.5, 0.14, (0.45, 0.4, 0.35))
        + f.pallet((3.2, 4.0), (4.4, 5.1))
        + f.carton(3.32, 4.52, 0.49, (0.42, 0.36, 0.3), (1.1, 1.05, 1.0))
    )
    lens = Lens((0.4, 0.4, 2.6), (2.95, 4.1, 0.85), 82)
    staff = (
        Staff(
            _outfit(0, hat="cap", jacket=(0.16, 0.22, 0.34), apron=None, trousers=(0.05, 0.06, 0.10)),
            (
                Stop(4.25, 2.6, -90, "stack", 1.4, "carry"),
                Stop(3.0, 4.75, -85, "stack", 1.0),
                Stop(2.1, 3.5, 0, "write", 0.8),
            ),
            0.05,
        ),
        Staff(_outfit(1, mask=(0.7, 0.72, 0.72)), (Stop(3.0, 3.3, -100, "write"),), 0.0),
    )
    return Stage(
        _room(s, panels, lens, ambient=(0.29, 0.29, 0.28), cast=(1.01, 1.0, 0.94)),
        staff,
        mouse_path=((1.35, 1.9), (1.35, 3.4), (1.32, 5.4), (2.5, 5.6), (2.55, 5.3)),
    )


def sample(seed: int) -> Stage:
    """留样间: a glass-door refrigerator with rows of labelled boxes, a scale and a record book."""
    w, d, h = 4.2, 4.4, 2.65
    s = [f.shell(w, d, h, "floor_tiles")]
    lamp_s, panels = f.lamps(h, [(2.1, 2.2)], power=4.6)
    s += lamp_s
    x0, x1, y0 = 1.7, 3.1, d - 0.65
    s += [
        box((x0, x0 + 0.05), (y0, d - 0.03), (0.1, 1.95), "steel"),
        box((x1 - 0.05, x1), (y0, d - 0.03), (0.1, 1.95), "steel"),
        box((x0, x1), (y0, d - 0.03), (1.72, 1.95), "steel"),
        box((x0, x1), (y0, d - 0.03), (0.1, 0.3), "steel"),
        box((x0, x1), (d - 0.08, d - 0.03), (0.3, 1.72), "plastic", tint=f.WHITE),
    ]
    s += [
        box((x0 + 0.68, x0 + 0.73), (y0 - 0.02, y0 + 0.02), (0.3, 1.72), "steel"),
        box((x0 + 0.05, x1 - 0.05), (y0 + 0.05, y0 + 0.1), (1.68, 1.72), "lamp", casts=False, tint=(0.7, 0.75, 0.8)),
    ]
    for row, z in enumerate((0.32, 0.66, 1.0, 1.34)):
        s += [box((x0 + 0.05, x1 - 0.05), (y0 + 0.04, d - 0.1), (z - 0.02, z), "steel", casts=False)]
        for n in range(6):
            x = x0 + 0.09 + 0.205 * n
            s += [
                box((x, x + 0.16), (y0 + 0.10, y0 + 0.26), (z, z + 0.12), "plastic", tint=(0.62, 0.66, 0.66)),
                box(
                    (x - 0.005, x + 0.165),
                    (y0 + 0.095, y0 + 0.265),
                    (z + 0.12, z + 0.145),
                    "plastic",
                    tint=((0.1, 0.35, 0.6), (0.6, 0.12, 0.08), (0.1, 0.42, 0.16))[(row + n // 2) % 3],
                ),
            ]
            s += [
                box(
                    (x + 0.03, x + 0.13),
                    (y0 + 0.094, y0 + 0.1),
                    (z + 0.03, z + 0.10),
                    "plain",
                    casts=False,
                    tint=(0.85, 0.85, 0.8),
                ),
                box(
                    (x + 0.04, x + 0.12),
                    (y0 + 0.09, y0 + 0.094),
                    (z + 0.06, z + 0.075),
                    "plain",
                    casts=False,
                    tint=(0.15, 0.15, 0.3),
                ),
            ]
    s += f.notice((1.95, 2.85), d - 0.66, (1.77, 1.92), "zone_sample")
    s += (
        f.bench((3.45, 4.15), (1.6, 3.4), splash="e")
        + f.notice((0.5, 1.3), d, (1.3, 1.9), "public")
        + f.notice_side(w, (1.9, 2.7), (1.35, 1.9), "rules")
    )
    s += [
        box((3.6, 3.95), (2.7, 3.0), (0.82, 0.88), "plastic", tint=f.WHITE),
        box((3.6, 3.64), (2.78, 2.92), (0.88, 1.0), "dark"),
        box((3.62, 3.92), (1.8, 2.2), (0.82, 0.84), "plain", tint=(0.8, 0.8, 0.74)),
    ]
    for n in range(3):
        s += [
            box(
                (3.62 + 0.02 * n, 3.80 + 0.02 * n),
                (2.28 + 0.13 * n, 2.40 + 0.13 * n),
                (0.82, 0.93),
                "plastic",
                tint=(0.6, 0.64, 0.64),
            ),
            ball(
                3.71 + 0.02 * n, 2.34 + 0.13 * n, 0.93, (0.06, 0.045, 0.02), "heap", tint=(f.GREENS, f.MEAT, f.RICE)[n]
            ),
        ]
    s += f.bin_(0.35, d - 0.35, (0.5, 0.5, 0.5))
    lens = Lens((0.35, 0.4, 2.45), (2.35, 3.2, 0.95), 80)
    staff = (
        Staff(
            _outfit(1, gloves=(0.35, 0.55, 0.72)),
            (Stop(2.3, 3.25, -4, "plate", 1.6), Stop(3.05, 2.2, -88, "write", 1.2)),
            0.0,
        ),
    )
    return Stage(_room(s, panels, lens), staff, mouse_path=((0.6, 4.2), (1.5, 3.6), (3.3, 3.6), (3.35, 1.8)))


def dine(seed: int) -> Stage:
    """就餐区: rows of canteen tables with diners, a serving window with steam, a menu board."""
    w, d, h = 8.4, 8.0, 3.0
    s = [f.shell(w, d, h, "hall_floor", "paint")]
    lamp_s, panels = f.lamps(h, [(2.4, 3.0), (5.8, 3.0), (2.4, 6.0), (5.8, 6.0)], power=4.6)
    s += lamp_s
    s += [box((0.0, w), (d - 0.03, d), (0, 1.1), "wall_tiles", casts=False)]
    s += [
        box((2.0, 6.6), (d - 0.5, d - 0.02), (0, 0.95), "steel"),
        box((2.0, 6.6), (d - 0.6, d - 0.02), (0.95, 0.99), "steel"),
        box((2.2, 6.4), (d - 0.04, d - 0.02), (1.15, 2.1), "lamp", casts=False, tint=(0.16, 0.155, 0.14)),
    ]
    for n in range(4):
        x = 2.2 + 1.05 * n
        s += [
            box((x, x + 0.03), (d - 0.08, d - 0.03), (1.0, 2.15), "steel"),
            *f.basin(x + 0.5, d - 0.25, 0.99, 0.17, (f.GREENS, f.MEAT, f.CARROT, f.RICE)[n], depth_m=0.07),
        ]
    s += (
        f.notice((2.4, 6.2), d, (2.3, 2.75), "slogan")
        + f.notice((0.5, 1.6), d, (1.35, 2.1), "menu")
        + f.notice((6.9, 7.9), d, (1.35, 2.05), "public")
    )
    for row in range(3):
        for col in range(2):
            x, y = 2.3 + 3.1 * col, 2.5 + 1.55 * row
            s += [
                box((x, x + 1.6), (y, y + 0.7), (0.72, 0.76), "gloss", tint=(0.80, 0.50, 0.22)),
                box((x + 0.2, x + 0.26), (y + 0.3, y + 0.4), (0, 0.72), "steel"),
                box((x + 1.34, x + 1.4), (y + 0.3, y + 0.4), (0, 0.72), "steel"),
            ]
            for k in range(3):
                for side in (-0.28, 0.98):
                    s += [
                        drum(x + 0.3 + 0.5 * k, y + side, (0.43, 0.47), 0.16, "gloss", tint=(0.04, 0.22, 0.42)),
                        drum(x + 0.3 + 0.5 * k, y + side, (0, 0.43), 0.025, "steel"),
                    ]
            for k in range(3):
                if (row + col + k) % 2 == 0:
                    s += [
                        box(
                            (x + 0.14 + 0.5 * k, x + 0.5 + 0.5 * k),
                            (y + 0.06, y + 0.3),
                            (0.76, 0.78),
                            "steel",
                            casts=False,
                        ),
                        *f.heap(x + 0.24 + 0.5 * k, y + 0.18, 0.78, 0.05, f.GREENS, k, 6),
                        *f.heap(x + 0.39 + 0.5 * k, y + 0.18, 0.78, 0.05, f.RICE, k + 3, 5),
                    ]
    s += f.bin_(7.9, 3.2, (0.2, 0.3, 0.4)) + f.bin_(7.9, 3.75, (0.08, 0.3, 0.12))
    lens = Lens((0.5, 0.5, 2.8), (4.3, 5.2, 0.75), 82)
    coats = (
        (0.35, 0.07, 0.06),
        (0.06, 0.13, 0.30),
        (0.10, 0.24, 0.14),
        (0.45, 0.33, 0.10),
        (0.14, 0.14, 0.16),
        (0.40, 0.38, 0.35),
    )

    def diner(n: int, **changes: object) -> Outfit:
        return _outfit(
            n, hat="none", mask=None, apron=None, jacket=coats[n % 6], scarf=None, long_hair=n % 3 == 1, **changes
        )

    staff = (
        Staff(diner(0), (Stop(2.6, 3.48, 180, "eat"),), 0.1),
        Staff(diner(1), (Stop(3.6, 3.48, 175, "eat"),), 0.6),
        Staff(diner(2), (Stop(3.1, 5.03, 180, "chat"),), 0.3),
        Staff(diner(4), (Stop(5.7, 3.48, 178, "eat"),), 0.8),
        Staff(diner(5), (Stop(6.2, 5.03, 185, "eat"),), 0.4),
        Staff(
            diner(3, girth=1.0),
            (
                Stop(3.3, 6.95, 0, "stand", 0.8, "tray"),
                Stop(1.5, 4.9, 200, "tray", 0.5, "tray"),
                Stop(1.55, 1.9, -90, "tray", 0.2),
            ),
            0.0,
        ),
        Staff(_outfit(1), (Stop(5.1, 7.0, 10, "stand"),), 0.3),
    )
    return Stage(
        _room(s, panels, lens, ambient=(0.36, 0.36, 0.35), cast=(1.02, 1.0, 0.94)),
        staff,
        (),
        (Steam((4.6, d - 0.3, 1.05), 1.4, 0.9, 0.7),),
        ((0.3, 7.7), (1.8, 7.2), (6.8, 7.2), (8.0, 7.6)),
        (0.0, 3.5, 2.6),
    )


def chill(seed: int) -> Stage:
    """冷库: frosted panels, fans under the ceiling, cartons on pallets, a worker in a thick coat, strip curtain door."""
    w, d, h = 5.6, 6.2, 2.9
    s = [f.shell(w, d, h, "hall_floor", "frost", "frost")]
    lamp_s, panels = f.lamps(h, [(2.8, 2.4), (2.8, 4.6)], power=3.0, half=(0.5, 0.1), colour=(0.86, 0.95, 1.0))
    s += lamp_s
    s += [box((1.6, 4.0), (d - 0.75, d - 0.1), (2.2, 2.75), "plastic", tint=(0.75, 0.78, 0.8))]
    for n in range(3):
        s += [
            Solid("ball", (2.05 + 0.76 * n, d - 0.76, 2.47), (0.24, 0.03, 0.24), "dark", casts=False),
            Solid("ball", (2.05 + 0.76 * n, d - 0.80, 2.47), (0.06, 0.03, 0.06), "steel", casts=False),
        ]
    rng = np.random.default_rng(seed + 2)
    for px, py, high in ((4.2, 1.8, 4), (4.2, 3.1, 5), (4.2, 4.5, 3), (2.5, 4.8, 3), (0.2, 3.0, 3), (0.2, 4.4, 4)):
        s += f.pallet((px, px + 1.2), (py, py + 1.0))
        for level in range(high):
            for a in range(2):
                for b in range(2):
                    shade = 0.8 + 0.35 * float(rng.random())
                    s += f.carton(
                        px + 0.04 + 0.58 * a,
                        py + 0.03 + 0.48 * b,
                        0.14 + 0.32 * level,
                        (0.55, 0.45, 0.31),
                        (shade * 0.98, shade, shade * 1.04),
                    )
    s += [
        box((1.0, 2.2), (d - 0.04, d), (0, 2.1), "dark"),
        box((0.92, 1.0), (d - 0.06, d), (0, 2.15), "steel"),
        box((2.2, 2.28), (d - 0.06, d), (0, 2.15), "steel"),
    ]
    for n in range(6):
        s += [
            box(
                (1.02 + 0.2 * n, 1.19 + 0.2 * n),
                (d - 0.09 - 0.01 * (n % 2), d - 0.08),
                (0.05, 2.1),
                "gloss",
                tint=(0.62, 0.70, 0.62),
            )
        ]
    s += f.notice_side(w, (3.0, 3.7), (2.1, 2.35), "cold") + f.notice((4.4, 5.2), d, (1.9, 2.15), "cold")
    lens = Lens((0.35, 0.4, 2.65), (3.0, 4.2, 0.85), 82)
    coat = (0.05, 0.11, 0.28)
    staff = (
        Staff(
            Outfit(
                "hood",
                coat,
                MASK,
                coat,
                None,
                (0.05, 0.08, 0.18),
                skin=SKINS[2],
                girth=1.35,
                gloves=(0.4, 0.25, 0.05),
                height_m=1.72,
            ),
            (
                Stop(3.7, 2.4, -88, "stack", 1.0, "carry"),
                Stop(2.1, 5.0, -70, "stack", 1.0, "carry"),
                Stop(1.75, 3.5, 92, "stack", 1.0),
            ),
            0.0,
        ),
        Staff(
            Outfit(
                "hood",
                coat,
                MASK,
                (0.32, 0.12, 0.03),
                None,
                (0.05, 0.08, 0.18),
                skin=SKINS[0],
                girth=1.3,
                gloves=(0.1, 0.1, 0.1),
                height_m=1.66,
            ),
            (Stop(3.75, 3.75, -100, "write"),),
            0.0,
        ),
    )
    return Stage(
        _room(s, panels, lens, ambient=(0.26, 0.29, 0.32), cast=(0.90, 0.99, 1.06), exposure=1.65),
        staff,
        (),
        (Steam((2.8, d - 0.9, 1.2), 2.4, 1.3, 0.55),),
        ((1.5, 2.8), (1.5, 5.6), (2.4, 5.7), (2.45, 4.7)),
    )


MASK = (0.30, 0.55, 0.72)


def serve(seed: int) -> Stage:
    """分餐间: insulated boxes and big food trays on a line, two people filling lunch trays by ladle."""
    w, d, h = 5.8, 5.4, 2.8
    s = [f.shell(w, d, h, "floor_tiles")]
    lamp_s, panels = f.lamps(h, [(1.8, 2.4), (4.0, 2.4), (2.9, 4.3)], power=3.2)
    s += lamp_s
    s += f.bench((1.2, 4.8), (2.6, 3.35))
    for n in range(4):
        x = 1.5 + 0.72 * n
        s += [
            box((x, x + 0.62), (2.85, 3.28), (0.82, 0.92), "steel"),
            box(
                (x + 0.03, x + 0.59),
                (2.88, 3.25),
                (0.92, 0.925),
                "heap",
                tint=(f.RICE, f.CARROT, f.GREENS, f.MEAT)[(n + seed) % 4],
            ),
            *f.heap(x + 0.31, 3.06, 0.92, 0.16, (f.RICE, f.CARROT, f.GREENS, f.MEAT)[(n + seed) % 4], n, 16),
        ]
    for n in range(3):
        for k in range(6):
            s += (
                [
                    box(
                        (1.3 + 0.02 * (k % 2), 1.68),
                        (2.62, 2.80),
                        (0.82 + 0.025 * k, 0.84 + 0.025 * k),
                        "steel",
                        casts=False,
                    )
                ]
                if n == 0
                else []
            )
    s += f.rack((5.1, 5.75), (1.6, 3.6)) + f.bench((1.0, 3.2), (d - 0.7, d - 0.03), splash="n")
    for n in range(3):
        for z in (0.3, 0.8, 1.3):
            s += [
                box(
                    (5.16, 5.66),
                    (1.68 + 0.62 * n, 2.2 + 0.62 * n),
                    (z, z + 0.34),
                    "plastic",
                    tint=((0.06, 0.22, 0.5), (0.65, 0.30, 0.05), (0.05, 0.3, 0.18))[(n + int(z * 10)) % 3],
                ),
                box(
                    (5.14, 5.68),
                    (1.66 + 0.62 * n, 2.22 + 0.62 * n),
                    (z + 0.34, z + 0.38),
                    "plastic",
                    tint=(0.7, 0.7, 0.68),
                ),
            ]
    s += (
        f.pot(1.4, d - 0.38, 0.82, 0.22, 0.4)
        + f.pot(2.0, d - 0.38, 0.82, 0.22, 0.36, (0.45, 0.36, 0.2))
        + f.plates(2.7, d - 0.4, 0.82, 12)
    )
    s += (
        f.cabinet((3.5, 5.0), (d - 0.65, d - 0.03), 1.85, "s")
        + f.notice((1.1, 2.0), d, (1.5, 2.1), "public")
        + f.notice((2.2, 3.1), d, (1.5, 2.1), "menu")
    )
    s += f.bin_(0.4, d - 0.4, (0.5, 0.5, 0.5))
    lens = Lens((0.35, 0.4, 2.6), (3.1, 3.7, 0.9), 82)
    staff = (
        Staff(_outfit(1, gloves=(0.35, 0.55, 0.72)), (Stop(2.1, 3.7, 178, "ladle"),), 0.0),
        Staff(_outfit(3, gloves=(0.35, 0.55, 0.72)), (Stop(3.4, 3.7, 182, "ladle"),), 0.25),
        Staff(
            _outfit(2, hat="cap", gloves=(0.35, 0.55, 0.72)),
            (
                Stop(3.9, 2.3, 0, "plate", 1.2, "tray"),
                Stop(4.75, 2.4, -90, "stack", 0.8),
                Stop(2.4, 2.2, 0, "plate", 1.0),
            ),
            0.1,
        ),
    )
    return Stage(
        _room(s, panels, lens, mirrors_z=(0.0,)),
        staff,
        (),
        (Steam((2.6, 3.1, 0.95), 1.5, 0.9, 0.7), Steam((2.0, d - 0.4, 1.2), 0.7, 0.8, 0.7)),
        ((0.7, 5.2), (0.95, 4.5), (3.4, 4.55), (5.0, 4.4)),
    )


ROOMS: Mapping[str, tuple[Callable[[int], Stage], float]] = {
    "COOK": (cook, 6.2),
    "CUT": (cut, 6.0),
    "WASH": (wash, 5.8),
    "ROUGH": (rough, 5.8),
    "COLD": (cold, 4.8),
    "STORE": (store, 5.4),
    "SAMPLE": (sample, 4.2),
    "DINE": (dine, 8.4),
    "CHILL": (chill, 5.6),
    "SERVE": (serve, 5.8),
}


def build_stage(kind: str, seed: int = 0) -> Stage:
    """The room of a kind; an odd seed exchanges left and right. Raises KeyError for an unknown kind."""
    make, width_m = ROOMS[kind]
    stage = make(seed)
    return flip_stage(stage, width_m) if seed % 2 else stage
