"""Pictures and sound as they go out: packetised once for all viewers; per viewer only the header is made, and the packet sealed."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Final

from brightkitchen.media.live.webrtc.udp import MAX_RUN

PACKET_BYTES: Final = 1200
HEADER_BYTES: Final = 20  # with the one extension
TAG_BYTES: Final = 16
PAYLOAD_BYTES: Final = PACKET_BYTES - HEADER_BYTES - TAG_BYTES
HISTORY_FRAMES: Final = 64
HISTORY_BYTES: Final = 4 * 1024 * 1024
_plain = Struct(">BBHII").pack
_extended = Struct(">BBHIIII").pack
_PROFILE: Final = 0xBEDE_0001  # one-byte extensions, one word of them (RFC 8285 §4.2)
_MARKER: Final = 0x80
_WORD: Final = 0xFFFF_FFFF

Seal = Callable[[bytes], bytes]
Emit = Callable[[Sequence[bytes]], bool]


class Frame:
    """One picture, or one packet of sound. timestamp: unwrapped ticks of its RTP clock since 1970."""

    __slots__ = ("is_key", "payloads", "runs", "size_bytes", "timestamp")

    def __init__(self, payloads: Sequence[bytes], timestamp: int, *, is_key: bool) -> None:
        self.payloads = payloads
        self.timestamp = timestamp
        self.is_key = is_key
        self.runs = find_runs([len(payload) for payload in payloads])
        self.size_bytes = sum(map(len, payloads))


def find_runs(sizes: Sequence[int]) -> tuple[slice, ...]:
    """Return slices that cover everything: each of one size, but that its last may be shorter; at most `MAX_RUN` long."""
    runs: list[slice] = []
    start = 0
    for at in range(1, len(sizes) + 1):
        is_over = at == len(sizes) or at - start == MAX_RUN
        if is_over or sizes[at] > sizes[start] or sizes[at - 1] < sizes[start]:
            runs.append(slice(start, at))
            start = at
    return tuple(runs)


class Track:
    """One RTP stream to one viewer.

    extension: the whole word of a one-byte header extension to put on every packet, None for none.
    """

    def __init__(
        self, ssrc: int, payload_type: int, first_sequence: int, extension: int | None = None, *, keeps: bool = False
    ) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self.payload_bytes = 0
        self.last_timestamp = -1
        self._payload_type = payload_type
        self._extension = extension
        self._next = first_sequence  # unwrapped
        self._keeps = keeps
        self._history: deque[tuple[int, Frame, int]] = deque()
        self._history_bytes = 0

    def seal(self, frame: Frame, timestamp: int, seal: Seal) -> list[Sequence[bytes]]:
        """Return a whole frame as sealed runs, which now count as sent."""
        self.last_timestamp = timestamp
        packets = self._build(range(len(frame.payloads)), frame, self._next, timestamp, seal)
        if self._keeps:
            self._remember(frame, timestamp)
        self._next += len(packets)
        self.packets += len(packets)
        self.payload_bytes += frame.size_bytes
        return [packets[run] for run in frame.runs]

    def _remember(self, frame: Frame, timestamp: int) -> None:
        history = self._history
        history.append((self._next, frame, timestamp))
        self._history_bytes += frame.size_bytes
        while len(history) > HISTORY_FRAMES or (self._history_bytes > HISTORY_BYTES and len(history) > 1):
            self._history_bytes -= history.popleft()[1].size_bytes

    def send_again(self, sequences: Iterable[int], limit_bytes: int, seal: Seal, emit: Emit) -> int:
        """Send those packets again that are still known, at most so many bytes; return how many bytes that was."""
        sent_bytes = 0
        for sequence in sequences:
            wanted = self._next - (self._next - sequence & 0xFFFF)
            for first, frame, timestamp in reversed(self._history):
                if first <= wanted < first + len(frame.payloads):
                    packets = self._build((wanted - first,), frame, first, timestamp, seal)
                    sent_bytes += len(packets[0])
                    if sent_bytes > limit_bytes:
                        return sent_bytes
                    emit(packets)
                    break
        return sent_bytes

    def _build(self, which: Iterable[int], frame: Frame, first: int, timestamp: int, seal: Seal) -> list[bytes]:
        payloads, kind, ssrc, extension = frame.payloads, self._payload_type, self.ssrc, self._extension
        ticks, last = timestamp & _WORD, len(frame.payloads) - 1
        if extension is None:
            return [
                seal(
                    _plain(0x80, kind | _MARKER if at == last else kind, first + at & 0xFFFF, ticks, ssrc)
                    + payloads[at]
                )
                for at in which
            ]
        return [
            seal(
                _extended(
                    0x90, kind | _MARKER if at == last else kind, first + at & 0xFFFF, ticks, ssrc, _PROFILE, extension
                )
                + payloads[at]
            )
            for at in which
        ]
