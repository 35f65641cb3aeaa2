"""What a viewer waits for, measured in Chromium before the whole product: `make bench-viewing`.

From the click to the first decoded picture, live (a camera that is connected; a stream that nobody pulled yet) and of a recording (any
moment, by a click on the timeline); and the delay of the live picture, read from the clock that the camera drew into it. The peer in
the same run is the browser itself: a plain ``<video>`` of the same pictures as one file, from a bare file server on loopback.
Nothing is asserted; docs/benchmarks.md keeps what was measured. Loopback only; ends by itself.
"""

import argparse
import asyncio
import os
import platform
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from random import Random

from aiohttp import web
from playwright.sync_api import Page, TimeoutError, expect
from tests.e2e.browsing import chromium, log_in, see, wait_seen
from tests.e2e.caller import Caller, Json, build_utc, parse_utc_ms
from tests.e2e.product import Product, free_port_base

FIRST_PICTURE_TIMEOUT_MS = 10_000
CLOSE_S = 2
PEER_PAGE = "<!doctype html><meta charset=utf-8><body></body>"

# A click begins; the first picture that is shown afterwards, and does not merely go on from before, ends it.
_WATCH = """() => {
    if (window.__watch) return;
    const watch = window.__watch = {from: null, took: null, last: new WeakMap()};
    const known = new WeakSet();
    const follow = (video) => {
        if (known.has(video)) return;
        known.add(video);
        const onPicture = (now, picture) => {
            video.requestVideoFrameCallback(onPicture);
            const before = watch.last.get(video);
            const goesOn = before !== undefined && Math.abs(picture.mediaTime - before) < 1.0;
            watch.last.set(video, picture.mediaTime);
            if (watch.from === null || watch.took !== null || goesOn || picture.presentationTime < watch.from) return;
            const seen = () => {  // decoded is not enough: it counts when the page shows it
                if (getComputedStyle(video).visibility === 'visible') watch.took ??= performance.now() - watch.from;
                else requestAnimationFrame(seen);
            };
            seen();
        };
        video.requestVideoFrameCallback(onPicture);
    };
    const look = () => document.querySelectorAll('video').forEach(follow);
    new MutationObserver(look).observe(document.documentElement, {childList: true, subtree: true});
    look();
    window.addEventListener('pointerdown', () => { watch.from = performance.now(); watch.took = null; }, true);
}"""

_STANDS = """() => JSON.stringify({watch: window.__watch.from, shown: document.querySelector('.bk-shown time').dateTime,
    words: document.querySelector('.bk-desk-picture').innerText,
    videos: [...document.querySelectorAll('video')].map(({currentTime, readyState, seeking, paused, buffered}) =>
        ({currentTime, readyState, seeking, paused, buffered: [...Array(buffered.length).keys()].map(
            (at) => [buffered.start(at), buffered.end(at)])}))})"""

_PEER_FIRST = """(src) => new Promise((resolve, reject) => {
    document.body.replaceChildren();
    const from = performance.now();
    const video = document.createElement('video');
    video.muted = true; video.autoplay = true; video.src = src;
    video.requestVideoFrameCallback((now, picture) => resolve(picture.presentationTime - from));
    video.onerror = () => reject(new Error(video.error.message));
    document.body.append(video);
})"""

_PEER_SEEK = """(atS) => new Promise((resolve) => {
    const video = document.querySelector('video');
    const from = performance.now();
    const onPicture = (now, picture) => {
        if (Math.abs(picture.mediaTime - atS) < 0.2) resolve(picture.presentationTime - from);
        else video.requestVideoFrameCallback(onPicture);
    };
    video.requestVideoFrameCallback(onPicture);
    video.currentTime = atS;
})"""


def quantile(figures: list[float], share: float) -> float:
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def took_ms(page: Page) -> float:
    """Return how long the last click waited for its picture. raises: TimeoutError."""
    page.wait_for_function("() => window.__watch.took !== null", timeout=FIRST_PICTURE_TIMEOUT_MS)
    return float(page.evaluate("() => window.__watch.took"))


