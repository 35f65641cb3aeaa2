"""A track: one picture or one sound of a camera, sent to all who play it.

All clients of a track share SSRC and sequence numbers, so a frame is laid out once however many watch.
"""

import math
import secrets
from collections.abc import Callable
from typing import Protocol

from brightkitchen_sim.clip import Clip
from brightkitchen_sim.clock import Clock
from brightkitchen_sim.faults import Faults
from brightkitchen_sim.payload import (
    PREFIX_BYTES,
    RTP_HEADER_BYTES,
    Template,
    build_audio_template,
    build_sender_report,
    build_video_template,
    fill_packets,
    split_packets,
)
from brightkitchen_sim.server.outlet import Outlet
from brightkitchen_sim.server.pacer import Pacer
from brightkitchen_sim.server.sdp import LIE_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE, audio_payload_type
from brightkitchen_sim.tone import AudioSource

_MAX_LATE_S = 5.0
VIDEO_CHANNEL = 0
AUDIO_CHANNEL = 2


class Player:
    """One client of one track, with what it was sent."""

    __slots__ = ("dropped_frames", "frames", "outlet", "packets", "waits_for_key")

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.waits_for_key = True
        self.frames = 0
        self.packets = 0
        self.dropped_frames = 0


class Track:
    """What tracks of all kinds share: numbering, fan-out, faults, sender reports."""

    def __init__(self, *, clock_rate_hz: int, channel: int, is_video: bool, faults: Faults, clock: Clock) -> None:
        self.clock_rate_hz = clock_rate_hz
        self.channel = channel
        self.is_video = is_video
        self.players: list[Player] = []
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)
        self.packets = 0
        self.octets = 0
        self.origin_s = clock.mono_s()
        self._timestamp_base = secrets.randbits(32)
        self._faults = faults
        self._clock = clock

    def add_player(self, player: Player) -> None:
        """Begin to send to `player`: sound at once, pictures from the next key frame."""
        self.players.append(player)

    def remove_player(self, player: Player) -> None:
        """Send no more to `player`; nothing happens when it was not there."""
        if player in self.players:
            self.players.remove(player)

    def next_sequence(self) -> int:
        """Return the sequence number of the first packet that a player added now will get."""
        return self.sequence

    def jump(self, duration_s: float) -> None:
        """Move all timestamps from now on."""
        self._timestamp_base = (self._timestamp_base + round(duration_s * self.clock_rate_hz)) & 0xFFFFFFFF

    def use_other_source(self, other: bool) -> bool:
        """Show the other picture size; False when there is none."""
        return not other

    def timestamp_at(self, mono_s: float) -> int:
        return (self._timestamp_base + round((mono_s - self.origin_s) * self.clock_rate_hz)) & 0xFFFFFFFF

    def timestamp_of_ticks(self, ticks: int) -> int:
        return (self._timestamp_base + ticks) & 0xFFFFFFFF

    def send_report(self) -> None:
        """Send an RTCP sender report to every client."""
        if not self.players or self._faults.no_media or not self.packets:
            return
        timestamp = self.timestamp_at(self._clock.mono_s())
        report = build_sender_report(self.ssrc, self._clock.utc_us(), timestamp, self.packets, self.octets)
        for player in self.players:
            player.outlet.write_rtcp(report)

    def send(self, template: Template, timestamp: int, *, is_key: bool) -> None:
        """Number the packets of one frame and send them to every client that can use them."""
        count = len(template.offsets)
        data = fill_packets(template, self.sequence, timestamp, self.ssrc)
        self.sequence = (self.sequence + count) & 0xFFFF
        if self._faults.no_media or (self._faults.silent and not self.is_video):
            for player in self.players:
                player.waits_for_key = self.is_video
            return
        self.packets += count
        self.octets += len(data) - count * (PREFIX_BYTES + RTP_HEADER_BYTES)
        if self._faults.alters_packets:
            self._send_altered(data, template.offsets, is_key=is_key)
            return
        for player in self.players[:]:
            if player.waits_for_key:
                if not is_key:
                    continue
                player.waits_for_key = False
            if player.outlet.write_frame(data, template.offsets):
                player.frames += 1
                player.packets += count
            else:
                player.dropped_frames += 1
                player.waits_for_key = self.is_video

    def _send_altered(self, data: bytearray, offsets: tuple[int, ...], *, is_key: bool) -> None:
        faults = self._faults
        pieces: list[tuple[bytes, bool]] = []
        for view in split_packets(data, offsets):
            packet = bytearray(view)
            if faults.no_marker:
                packet[PREFIX_BYTES + 1] &= 0x7F
            if self.is_video and faults.lie == "payload_type":
                packet[PREFIX_BYTES + 1] = (packet[PREFIX_BYTES + 1] & 0x80) | LIE_PAYLOAD_TYPE
            if faults.random.random() >= faults.loss:
                pieces.append((bytes(packet), True))
            if faults.random.random() < faults.garbage:
                pieces.append((faults.random.randbytes(faults.random.randint(1, 400)), False))
        for player in self.players[:]:
            if player.waits_for_key and not is_key:
                continue
            player.waits_for_key = False
            player.frames += 1
            for piece, is_packet in pieces:
                if is_packet:
                    player.outlet.write_packet(piece)
                    player.packets += 1
                else:
                    player.outlet.write_noise(piece)


