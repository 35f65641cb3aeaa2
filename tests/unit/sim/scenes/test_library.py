"""The demo's scenes: stable, periodic, honest about where things happen."""

import json
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest

from brightkitchen_sim.clip import open_audio_clip, open_clip
from brightkitchen_sim.scenes.film import Caption, Film, Shape
from brightkitchen_sim.scenes.library import (
    SCENES,
    SceneSpec,
    build_film,
    clip_paths,
    draw_background,
    ensure_audio,
    ensure_clips,
    find_scene,
)
from brightkitchen_sim.scenes.script import CODES, Event

SMALL = Shape(320, 180, 12.5, 20.0)
PLAIN = Caption("演示", "Demo")
EVENTS = [
    Event("hat_off", 4, 16, who=0),
    Event("phone", 4, 16, who=0, heading_deg=150),
    Event("smoking", 4, 16, who=0, heading_deg=150),
    Event("mouse", 4, 16),
    Event("covered", 4, 16),
    Event("moved", 4, 16),
    Event("dim", 4, 16),
    Event("black", 4, 16),
]


def _small_film(*events: Event, seed: int = 0) -> Film:
    return Film("CUT", seed, SMALL, events, PLAIN)


def test_scenes_of_the_demo_cover_sites_zones_and_events() -> None:
    normal = [s for s in SCENES if not s.events]
    assert len(normal) >= 12
    assert len({s.site_name for s in normal}) >= 5
    assert {e.kind for s in SCENES for e in s.events} == set(CODES)
    assert len({s.key for s in SCENES}) == len(SCENES)
    assert all(s.site_name.startswith("演示·") for s in SCENES)


def test_film_drawn_twice_gives_the_same_pictures() -> None:
    first, second = _small_film().picture(7), _small_film().picture(7)
    assert np.array_equal(first.to_yuv420p(), second.to_yuv420p())


def test_film_of_another_seed_is_another_picture() -> None:
    a, b = _small_film().picture(7), _small_film(seed=1).picture(7)
    assert float(np.abs(a.y.astype(int) - b.y).mean()) > 10


def test_film_last_picture_leads_back_to_the_first() -> None:
    film = _small_film()
    last, first, middle = film.picture(SMALL.count() - 1), film.picture(0), film.picture(SMALL.count() // 2 + 6)
    step = float(np.abs(last.y.astype(int) - first.y).mean())
    away = float(np.abs(middle.y.astype(int) - first.y).mean())
    neighbours = float(np.abs(film.picture(1).y.astype(int) - first.y).mean())
    assert step < neighbours * 1.4 + 0.3
    assert step < away


@pytest.mark.parametrize("event", EVENTS, ids=[e.kind for e in EVENTS])
def test_event_when_it_happens_changes_the_picture_inside_its_box(event: Event) -> None:
    film = _small_film(event)
    before = _small_film(*([Event("mouse", 4, 16)] if event.kind == "mouse" else []))
    index = round(9.0 * SMALL.fps)
    if event.kind == "mouse":  # nobody is in the room: compare with the moment before the mouse comes
        reference, picture = film.picture(0), film.picture(index)
    else:
        reference, picture = before.picture(index), film.picture(index)
    seen = film.sightings[0]
    x, y, w, h = seen.boxes[-1][1]
    assert x >= 0 and y >= 0 and w > 0 and h > 0
    assert x + w <= SMALL.width_px and y + h <= SMALL.height_px
    inside = np.abs(picture.y[y : y + h, x : x + w].astype(int) - reference.y[y : y + h, x : x + w])
    assert int((inside > 18).sum()) >= 6
    assert seen.event.code() == CODES[event.kind]


def test_event_frozen_repeats_one_picture_exactly() -> None:
    film = _small_film(Event("frozen", 4, 16))
    pictures = [film.picture(i).to_yuv420p() for i in (60, 61, 90)]
    live = film.picture(240).to_yuv420p()
    assert np.array_equal(pictures[0], pictures[1]) and np.array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], live)


def test_event_flame_left_begins_when_the_cook_has_gone() -> None:
    spec = find_scene("lj-cook-flame")
    film = Film(spec.room, spec.seed, Shape(320, 180, 12.5, 30.0), spec.events, PLAIN)
    seen = film.sightings[0]
    assert 3 < seen.start_s < seen.end_s < 30
    assert seen.end_s - seen.start_s > 8
    film.picture(round((seen.start_s + 2) * 12.5))
    x, y, w, h = seen.boxes[-1][1]
    assert x + w <= 320 and y + h <= 180 and w * h > 50


def test_film_without_cjk_font_burns_in_english(tmp_path: Path) -> None:
    chinese = _small_film()
    english = Film("CUT", 0, SMALL, (), PLAIN, font_path=str(tmp_path / "missing.ttf"))
    a, b = chinese.picture(0), english.picture(0)
    assert not np.array_equal(a.y[:24, :120], b.y[:24, :120])
    assert np.array_equal(a.y[60:120, 100:200], b.y[60:120, 100:200])


