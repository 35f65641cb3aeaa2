"""H.265 in a browser that cannot decode it (docs/design/media-path.md §4.7): Chromium, the real node and worker, simulated H.265 cameras."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.browsing import chromium, log_in, shoot
from tests.e2e.caller import Caller, Json, build_utc
from tests.e2e.product import ROOT, Product, build_environment, start_product

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

# What is drawn now, small, with the element's time.
_LOOK = """(video) => {
    if (video.readyState < 2 || !video.videoWidth) return null;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [160, 90];
    const drawing = canvas.getContext('2d', {willReadFrequently: true});
    drawing.drawImage(video, 0, 0, 160, 90);
    return {at: video.currentTime, width: video.videoWidth, height: video.videoHeight,
            pixels: Array.from(drawing.getImageData(0, 0, 160, 90).data.filter((_, at) => at % 16 === 1))};
}"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product that transcodes one picture at most."""
    settings = {"BRIGHTKITCHEN_MEDIA__TRANSCODES": "1"}
    with start_product(tmp_path_factory.mktemp("transcode"), "--cameras", "1", settings=settings) as one:
        yield one


@pytest.fixture(scope="module")
def person(running: Product) -> Iterator[Caller]:
    one = Caller(running)
    yield one
    one.close()


@contextmanager
def h265_cameras(first_port: int, cache: Path) -> Iterator[None]:
    """Run two cameras, at the port after the first and the next, whose main picture is H.265."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "brightkitchen_sim", "serve", "--cameras", "3", "--h265-every", "1"),
            *("--scenes", "pattern", "--auth", "none", "--base-port", str(first_port), "--cache", str(cache)),
            "--end-with-input",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=build_environment(),
        cwd=ROOT,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        for line in process.stdout:
            if '"ready"' in line:
                break
        yield
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(scope="module")
def cameras(running: Product, person: Caller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Json]]:
    """Two cameras of one premises that send H.265 and have no sub-stream."""
    with h265_cameras(running.spare_port(0), tmp_path_factory.mktemp("clips")):
        premises = person.http.get("/api/v1/premises?limit=1").json()["items"][0]["id"]
        made = []
        for number in (1, 2):
            added = person.http.post(
                "/api/v1/cameras",
                json={
                    "name": f"高清{number}号",
                    "premises_id": premises,
                    "url": f"rtsp://127.0.0.1:{running.spare_port(number)}/main",
                    "transport": "tcp",
                },
            )
            assert added.status_code == 201, added.text
            made.append(added.json())
        for camera in made:
            person.wait_recording(camera["id"])
        yield [person.camera(camera["id"]) for camera in made]


@pytest.fixture
def page(running: Product) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
        log_in(page, running)
        yield page


def open_wall(page: Page, running: Product, cameras: list[Json]) -> None:
    names = ",".join(camera["id"] for camera in cameras)
    page.goto(f"{running.url}live?c={names}")


def tile_of(page: Page, camera: Json) -> Locator:
    return page.locator(f".bk-tile[data-camera='{camera['id']}']")


def watch(page: Page, video: Locator, pictures: int, timeout_s: float = 30) -> tuple[float, int, tuple[int, int]]:
    """Wait until so many different pictures were drawn. returns: by how much the element's clock moved, how many, its size."""
    seen: set[str] = set()
    began = last = None
    size = (0, 0)
    for _ in range(int(timeout_s * 20)):
        look = video.evaluate(_LOOK)
        if look is not None:
            began = look["at"] if began is None else began
            last, size = look["at"], (look["width"], look["height"])
            seen.add(hashlib.sha256(bytes(look["pixels"])).hexdigest())
            if len(seen) >= pictures:
                break
        page.wait_for_timeout(50)
    else:
        shoot(page, "transcode-no-picture")
        raise AssertionError(f"{len(seen)} different pictures within {timeout_s} s (test-results)")
    assert began is not None and last is not None
    return last - began, len(seen), size


