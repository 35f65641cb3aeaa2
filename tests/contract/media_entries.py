"""What each route of a media node needs, and what it answers to who shows nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaEntry:
    """needs: in words. without: the status for a page of ours that shows no token and no handle."""

    needs: str
    without: int = 401


_HLS = "an address that a token opened: act live"
MEDIA_ENTRIES = {
    ("GET", "/healthz"): MediaEntry("-", 200),
    ("GET", "/live/{camera}/ws"): MediaEntry("a token in the first frame: act live", 400),
    ("POST", "/live/{camera}/whep"): MediaEntry("a token: act live"),
    ("DELETE", "/live/{camera}/whep/{resource}"): MediaEntry("the token that opened or last renewed it"),
    ("POST", "/live/{camera}/whep/{resource}/renew"): MediaEntry("a token of the same session: act live"),
    ("POST", "/live/{camera}/hls"): MediaEntry("a token: act live"),
    ("DELETE", "/live/{camera}/hls/{address}"): MediaEntry("the token that opened or last renewed it"),
    ("POST", "/live/{camera}/hls/{address}/renew"): MediaEntry("a token of the same session: act live"),
    ("GET", "/live/{camera}/hls/{address}/index.m3u8"): MediaEntry(_HLS),
    ("GET", "/live/{camera}/hls/{address}/video.m3u8"): MediaEntry(_HLS),
    ("GET", "/live/{camera}/hls/{address}/init/{init}.mp4"): MediaEntry(_HLS),
    ("GET", "/live/{camera}/hls/{address}/{name}.m4s"): MediaEntry(_HLS),
    ("POST", "/media/session"): MediaEntry("a token: act play, snapshot, thumb, clip"),
    ("POST", "/media/session/renew"): MediaEntry("a handle, and a token of the same session"),
    ("DELETE", "/media/session"): MediaEntry("a handle"),
    ("GET", "/play/{camera}/timeline"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/index.m3u8"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/video.m3u8"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/audio.m3u8"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/init/{segment}.mp4"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/video/{segment}/{run}.m4s"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/audio/{segment}/init.mp4"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/audio/{segment}/{run}.m4s"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/segments/{segment}.mp4"): MediaEntry("a handle: act play"),
    ("GET", "/snapshot/{camera}"): MediaEntry("a handle: act snapshot"),
    ("GET", "/thumb/{camera}"): MediaEntry("a handle: act thumb"),
    ("GET", "/play/{camera}/stream.mp4"): MediaEntry("a handle: act play"),
    ("GET", "/play/{camera}/clip.mp4"): MediaEntry("a handle: act clip"),
    ("POST", "/play/{camera}/clips"): MediaEntry("a handle: act clip"),
    ("GET", "/play/{camera}/clips/{download}"): MediaEntry("a handle: act clip"),
    ("GET", "/s/{download}/clip.mp4"): MediaEntry("an address that a handle opened: act clip"),
    ("POST", "/evidence/{camera}"): MediaEntry("a token: act evidence"),
}