class FrameSource(Protocol):
    """Frames to be looped."""

    frame_count: int
    ticks_per_frame: float

    def template(self, i: int) -> Template: ...

    def is_key(self, i: int) -> bool: ...

    def packet_count(self, i: int) -> int: ...


class VideoLoop:
    """A clip as templates.

    keep: hold every template in memory; for one clip shared by very many cameras. Otherwise they are laid out
    from the mapped file each time, which costs little and no memory.
    """

    def __init__(self, clip: Clip, *, keep: bool = False) -> None:
        self._clip = clip
        self.header = clip.header
        self.frame_count = clip.frame_count
        self.ticks_per_frame = 90_000 / clip.header.fps
        self._kept = [self._build(i) for i in range(clip.frame_count)] if keep else None

    def template(self, i: int) -> Template:
        return self._kept[i] if self._kept is not None else self._build(i)

    def is_key(self, i: int) -> bool:
        return self._clip.is_key(i)

    def packet_count(self, i: int) -> int:
        return len(self.template(i).offsets)

    def _build(self, i: int) -> Template:
        header = self.header
        return build_video_template(
            header.codec,
            self._clip.frame(i),
            is_key=self._clip.is_key(i),
            parameter_sets=header.parameter_sets,
            channel=VIDEO_CHANNEL,
            payload_type=VIDEO_PAYLOAD_TYPE,
        )


class AudioLoop:
    """Sound as templates; they are small and all kept."""

    def __init__(self, source: AudioSource) -> None:
        codec = source.header.codec
        number = audio_payload_type(codec)
        self.header = source.header
        self.frame_count = source.packet_count
        self.ticks_per_frame = float(source.header.samples_per_packet)
        self._kept = [
            build_audio_template(codec, source.packet(i), channel=AUDIO_CHANNEL, payload_type=number)
            for i in range(source.packet_count)
        ]

    def template(self, i: int) -> Template:
        return self._kept[i]

    def is_key(self, i: int) -> bool:
        return True

    def packet_count(self, i: int) -> int:
        return 1


