"""`make soak-wall`: a wall of nine small H.264 streams in Chromium for ten minutes: no tile may stand, and the page must not grow.

The whole product with simulated cameras, and the page as a person opens it, 1366×768, without a graphics card. Every picture that a
tile shows is told of by the browser (requestVideoFrameCallback), so that the longest standstill of each tile is known to the picture;
each second the element's own time is read as well. Each minute, after a collection of garbage: the page's heap, nodes and listeners,
and what its renderer process holds. Loopback only; ends by itself; exit code 1 if violated.
"""

import argparse
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from playwright.sync_api import CDPSession, Page, expect
from tests.e2e.browsing import chromium, log_in, shoot
from tests.e2e.caller import Caller, until
from tests.e2e.product import Product, free_port_base

from brightkitchen.kernel.clock import SystemClock

PLACES = 9
WIDEST_SUB_PX = 704
MAX_STILL_S = 3.0  # from then on the page itself says that a picture stands
MAX_GROWTH = 0.10  # of the renderer's memory and of the heap, last third of the minutes against the first third
SPARE_BYTES = 4_000_000  # growth that is none: one GOP more or less in each tile

# For each place: when its last picture was shown, the longest time between two, how many there were.
_WATCH = """(places) => {
    const tiles = window.bkTiles = Array.from({length: places}, () => ({lastMs: performance.now(), longestMs: 0, pictures: 0}));
    const pulse = window.bkPulse = {lastMs: performance.now(), longestMs: 0};
    setInterval(() => {
        pulse.longestMs = Math.max(pulse.longestMs, performance.now() - pulse.lastMs);
        pulse.lastMs = performance.now();
    }, 50);
    const known = new WeakSet();
    const follow = (video) => {
        const place = video.closest('[data-place]');
        if (!place || known.has(video)) return;
        known.add(video);
        const tile = tiles[Number(place.dataset.place)];
        const onPicture = (nowMs) => {
            video.requestVideoFrameCallback(onPicture);
            tile.longestMs = Math.max(tile.longestMs, nowMs - tile.lastMs);
            tile.lastMs = nowMs;
            tile.pictures += 1;
        };
        video.requestVideoFrameCallback(onPicture);
    };
    const look = () => document.querySelectorAll('.bk-wall video').forEach(follow);
    new MutationObserver(look).observe(document.documentElement, {childList: true, subtree: true});
    look();
}"""

_READ = """() => window.bkTiles.map((tile, number) => {
    const video = document.querySelector(`[data-place="${number}"] .bk-screen-shown`);
    const quality = video?.getVideoPlaybackQuality();
    const buffered = video?.buffered;
    return {
        pictures: tile.pictures,
        longestMs: Math.max(tile.longestMs, performance.now() - tile.lastMs),
        atS: video?.currentTime ?? -1,
        widthPx: video?.videoWidth ?? 0,
        decoded: quality?.totalVideoFrames ?? 0,
        dropped: quality?.droppedVideoFrames ?? 0,
        bufferedS: buffered?.length ? buffered.end(buffered.length - 1) - buffered.start(0) : 0,
    };
})"""


@dataclass(slots=True)
class Tile:
    """What was seen of one place. stood: seconds at whose end the element's time was that of their beginning."""

    pictures: int = 0
    longest_s: float = 0.0
    stood: int = 0
    longest_stood: int = 0
    at_s: float = -1.0
    running: int = 0
    width_px: int = 0
    decoded: int = 0
    dropped: int = 0
    buffered_s: float = 0.0

    def take(self, said: dict[str, Any]) -> None:  # Any: JSON of the page
        self.running = self.running + 1 if said["atS"] == self.at_s else 0
        self.stood += self.running > 0
        self.longest_stood = max(self.longest_stood, self.running)
        self.at_s = said["atS"]
        self.pictures, self.longest_s = said["pictures"], said["longestMs"] / 1000
        self.width_px = max(self.width_px, said["widthPx"])
        self.decoded, self.dropped = said["decoded"], said["dropped"]
        self.buffered_s = max(self.buffered_s, said["bufferedS"])


@dataclass(frozen=True, slots=True)
class Memory:
    """At the end of a minute, after a collection. own_bytes: the renderer without mapped files (RssAnon and RssShmem)."""

    minute: int
    rss_bytes: int
    own_bytes: int
    browser_bytes: int
    heap_bytes: int
    nodes: int
    listeners: int
    load: float


