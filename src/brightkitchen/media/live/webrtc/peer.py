"""One WebRTC viewer: where it is, what it is sent, what it lost. Never waits; a viewer that cannot keep up loses groups of pictures, alone.

Theory of operation. What is sent begins with the group of pictures that the camera is in, at a pace (`catch_up`), and then follows live.
The pictures of that beginning were filmed up to seconds ago and shall not be shown for as long: they carry timestamps a fraction of a
millisecond apart. Cameras cannot be asked for a key frame; a viewer that needs one gets the current group anew in the same way,
and if that was just done, waits for the next.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import pylibsrtp

from brightkitchen.kernel.errors import TheirError
from brightkitchen.media.live.webrtc.dtls import Dtls, SecurePath
from brightkitchen.media.live.webrtc.frames import Frame, Track
from brightkitchen.media.live.webrtc.udp import Address, UdpPort
from brightkitchen.wire.rtp.feedback import Lost, PictureLost, build_goodbye, build_sender_report, parse_feedback

CATCH_UP_TICKS: Final = 900  # the beginning is shown within 10 ms
PACE_BYTES: Final = 48 * 1024  # at once: browsers' sockets hold 64 KiB
RESTART_EVERY_S: Final = 3.0
MIN_RESEND_BYTES: Final = 64 * 1024  # in a second
BAD_FRACTION: Final = 64  # of 256 packets lost
BAD_REPORTS: Final = 2
MAX_ADDRESSES: Final = 8


class Peer:
    """fragment, password: our half of ICE. viewer_fragment: theirs. Times are monotonic seconds."""

    def __init__(
        self,
        port: UdpPort,
        dtls: Dtls,
        *,
        fragment: str,
        password: str,
        viewer_fragment: str,
        video: Track,
        audio: Track | None,
        now_s: float,
    ) -> None:
        self.dtls = dtls
        self.fragment, self.password = fragment, password
        self.username = f"{fragment}:{viewer_fragment}"
        self.video, self.audio = video, audio
        self.addresses: deque[Address] = deque(maxlen=MAX_ADDRESSES)  # proven by ICE, oldest first
        self.address: Address | None = None
        self.opened_s = self.heard_s = now_s
        self.unproven_since_s: float | None = None  # moved to an address from which nothing sealed has come yet
        self.dropped_gops = 0
        self.resent_bytes = 0
        self._port = port
        self._path: SecurePath | None = None
        self._backlog: deque[tuple[Frame, int]] = deque()
        self._sealed: deque[Sequence[bytes]] = deque()  # the rest of a large picture, before the backlog
        self._skipping = True  # until the beginning
        self._restarted_s = float("-inf")
        self._resend_left = MIN_RESEND_BYTES
        self._sent_before = 0
        self._bad_reports = 0
        self.wants_start = False

    @property
    def is_connected(self) -> bool:
        return self._path is not None

    @property
    def has_backlog(self) -> bool:
        return bool(self._sealed or self._backlog)

    # -- the path ----------------------------------------------------------------------------------------------------

    def receive_dtls(self, datagram: bytes, address: Address) -> None:
        """Take one step of the handshake. Answers go where the datagram came from, which ICE has proven."""
        self.dtls.receive(datagram)
        self._flush(address)
        if self._path is None and self.dtls.path is not None:
            self._path = self.dtls.path
            self.address = address
            self.wants_start = True

    def repeat_dtls(self) -> None:
        """Repeat what the viewer seems not to have got."""
        if self.address is not None and self._path is None:
            self.dtls.handle_timer()
            self._flush(self.address)

    def move_to(self, address: Address, now_s: float) -> None:
        """The viewer nominated this address. Sealed RTCP must come from there soon: an address in ICE may be somebody else's."""
        if address != self.address:
            self.address = address
            if self._path is not None and self.unproven_since_s is None:
                self.unproven_since_s = now_s

    def say_goodbye(self) -> None:
        """Tell the viewer that nothing follows."""
        if self.address is None:
            return
        if self._path is not None:
            ssrcs = (self.video.ssrc,) if self.audio is None else (self.video.ssrc, self.audio.ssrc)
            self._port.send((self._path.protect_rtcp(build_goodbye(ssrcs)),), self.address)
        self.dtls.close()
        self._flush(self.address)
        self._path = None

    def _flush(self, address: Address) -> None:
        for datagram in self.dtls.to_send():
            self._port.send((datagram,), address)

    # -- pictures and sound ------------------------------------------------------------------------------------------

    def catch_up(self, frames: Sequence[Frame]) -> None:
        """Begin with these pictures, the first a key frame; `send_backlog` sends them."""
        self._backlog.clear()  # what is sealed already still goes out: its numbers are given
        self._skipping = not frames
        if frames:
            step = max(1, CATCH_UP_TICKS // len(frames))
            self._backlog.extend((frame, frames[-1].timestamp + at * step) for at, frame in enumerate(frames))

    def send_picture(self, frame: Frame) -> None:
        """Send one picture now, or behind what still waits; `send_backlog` sends what is left."""
        if self._skipping:
            if not frame.is_key:
                return
            self._skipping = False
        is_free = not self.has_backlog
        if frame.is_key:  # the new group is better than what is left of the old one
            self._backlog.clear()
        self._backlog.append((frame, frame.timestamp))
        if is_free:
            self.send_backlog()

    def send_sound(self, frame: Frame) -> None:
        """Send one packet of sound, unless pictures are being left out."""
        if self.audio is not None and self._path is not None and not self._skipping:
            for run in self.audio.seal(frame, frame.timestamp, self._path.protect):
                self._emit(run)

    def send_backlog(self) -> None:
        """Send what waits, but no more than `PACE_BYTES` or one run; call it some milliseconds later again if there is more."""
        budget_bytes = PACE_BYTES
        while self._path is not None and budget_bytes > 0:
            if not self._sealed:
                if not self._backlog:
                    return
                frame, timestamp = self._backlog.popleft()
                timestamp = max(timestamp, self.video.last_timestamp + 1)
                self._sealed.extend(self.video.seal(frame, timestamp, self._path.protect))
            run = self._sealed.popleft()
            budget_bytes -= len(run) * len(run[0])
            if not self._emit(run):
                self._drop_gop()

    def _emit(self, packets: Sequence[bytes]) -> bool:
        return self.address is not None and self._port.send(packets, self.address)

    def _drop_gop(self) -> None:
        self._backlog.clear()
        self._sealed.clear()
        self._skipping = True
        self.dropped_gops += 1

    # -- what the viewer says ----------------------------------------------------------------------------------------

    def receive_rtcp(self, packet: bytes, address: Address, now_s: float) -> None:
        """Send again what was lost, or begin anew. What is not sealed with the viewer's key is passed over."""
        if self._path is None:
            return
        try:
            said = parse_feedback(self._path.unprotect_rtcp(packet))
        except (pylibsrtp.Error, TheirError):
            return
        if address == self.address:
            self.unproven_since_s = None
        self.heard_s = now_s
        for item in said:
            if item.ssrc != self.video.ssrc:
                continue
            if isinstance(item, Lost):
                self._send_again(item.sequences)
            elif isinstance(item, PictureLost):
                self._restart(now_s)
            else:
                self._judge(item.fraction)

    def _send_again(self, sequences: tuple[int, ...]) -> None:
        if self._path is not None and self._resend_left > 0:
            sent_bytes = self.video.send_again(sequences, self._resend_left, self._path.protect, self._emit)
            self._resend_left -= sent_bytes
            self.resent_bytes += sent_bytes

    def _restart(self, now_s: float) -> None:
        if self.has_backlog or self._skipping:
            return
        if now_s - self._restarted_s >= RESTART_EVERY_S:
            self._restarted_s = now_s
            self.wants_start = True
        else:
            self._drop_gop()

    def _judge(self, fraction: int) -> None:
        self._bad_reports = self._bad_reports + 1 if fraction >= BAD_FRACTION else 0
        if self._bad_reports >= BAD_REPORTS:
            self._bad_reports = 0
            self._drop_gop()

    def report(self, now_us: int) -> None:
        """Send sender reports, and allow as much to be sent again in the next second as half of what went out in this one."""
        sent_bytes, self._sent_before = self.video.payload_bytes - self._sent_before, self.video.payload_bytes
        self._resend_left = MIN_RESEND_BYTES + sent_bytes // 2
        if self._path is None:
            return
        for track, per_s in ((self.video, 90_000), (self.audio, 8_000)):
            if track is not None and track.packets:
                report = build_sender_report(
                    track.ssrc,
                    sent_us=now_us,
                    timestamp=now_us * per_s // 1_000_000 & 0xFFFF_FFFF,
                    packets=track.packets,
                    payload_bytes=track.payload_bytes,
                    name=self.fragment.encode(),
                )
                self._emit((self._path.protect_rtcp(report),))