def count_of(running: Product, name: str, caller: Caller) -> float:
    text = caller.http.get(f"http://127.0.0.1:{running.port + 11}/metrics").text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))


def test_camera_of_h265_plays_transcoded_and_the_next_is_told_why_not(
    running: Product, person: Caller, cameras: list[Json], page: Page
) -> None:
    first, second = cameras
    assert first["streams"]["main"]["video_codec"].startswith("hvc1")
    open_wall(page, running, [first])
    tile = tile_of(page, first)
    expect(tile.get_by_text("已转码 · 画质降低")).to_be_visible(timeout=30_000)
    moved_s, _, size = watch(page, tile.locator("video").last, 20)
    assert moved_s > 0.5
    assert size[0] <= 1280 and size[1] <= 720
    shoot(page, "transcode-live")
    # One place only: the second camera cannot be shown, and says why and what to do; the first goes on.
    open_wall(page, running, [first, second])
    expect(tile_of(page, first).get_by_text("已转码 · 画质降低")).to_be_visible(timeout=30_000)
    waiting = tile_of(page, second)
    expect(waiting.get_by_text("转码名额已满")).to_be_visible(timeout=30_000)
    expect(waiting.get_by_text("请关闭其他“已转码”的画面")).to_be_visible()
    shoot(page, "transcode-full")
    assert watch(page, tile_of(page, first).locator("video").last, 10)[0] > 0.2
    assert count_of(running, "bk_transcodes", person) == 1
    assert count_of(running, "bk_transcodes_refused_total", person) >= 1
    # Without the first, it is the second one's turn.
    open_wall(page, running, [second])
    expect(tile_of(page, second).get_by_text("已转码 · 画质降低")).to_be_visible(timeout=60_000)
    assert watch(page, tile_of(page, second).locator("video").last, 10)[0] > 0.2


def test_recording_of_h265_plays_transcoded_from_any_moment(
    running: Product, person: Caller, cameras: list[Json], page: Page
) -> None:
    camera = cameras[0]
    now_ms = int(page.evaluate("Date.now()"))
    end_ms = person.wait_recording(camera["id"], after_ms=now_ms + 12_000, timeout_s=60)
    page.goto(f"{running.url}play?c={camera['id']}&t={build_utc(end_ms - 11_000)}")
    picture = page.locator(f"video[data-camera='{camera['id']}']")
    expect(page.get_by_text("已转码 · 画质降低")).to_be_visible(timeout=40_000)
    assert watch(page, picture, 20)[0] > 0.5
    shoot(page, "transcode-play")
    page.goto(f"{running.url}play?c={camera['id']}&t={build_utc(end_ms - 5_300)}")
    expect(page.get_by_text("已转码 · 画质降低")).to_be_visible(timeout=40_000)
    assert watch(page, page.locator(f"video[data-camera='{camera['id']}']"), 10)[0] > 0.2


def test_recording_of_h265_beyond_the_limit_says_why_and_what_to_do(
    running: Product, person: Caller, cameras: list[Json], page: Page
) -> None:
    first, second = cameras
    open_wall(page, running, [first])
    expect(tile_of(page, first).get_by_text("已转码 · 画质降低")).to_be_visible(timeout=60_000)
    other = page.context.new_page()
    end_ms = person.wait_recording(second["id"])
    other.goto(f"{running.url}play?c={second['id']}&t={build_utc(end_ms - 5_000)}")
    expect(other.get_by_text("转码名额已满，暂时不能播放这段录像。")).to_be_visible(timeout=40_000)
    shoot(other, "transcode-play-full")
    page.close()
    retry = other.get_by_role("button", name="重试")
    expect(retry).to_be_visible()
    other.wait_for_timeout(1_000)
    retry.click()
    expect(other.get_by_text("已转码 · 画质降低")).to_be_visible(timeout=40_000)