def start_memory(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    return session


def read_memory(session: CDPSession, renderer: psutil.Process, minute: int) -> Memory:
    session.send("HeapProfiler.collectGarbage")
    figures = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    status = dict(
        line.split(":", 1) for line in (Path("/proc") / str(renderer.pid) / "status").read_text().splitlines()
    )
    own = sum(int(status[name].split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))
    return Memory(
        minute,
        renderer.memory_info().rss,
        own,
        sum(process.memory_full_info().pss for process in browser_processes()),
        int(figures["JSHeapUsedSize"]),
        int(figures["Nodes"]),
        int(figures["JSEventListeners"]),
        os.getloadavg()[0],
    )


def browser_processes() -> list[psutil.Process]:
    """Return the processes of the browser that this process started."""
    return [each for each in psutil.Process().children(recursive=True) if each.name().startswith("chrom")]


def find_renderer() -> psutil.Process:
    """Return the renderer that works most: the page's. Another one may lie in waiting."""
    renderers = [each for each in browser_processes() if "--type=renderer" in each.cmdline()]
    return max(renderers, key=lambda each: sum(each.cpu_times()[:2]))


def hang_wall(page: Page, product: Product, cameras: list[str]) -> None:
    """Open the wall and wait until all of its tiles show pictures."""
    page.goto(f"{product.url}live?wall={PLACES}&c={','.join(cameras)}")
    expect(page.locator(f".bk-wall-{PLACES}")).to_be_visible()
    shown = "[...document.querySelectorAll('.bk-screen-shown')].filter((video) => video.readyState >= 2).length"
    until(lambda: page.evaluate(shown) == PLACES or None, 90, f"{PLACES} tiles with pictures")


def watch(page: Page, minutes: float) -> tuple[list[Tile], list[Memory]]:
    clock, session = SystemClock(), start_memory(page)
    page.wait_for_timeout(5_000)
    page.evaluate(_WATCH, PLACES)
    renderer = find_renderer()
    tiles = [Tile() for _ in range(PLACES)]
    memory: list[Memory] = []
    began_s = clock.mono_s()
    second = 0
    while second < round(minutes * 60):
        second += 1
        page.wait_for_timeout(max(0.0, (began_s + second - clock.mono_s()) * 1000))
        for tile, said in zip(tiles, page.evaluate(_READ), strict=True):
            tile.take(said)
        if second % 60 == 0:
            memory.append(read_memory(session, renderer, second // 60))
            print(_line(memory[-1]), file=sys.stderr, flush=True)
    return tiles, memory


def _line(one: Memory) -> str:
    mb = (one.rss_bytes, one.own_bytes, one.browser_bytes, one.heap_bytes)
    return " | ".join(
        [f"| {one.minute}", *(f"{each / 1e6:.1f}" for each in mb), f"{one.nodes}, {one.listeners}", f"{one.load:.1f} |"]
    )


def report(tiles: list[Tile], memory: list[Memory]) -> str:
    lines = [
        "| tile | width px | pictures shown | longest standstill s | seconds without progress | decoded, dropped | most buffered s |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for number, tile in enumerate(tiles):
        lines.append(
            f"| {number + 1} | {tile.width_px} | {tile.pictures} | {tile.longest_s:.2f} | {tile.stood} "
            f"| {tile.decoded}, {tile.dropped} | {tile.buffered_s:.1f} |"
        )
    lines += [
        "",
        "| minute | renderer RSS MB | own | whole browser PSS | heap used | nodes, listeners | load |",
        "|--:|--:|--:|--:|--:|--:|--:|",
        *map(_line, memory),
    ]
    return "\n".join(lines)


def find_violations(tiles: list[Tile], memory: list[Memory]) -> list[str]:
    """Return what was not as promised, a sentence each."""
    found = []
    for number, tile in enumerate(tiles, 1):
        if tile.longest_s > MAX_STILL_S:
            found.append(f"tile {number} stood still for {tile.longest_s:.1f} s")
        if tile.longest_stood > MAX_STILL_S:
            found.append(f"tile {number}'s time stood for {tile.longest_stood} s")
        if not 0 < tile.width_px <= WIDEST_SUB_PX:
            found.append(f"tile {number} is no small stream: {tile.width_px} px wide")
    third = len(memory) // 3
    if third:
        for name in ("own_bytes", "heap_bytes"):
            first, last = (median(getattr(one, name) for one in part) for part in (memory[:third], memory[-third:]))
            if last > first * (1 + MAX_GROWTH) + SPARE_BYTES:
                found.append(f"{name} grew from {first / 1e6:.1f} to {last / 1e6:.1f} MB")
        if memory[-1].nodes > memory[0].nodes * (1 + MAX_GROWTH) + 50:
            found.append(f"nodes grew from {memory[0].nodes} to {memory[-1].nodes}")
    return found


def find_cameras(person: Caller) -> list[str] | None:
    """Return as many as the wall has places, once they are there: the demo makes its pictures first."""
    found = [one["id"] for one in person.cameras() if one["address"]][:PLACES]
    return found if len(found) == PLACES else None


def run(product: Product, minutes: float) -> list[str]:
    person = Caller(product)
    cameras = until(lambda: find_cameras(person), 300, f"{PLACES} cameras")
    for camera in cameras:
        person.wait_recording(camera, timeout_s=300)
    with chromium() as browser:
        context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        log_in(page, product)
        hang_wall(page, product, cameras)
        tiles, memory = watch(page, minutes)
        late_ms = page.evaluate("window.bkPulse.longestMs")
        shoot(page, "soak-wall")
        context.close()
    person.close()
    print(
        f"{platform.system()} {platform.release()}, {os.cpu_count()} cores; {minutes:g} minutes, Chromium without a graphics card\n"
    )
    print(report(tiles, memory))
    print(f"\nthe page's own timer of 50 ms came late by at most {late_ms / 1000:.2f} s")
    return find_violations(tiles, memory) + [f"the page: {each}" for each in errors]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--scenes", choices=("kitchen", "pattern"), default="kitchen")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bk-soak-") as folder:
        product = Product(
            Path(folder) / "data",
            free_port_base(),
            ("--cameras", str(PLACES)),
            environment={"BRIGHTKITCHEN_DEMO__SCENES": arguments.scenes},
        )
        try:
            product.start(timeout_s=300)
            violations = run(product, arguments.minutes)
        finally:
            product.stop()
    print("\n" + ("\n".join(f"VIOLATED: {each}" for each in violations) if violations else "held"))
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