class LoopTrack(Track):
    """Sends a source in a loop while somebody plays it. Time goes on without a break at the loop point, and also
    while nobody plays: frame k belongs to the moment origin + k / rate.

    phase_s:     moves the moments, so that the cameras of a server do not all send at once.
    start_frame: which frame of the source comes first.
    """

    def __init__(
        self,
        source: FrameSource,
        pacer: Pacer,
        *,
        clock_rate_hz: int,
        channel: int,
        is_video: bool,
        faults: Faults,
        clock: Clock,
        phase_s: float = 0.0,
        start_frame: int = 0,
        other: FrameSource | None = None,
    ) -> None:
        super().__init__(clock_rate_hz=clock_rate_hz, channel=channel, is_video=is_video, faults=faults, clock=clock)
        self.origin_s += phase_s
        self.skipped_frames = 0
        self._usual = self._source = source
        self._other = other
        self._pacer = pacer
        self._start_frame = start_frame
        self._interval_s = source.ticks_per_frame / clock_rate_hz
        self._number = 0
        self._index = 0
        self._scheduled = False

    def add_player(self, player: Player) -> None:
        if not self.players:
            self._find_place()
        super().add_player(player)
        if not self._scheduled:
            self._scheduled = True
            self._pacer.add(self._due_s(), self._emit)

    def next_sequence(self) -> int:
        if not self.players:
            return self.sequence
        skipped_packets, index = 0, self._index
        while not self._source.is_key(index):
            skipped_packets += self._source.packet_count(index)
            index = (index + 1) % self._source.frame_count
        return (self.sequence + skipped_packets) & 0xFFFF

    def use_other_source(self, other: bool) -> bool:
        if self._other is None:
            return not other
        self._source = self._other if other else self._usual
        self._index = 0
        return True

    def _find_place(self) -> None:
        """Choose the next moment, and the key frame shown then: a camera begins with one when somebody comes."""
        if self._scheduled:  # the one who left has just gone, and the next moment stands already
            number = self._number
        else:
            number = max(0, math.floor((self._clock.mono_s() - self.origin_s) / self._interval_s) + 1)
        self._number = number
        source = self._source
        index = (number + self._start_frame) % source.frame_count
        while not source.is_key(index):
            index = (index + 1) % source.frame_count
        self._index = index

    def _due_s(self) -> float:
        return self.origin_s + self._number * self._interval_s

    def _timestamp(self, number: int) -> int:
        return self.timestamp_of_ticks(round(number * self._usual.ticks_per_frame))

    def _emit(self, due_s: float) -> float | None:
        if not self.players:
            self._scheduled = False
            return None
        late_s = self._clock.mono_s() - due_s
        if late_s > _MAX_LATE_S:
            self._skip(int(late_s / self._interval_s))
        source = self._source
        index = self._index
        self.send(source.template(index), self._timestamp(self._number), is_key=source.is_key(index))
        self._index = index + 1 if index + 1 < source.frame_count else 0
        self._number += 1
        return self._due_s()

    def _skip(self, frames: int) -> None:
        """The host stood still: leave out what nobody could have sent."""
        self.skipped_frames += frames
        self._number += frames
        self._index = (self._index + frames) % self._source.frame_count
        for player in self.players:
            player.waits_for_key = self.is_video


class LiveTrack(Track):
    """Frames that somebody else makes while there are players.

    on_demand: called with True when the first player comes, False when the last has gone.
    ask_for_key: called when a player waits for a key frame.
    """

    def __init__(
        self,
        *,
        fps: float,
        faults: Faults,
        clock: Clock,
        on_demand: Callable[[bool], None],
        ask_for_key: Callable[[], None],
    ) -> None:
        super().__init__(clock_rate_hz=90_000, channel=VIDEO_CHANNEL, is_video=True, faults=faults, clock=clock)
        self._fps = fps
        self._last_number = -1
        self._on_demand = on_demand
        self._ask_for_key = ask_for_key
        self.change_size: Callable[[bool], None] | None = None

    def add_player(self, player: Player) -> None:
        super().add_player(player)
        self._ask_for_key()
        if len(self.players) == 1:
            self._on_demand(True)

    def remove_player(self, player: Player) -> None:
        had_players = bool(self.players)
        super().remove_player(player)
        if had_players and not self.players:
            self._on_demand(False)

    def use_other_source(self, other: bool) -> bool:
        if self.change_size is None:
            return not other
        self.change_size(other)
        return True

    def push(self, frame: bytes, parameter_sets: tuple[bytes, ...], captured_s: float, *, is_key: bool) -> None:
        """Send one AVCC frame whose picture was drawn at monotonic `captured_s`."""
        template = build_video_template(
            "h264",
            frame,
            is_key=is_key,
            parameter_sets=parameter_sets,
            channel=self.channel,
            payload_type=VIDEO_PAYLOAD_TYPE,
        )
        # Two pictures drawn in one frame interval (the machine was busy) still have times of their own.
        number = max(self._last_number + 1, round((captured_s - self.origin_s) * self._fps))
        self._last_number = number
        self.send(template, self.timestamp_of_ticks(round(number * 90_000 / self._fps)), is_key=is_key)
