"""The viewers' side of a media node: what the routes share, and the one object that bootstrap holds."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

from aiohttp import hdrs, web

from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.forwarding import TrustedProxies
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey, is_id
from brightkitchen.kernel.mediatoken import Act, TokenVerifier
from brightkitchen.kernel.nodeprotocol import VerifyKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.live.webrtc.settings import WebRtcSettings
from brightkitchen.media.live.wsfmp4.muxer import LiveMuxers
from brightkitchen.media.playback.clip import Clips
from brightkitchen.media.playback.direct import DirectStreams
from brightkitchen.media.playback.service import Playback, TimeRange
from brightkitchen.media.playback.transcoded import TranscodedStreams
from brightkitchen.media.serve.downloads import Downloads
from brightkitchen.media.serve.guard import HANDLE_HEADER, Guard
from brightkitchen.media.serve.leases import EndCode, Handles, Lease, Leases
from brightkitchen.media.serve.views import ViewLog
from brightkitchen.media.snapshot.service import Stills
from brightkitchen.media.store.ports import Recordings
from brightkitchen.media.transcode.service import USUAL_LIMIT, SourceProvider, Transcodes


class MediaServer:
    """Serves live video, recordings and pictures of one node to whoever shows a token.

    node: this node's id. is_leased: whether a camera (its id) is this node's. Call `start` once, `close` at the end; the
    application is made by `media.serve.app.make_app`.
    """

    def __init__(
        self,
        *,
        node: str,
        is_leased: Callable[[str], bool],
        streams: SourceProvider,
        recordings: Recordings,
        pool: DecodePool,
        clock: Clock,
        entropy: Entropy,
        supervisor: Supervisor,
        transcodes: int = USUAL_LIMIT,
        webrtc: WebRtcSettings | None = None,
        proxies: TrustedProxies | None = None,
    ) -> None:
        """transcodes: how many streams at once are made H.264 for browsers that need it. proxies: whose X-Forwarded-For counts; None: nobody's."""
        self.clock = clock
        self.entropy = entropy
        self.streams = streams
        self.webrtc_settings = webrtc or WebRtcSettings()
        self.count_webrtc: Callable[[], int] = lambda: 0
        self.count_hls: Callable[[], int] = lambda: 0
        self.count_hls_bytes: Callable[[], int] = lambda: 0
        self.supervisor = supervisor
        self.recordings = recordings
        self.pool = pool
        self.verifier = TokenVerifier(node, is_leased=is_leased)
        self.guard = Guard()
        self.leases = Leases(clock)
        self.views = ViewLog(clock, entropy)
        self.handles = Handles(self.leases, entropy)
        self.muxers = LiveMuxers(streams, pool=pool, clock=clock, supervisor=supervisor)
        self.transcodes = Transcodes(
            streams, limit=transcodes, pool=pool, clock=clock, entropy=entropy, supervisor=supervisor
        )
        self.handles.on_gone = self.transcodes.end_play
        self.transcoded_muxers = LiveMuxers(
            self.transcodes, pool=pool, clock=clock, supervisor=supervisor, is_transcoded=True
        )
        self.playback = Playback(recordings, pool)
        self.direct = DirectStreams(recordings, self.playback)
        self.transcoded_streams = TranscodedStreams(recordings, self.direct)
        self.clips = Clips(recordings)
        self.downloads = Downloads(self.leases, clock, entropy)
        self.stills = Stills(streams, recordings, pool)
        self.waiting_sockets: Counter[str] = Counter()
        self.is_stopping = False
        self._proxies = proxies or TrustedProxies()
        self._is_leased = is_leased
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to end leases that expire, and to count what is watched."""
        self._tasks = [self.supervisor.keep("leases", self.leases.run), self.supervisor.keep("views", self.views.run)]

    def close(self) -> int:
        """Let every viewer go with the code node_stopping and refuse new ones; return how many went."""
        self.is_stopping = True
        for task in self._tasks:
            task.cancel()
        ended = self.leases.end_matching(EndCode.NODE_STOPPING, sid=None, camera=None, kid=None)
        self.views.close()
        return ended

    def set_keys(self, keys: Iterable[VerifyKey]) -> None:
        """Believe exactly these keys (nodeprotocol.Welcome)."""
        self.verifier.set_keys(keys)

    def set_allowed_origins(self, origins: Iterable[str]) -> None:
        """Serve pages of exactly these origins (nodeprotocol.Welcome)."""
        self.guard.allowed_origins = frozenset(origins)

    def revoke(self, *, sid: str | None = None, camera: str | None = None, kid: str | None = None) -> int:
        """Close every viewer that matches all the fields given, refuse such tokens; return how many were closed."""
        self.verifier.revoke(now=self.clock.utc(), sid=sid, camera=camera, kid=kid)
        return self.leases.end_matching(EndCode.REVOKED, sid=sid, camera=camera, kid=kid)

    # -- for the routes ------------------------------------------------------------------------------------------------

    def check_lease(self, request: web.Request, act: Act) -> Lease:
        """Return the lease of the request's handle. raises: UNAUTHENTICATED unless it is for this act, camera and origin."""
        lease = self.find_lease(request)
        claims = lease.claims
        if claims.act is not act:
            raise self.refuse("handle_act")
        if claims.cam != request.match_info["camera"] or not self._is_leased(claims.cam):
            raise self.refuse("handle_camera")
        return lease

    def find_lease(self, request: web.Request) -> Lease:
        """Return the lease of the handle in `X-BK-Media`. raises: UNAUTHENTICATED."""
        handles = request.headers.getall(HANDLE_HEADER, [])
        lease = self.handles.get(handles[0]) if len(handles) == 1 else None
        if lease is None:
            raise self.refuse("handle_unknown")
        if lease.claims.org != request.headers.get(hdrs.ORIGIN, "") and not _is_plain_get(request):
            raise self.refuse("handle_origin")
        return lease

    def client_address(self, request: web.Request) -> str:
        """Return from which address the request came, past our own proxies."""
        return self._proxies.client_of(request.remote or "", request.headers.getall("X-Forwarded-For", []))

    def refuse(self, cause: str) -> BrightKitchenError:
        """Count the cause and return the one refusal that a client ever sees."""
        self.guard.count_refusal(cause)
        return BrightKitchenError(Kind.UNAUTHENTICATED, "media.unauthorised")


def _is_plain_get(request: web.Request) -> bool:
    """True for a GET without Origin, as a browser sends within one origin (node and page behind one proxy)."""
    return request.method == hdrs.METH_GET and hdrs.ORIGIN not in request.headers


def stream_of(lease: Lease) -> StreamKey:
    """Return the stream that the lease's token names. raises: NOT_FOUND if it names none."""
    claims = lease.claims
    if not is_id(claims.cam, "cam") or claims.prof not in (Profile.MAIN.value, Profile.SUB.value):
        raise BrightKitchenError(Kind.NOT_FOUND, "media.not_found")
    return StreamKey(CameraId(claims.cam), Profile(claims.prof))


def visible_range(lease: Lease) -> TimeRange:
    """Return what of the recording the lease's token lets one see."""
    return TimeRange(lease.claims.from_at, lease.claims.to_at)