def open_wall(page: Page, product: Product, layout: int) -> None:
    page.goto(f"{product.url}live?wall={layout}&c=,")
    expect(page.locator(".bk-picker-entry").first).to_be_visible(timeout=15_000)
    page.evaluate(_WATCH)


def measure_live(page: Page, product: Product, h265: list[str], rounds: int, *, is_cold: bool) -> list[float]:
    """Return ms from the click on a camera of the list to its first picture: main streams, which are recorded, or sub-streams.

    h265: names of cameras whose main stream this browser cannot play; left out.
    is_cold: small streams, of which none is open: the page is left until the node has closed what nobody watches.
    """
    figures = []
    for number in range(rounds):
        if is_cold or number == 0:
            open_wall(page, product, 4 if is_cold else 1)
        if is_cold:
            page.wait_for_timeout((CLOSE_S + 2) * 1000)
        entries = [
            one for one in page.locator(".bk-picker-entry").all() if not any(map(one.inner_text().__contains__, h265))
        ]
        entries[number % len(entries)].click()
        figures.append(took_ms(page))
        page.wait_for_timeout(600)
    return figures


def measure_delay(page: Page, product: Product, camera: Json, count: int) -> list[float]:
    page.goto(f"{product.url}live?wall=1&c={camera['id']}")
    video = page.locator(".bk-picture video").first
    wait_seen(page, video)
    page.wait_for_timeout(10_000)
    figures = []
    for _ in range(count):
        seen = see(video)
        if seen is not None:
            figures.append(float(seen.age_ms))
        page.wait_for_timeout(97)
    return figures


