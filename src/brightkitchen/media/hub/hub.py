"""All streams of this node, by key."""

import asyncio
from collections.abc import Callable, Iterator

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.hub.stream import IDLE_STOP_S, OpenSource, Stream


class Hub:
    """Owns the streams. `on_changed` is called with the key of a stream whose report is worth sending."""

    def __init__(
        self, *, clock: Clock, entropy: Entropy, supervisor: Supervisor, idle_stop_s: float = IDLE_STOP_S
    ) -> None:
        self._supervisor = supervisor
        self._idle_stop_s = idle_stop_s
        self._clock = clock
        self._entropy = entropy
        self._streams: dict[StreamKey, Stream] = {}
        self.on_changed: Callable[[StreamKey], None] = lambda key: None

    def __iter__(self) -> Iterator[Stream]:
        return iter(list(self._streams.values()))

    def __len__(self) -> int:
        return len(self._streams)

    def get(self, key: StreamKey) -> Stream | None:
        """Return the stream, or None: this node does not serve it."""
        return self._streams.get(key)

    def clock_drift_us(self, key: StreamKey) -> int | None:
        """Return how far the camera's clock is ahead of ours, as it last said; None = unknown."""
        stream = self._streams.get(key)
        return stream.clock_drift_us if stream is not None else None

    def add(self, key: StreamKey, open_source: OpenSource) -> Stream:
        """Make a stream; it connects when the first reader attaches. raises: ValueError if it exists."""
        if key in self._streams:
            raise ValueError(f"stream {key} exists")
        stream = Stream(
            key,
            open_source,
            clock=self._clock,
            entropy=self._entropy,
            supervisor=self._supervisor,
            idle_stop_s=self._idle_stop_s,
            on_changed=lambda changed: self.on_changed(changed),
        )
        self._streams[key] = stream
        return stream

    async def remove(self, key: StreamKey) -> None:
        """Close the stream and forget it; harmless if it is not there."""
        stream = self._streams.pop(key, None)
        if stream is not None:
            await stream.close()

    async def close(self) -> None:
        """Close all streams at once."""
        streams, self._streams = list(self._streams.values()), {}
        await asyncio.gather(*(stream.close() for stream in streams))

    def sample(self) -> None:
        """Take every stream's counters; called once a second by the node."""
        for stream in self._streams.values():
            stream.sample()
