"""Records streams: groups of pictures in, fragments for the store out. docs/design/storage.md §4, media-path.md §3.

One `StreamRecorder` per recorded stream is a hub reader; one `Recorder` collects what all of them cut and hands it to the
store's writing thread a few times a second. Nothing here waits for a disk: what the queue cannot take is dropped, counted
and noted as a gap.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.tasks import back_off_s
from brightkitchen.kernel.units import Utc
from brightkitchen.media.hub.stream import Stream
from brightkitchen.media.recorder.stream_recorder import Muxer, StreamRecorder
from brightkitchen.media.store.appender import WriteFailure
from brightkitchen.media.store.commands import Append, AppendAudio, Command
from brightkitchen.media.store.model import EndReason, GapReason

log = get_logger(__name__)

HAND_OVER_EVERY_S: Final = 0.15
QUEUE_LIMIT_BYTES: Final = 64 * 1024 * 1024
SEGMENT_S: Final = 60.0
_RETRY_S: Final = (5.0, 60.0)


class Writing(Protocol):
    """What the recorder needs of `store.Store`."""

    @property
    def queued_bytes(self) -> int: ...

    @property
    def has_room(self) -> bool: ...

    @property
    def can_write(self) -> bool: ...

    @property
    def is_making_room(self) -> bool: ...

    @property
    def is_alive(self) -> bool: ...

    def submit(self, commands: list[Command], size_bytes: int) -> None: ...

    def take_failures(self) -> list[WriteFailure]: ...


@dataclass(frozen=True, slots=True)
class RecordingState:
    """What a report says about the recording of one stream."""

    is_recording: bool
    recorded_until_at: Utc | None


class Recorder:
    """All recordings of this node."""

    def __init__(
        self,
        store: Writing,
        muxer: Muxer,
        *,
        clock: Clock,
        entropy: Entropy,
        segment_s: float = SEGMENT_S,
        queue_limit_bytes: int = QUEUE_LIMIT_BYTES,
    ) -> None:
        self._store = store
        self._muxer = muxer
        self._clock = clock
        self._entropy = entropy
        self._segment_s = segment_s
        self._queue_limit_bytes = queue_limit_bytes
        self._streams: dict[StreamKey, StreamRecorder] = {}
        self._outbox: list[Command] = []
        self._outbox_bytes = 0
        self._pause: GapReason | None = None
        self._pause_attempt = 0
        self._retry_at_s = 0.0
        self.dropped_bytes = 0
        self._dropped_told = 0

    @property
    def keys(self) -> frozenset[StreamKey]:
        """The streams that are being recorded, or would be if they came."""
        return frozenset(self._streams)

    def start(self, stream: Stream) -> None:
        """Record `stream` from its next key frame on; harmless if it is recorded."""
        if stream.key in self._streams:
            return
        recording = StreamRecorder(
            stream, self._muxer, self, clock=self._clock, entropy=self._entropy, segment_s=self._segment_s
        )
        self._streams[stream.key] = recording
        stream.attach(recording, is_viewer=False)

    def stop(self, key: StreamKey, reason: GapReason) -> None:
        """Close the file and note from when and why nothing is recorded; harmless if it is not recorded."""
        recording = self._streams.pop(key, None)
        if recording is not None:
            recording.stop(reason)

    def close(self) -> None:
        """Stop all, and hand over everything."""
        for key in list(self._streams):
            self.stop(key, GapReason.NODE_STOPPED)
        self.hand_over()

    def state(self, key: StreamKey) -> RecordingState:
        recording = self._streams.get(key)
        if recording is None:
            return RecordingState(False, None)
        is_recording = recording.is_writing and self._pause is None and self._store.is_alive
        return RecordingState(is_recording, recording.recorded_until_at)

    # -- for the streams' recorders -----------------------------------------------------------------------------------

    @property
    def pause(self) -> GapReason | None:
        """Why nothing can be written now; None if it can."""
        return self._pause

    def put(self, command: Command) -> bool:
        """Queue one command. Return False, and take nothing, if media does not fit any more: the disk is too slow."""
        if isinstance(command, Append | AppendAudio):
            size = command.size_bytes
            if self._store.queued_bytes + self._outbox_bytes + size > self._queue_limit_bytes:
                self.dropped_bytes += size
                return False
            self._outbox_bytes += size
        self._outbox.append(command)
        return True

    # -- a few times a second -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Hand over and look after failures until cancelled. raises: INTERNAL, "store.writer_died"."""
        while True:
            await self._clock.sleep(HAND_OVER_EVERY_S)
            self.hand_over()
            if not self._store.is_alive:
                raise BrightKitchenError(Kind.INTERNAL, "store.writer_died")

    def hand_over(self) -> None:
        """One turn of `run`."""
        if self._outbox:
            commands, self._outbox = self._outbox, []
            size, self._outbox_bytes = self._outbox_bytes, 0
            self._store.submit(commands, size)
        for failure in self._store.take_failures():
            if not self._store.can_write:
                self._begin_pause(GapReason(failure.reason.value))
            recording = self._streams.get(failure.segment.label.key)
            if recording is not None:
                recording.on_failure(failure.segment, failure.reason)
        if self._pause is not None:
            self._try_again()
        if self.dropped_bytes > self._dropped_told:
            log.error("disk too slow", dropped_bytes=self.dropped_bytes - self._dropped_told)
            self._dropped_told = self.dropped_bytes

    def _begin_pause(self, reason: GapReason) -> None:
        if self._pause is not None:
            return
        self._pause = reason
        self._pause_attempt += 1
        first_s, longest_s = _RETRY_S
        self._retry_at_s = self._clock.mono_s() + back_off_s(
            self._pause_attempt, self._entropy, first_s=first_s, longest_s=longest_s
        )
        log.error("recording paused", reason=reason.value, attempt=self._pause_attempt)
        end_reason = EndReason(reason.value)
        for recording in self._streams.values():
            recording.on_pause(end_reason)

    def _try_again(self) -> None:
        is_soon = self._pause is GapReason.DISK_FULL and self._store.is_making_room
        if self._clock.mono_s() < self._retry_at_s and not is_soon:
            return
        if self._store.has_room:
            log.info("recording resumed", reason=self._pause.value if self._pause is not None else "")
            self._pause = None
            return
        self._store.submit([], 0)  # the writing thread looks for room at every hand-over
        self._retry_at_s = self._clock.mono_s() + HAND_OVER_EVERY_S

    def told_written(self) -> None:
        """A segment was begun after a pause and took data: the next pause starts with a short wait again."""
        self._pause_attempt = 0
