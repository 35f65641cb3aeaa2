"""All WebRTC viewers of a node: one UDP socket, ICE-lite, and what must happen in time. Loaded with the first offer (docs/adr/0008)."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.ids import StreamKey
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.live.webrtc.dtls import Dtls, Identity
from brightkitchen.media.live.webrtc.frames import Track
from brightkitchen.media.live.webrtc.peer import Peer
from brightkitchen.media.live.webrtc.sender import CameraSender
from brightkitchen.media.live.webrtc.settings import WebRtcSettings
from brightkitchen.media.live.webrtc.udp import Address, UdpPort
from brightkitchen.media.live.wsfmp4.muxer import StreamProvider
from brightkitchen.wire.au import Codec
from brightkitchen.wire.h26x import parse_nal_type, parse_sps
from brightkitchen.wire.stun import build_binding_success, is_genuine, parse_binding_request
from brightkitchen.wire.whep import (
    PLAYOUT_DELAY,
    Answering,
    Encoding,
    Offer,
    Section,
    Sending,
    build_answer,
    choose_g711,
    choose_h264,
)

log = get_logger(__name__)

FORMAT_TIMEOUT_S: Final = 2.0
CONNECT_TIMEOUT_S: Final = 10.0
SILENCE_S: Final = 15.0  # a browser checks its path every 2.5 s, and reports every second
PROOF_S: Final = 5.0
_TICK_S: Final = 0.25
_REPORT_EVERY: Final = 4  # ticks
_PACE_S: Final = 0.005  # 79 Mbit/s: a usual group of pictures is there within a tenth of a second
_IDENTITY_S: Final = 7 * 86_400.0
_EXTENSION_BYTES: Final = 3
_MAX_EXTENSION_ID: Final = 14


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one viewer will be sent, and in which payload types."""

    video: Encoding
    fmtp: str
    video_mid: str
    delay_id: int | None
    audio: Encoding | None
    audio_mid: str


class Viewing:
    """One viewer with all that hangs on it. on_connected: pictures begin. on_gone(why): it ended by itself; never after `WebRtc.end`."""

    __slots__ = ("on_connected", "on_gone", "peer", "sender")

    def __init__(
        self, peer: Peer, sender: CameraSender, on_connected: Callable[[], None], on_gone: Callable[[str], None]
    ) -> None:
        self.peer = peer
        self.sender = sender
        self.on_connected = on_connected
        self.on_gone = on_gone


