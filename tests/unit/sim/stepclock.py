"""A clock that moves only when a test says so."""


class StepClock:
    def __init__(self, mono_s: float = 100.0, utc_us: int = 1_795_392_000_000_000) -> None:
        self._mono_s = mono_s
        self._utc_us = utc_us

    def mono_s(self) -> float:
        return self._mono_s

    def utc_us(self) -> int:
        return self._utc_us

    def advance(self, duration_s: float) -> None:
        self._mono_s += duration_s
        self._utc_us += round(duration_s * 1_000_000)
