"""H.264 (RFC 6184) and H.265 (RFC 7798) in RTP become access units, byte for byte.

Taken: single NAL units, STAP-A and AP, FU-A and FU (with DONL where sprop-max-don-diff says so). Counted and skipped: STAP-B,
MTAP, FU-B, PACI: no camera of this field sends interleaved mode.

Theory of operation. The loop in `receive` compares each packet with the one that would continue the fragmented NAL unit it is in
(same header but for the sequence number, same FU header): such a packet costs a slice and an append. The one that would end it is
known as well (end bit). All others go through `_take`. An access unit is the list `_pieces`, joined once. It ends at the marker bit, or where the timestamp changes for
cameras that never set it or set it on every NAL unit: so the marker of the first picture is believed only after the next
packet came. NAL units without a picture (parameter sets that a camera stamps or marks by themselves) wait for the next picture.

Rules of this file: nothing refers to a packet's memory after `receive` returned; what is kept is bounded by MAX_UNIT_BYTES.
"""

import base64
import binascii
from collections.abc import Sequence
from struct import Struct
from struct import error as struct_error
from typing import Final

from brightkitchen.kernel.errors import TheirError
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import VIDEO_TRACK, AccessUnit, Codec
from brightkitchen.wire.h26x import (
    MAX_PARAMETER_SET_BYTES,
    build_video_format,
    parse_nal_type,
    parse_set_id,
    split_avcc,
)
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.timeline import TrackClock
from brightkitchen.wire.rtp.track import MAX_PIECES, MAX_UNIT_BYTES, SEQUENCE_STEP, Ledger, Packet, Track

_MAX_SETS: Final = 64
# Of the first 8 bytes as a number: the marker bit, and what a plain packet has in common with the expected one.
_MARKER: Final = 0x80 << 48
_SAME: Final = 0xFF7F_FFFF_0000_0000
_SETS: Final = {Codec.H264: frozenset((7, 8)), Codec.H265: frozenset((32, 33, 34))}
_KEYS: Final = {Codec.H264: frozenset((5,)), Codec.H265: frozenset(range(16, 22))}
_PICTURES: Final = {Codec.H264: frozenset(range(1, 6)), Codec.H265: frozenset(range(32))}
_H264_PREFIXES: Final = frozenset((6, 7, 8, 9))
_H265_PREFIXES: Final = frozenset((32, 33, 34, 35, 39))
_SPROPS: Final = {
    Codec.H264: ("sprop-parameter-sets",),
    Codec.H265: ("sprop-vps", "sprop-sps", "sprop-pps"),
}
# H.265's VPS and AP begin with bytes that are no NAL unit of H.264 (type 0); H.264's SPS is no NAL unit of H.265 (48..63).
_H265_FIRST: Final = frozenset((0x40, 0x60))
_H264_SPS_FIRST: Final = frozenset((0x27, 0x47, 0x67))
_H264_PROFILES: Final = frozenset((66, 77, 88, 100, 110, 122, 244))

_BYTES: Final = tuple(bytes((value,)) for value in range(256))
_CONTINUATION: Final = {
    Codec.H264: (Struct(">QI2s").unpack_from, slice(14, None)),
    Codec.H265: (Struct(">QI3s").unpack_from, slice(15, None)),
}