def test_ensure_clips_quick_writes_playable_files_once(tmp_path: Path) -> None:
    spec = find_scene("lj-cook-hat")
    steps: list[float] = []
    paths = ensure_clips(tmp_path, spec, quick=True, progress=steps.append)
    assert steps[-1] == 1.0 and steps == sorted(steps)
    main, sub = open_clip(paths.main), open_clip(paths.sub)
    assert (main.header.width_px, main.frame_count) == (640, 25)
    assert (sub.header.width_px, sub.frame_count) == (320, 13)
    assert main.is_key(0) and len(main.header.parameter_sets) == 2
    truth = json.loads(paths.truth.read_text("utf-8"))
    assert [row["code"] for row in truth] == ["P01"]
    assert truth[0]["keyframes"]
    stamp = paths.main.stat().st_mtime_ns
    assert ensure_clips(tmp_path, spec, quick=True) == paths
    assert paths.main.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_ensure_clips_quick_decodes_to_the_drawn_pictures(tmp_path: Path, codec: Literal["h264", "h265"]) -> None:
    spec = find_scene("zq-wash")
    clip = open_clip(ensure_clips(tmp_path, spec, codec=codec, quick=True).main)
    decoder = av.CodecContext.create("h264" if codec == "h264" else "hevc", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = b"".join(b"\x00\x00\x00\x01" + unit for unit in clip.header.parameter_sets)
    pictures = []
    for i in range(clip.frame_count):
        data = bytes(clip.frame(i))
        size = int.from_bytes(data[:4], "big")
        assert size <= len(data) - 4
        pictures += decoder.decode(av.Packet(_to_annexb(data)))
    pictures += decoder.decode(None)
    assert len(pictures) == clip.frame_count
    drawn = build_film(spec, quick=True).picture(20).to_rgb().astype(int)
    coded = pictures[20].to_ndarray(format="rgb24").astype(int)
    assert float(np.abs(drawn - coded).mean()) < 9


def _to_annexb(avcc: bytes) -> bytes:
    out, at = b"", 0
    while at < len(avcc):
        size = int.from_bytes(avcc[at : at + 4], "big")
        out += b"\x00\x00\x00\x01" + avcc[at + 4 : at + 4 + size]
        at += 4 + size
    return out


def test_ensure_clips_quick_h265_has_three_parameter_sets(tmp_path: Path) -> None:
    clip = open_clip(ensure_clips(tmp_path, find_scene("zq-sample"), codec="h265", quick=True).main)
    assert [(u[0] >> 1) & 0x3F for u in clip.header.parameter_sets] == [32, 33, 34]
    assert clip.is_key(0) and not clip.is_key(1)


def test_clip_paths_differ_by_content(tmp_path: Path) -> None:
    spec = find_scene("zq-cook")
    other = SceneSpec(**{**{f: getattr(spec, f) for f in spec.__slots__}, "seed": 9})
    assert clip_paths(tmp_path, spec).main != clip_paths(tmp_path, other).main
    assert clip_paths(tmp_path, spec).main != clip_paths(tmp_path, spec, codec="h265").main


@pytest.mark.parametrize("codec", ["pcma", "pcmu", "aac"])
def test_ensure_audio_writes_a_loop_of_packets(tmp_path: Path, codec: str) -> None:
    clip = open_audio_clip(ensure_audio(tmp_path, codec))  # type: ignore[arg-type]  # parametrised literal
    length_s = clip.packet_count * clip.header.samples_per_packet / clip.header.sample_rate_hz
    assert abs(length_s - 16) < 0.2
    assert len(bytes(clip.header.config)) == (2 if codec == "aac" else 0)
    assert len({bytes(clip.packet(i)) for i in range(50)}) > 40


def test_draw_background_gives_a_room_of_that_size() -> None:
    picture = draw_background(320, 180, "WASH")
    assert picture.shape == (180, 320, 3)
    assert 60 < float(picture.mean()) < 220
    picture[:] = 0
    assert float(draw_background(320, 180, "WASH").mean()) > 60  # the caller's changes stay the caller's


@pytest.mark.slow
def test_ensure_clips_main_needs_about_two_megabits(tmp_path: Path) -> None:
    spec = find_scene("zq-sample")
    clip = open_clip(ensure_clips(tmp_path, spec).main)
    assert 1_500_000 <= clip.header.bitrate_bps <= 2_600_000
    assert clip.frame_count == 500 and clip.header.gop == 50
    assert [i for i in range(500) if clip.is_key(i)] == list(range(0, 500, 50))
    assert build_film(spec).shape.count() == 500
