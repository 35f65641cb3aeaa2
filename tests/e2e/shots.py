"""Pictures of every screen, for people to look at (UI §9): ``python -m tests.e2e.shots --out DIR``.

Both languages and both themes at two sizes of a desk, and two of the four on a telephone. A screen that cannot be
reached is named at the end, and the command then ends with 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from playwright.sync_api import Error
from tests.e2e.browsing import chromium
from tests.e2e.screens import SCREENS, Screen
from tests.e2e.seeding import start_seeded
from tests.e2e.visiting import Language, Theme, Visitor, settle, turn_theme

from brightkitchen.kernel.clock import SystemClock

CLOCK: Final = SystemClock()
DESKS: Final = ((1920, 1080), (1366, 768))
PHONE: Final = (390, 844)
LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")
ON_A_PHONE: Final[tuple[tuple[Language, Theme], ...]] = (("zh-CN", "light"), ("en", "dark"))
KITCHENS: Final = {"BRIGHTKITCHEN_DEMO__SCENES": "kitchen"}


class Shots:
    """Takes the pictures of one run, until its time is over."""

    def __init__(self, visitor: Visitor, out: Path, until_s: float) -> None:
        self._visitor = visitor
        self._out = out
        self._until_s = until_s
        self.failed: list[str] = []
        self.taken = 0

    def take(self, screen: Screen, only: Sequence[str]) -> None:
        """Take all pictures of a screen. only: "zh-CN-light-1366" and the like, empty for all."""
        for language in LANGUAGES:
            wanted = [each for each in _kinds(language) if not only or _name(*each) in only]
            for phone in (False, True):
                kinds = [each for each in wanted if (each[2] == PHONE) is phone]
                if kinds and CLOCK.mono_s() < self._until_s:
                    self._take(screen, kinds)

    def _take(self, screen: Screen, kinds: Sequence[tuple[Language, Theme, tuple[int, int]]]) -> None:
        """Take these pictures of one page: the theme is turned and the window resized with the dialog open."""
        language, theme, size = kinds[0]
        try:
            page = self._visitor.open(screen, language, theme, size)
        except (Error, AssertionError) as error:
            self.failed.append(f"{screen.name} {_name(*kinds[0])}: {str(error).splitlines()[0]}")
            return
        try:
            for wanted_language, wanted, size in kinds:
                if wanted != theme and not turn_theme(page):
                    page.close()
                    page = self._visitor.open(screen, language, wanted, size)
                theme = wanted
                page.set_viewport_size({"width": size[0], "height": size[1]})
                settle(page)
                page.screenshot(path=self._out / f"{screen.name}-{_name(wanted_language, wanted, size)}.png")
                self.taken += 1
        except (Error, AssertionError) as error:
            self.failed.append(f"{screen.name}: {str(error).splitlines()[0]}")
        finally:
            page.close()


def _kinds(language: Language) -> Iterator[tuple[Language, Theme, tuple[int, int]]]:
    for theme in ("light", "dark"):
        for size in DESKS:
            yield language, theme, size
    yield from ((each, theme, PHONE) for each, theme in ON_A_PHONE if each == language)


def _name(language: Language, theme: Theme, size: tuple[int, int]) -> str:
    return f"{language}-{theme}-{size[0]}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.e2e.shots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("test-results/shots"))
    parser.add_argument("--screen", action="append", default=[], help="only screens whose name begins so")
    parser.add_argument("--kind", action="append", default=[], help="only these: zh-CN-light-1366")
    parser.add_argument("--within-s", type=float, default=1800, help="no new screen is begun later")
    said = parser.parse_args(arguments)
    said.out.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in SCREENS if not said.screen or each.name.startswith(tuple(said.screen))]
    started_s = CLOCK.mono_s()
    with (
        tempfile.TemporaryDirectory(prefix="bk-shots-") as folder,
        start_seeded(Path(folder), "--cameras", "4", settings=KITCHENS) as (product, things),
        chromium() as browser,
    ):
        visitor = Visitor(browser, product, things)
        shots = Shots(visitor, said.out, CLOCK.mono_s() + said.within_s)
        for screen in chosen:
            shots.take(screen, said.kind)
        visitor.close()
    print(f"{shots.taken} pictures of {len(chosen)} screens in {said.out} after {CLOCK.mono_s() - started_s:.0f} s")
    for each in shots.failed:
        print(f"not reached: {each}")
    return 1 if shots.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
