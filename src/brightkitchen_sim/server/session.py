"""RTSP sessions: what a client has set up, and whether it still lives."""

import secrets
from dataclasses import dataclass, field

from brightkitchen_sim.server.camera import AUDIO_TRACK_ID, VIDEO_TRACK_ID, Camera, SessionCounts, Stream
from brightkitchen_sim.server.outlet import Outlet
from brightkitchen_sim.server.track import Player, Track

REPORT_INTERVAL_S = 5.0


@dataclass(slots=True)
class SetUpTrack:
    track: Track
    player: Player


@dataclass(slots=True)
class Session:
    """on_connection: the packets go through the RTSP connection, so the session ends with it."""

    camera: Camera
    stream: Stream
    path: str
    on_connection: bool
    seen_s: float
    session_id: str = field(default_factory=lambda: secrets.token_hex(8))
    tracks: dict[int, SetUpTrack] = field(default_factory=dict)
    playing: bool = False
    reported: bool = False
    played_at_s: float | None = None

    def set_up(self, track_id: int, track: Track, outlet: Outlet) -> None:
        """Add a track; a second SETUP of the same one replaces the first."""
        if (old := self.tracks.pop(track_id, None)) is not None:
            old.track.remove_player(old.player)
            old.player.outlet.close()
        self.tracks[track_id] = SetUpTrack(track, Player(outlet))

    def play(self, now_s: float) -> None:
        if self.playing:
            return
        self.playing = True
        self.played_at_s = now_s
        for item in self.tracks.values():
            item.player.waits_for_key = item.track.is_video
            item.track.add_player(item.player)

    def pause(self) -> None:
        self.playing = False
        for item in self.tracks.values():
            item.track.remove_player(item.player)

    def end(self) -> None:
        """Send nothing more, give the ports back, keep the counts."""
        self.pause()
        for item in self.tracks.values():
            item.player.outlet.close()
        self.camera.sessions_ended.append(self.count())

    def count(self) -> SessionCounts:
        counts = SessionCounts(self.path, "tcp" if self.on_connection else "udp")
        if (video := self.tracks.get(VIDEO_TRACK_ID)) is not None:
            counts.video_frames = video.player.frames
            counts.video_packets = video.player.packets
            counts.dropped_frames = video.player.dropped_frames
        if (audio := self.tracks.get(AUDIO_TRACK_ID)) is not None:
            counts.audio_packets = audio.player.packets
            counts.dropped_frames += audio.player.dropped_frames
        return counts
