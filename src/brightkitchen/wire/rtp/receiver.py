"""All tracks of one connection: RTP packets in, access units out (DESIGN.md §3).

Rules of this file: it joins the parts; what a packet means is in video.py, audio.py, track.py, rtcp.py and timeline.py.
Nothing from the network raises here.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from brightkitchen.kernel.errors import OurError, TheirError
from brightkitchen.kernel.units import Utc
from brightkitchen.wire.au import AccessUnit, Codec, Format
from brightkitchen.wire.rtp.audio import AacTrack, G711Track
from brightkitchen.wire.rtp.description import TrackDescription
from brightkitchen.wire.rtp.rtcp import Goodbye, ReportBlock, SenderReport, build_receiver_report, parse_compound
from brightkitchen.wire.rtp.timeline import StreamTimeline
from brightkitchen.wire.rtp.track import FormatChange, Ledger, Note, Packet, Track
from brightkitchen.wire.rtp.video import VideoTrack

UDP_REORDER: Final = 32
DRIFT_REPORTS: Final = 16
_EPOCH_US: Final = 1_600_000_000_000_000  # 2020: what is before it is no wall clock
_TRACKS: Final[dict[Codec, type[VideoTrack] | type[AacTrack] | type[G711Track]]] = {
    Codec.H264: VideoTrack,
    Codec.H265: VideoTrack,
    Codec.AAC: AacTrack,
    Codec.PCMA: G711Track,
    Codec.PCMU: G711Track,
}

__all__ = ["UDP_REORDER", "FormatChange", "Note", "RtpReceiver"]


class RtpReceiver:
    """The receiving end of one connection.

    tracks:  as described; each track number once.
    reorder: how many early packets may wait for a missing one; 0 for TCP, UDP_REORDER for UDP.
    ssrc:    ours, in the reports that we send.
    changes: formats that became known or changed in the last `receive_rtp`, each with the index of the unit it applies from.
    ended:   a BYE came.

    The marker bit of the very first picture is believed only when the next packet arrives, so that picture comes one
    packet late; see video.py.
    """

    def __init__(
        self, tracks: Sequence[TrackDescription], *, reorder: int = 0, ssrc: int = 0x424B5256, name: str = "receiver"
    ) -> None:
        self._ledger = Ledger()
        self._reorder = reorder
        self._ssrc = ssrc
        self._name = name.encode()[:255]
        self._timeline = StreamTimeline()
        self._tracks: dict[int, Track] = {}
        self._reports: dict[int, tuple[int, Utc]] = {}
        self._drifts: deque[int] = deque(maxlen=DRIFT_REPORTS)
        self.ended = False
        for about in sorted(tracks, key=lambda about: about.track):
            if about.track in self._tracks or about.clock_rate_hz <= 0 or about.channels <= 0:
                raise OurError(f"track {about.track} is described twice or without a clock rate")
            clock = self._timeline.add_track(about.clock_rate_hz)
            self._tracks[about.track] = _TRACKS[about.codec](about, self._ledger, clock, reorder)

    @property
    def changes(self) -> list[FormatChange]:
        return self._ledger.changes

    @property
    def notes(self) -> list[Note]:
        """What the camera does otherwise than it says; each once, at most 64 for a connection."""
        return self._ledger.notes

    @property
    def packets_received(self) -> int:
        return self._ledger.packets_received

    @property
    def packets_lost(self) -> int:
        return self._ledger.packets_lost

    @property
    def packets_late(self) -> int:
        return self._ledger.packets_late

    @property
    def packets_skipped(self) -> int:
        """Packets of a kind that is not taken, or malformed."""
        return self._ledger.packets_skipped

    @property
    def units_dropped(self) -> int:
        """Damaged, before the first key frame, or before the format was known."""
        return self._ledger.units_dropped

    @property
    def formats(self) -> dict[int, Format]:
        """What is known now, by track."""
        return {number: track.format for number, track in self._tracks.items() if track.format is not None}

    def receive_rtp(self, track: int, packets: Sequence[Packet], received_at: Utc) -> list[AccessUnit]:
        """Take whole RTP packets of one track, as one read brought them; return the units that they made whole.

        Nothing refers to the packets' memory afterwards. Fills `changes`.
        raises: OurError for a track that was not described; nothing else.
        """
        state = self._tracks.get(track)
        if state is None:
            raise OurError(f"track {track} was not described")
        self._ledger.changes = []
        self._ledger.packets_received += len(packets)
        state.received += len(packets)
        units: list[AccessUnit] = []
        if self._reorder:
            packets = state.sort(packets)
        jumps = state.clock.jumps
        used = state.receive(packets, received_at, units)
        while used < len(packets):
            packets = packets[used:]
            used = state.receive(packets, received_at, units)
        if state.clock.jumps != jumps:
            state.note("timestamp_jump", "the media clock jumped against arrival; the timeline goes on by arrival")
        if self._timeline.rtp_info_refused:
            state.note("rtp_info_wrong", "RTP-Info contradicts arrival by more than 2 s and is not used")
        return units

    def receive_rtcp(self, track: int, packet: Packet, received_at: Utc) -> None:
        """Take one compound RTCP packet. raises: OurError for a track that was not described; nothing else."""
        state = self._tracks.get(track)
        if state is None:
            raise OurError(f"track {track} was not described")
        try:
            items = parse_compound(packet)
        except TheirError as error:
            state.skip("rtcp_wrong", error.what)
            return
        for item in items:
            if isinstance(item, Goodbye):
                self.ended = True
                state.note("bye", "the camera says that the source ends")
            elif state.ssrc in (-1, item.ssrc):
                self._handle_sender_report(state, item, received_at)

    @property
    def clock_drift_us(self) -> int | None:
        """The camera's wall clock minus ours; None until it said its time.

        A report is late by the network and by reads that collect, never early: the least late of the last ones is the truth.
        """
        return max(self._drifts, default=None)

    def _handle_sender_report(self, state: Track, report: SenderReport, received_at: Utc) -> None:
        if report.sent_us > _EPOCH_US:  # cameras without a clock count from 1900 or from their start
            self._drifts.append(report.sent_us - received_at)
        self._reports[state.index] = (report.ntp_middle, received_at)
        if not state.clock.report(report.sent_us, report.timestamp):
            state.note("sender_clock_wrong", "sender reports place sound and picture more than 5 s apart; not used")

    def set_rtp_info(self, track: int, sequence: int | None, rtptime: int | None) -> None:
        """What the answer to PLAY says of a track; before its first packet. `sequence` is not used: it is often wrong."""
        state = self._tracks.get(track)
        if state is not None and rtptime is not None:
            state.clock.set_rtptime(rtptime & 0xFFFFFFFF)

    def build_report(self, track: int, received_at: Utc) -> bytes:
        """Return RR and SDES for one track, to be sent now (received_at). raises: OurError for an unknown track."""
        state = self._tracks.get(track)
        if state is None:
            raise OurError(f"track {track} was not described")
        highest = state.highest_sequence()
        if highest < 0:
            return build_receiver_report(self._ssrc, None, self._name)
        lost, received = state.lost_total - state.reported_lost, state.received - state.reported_received
        state.reported_lost, state.reported_received = state.lost_total, state.received
        middle, since = self._reports.get(track, (0, received_at))
        delay = max(0, min((received_at - since) * 65_536 // 1_000_000, 0xFFFFFFFF))
        fraction = min(lost * 256 // (lost + received), 255) if lost + received else 0
        block = ReportBlock(state.ssrc, fraction, state.lost_total, highest, middle, delay)
        return build_receiver_report(self._ssrc, block, self._name)
