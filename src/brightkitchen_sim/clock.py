"""The simulator's own clock: the one file here that reads the host's clocks."""

import datetime
import time
from typing import Protocol

US_PER_S = 1_000_000


class Clock(Protocol):
    """Wall time and monotonic time."""

    def mono_s(self) -> float:
        """Return seconds that never step back."""

    def utc_us(self) -> int:
        """Return microseconds since 1970."""


class SystemClock:
    """The host's clocks."""

    def mono_s(self) -> float:
        return time.monotonic()

    def utc_us(self) -> int:
        return time.time_ns() // 1000

    def cpu_s(self) -> float:
        """Return the processor seconds, user and system, that this process has used."""
        return time.process_time()


def build_utc_text(utc_us: int) -> str:
    """Return ISO 8601 with milliseconds and Z."""
    moment = datetime.datetime.fromtimestamp(utc_us // US_PER_S, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{utc_us % US_PER_S // 1000:03d}Z"
