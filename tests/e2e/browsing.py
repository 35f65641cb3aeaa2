"""Chromium before the running product: what a person does on the page, and the clock read from the picture shown."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from tests.e2e.product import ROOT, Product

from brightkitchen_sim.liveclock import read_clock

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
RESULTS = ROOT / "test-results"

# The strip of the picture that holds the machine-readable clock, as RGBA, with the browser's own clock beside it.
_STRIP = """(video) => {
    if (video.readyState < 2 || video.seeking || !video.videoWidth) return null;
    const [width, height] = [video.videoWidth, Math.ceil(video.videoWidth / 80 * 5)];
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const drawing = canvas.getContext('2d', {willReadFrequently: true});
    drawing.drawImage(video, 0, 0);
    const now = Date.now();
    const bytes = drawing.getImageData(0, 0, width, height).data;
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return {now, width, height, at: video.currentTime, strip: btoa(text)};
}"""


@dataclass(frozen=True, slots=True)
class Seen:
    """clock_ms: UTC drawn into the picture; now_ms: the browser's clock when it was shown; at_s: the element's time."""

    clock_ms: int
    now_ms: int
    at_s: float

    @property
    def age_ms(self) -> int:
        return self.now_ms - self.clock_ms


@contextmanager
def chromium(*flags: str, home: Path | None = None) -> Iterator[Browser]:
    """Run a browser. Not beside a running event loop: Playwright has its own.

    home: where it looks for the authorities that a person installed; None: where everybody does.
    """
    environment: dict[str, str | float | bool] | None = {**os.environ, "HOME": str(home)} if home is not None else None
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=[*FLAGS, *flags], env=environment)
        try:
            yield browser
        finally:
            browser.close()


def log_in(page: Page, product: Product) -> None:
    """Open the page, fill in the form, wait for the wall."""
    page.goto(product.url)
    page.get_by_label("账号", exact=True).fill(product.username)
    page.get_by_label("密码", exact=True).fill(product.password)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/overview")
    page.goto(product.url + "live")


def seal(page: Page, note: str) -> str:
    """Fill in the dialog that a snapshot opens for an officer; return the number of the evidence."""
    dialog = page.get_by_role("dialog", name="固定截图")
    dialog.get_by_text("违规处置").click()
    dialog.get_by_label("说明").fill(note)
    shoot(page, "evidence-seal")
    dialog.get_by_role("button", name="固 定").or_(dialog.get_by_role("button", name="固定", exact=True)).click()
    said = page.get_by_text("已固定为证据")
    expect(said).to_be_visible(timeout=20_000)
    number = said.inner_text().split("证据")[1][:11]
    assert number.startswith("E")
    return number


def see(video: Locator) -> Seen | None:
    """Return what the picture's clock says now, None if no picture is shown."""
    got = video.evaluate(_STRIP)
    if got is None:
        return None
    pixels = np.frombuffer(base64.b64decode(got["strip"]), np.uint8).reshape(got["height"], got["width"], 4)
    clock_ms = read_clock(np.ascontiguousarray(pixels[:, :, :3]))
    return Seen(clock_ms, got["now"], got["at"]) if clock_ms is not None else None


def wait_seen(page: Page, video: Locator, timeout_s: float = 20, *, after_s: float = -1.0) -> Seen:
    """Wait for a picture with a clock whose element's time is past `after_s`."""
    for _ in range(int(timeout_s * 20)):
        seen = see(video)
        if seen is not None and seen.at_s > after_s:
            return seen
        page.wait_for_timeout(50)
    shoot(page, "no-picture")
    raise AssertionError(f"no picture with a readable clock within {timeout_s} s (test-results/no-picture.png)")


def watch_speed(page: Page, video: Locator, for_s: float, *, apart_s: float = 1.5) -> float:
    """Return how many seconds of recording are shown each second, by the clocks drawn into the pictures.

    The median of what is seen `apart_s` apart all along: that the machine stands still for a moment
    moves it little, a wrong speed moves it fully. Fails if over the whole time a fifth was lost.
    """
    looks: list[Seen] = []
    until_ms = page.evaluate("Date.now()") + for_s * 1000
    while not looks or looks[-1].now_ms < until_ms:
        looks.append(wait_seen(page, video))
        page.wait_for_timeout(40)
    speeds = []
    for look in looks:
        later = next((each for each in looks if each.now_ms >= look.now_ms + apart_s * 1000), None)
        if later is None:
            break
        speeds.append((later.clock_ms - look.clock_ms) / (later.now_ms - look.now_ms))
    assert len(speeds) >= 10, f"only {len(looks)} pictures were seen in {for_s} s"
    speed = median(speeds)
    overall = (looks[-1].clock_ms - looks[0].clock_ms) / (looks[-1].now_ms - looks[0].now_ms)
    print(
        f"speed: median {speed:.3f}, overall {overall:.3f}, {min(speeds):.3f} to {max(speeds):.3f}, {len(looks)} looks"
    )
    assert abs(overall) > 0.8 * abs(speed), "it stood still for a fifth of the time"
    return speed


def shoot(page: Page, name: str) -> Path:
    """Keep a picture of the page for people to look at."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.png"
    page.screenshot(path=path)
    return path
