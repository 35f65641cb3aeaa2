"""Initials of many names come from a process that ends, and are those of one name."""

import sys

import pytest

from brightkitchen.domain.premises import initials
from brightkitchen.domain.premises.initials import build_initials, initials_aside, initials_here
from brightkitchen.kernel.errors import BrightKitchenError

NAMES = ["站前小学食堂", "重庆火锅KFC 2店", "银行街长沙米粉", "，。", '引\n号“"', ""]


async def test_initials_from_aside_are_those_of_one_name() -> None:
    async with initials_aside() as aside, initials_here() as here:
        assert await aside(NAMES) == await here(NAMES) == [build_initials(name) for name in NAMES]
        assert await aside(NAMES[:1]) == ["zqxxst"]


async def test_initials_of_five_thousand_names_come_in_one_answer() -> None:
    names = [f"站前小学食堂{number}" for number in range(5_000)]
    async with initials_aside() as aside:
        assert await aside(names) == [f"zqxxst{number}" for number in range(5_000)]


async def test_process_that_dies_is_said_in_our_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initials, "_COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(BrightKitchenError) as caught:
        async with initials_aside() as aside:
            await aside(NAMES)
    assert caught.value.code == "premises.initials_failed"
