"""What all payload formats share: the RTP header, loss, order, and the book of what a camera does wrong (RFC 3550 §5, A.1).

The common packet never comes here: each payload format's loop compares the first eight header bytes, as one integer, with the
ones it expects. `Track.open` is for every other packet: first ones, last of a picture, odd headers, gaps.

Rules of this file: a packet from the network causes a note and a count, never an exception; every list is bounded.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AccessUnit, Codec, Format
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.timeline import TrackClock

Packet = memoryview | bytes

MAX_UNIT_BYTES: Final = 8 * 1024 * 1024
MAX_PIECES: Final = 32_768
MAX_NOTES: Final = 64
MAX_DROPOUT: Final = 3000
MAX_MISORDER: Final = 100
SEQUENCE_STEP: Final = 1 << 32
_HEADER: Final = Struct(">BBHII")
_PADDING, _EXTENSION = 0x20, 0x10


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a camera does otherwise than it says; each (track, code) is noted once per connection.

    code:   stable, e.g. ``codec_differs``; detail: one English sentence for the log, without secrets.
    """

    track: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class FormatChange:
    """`track` carries `format` from units[index] of the same call on."""

    index: int
    track: int
    format: Format


@dataclass(slots=True)
class Ledger:
    """Counts and notes of one connection, all tracks together."""

    packets_received: int = 0
    packets_lost: int = 0
    packets_late: int = 0
    packets_skipped: int = 0
    units_dropped: int = 0
    notes: list[Note] = field(default_factory=list)
    changes: list[FormatChange] = field(default_factory=list)
    _noted: set[tuple[int, str]] = field(default_factory=set)

    def note(self, track: int, code: str, detail: str) -> None:
        if (track, code) not in self._noted and len(self._noted) < MAX_NOTES:
            self._noted.add((track, code))
            self.notes.append(Note(track, code, detail))