class VideoTrack(Track):
    """One video track, of either codec."""

    __slots__ = (
        "_check_first", "_continuation", "_damaged", "_donl", "_flushed", "_fragment_at", "_fragment_type", "_has_picture",
        "_is_h264", "_is_key", "_key_kinds", "_last", "_lost_after", "_marked", "_middle", "_newest_sps", "_picture_kinds",
        "_piece_bytes", "_pieces", "_placed", "_repeats", "_set_kinds", "_sets", "_sets_changed", "_solid", "_started", "_timestamp", "_trusted",
    )  # fmt: skip

    def __init__(self, description: TrackDescription, ledger: Ledger, clock: TrackClock, reorder: int) -> None:
        super().__init__(description, ledger, clock, reorder)
        self._pieces: list[Packet] = []
        self._solid = 0  # pieces before this index no longer refer to a packet
        self._piece_bytes = 0  # their size
        self._fragment_at = -1  # index of the length of the NAL unit that is being put together
        self._fragment_type = 0
        self._middle = b""  # payload header and FU header of its continuation
        self._last = b""  # and of its end
        self._timestamp = -1
        self._flushed = -1
        self._has_picture = False
        self._is_key = False
        self._damaged = False
        self._check_first = False
        self._lost_after = 0  # of `lost`, what was lost behind the picture that is open
        self._marked = False
        self._placed = -1  # tick of the last picture before repeats, and how many repeated it
        self._repeats = 0
        self._trusted: bool | None = None
        self._started = False
        self._donl = int(description.fmtp.get("sprop-max-don-diff", "0").strip() not in ("", "0")) * 2
        self._sets: dict[tuple[int, int], bytes] = {}
        self._newest_sps: bytes | None = None
        self._sets_changed = False
        self._configure(description.codec)
        self._read_description()

    def _configure(self, codec: Codec) -> None:
        """Look up what depends on the codec once: hashing an enum member costs more than all else in a packet's way."""
        self.codec = codec
        self._is_h264 = codec is Codec.H264
        self._set_kinds = _SETS[codec]
        self._key_kinds = _KEYS[codec]
        self._picture_kinds = _PICTURES[codec]
        self._continuation = _CONTINUATION[codec]

    def _read_description(self) -> None:
        for name in _SPROPS[self.codec]:
            for text in self.description.fmtp.get(name, "").split(","):
                try:
                    nal = base64.b64decode(text.strip() + "=" * (-len(text.strip()) % 4), validate=True)
                except (binascii.Error, ValueError):
                    self.note("sprop_wrong", f"{name} is not base64")
                    continue
                if nal:
                    self._learn(nal)

    def receive(self, packets: Sequence[Packet], received_at: Utc, units: list[AccessUnit]) -> int:
        codec = self.codec
        unpack, tail = self._continuation
        if self._sets_changed and not self._pieces:
            self._renew_format(len(units))
        next_word, ssrc = self.next_word, self.ssrc
        middle, last, append = self._middle, self._last, self._pieces.append
        left = iter(packets)
        for packet in left:
            try:
                word, source, head = unpack(packet)
            except struct_error:
                word, source, head = -2, -2, b""
            if word == next_word and source == ssrc:
                if head == middle:
                    append(packet[tail])
                    next_word += SEQUENCE_STEP
                    continue
                if head == last and not self._marked:  # the end of the NAL unit, not of the picture
                    append(packet[tail])
                    next_word += SEQUENCE_STEP
                    self._close_fragment()
                    self.at, middle, last = received_at, b"", b""
                    continue
            self.next_word = next_word
            self._take(packet, word, source, received_at, units)
            if self.codec is not codec:
                return len(packets) - 1 - len(list(left))  # this packet and those behind it are read anew
            next_word, ssrc = self.next_word, self.ssrc
            middle, last, append = self._middle, self._last, self._pieces.append
        self.next_word = next_word
        if self._pieces:
            self.at = received_at
            self._settle()
        return len(packets)

    def on_gap(self, timestamp: int, missing: int) -> None:
        if self._pieces and self._marked and timestamp != self._timestamp:
            self._lost_after += missing
        elif self._pieces:
            self._damaged = True
        self._check_first = self._check_first or timestamp != self._timestamp

    def _take(self, packet: Packet, word: int, source: int, received_at: Utc, units: list[AccessUnit]) -> None:
        """Handle a packet that does not simply continue a fragmented NAL unit. word, source: as read by `receive`."""
        if not (word ^ self.next_word) & _SAME and source == self.ssrc:
            # Plain header and the expected number; only marker and timestamp are its own.
            start, end = 12, len(packet)
            timestamp, marker = word & 0xFFFFFFFF, word & _MARKER
            self.next_word = word - marker + SEQUENCE_STEP
        else:
            opened = self.open(packet)
            if opened is None:
                return
            start, end, timestamp, marker = opened
        if timestamp != self._timestamp:
            if self._pieces or self._damaged:
                self._end_unmarked(units)
            self._timestamp = timestamp
        elif self._marked:
            if start == end:  # an empty packet behind the picture says nothing
                return
            if self._starts_picture(packet, start, end):
                self._flush(units)
            elif self._trusted is None:
                self._trusted = False
                self.note("marker_wrong", "the marker bit is set within pictures")
        if end > start:
            if self._is_h264:
                self._take_h264(packet, start, end)
            else:
                self._take_h265(packet, start, end)
        self.at = received_at
        self._marked = is_over = marker != 0 and self._has_picture
        if is_over and self._trusted:
            self._flush(units)

    def _end_unmarked(self, units: list[AccessUnit]) -> None:
        """Another picture begins while one is open: it ends here."""
        self._damaged = self._damaged or self._fragment_at >= 0
        check_first, self._check_first = self._check_first, False
        if self._marked and self._trusted is None:
            self._trusted = True
        elif self._has_picture and not self._marked and not self._damaged and self._trusted is not False:
            self._trusted = False
            self.note("marker_missing", "pictures end without a marker bit")
        if self._has_picture or self._damaged:
            self._flush(units)
        self._check_first = check_first

    def _take_h264(self, packet: Packet, start: int, end: int) -> None:
        first = packet[start]
        nal_type = first & 31
        if 0 < nal_type < 6 and self._fragment_at < 0:  # a whole slice
            self._pieces += ((end - start).to_bytes(4), packet[start:end])
            self._has_picture = True
            self._is_key = self._is_key or nal_type == 5
        elif 0 < nal_type < 24:
            self._add(packet[start:end], nal_type)
        elif nal_type == 28:
            if end - start < 2:
                self.skip("fragment_short", "an FU-A without a header")
                return
            header = packet[start + 1]
            if header & 0x80:
                nal_type = header & 31
                self._begin_fragment(nal_type, _BYTES[first & 0xE0 | nal_type], _BYTES[first])
            self._add_fragment(packet[start + 2 : end], header)
        elif nal_type == 24:
            self._take_aggregate(packet, start + 1, end, 0)
        elif (
            nal_type == 0 and not self._started and first in _H265_FIRST and end - start > 2 and packet[start + 1] == 1
        ):
            self._switch(Codec.H265)
        else:
            self.skip("payload_kind", f"payload structures of type {nal_type}, which are not taken")

    def _take_h265(self, packet: Packet, start: int, end: int) -> None:
        if end - start < 3:
            self.skip("fragment_short", "a payload shorter than its header")
            return
        first = packet[start]
        nal_type = first >> 1 & 63
        if nal_type == 49:
            header = packet[start + 2]
            body = start + 3
            if header & 0x80:
                nal_type, second = header & 63, packet[start + 1]
                self._begin_fragment(nal_type, bytes((first & 0x81 | nal_type << 1, second)), bytes((first, second)))
                body += self._donl
            self._add_fragment(packet[body:end], header)
        elif nal_type < 48:
            if self._donl:
                self._add(bytes(packet[start : start + 2]) + bytes(packet[start + 2 + self._donl : end]), nal_type)
            else:
                self._add(packet[start:end], nal_type)
        elif nal_type == 48:
            self._take_aggregate(packet, start + 2, end, self._donl)
        elif not self._started and first in _H264_SPS_FIRST and packet[start + 1] in _H264_PROFILES:
            self._switch(Codec.H264)
        else:
            self.skip("payload_kind", f"payload structures of type {nal_type}, which are not taken")

    def _take_aggregate(self, packet: Packet, at: int, end: int, donl: int) -> None:
        """STAP-A (RFC 6184 §5.7.1) and AP (RFC 7798 §4.4.2): the first unit follows a DONL, the others a DOND of one byte."""
        at += donl
        while at + 2 < end:
            body = at + 2
            at = body + (packet[at] << 8 | packet[at + 1])
            if at > end or at == body:
                self.skip("aggregate_wrong", "an aggregation packet whose sizes are wrong")
                self._damaged = True
                return
            self._add(packet[body:at], parse_nal_type(self.codec, packet[body]))
            at += donl // 2

    def _begin_fragment(self, nal_type: int, nal_header: bytes, payload_header: bytes) -> None:
        if self._fragment_at >= 0:
            self._damaged = True
            self._close_fragment()
        pieces = self._pieces
        self._fragment_at = len(pieces)
        self._fragment_type = nal_type
        self._middle = payload_header + _BYTES[nal_type]
        self._last = payload_header + _BYTES[0x40 | nal_type]
        pieces += (b"", nal_header)
        if nal_type in self._picture_kinds:
            self._has_picture = True
            self._is_key = self._is_key or nal_type in self._key_kinds

    def _add_fragment(self, body: Packet, header: int) -> None:
        if self._fragment_at < 0:
            self._damaged = True
            return
        self._pieces.append(body)
        if header & 0x40:
            self._close_fragment()

    def _close_fragment(self) -> None:
        pieces, at = self._pieces, self._fragment_at
        size_bytes = sum(map(len, pieces[at + 1 :] if at else pieces))  # the length itself is still b""
        pieces[at] = size_bytes.to_bytes(4)
        self._piece_bytes += 4
        self._fragment_at = -1
        self._middle = self._last = b""
        if self._fragment_type in self._set_kinds and size_bytes <= MAX_PARAMETER_SET_BYTES:
            self._learn(b"".join(pieces[at + 1 :]))

    def _add(self, nal: Packet, nal_type: int) -> None:
        """One whole NAL unit."""
        if self._fragment_at >= 0:
            self._damaged = True
            self._close_fragment()
        self._pieces += (len(nal).to_bytes(4), nal)
        if nal_type in self._picture_kinds:
            self._has_picture = True
            self._is_key = self._is_key or nal_type in self._key_kinds
        elif nal_type in self._set_kinds and len(nal) <= MAX_PARAMETER_SET_BYTES:
            self._learn(bytes(nal))

    def _settle(self) -> None:
        """Copy what still refers to packets, and keep the bound."""
        pieces, solid = self._pieces, self._solid
        fresh = list(map(bytes, pieces[solid:]))
        pieces[solid:] = fresh
        self._piece_bytes += sum(map(len, fresh))
        self._solid = len(pieces)
        if self._piece_bytes > MAX_UNIT_BYTES or self._solid > MAX_PIECES:
            self.note("unit_too_large", f"a picture of more than {MAX_UNIT_BYTES} bytes")
            self._clear()
            self._damaged = True

    def _clear(self) -> None:
        # A new list: `receive` holds the old one's append only until `_take` returns.
        self._pieces = []
        self._solid = 0
        self._piece_bytes = 0
        self._fragment_at = -1
        self._middle = self._last = b""
        self._has_picture = False
        self._is_key = False
        self._damaged = False
        self._marked = False

    def _flush(self, units: list[AccessUnit]) -> None:
        """The picture is over: deliver it if it is whole and can be used."""
        pieces, is_key, timestamp = self._pieces, self._is_key, self._timestamp
        damaged = self._damaged or self._fragment_at >= 0
        lost_after, self._lost_after = self._lost_after, 0
        self._clear()
        if self._sets_changed:
            self._renew_format(len(units))
        data = b"".join(pieces)
        if damaged or timestamp == self._flushed or self._check_first:
            damaged = self._is_unusable(data, damaged)
        self._flushed = timestamp
        if damaged or len(data) > MAX_UNIT_BYTES or self.format is None or not (self._started or is_key):
            self.ledger.units_dropped += 1
            return
        self._started = True
        pts = self.clock.place(timestamp, self.at)
        if pts < 0:
            self.ledger.units_dropped += 1
            return
        if pts == self._placed:  # two pictures never share an instant; a tick is enough to keep their order
            self._repeats += 1
            pts += self._repeats
        else:
            self._placed, self._repeats = pts, 0
        units.append(AccessUnit(VIDEO_TRACK, pts, data, is_key, self.at, self.lost - lost_after))
        self.lost = lost_after

    def _is_unusable(self, data: bytes, damaged: bool) -> bool:
        """Look at a picture with the timestamp of the one before, after a loss, or damaged."""
        if self._timestamp == self._flushed:
            if damaged or not self._begins_picture(data):
                self._trusted = False
                self.note("marker_wrong", "the marker bit is set within pictures")
                return True
            self.note("timestamp_repeated", "several pictures carry the same timestamp")
        if damaged or not self._check_first:
            return damaged
        self._check_first = False
        return not self._begins_picture(data)

    def _starts_picture(self, packet: Packet, start: int, end: int) -> bool:
        """Behind a marker, with the timestamp unchanged: does this packet open another picture (H.264 §7.4.1.2.3, H.265 §7.4.2.4.4)?

        True for what may only stand before a picture (delimiter, parameter sets, SEI) and for a picture's first slice.
        """
        size_bytes = end - start
        first = packet[start]
        if self._is_h264:
            nal_type, at, prefixes = first & 31, start + 1, _H264_PREFIXES
            if nal_type == 24 and size_bytes > 3:
                nal_type, at = packet[start + 3] & 31, start + 4
            elif nal_type == 28 and size_bytes > 1:
                nal_type, at = packet[start + 1] & 31 if packet[start + 1] & 0x80 else 0, start + 2
        else:
            donl = self._donl
            nal_type, at, prefixes = first >> 1 & 63, start + 2 + donl, _H265_PREFIXES
            if nal_type == 48 and size_bytes > 4 + donl:
                nal_type, at = packet[start + 4 + donl] >> 1 & 63, start + 6 + donl
            elif nal_type == 49 and size_bytes > 2:
                nal_type, at = packet[start + 2] & 63 if packet[start + 2] & 0x80 else 63, start + 3 + donl
        return nal_type in prefixes or (nal_type in self._picture_kinds and at < end and packet[at] & 0x80 != 0)

    def _begins_picture(self, data: bytes) -> bool:
        """After a loss: is the first slice the picture's first (first_mb_in_slice = 0, first_slice_segment_in_pic_flag)?"""
        at = 1 if self.codec is Codec.H264 else 2
        first = next(nal for nal in split_avcc(data) if parse_nal_type(self.codec, nal[0]) in self._picture_kinds)
        return len(first) > at and first[at] & 0x80 != 0

    def _learn(self, nal: bytes) -> None:
        """Keep a parameter set if it is new; the format follows when the picture it came with is whole."""
        nal_type = parse_nal_type(self.codec, nal[0])
        try:
            if nal_type not in self._set_kinds or nal in self._sets.values():
                if nal_type in (7, 33) and nal != self._newest_sps and nal_type in self._set_kinds:
                    self._newest_sps, self._sets_changed = nal, True
                return
            key = (nal_type, parse_set_id(self.codec, nal))
        except TheirError as error:
            self.note("parameter_set_wrong", f"a parameter set cannot be read: {error.what}")
            return
        if key not in self._sets and len(self._sets) >= _MAX_SETS:
            self.note("parameter_sets_many", f"more than {_MAX_SETS} parameter sets")
            return
        self._sets[key] = nal
        self._sets_changed = True
        if nal_type in (7, 33):
            self._newest_sps = nal

    def _renew_format(self, index: int) -> None:
        self._sets_changed = False
        try:
            # Stable order, so that the same sets in another order are the same format.
            nals = [self._sets[key] for key in sorted(self._sets)]
            self.announce(build_video_format(self.codec, nals, newest_sps=self._newest_sps), index)
        except TheirError:
            return  # not all sets are known yet

    def _switch(self, codec: Codec) -> None:
        """The description named the other codec; begin again with the packet that told so."""
        self.note("codec_differs", f"SDP says {self.codec.value}, RTP carries {codec.value}")
        self._configure(codec)
        self._sets.clear()
        self._newest_sps = None
        self._sets_changed = False
        self.format = None
        self._clear()
        self._timestamp = -1
        # The packet will be read again: expect its number, not the one after it.
        self.next_word = (self.next_word >> 32) - 1 << 32 if self.next_word >> 32 & 0xFFFF else -1
