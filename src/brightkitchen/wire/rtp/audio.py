"""G.711 (RFC 3551 §4.5.14) and AAC (RFC 3640, modes AAC-hbr and AAC-lbr) in RTP become access units.

Left out: interleaving, CRA/DTS fields other than skipping none, MP4A-LATM. Rules of this file: as in video.py.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from struct import Struct
from struct import error as struct_error
from typing import Final

from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.aac import SAMPLES_PER_FRAME, build_audio_format, build_config
from brightkitchen.wire.au import AUDIO_TRACK, AccessUnit, AudioFormat, Codec
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.timeline import TrackClock
from brightkitchen.wire.rtp.track import SEQUENCE_STEP, Ledger, Packet, Track, static_codec

_G711_NAMES: Final = {Codec.PCMA: "alaw", Codec.PCMU: "ulaw"}
_MAX_FRAMES_PER_PACKET: Final = 64


@lru_cache(maxsize=64)
def _plain_packet(payload_bytes: int) -> Struct:
    """The first 8 bytes as a number, the source, and the payload."""
    return Struct(f">QI{payload_bytes}s")


class G711Track(Track):
    """One G.711 track: a packet is a unit.

    Packets that follow each other, all of one size, are a run: read whole by one `Struct`, placed and delivered together.
    """

    __slots__ = ("_samples", "_unpack")

    def __init__(self, description: TrackDescription, ledger: Ledger, clock: TrackClock, reorder: int) -> None:
        super().__init__(description, ledger, clock, reorder)
        self._expect(160)

    def _expect(self, payload_bytes: int) -> None:
        """Read packets of this size as a run from now on."""
        self._unpack = _plain_packet(payload_bytes).unpack
        self._samples = payload_bytes // self.description.channels  # one a byte and channel

    def receive(self, packets: Sequence[Packet], received_at: Utc, units: list[AccessUnit]) -> int:
        if self.format is None:
            self._announce(len(units))
        run: list[bytes] = []
        next_word, ssrc, unpack, step = self.next_word, self.ssrc, self._unpack, SEQUENCE_STEP + self._samples
        for packet in packets:
            try:
                word, source, payload = unpack(packet)
            except struct_error:
                word, source, payload = -2, -2, b""
            if word == next_word and source == ssrc:
                run.append(payload)
                next_word += step
                continue
            self._end_run(run, received_at, units)
            self._take(packet, received_at, units)
            next_word, ssrc, unpack, step = self.next_word, self.ssrc, self._unpack, SEQUENCE_STEP + self._samples
        self._end_run(run, received_at, units)
        return len(packets)

    def _end_run(self, run: list[bytes], received_at: Utc, units: list[AccessUnit]) -> None:
        """Deliver and forget the payloads of a run, whose first packet is the one that `next_word` expected."""
        if run:
            timestamp = self.next_word & 0xFFFFFFFF
            self.next_word += len(run) * SEQUENCE_STEP
            self._deliver(run, timestamp, received_at, units)
            run.clear()

    def _take(self, packet: Packet, received_at: Utc, units: list[AccessUnit]) -> None:
        """Handle a packet that does not simply continue the run."""
        opened = self.open(packet)
        if opened is None:
            return
        start, end, timestamp, _ = opened
        self._check_codec(len(units))
        if start < end:
            self._expect(end - start)
            self._deliver([bytes(packet[start:end])], timestamp, received_at, units)

    def _deliver(self, payloads: list[bytes], timestamp: int, received_at: Utc, units: list[AccessUnit]) -> None:
        """Make units of payloads of the expected size that follow each other from `timestamp` on."""
        placed = self.clock.place_run(timestamp, self._samples, len(payloads), received_at)
        end = timestamp + self._samples * len(payloads)
        self.next_word = self.next_word & ~0xFFFFFFFF | end & 0xFFFFFFFF
        early = sum(pts < 0 for pts in placed) if placed[0] < 0 else 0
        if early:
            self.ledger.units_dropped += early
            placed, payloads = placed[early:], payloads[early:]
        if placed:
            lost = (self.lost, *repeat(0, len(placed) - 1))
            self.lost = 0
            units += map(AccessUnit, repeat(self.index), placed, payloads, repeat(True), repeat(received_at), lost)

    def _announce(self, index: int) -> None:
        about = self.description
        self.announce(AudioFormat(self.codec, about.clock_rate_hz, about.channels, _G711_NAMES[self.codec]), index)

    def _check_codec(self, index: int) -> None:
        codec = static_codec(self.payload_type)
        if codec is not None and codec is not self.codec:
            self.note("codec_differs", f"SDP says {self.codec.value}, RTP carries {codec.value}")
            self.codec = codec
            self._announce(index)


class AacTrack(Track):
    """One AAC track: a packet is several frames, or a part of one."""

    __slots__ = ("_expected_bytes", "_index_bits", "_parts", "_size_bits", "_step", "_timestamp")

    def __init__(self, description: TrackDescription, ledger: Ledger, clock: TrackClock, reorder: int) -> None:
        super().__init__(description, ledger, clock, reorder)
        self._size_bits = _parse_bits(description, "sizelength", 13)
        self._index_bits = _parse_bits(description, "indexlength", 3)
        self._parts: list[bytes] = []
        self._expected_bytes = 0
        self._timestamp = -1
        self._step = SAMPLES_PER_FRAME

    def on_gap(self, timestamp: int, missing: int) -> None:
        if self._parts:
            self._parts = []
            self.ledger.units_dropped += 1

    def receive(self, packets: Sequence[Packet], received_at: Utc, units: list[AccessUnit]) -> int:
        if self.format is None:
            self._announce(len(units))
        for packet in packets:
            opened = self.open(packet)
            if opened is None:
                continue
            start, end, timestamp, _ = opened
            header_bits = int.from_bytes(packet[start : start + 2], "big")
            body = start + 2 + (header_bits + 7) // 8
            if body >= end or header_bits < self._size_bits + self._index_bits:
                self.skip("frame_headers_wrong", "AAC frame headers longer than their packet")
                continue
            self._take(packet, start + 2, body, end, timestamp, header_bits, received_at, units)
        return len(packets)

    def _take(
        self, packet: Packet, start: int, body: int, end: int, timestamp: int, header_bits: int, received_at: Utc,
        units: list[AccessUnit],
    ) -> None:  # fmt: skip
        each = self._size_bits + self._index_bits
        count = header_bits // each
        if count > _MAX_FRAMES_PER_PACKET:
            self.skip("frame_headers_wrong", f"{count} AAC frames in a packet")
            return
        headers = int.from_bytes(packet[start:body], "big") >> (body - start) * 8 - count * each
        sizes = [
            headers >> (count - 1 - index) * each + self._index_bits & (1 << self._size_bits) - 1
            for index in range(count)
        ]
        if count == 1 and (sizes[0] > end - body or self._parts):
            self._take_part(bytes(packet[body:end]), sizes[0], timestamp, received_at, units)
            return
        for index, size_bytes in enumerate(sizes):
            if body + size_bytes > end or not size_bytes:
                self.skip("frame_headers_wrong", "AAC frames longer than their packet")
                return
            self._deliver(bytes(packet[body : body + size_bytes]), timestamp + index * self._step, received_at, units)
            body += size_bytes

    def _take_part(
        self, part: bytes, size_bytes: int, timestamp: int, received_at: Utc, units: list[AccessUnit]
    ) -> None:
        """A fragment (RFC 3640 §3.2.3): each says the size of the whole frame; all have one timestamp."""
        if self._parts and timestamp != self._timestamp:
            self._parts = []
            self.ledger.units_dropped += 1
        self._timestamp = timestamp
        self._parts.append(part)
        have = sum(map(len, self._parts))
        if have >= size_bytes:
            whole, self._parts = b"".join(self._parts), []
            if have > size_bytes:
                self.skip("frame_headers_wrong", "AAC fragments longer than their frame")
            else:
                self._deliver(whole, timestamp, received_at, units)

    def _deliver(self, frame: bytes, timestamp: int, received_at: Utc, units: list[AccessUnit]) -> None:
        pts = self.clock.place(timestamp & 0xFFFFFFFF, received_at)
        if pts < 0 or self.format is None:
            self.ledger.units_dropped += 1
            return
        units.append(AccessUnit(self.index, pts, frame, True, received_at, self.lost))
        self.lost = 0

    def _announce(self, index: int) -> None:
        about = self.description
        try:
            try:
                format = build_audio_format(bytes.fromhex(about.fmtp.get("config", "")))
            except (ValueError, TheirError):
                self.note("audio_config_wrong", "SDP names no usable AAC configuration; plain AAC-LC is assumed")
                format = build_audio_format(build_config(about.clock_rate_hz, about.channels))
        except TheirError as error:
            self.note("audio_unusable", error.what)
            return
        self._step = SAMPLES_PER_FRAME * about.clock_rate_hz // format.sample_rate_hz
        self.announce(format, index)


def _parse_bits(description: TrackDescription, name: str, default: int) -> int:
    text = description.fmtp.get(name, "").strip()
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else default
    return value if 0 < value <= 16 else default


__all__ = ["AUDIO_TRACK", "AacTrack", "G711Track"]