class Track(ABC):
    """The receiving state of one track. A payload format is a subclass with `receive`."""

    __slots__ = (
        "_confirmed", "_extended", "_held", "_release", "_reorder", "at", "clock", "codec", "description", "format",
        "index", "ledger", "lost", "lost_total", "next_word", "payload_type", "received", "reported_lost",
        "reported_received", "ssrc",
    )  # fmt: skip

    def __init__(self, description: TrackDescription, ledger: Ledger, clock: TrackClock, reorder: int) -> None:
        self.description = description
        self.index = description.track
        self.codec = description.codec
        self.ledger = ledger
        self.clock = clock
        self.format: Format | None = None
        self.payload_type = description.payload_type
        self.ssrc = -1
        # The first 8 bytes of the next packet of the same unit as one number; -1 before the first packet.
        self.next_word = -1
        self.lost = 0
        self.lost_total = 0
        self.received = 0
        self.reported_lost = 0
        self.reported_received = 0
        self.at = Utc(0)
        self._confirmed = False
        self._extended = -1
        self._reorder = reorder
        self._held: dict[int, bytes] = {}
        self._release = -1

    @abstractmethod
    def receive(self, packets: Sequence[Packet], received_at: Utc, units: list[AccessUnit]) -> int:
        """Append the units that became whole. Returns how many packets were used: fewer if the codec turned out another."""

    def on_gap(self, timestamp: int, missing: int) -> None:  # noqa: B027  # G.711 has nothing to do
        """`missing` packets before the one with `timestamp` did not come (0: unknown, the source is another)."""

    def announce(self, format: Format, index: int) -> None:
        """Say that the format becomes known or changes before units[index]."""
        if format != self.format:
            self.format = format
            self.ledger.changes.append(FormatChange(index, self.index, format))

    def note(self, code: str, detail: str) -> None:
        self.ledger.note(self.index, code, detail)

    def skip(self, code: str, detail: str) -> None:
        """Count a packet that cannot be used, and note why."""
        self.ledger.packets_skipped += 1
        self.note(code, detail)

    def open(self, packet: Packet) -> tuple[int, int, int, int] | None:
        """Read one header with all its oddities.

        returns: (first payload byte, end of payload, timestamp, marker), or None if the packet is to be left out.
        """
        size_bytes = len(packet)
        if size_bytes < 12:
            self.skip("packet_short", f"a packet of {size_bytes} bytes")
            return None
        first, second, sequence, timestamp, source = _HEADER.unpack_from(packet)
        start, end = 12, size_bytes
        if first != 0x80:
            bounds = self._open_odd(packet, first)
            if bounds is None:
                return None
            start, end = bounds
        payload_type = second & 0x7F
        expected = self.next_word >> 32 & 0xFFFF
        if (
            self.next_word < 0 or sequence != expected or source != self.ssrc or payload_type != self.payload_type
        ) and not self._accept(sequence, timestamp, source, payload_type):
            return None
        self._confirmed = self._confirmed or payload_type == self.description.payload_type
        self.next_word = (0x8000 | payload_type) << 48 | (sequence + 1 & 0xFFFF) << 32 | timestamp
        return start, end, timestamp, second & 0x80

    def _open_odd(self, packet: Packet, first: int) -> tuple[int, int] | None:
        """Find the payload behind CSRCs and extension and before the padding (RFC 3550 §5.1, §5.3.1)."""
        if first >> 6 != 2:
            self.skip("not_rtp", f"a packet of version {first >> 6}")
            return None
        start, end = 12 + 4 * (first & 15), len(packet)
        if first & _EXTENSION:
            start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
        if first & _PADDING:
            if not 0 < packet[end - 1] <= end - start:
                self.skip("padding_wrong", "a packet whose padding is longer than itself")
                return None
            end -= packet[end - 1]
        if start > end:
            self.skip("packet_short", "a packet that ends within its header")
            return None
        return start, end

    def _accept(self, sequence: int, timestamp: int, source: int, payload_type: int) -> bool:
        """Decide about a packet that is not simply the next one: other source, other type, a gap, or late."""
        if payload_type != self.payload_type and not self.accept_payload_type(payload_type):
            self.skip("payload_type_foreign", f"packets of payload type {payload_type} among {self.payload_type}")
            return False
        if source != self.ssrc:
            if self.ssrc >= 0:
                self.note("source_changed", "the synchronisation source changed while playing")
                self.clock.restart()
                self.on_gap(timestamp, 0)
            self.ssrc = source
            self._extended = -1
            return True
        gap = (sequence - (self.next_word >> 32)) & 0xFFFF
        if gap >= 0x8000 and 0x10000 - gap <= MAX_MISORDER:
            self.ledger.packets_late += 1
            return False
        if gap:
            if gap > MAX_DROPOUT:
                self.note("sequence_jump", f"the sequence number jumped by {gap}")
                gap = 1
                self._extended = -1
            self.lost += gap
            self.lost_total += gap
            self.ledger.packets_lost += gap
            self.on_gap(timestamp, gap)
        return True

    def accept_payload_type(self, payload_type: int) -> bool:
        """Take another type than described only while the described one was never seen."""
        if self._confirmed and payload_type != self.description.payload_type:
            return False
        if payload_type != self.description.payload_type:
            self.note(
                "payload_type_differs",
                f"SDP says payload type {self.description.payload_type}, RTP carries {payload_type}",
            )
        self.payload_type = payload_type
        return True

    def highest_sequence(self) -> int:
        """Return the extended highest sequence number received (RFC 3550 §6.4.1); -1 before the first packet."""
        if self.next_word < 0:
            return -1
        highest = (self.next_word >> 32) - 1 & 0xFFFF
        if self._extended < 0:
            self._extended = highest
        else:
            self._extended += (highest - self._extended) & 0xFFFF
        return self._extended

    def sort(self, packets: Sequence[Packet]) -> list[Packet]:
        """Return packets in sequence, holding back at most `reorder` that came too early. For UDP only."""
        ready: list[Packet] = []
        for packet in packets:
            if len(packet) < 12:
                ready.append(packet)
                continue
            sequence = packet[2] << 8 | packet[3]
            ahead = (sequence - self._release) & 0xFFFF if self._release >= 0 else 0
            if 0 < ahead <= MAX_DROPOUT:
                self._held[sequence] = bytes(packet)
                if len(self._held) > self._reorder:
                    self._release = min(self._held, key=lambda held: (held - self._release) & 0xFFFF)
            elif ahead and 0x10000 - ahead <= MAX_MISORDER:
                self.ledger.packets_late += 1
                continue
            else:
                if ahead:  # far away: another numbering begins
                    ready.extend(self._held[key] for key in sorted(self._held, key=self._distance))
                    self._held.clear()
                ready.append(packet)
                self._release = sequence + 1 & 0xFFFF
            while self._release in self._held:
                ready.append(self._held.pop(self._release))
                self._release = self._release + 1 & 0xFFFF
        return ready

    def _distance(self, sequence: int) -> int:
        return (sequence - self._release) & 0xFFFF


def static_codec(payload_type: int) -> Codec | None:
    """Return what RFC 3551 §6 fixes for a payload type, as far as we know the codec."""
    return {0: Codec.PCMU, 8: Codec.PCMA}.get(payload_type)
