"""The HLS muxers of a node: one for each stream that somebody fetches, and the bound of what they keep together."""

from collections.abc import Callable, Iterator
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.live.llhls.muxer import HlsMuxer
from brightkitchen.media.live.llhls.window import LIMIT_BYTES
from brightkitchen.media.live.wsfmp4.muxer import LiveStream, StreamProvider

MAX_STREAMS: Final = 64
NODE_LIMIT_BYTES: Final = 256 * 1024 * 1024


class HlsStreams:
    """A muxer lives from its first user to its last."""

    def __init__(self, streams: StreamProvider, *, pool: DecodePool, clock: Clock, supervisor: Supervisor) -> None:
        self._streams = streams
        self._make: Callable[[StreamKey, LiveStream], HlsMuxer] = lambda key, stream: HlsMuxer(
            key, stream, pool=pool, clock=clock, supervisor=supervisor
        )
        self._users: dict[HlsMuxer, int] = {}

    def __len__(self) -> int:
        return len(self._users)

    def __iter__(self) -> Iterator[HlsMuxer]:
        return iter(tuple(self._users))

    def open(self, key: StreamKey) -> HlsMuxer:
        """Return the stream's muxer with one user more. raises: NOT_FOUND if there is no such stream, EXHAUSTED."""
        stream = self._streams.get(key)
        if stream is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        muxer = next((each for each in self._users if each.stream is stream), None)
        if muxer is None:
            if len(self._users) >= MAX_STREAMS:
                raise BrightKitchenError(Kind.EXHAUSTED, "media.too_many_viewers")
            muxer = self._make(key, stream)
            self._users[muxer] = 0
            self._share_memory()
            muxer.start()
        self._users[muxer] += 1
        return muxer

    def is_current(self, muxer: HlsMuxer) -> bool:
        """False once the node has another stream, or none, in the place of the muxer's."""
        return self._streams.get(muxer.key) is muxer.stream

    def close(self, muxer: HlsMuxer) -> None:
        """One user is gone; with the last, everything that was kept."""
        self._users[muxer] -= 1
        if self._users[muxer] == 0:
            del self._users[muxer]
            muxer.stop()
            self._share_memory()

    @property
    def size_bytes(self) -> int:
        return sum(muxer.window.size_bytes for muxer in self._users)

    def _share_memory(self) -> None:
        """All of them together keep no more than the node may, each no more than its own bound."""
        for muxer in self._users:
            muxer.window.limit_bytes = min(LIMIT_BYTES, NODE_LIMIT_BYTES // len(self._users))