def measure_seeks(page: Page, product: Product, camera: Json, from_ms: int, to_ms: int, count: int) -> list[float]:
    """Return ms from the click on the timeline to the first picture from there."""
    page.goto(f"{product.url}play?c={camera['id']}&t={build_utc((from_ms + to_ms) // 2)}")
    wait_seen(page, page.locator(".bk-desk-picture video").first)
    page.get_by_text("10分", exact=True).click()
    page.wait_for_timeout(1_000)
    page.evaluate(_WATCH)
    ruler = page.get_by_role("slider", name="时间轴")
    random = Random(7)
    figures: list[float] = []
    while len(figures) < count:
        wanted_ms = random.randrange(from_ms, to_ms)
        box = ruler.bounding_box()
        assert box is not None
        low, high = (int(ruler.get_attribute(name) or "0") for name in ("aria-valuemin", "aria-valuemax"))
        x = box["x"] + box["width"] * ((wanted_ms / 1000 - low) / (high - low))
        shown_ms = parse_utc_ms(page.locator(".bk-shown time").get_attribute("datetime") or "")
        if abs(wanted_ms - shown_ms) < 5_000 or not box["x"] < x < box["x"] + box["width"]:
            continue
        page.mouse.click(x, box["y"] + 60)
        try:
            figures.append(took_ms(page))
        except TimeoutError:
            said = page.evaluate(_STANDS)
            raise SystemExit(
                f"no picture of {build_utc(wanted_ms)} (shown was {build_utc(shown_ms)}): {said}"
            ) from None
        page.wait_for_timeout(400)
    return figures


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve files by ranges, and an empty page; in a thread, for Playwright has a loop in this one."""
    loop, ports = asyncio.new_event_loop(), Queue[int]()

    async def say_page(_: web.Request) -> web.Response:
        return web.Response(text=PEER_PAGE, content_type="text/html")

    async def serve() -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/", say_page)
        application.router.add_static("/files", folder)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.put(runner.addresses[0][1])
        return runner

    def run_loop() -> None:
        runner = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run_loop, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=10)}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def measure_peer(page: Page, clip: Path, length_s: float, count: int) -> tuple[list[float], list[float]]:
    """Return ms to the first picture of a plain file, and to that after a seek."""
    with file_server(clip.parent) as url:
        page.goto(url)
        first = [float(page.evaluate(_PEER_FIRST, f"{url}/files/{clip.name}?{number}")) for number in range(count)]
        random = Random(7)
        seeks = []
        for _ in range(count):
            seeks.append(float(page.evaluate(_PEER_SEEK, random.uniform(0.5, length_s - 2))))
            page.wait_for_timeout(400)
    return first, seeks


def fetch_clip(person: Caller, camera: Json, from_ms: int, to_ms: int, file: Path) -> None:
    query = {"profile": "main", "from": build_utc(from_ms), "to": build_utc(to_ms), "sound": "0"}
    answer = person.node.get(
        f"/play/{camera['id']}/clip.mp4", params=query, headers=person.open_handle(camera["id"], "clip")
    )
    assert answer.status_code == 200, answer.text
    file.write_bytes(answer.content)


def say(what: str, figures: list[float]) -> None:
    p50, p95 = quantile(figures, 0.5), quantile(figures, 0.95)
    print(f"| {what} | {len(figures)} | {p50:.0f} | {p95:.0f} | {max(figures):.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--scenes", choices=("kitchen", "pattern"), default="kitchen")
    parser.add_argument("--recorded", type=int, default=180, help="seconds that are recorded before seeking in them")
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    environment = {
        "BRIGHTKITCHEN_DEMO__SCENES": arguments.scenes,
        "BRIGHTKITCHEN_MEDIA__IDLE_CLOSE_S": str(CLOSE_S),
    }
    with tempfile.TemporaryDirectory(prefix="bk-bench-") as folder:
        product = Product(
            Path(folder) / "data", free_port_base(), ("--cameras", str(arguments.cameras)), environment=environment
        )
        try:
            product.start(timeout_s=300)
            run(product, arguments, Path(folder))
        finally:
            product.stop()


def run(product: Product, arguments: argparse.Namespace, folder: Path) -> None:
    person = Caller(product)
    clock = person.clock_camera()
    for camera in person.cameras():
        person.wait_recording(camera["id"], timeout_s=300)
    begun_ms = parse_utc_ms(person.camera(clock["id"])["streams"]["main"]["since_at"]) + 3_000
    h265 = [each["name"] for each in map(person.camera, (one["id"] for one in person.cameras())) if not _is_h264(each)]
    print(
        f"{platform.system()} {platform.release()}, {os.cpu_count()} cores; {arguments.cameras} cameras, {arguments.scenes}\n"
    )
    print("| from the click, or delay | count | p50 ms | p95 ms | most ms |\n|---|--:|--:|--:|--:|")
    with chromium() as browser:
        context = browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
        page = context.new_page()
        log_in(page, product)
        say("live, camera connected", measure_live(page, product, h265, arguments.rounds, is_cold=False))
        say("live, stream not pulled yet", measure_live(page, product, h265, arguments.rounds // 3, is_cold=True))
        say("live, delay against the clock in the picture", measure_delay(page, product, clock, 150))
        to_ms = (
            person.wait_recording(clock["id"], after_ms=begun_ms + arguments.recorded * 1000, timeout_s=1_000) - 5_000
        )
        say("recording, any moment", measure_seeks(page, product, clock, begun_ms, to_ms, arguments.rounds))
        fetch_clip(person, clock, begun_ms, to_ms, folder / "clip.mp4")
        first, seeks = measure_peer(page, folder / "clip.mp4", (to_ms - begun_ms) / 1000, arguments.rounds)
        say("peer: plain `<video>` of one file, first picture", first)
        say("peer: plain `<video>` of one file, seek", seeks)
        context.close()
    person.close()


def _is_h264(camera: Json) -> bool:
    return bool(camera["streams"]["main"]["video_codec"].startswith(("h264", "avc1")))


if __name__ == "__main__":
    main()