class WebRtc:
    """Opens its socket with the first viewer. Call `close` at the end."""

    def __init__(
        self,
        streams: StreamProvider,
        settings: WebRtcSettings,
        *,
        clock: Clock,
        entropy: Entropy,
        supervisor: Supervisor,
    ) -> None:
        self._streams = streams
        self._settings = settings
        self._clock = clock
        self._entropy = entropy
        self._supervisor = supervisor
        self._port = UdpPort(self._on_datagram)
        self._identity: Identity | None = None
        self._identity_s = 0.0
        self._senders: dict[StreamKey, CameraSender] = {}
        self._by_fragment: dict[str, Viewing] = {}
        self._by_address: dict[Address, Viewing] = {}
        self._task: asyncio.Task[None] | None = None
        self._pacing: asyncio.TimerHandle | None = None
        self.dropped_gops = 0  # of viewers that are gone
        self.resent_bytes = 0

    @property
    def viewers(self) -> int:
        return len(self._by_fragment)

    # -- offers ------------------------------------------------------------------------------------------------------

    async def prepare(self, key: StreamKey) -> CameraSender:
        """Return the stream's sender, held, its formats known; `release` it if no viewer comes of it.

        raises: NOT_FOUND if there is no such stream, UNAVAILABLE if the camera sends nothing in time.
        """
        stream = self._streams.get(key)
        if stream is None:
            raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
        sender = self._senders.get(key)
        if sender is None or sender.stream is not stream:
            sender = self._senders[key] = CameraSender(key, stream, on_unfit=self._on_unfit, on_backlog=self._plan_pace)
        sender.hold()
        try:
            async with asyncio.timeout(FORMAT_TIMEOUT_S):
                await sender.is_known.wait()
        except TimeoutError as cause:
            self.release(sender)
            raise BrightKitchenError(Kind.UNAVAILABLE, "media.no_picture") from cause
        except asyncio.CancelledError:
            self.release(sender)
            raise
        return sender

    def release(self, sender: CameraSender) -> None:
        """One who held the sender is gone."""
        sender.release()
        if sender.is_idle and self._senders.get(sender.key) is sender:
            del self._senders[sender.key]

    def choose(self, offer: Offer, sender: CameraSender) -> Chosen:
        """Return what this camera and this viewer have in common. raises: INVALID media.webrtc_cannot."""
        video, section = sender.video, offer.first("video")
        if video is None or video.codec is not Codec.H264:
            raise cannot("codec")
        if video.reorder_depth and sender.is_reordered:
            raise cannot("b_frames")
        sps = next(nal for nal in video.parameter_sets if parse_nal_type(Codec.H264, nal[0]) == 7)
        found = choose_h264(section, parse_sps(Codec.H264, sps).profile_bytes) if section is not None else None
        if section is None or found is None:
            raise cannot("offer")
        delay_id = section.extensions.get(PLAYOUT_DELAY, 0)
        sound = self._choose_sound(offer, sender, section)
        return Chosen(
            video=found[0],
            fmtp=found[1],
            video_mid=section.mid,
            delay_id=delay_id if 0 < delay_id <= _MAX_EXTENSION_ID else None,
            audio=sound[0] if sound is not None else None,
            audio_mid=sound[1] if sound is not None else "",
        )

    def _choose_sound(self, offer: Offer, sender: CameraSender, video: Section) -> tuple[Encoding, str] | None:
        section, audio = offer.first("audio"), sender.audio
        if section is None or audio is None or not sender.has_sound:
            return None
        if not {section.mid, video.mid} <= offer.bundled:
            return None  # one path carries everything, or there is no sound
        encoding = choose_g711(section, audio.codec)
        return (encoding, section.mid) if encoding is not None else None

    def open(
        self,
        offer: Offer,
        chosen: Chosen,
        sender: CameraSender,
        *,
        arrived_at: str,
        on_connected: Callable[[], None],
        on_gone: Callable[[str], None],
    ) -> tuple[Viewing, bytes]:
        """Return a viewer that may now connect, and the answer for it. arrived_at: our address that the offer came to."""
        try:
            self._port.open(self._settings.host, self._settings.port)
        except OSError as cause:
            log.error("UDP port not open", port=self._settings.port, error=type(cause).__name__)
            raise cannot("port") from cause
        identity, now_s = self._keep_identity(), self._clock.mono_s()
        fragment, password = self._draw(9), self._draw(24)
        extension = None
        if chosen.delay_id is not None:  # show at once: no more than this word says that, twice 12 bits of nought
            extension = (chosen.delay_id << 4 | _EXTENSION_BYTES - 1) << 24
        video = Track(self._draw_ssrc(), chosen.video.payload_type, self._draw_sequence(), extension, keeps=True)
        audio = None
        if chosen.audio is not None:
            audio = Track(self._draw_ssrc(), chosen.audio.payload_type, self._draw_sequence())
        peer = Peer(
            self._port,
            Dtls(identity, offer.fingerprint),
            fragment=fragment,
            password=password,
            viewer_fragment=offer.fragment,
            video=video,
            audio=audio,
            now_s=now_s,
        )
        viewing = self._by_fragment[fragment] = Viewing(peer, sender, on_connected, on_gone)
        if self._task is None:
            self._task = self._supervisor.keep("webrtc", self._run)
        sendings = [
            Sending(
                chosen.video_mid,
                chosen.video,
                video.ssrc,
                chosen.fmtp,
                (chosen.delay_id, PLAYOUT_DELAY) if chosen.delay_id is not None else None,
            )
        ]
        if chosen.audio is not None and audio is not None:
            sendings.append(Sending(chosen.audio_mid, chosen.audio, audio.ssrc))
        hosts = self._settings.addresses or (arrived_at,)
        answering = Answering(
            session=int.from_bytes(self._entropy.token_bytes(7)),
            fragment=fragment,
            password=password,
            fingerprint=identity.fingerprint,
            addresses=tuple((host, self._port.port) for host in hosts),
            name=fragment,
            sendings=tuple(sendings),
        )
        return viewing, build_answer(offer, answering)

    def end(self, viewing: Viewing) -> None:
        """Send this viewer nothing more; harmless if it has ended."""
        if self._by_fragment.pop(viewing.peer.fragment, None) is None:
            return
        peer, sender = viewing.peer, viewing.sender
        for address in peer.addresses:
            if self._by_address.get(address) is viewing:
                del self._by_address[address]
        if peer in sender.peers:
            sender.peers.remove(peer)
        peer.say_goodbye()
        self.dropped_gops += peer.dropped_gops
        self.resent_bytes += peer.resent_bytes
        self.release(sender)

    def close(self) -> None:
        """Let every viewer go and close the socket."""
        for viewing in list(self._by_fragment.values()):
            self._lose(viewing, "node_stopping")
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._pacing is not None:
            self._pacing.cancel()
            self._pacing = None
        self._port.close()

    def _keep_identity(self) -> Identity:
        now_s = self._clock.mono_s()
        if self._identity is None or now_s - self._identity_s > _IDENTITY_S:
            self._identity, self._identity_s = Identity(self._clock.utc()), now_s
        return self._identity

    def _draw(self, size_bytes: int) -> str:
        """Random letters and digits of so many bytes; ICE takes neither "-" nor "_"."""
        drawn = urlsafe_b64encode(self._entropy.token_bytes(size_bytes)).rstrip(b"=").decode()
        return drawn.replace("-", "+").replace("_", "/")

    def _draw_ssrc(self) -> int:
        return int.from_bytes(self._entropy.token_bytes(4)) or 1

    def _draw_sequence(self) -> int:
        return int.from_bytes(self._entropy.token_bytes(2)) >> 1  # RFC 3711 §3.3.1: far from the first turn

    # -- datagrams ---------------------------------------------------------------------------------------------------

    def _on_datagram(self, data: bytes, address: Address) -> None:
        """RFC 7983: the first byte says what it is. Only who passed `_on_stun` is listened to further."""
        first = data[0]
        if first < 4:
            self._on_stun(data, address)
            return
        viewing = self._by_address.get(address)
        if viewing is None:
            return
        if 20 <= first < 64:
            self._on_dtls(viewing, data, address)
        elif 128 <= first < 192 and len(data) > 1 and 192 <= data[1] < 224:
            viewing.peer.receive_rtcp(data, address, self._clock.mono_s())
            if viewing.peer.wants_start:
                self._start(viewing)

    def _on_stun(self, data: bytes, address: Address) -> None:
        try:
            request = parse_binding_request(data)
        except TheirError:
            return
        viewing = self._by_fragment.get(request.our_fragment)
        if viewing is None or request.username != viewing.peer.username:
            return
        peer = viewing.peer
        if not is_genuine(data, request, peer.password):
            return
        peer.heard_s = self._clock.mono_s()
        if address not in peer.addresses:
            if len(peer.addresses) == peer.addresses.maxlen:
                self._by_address.pop(peer.addresses[0], None)
            peer.addresses.append(address)
            self._by_address[address] = viewing
        self._port.send((build_binding_success(request.transaction, (address[0], address[1]), peer.password),), address)
        if request.nominates or peer.address is None:
            peer.move_to(address, peer.heard_s)

    def _on_dtls(self, viewing: Viewing, data: bytes, address: Address) -> None:
        peer = viewing.peer
        was_connected = peer.is_connected
        peer.receive_dtls(data, address)
        if peer.dtls.is_closed:
            self._lose(viewing, "closed")
        elif peer.is_connected and not was_connected:
            viewing.sender.peers.append(peer)
            viewing.on_connected()
            self._start(viewing)

    def _start(self, viewing: Viewing) -> None:
        viewing.sender.start(viewing.peer)
        viewing.peer.send_backlog()
        if viewing.peer.has_backlog:
            self._plan_pace()

    def _pace(self) -> None:
        """Send what waits a little at a time: a burst of half a megabyte is lost in the first small buffer."""
        self._pacing = None
        is_left = False
        for viewing in self._by_fragment.values():
            if viewing.peer.has_backlog:
                viewing.peer.send_backlog()
                is_left = is_left or viewing.peer.has_backlog
        if is_left:
            self._plan_pace()

    def _plan_pace(self) -> None:
        if self._pacing is None:
            self._pacing = asyncio.get_running_loop().call_later(_PACE_S, self._pace)

    # -- what must happen in time ------------------------------------------------------------------------------------

    async def _run(self) -> None:
        turn = 0
        while True:
            await self._clock.sleep(_TICK_S)
            turn += 1
            self.tick(is_report=turn % _REPORT_EVERY == 0)

    def tick(self, *, is_report: bool) -> None:
        """Repeat lost handshakes, report, and let go of who is silent."""
        now_s, now_us = self._clock.mono_s(), self._clock.utc()
        for viewing in list(self._by_fragment.values()):
            peer = viewing.peer
            why = _why_gone(peer, now_s)
            if why:
                self._lose(viewing, why)
                continue
            peer.repeat_dtls()
            if is_report and peer.is_connected:
                peer.report(now_us)

    def _on_unfit(self, sender: CameraSender) -> None:
        """Let its viewers go, but not while the stream is speaking to it: readers come and go between its sentences."""
        asyncio.get_running_loop().call_soon(self._lose_all_of, sender)

    def _lose_all_of(self, sender: CameraSender) -> None:
        for viewing in [viewing for viewing in self._by_fragment.values() if viewing.sender is sender]:
            self._lose(viewing, "unfit")

    def _lose(self, viewing: Viewing, why: str) -> None:
        self.end(viewing)
        viewing.on_gone(why)


def _why_gone(peer: Peer, now_s: float) -> str:
    """Return why this viewer must go, "" if it need not."""
    if not peer.is_connected:
        return "never_connected" if now_s - peer.opened_s > CONNECT_TIMEOUT_S else ""
    if now_s - peer.heard_s > SILENCE_S:
        return "silent"
    if peer.unproven_since_s is not None and now_s - peer.unproven_since_s > PROOF_S:
        return "moved_unproven"
    return ""


def cannot(why: str) -> BrightKitchenError:
    """Return the refusal that has the page take the other way."""
    return BrightKitchenError(Kind.INVALID, "media.webrtc_cannot", why=why)
