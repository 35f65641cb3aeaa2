from tools.no_sleep import find_sleeps


def test_sleep_in_a_test_is_found_by_line() -> None:
    source = "import time, asyncio\ntime.sleep(1)\n\nasync def t():\n    await asyncio.sleep(0.1)\n"
    assert find_sleeps(source, "t.py") == ["t.py:2", "t.py:5"]


def test_yield_to_the_loop_and_manual_clock_pass() -> None:
    assert (
        find_sleeps(
            "import asyncio\nasync def t(clock):\n    await asyncio.sleep(0)\n    await clock.sleep(5)\n", "t.py"
        )
        == []
    )
