"""The one place that draws random numbers. A test hands in a seeded source and can replay what it saw."""

import os
import random
from typing import Protocol


class Entropy(Protocol):
    """Random bytes for keys and ids, and random fractions for jitter."""

    def token_bytes(self, size_bytes: int) -> bytes:
        """Return `size_bytes` random bytes; unpredictable in production."""

    def uniform(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""


class SystemEntropy:
    """The operating system's generator."""

    def token_bytes(self, size_bytes: int) -> bytes:
        return os.urandom(size_bytes)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * int.from_bytes(os.urandom(7)) / (1 << 56)


class SeededEntropy:
    """Repeatable, for tests. Never for keys."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def token_bytes(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)
