"""Everything that a node transcodes: live streams, each once for all its viewers, and recordings, each for who plays it."""

from collections.abc import Mapping
from typing import Final, Protocol

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.live.wsfmp4.muxer import LiveStream
from brightkitchen.media.transcode.coding import Coding, TranscodeCounters
from brightkitchen.media.transcode.live import LiveTranscode
from brightkitchen.media.transcode.play import PlayTranscode
from brightkitchen.media.transcode.slots import Slots
from brightkitchen.wire.au import VIDEO_TRACK, Codec, Format

USUAL_LIMIT: Final = 2


class SourceStream(LiveStream, Protocol):
    """Structurally `media.hub.stream.Stream`. formats: what is known now, by track."""

    @property
    def formats(self) -> Mapping[int, Format]: ...


class SourceProvider(Protocol):
    """Structurally `media.hub.hub.Hub`."""

    def get(self, key: StreamKey) -> SourceStream | None: ...


class Transcodes:
    """A `StreamProvider` of the same streams as H.264. limit: how many at once, live and recorded together; 0: none."""

    def __init__(
        self,
        streams: SourceProvider,
        *,
        limit: int,
        pool: DecodePool,
        clock: Clock,
        entropy: Entropy,
        supervisor: Supervisor,
    ) -> None:
        self.slots = Slots(limit, clock, supervisor)
        self.counters = TranscodeCounters()
        self._streams = streams
        self._pool = pool
        self._clock = clock
        self._entropy = entropy
        self._supervisor = supervisor
        self._live: dict[StreamKey, LiveTranscode] = {}
        self._plays: dict[str, PlayTranscode] = {}

    def get(self, key: StreamKey) -> LiveTranscode | None:
        """Return the stream as H.264; None if this node has no such stream, or it is H.264 as it comes."""
        source = self._streams.get(key)
        known = self._live.get(key)
        if known is not None and known.source is not source:
            known.close()
            known = None
        if source is None or not _is_needed(source):
            return None
        if known is None:
            known = self._live[key] = LiveTranscode(
                key,
                source,
                slots=self.slots,
                open_coding=self._open_coding,
                clock=self._clock,
                entropy=self._entropy,
                supervisor=self._supervisor,
                counters=self.counters,
                on_unused=self._forget,
            )
        return known

    def play(self, player: str, key: StreamKey, *, owner: str) -> PlayTranscode:
        """Return what transcodes a recording for this player; it takes a place when it is used.

        player: the handle, see `end_play`. owner: its session, which may give up one place for another.
        """
        known = self._plays.get(player)
        if known is None:
            known = self._plays[player] = PlayTranscode(
                key,
                owner=owner,
                slots=self.slots,
                open_coding=self._open_coding,
                on_unused=lambda: self._plays.pop(player, None),
            )
        return known

    def end_play(self, player: str) -> None:
        """The player is gone; harmless if it never needed anything."""
        known = self._plays.get(player)
        if known is not None:
            known.close()

    @property
    def pids(self) -> list[int]:
        """The processes that transcode now."""
        found = [*(one.pid for one in self._live.values()), *(one.pid for one in self._plays.values())]
        return [pid for pid in found if pid is not None]

    def _open_coding(self, key: StreamKey) -> Coding:
        return Coding(key.camera, self._pool.open_lane(f"transcode {key}"), self._clock, self.counters)

    def _forget(self, ended: LiveTranscode) -> None:
        if self._live.get(ended.key) is ended:
            del self._live[ended.key]


def _is_needed(source: SourceStream) -> bool:
    """False if the camera is known to send H.264 by itself."""
    video = source.formats.get(VIDEO_TRACK)
    return video is None or video.codec is not Codec.H264
