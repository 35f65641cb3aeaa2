"""A media node's viewer side for tests: real hub, recorder, store, worker and HTTP server; cameras fed by hand with real bitstreams."""

import asyncio
import math
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.encoding import TICKS_PER_FRAME, Clip
from tests.media_synthetic import HandSources

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.kernel.mediatoken import Act, MediaClaims, sign_token
from brightkitchen.kernel.nodeprotocol import VerifyKey
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc, ticks_to_us
from brightkitchen.media.decode.pool import DecodePool
from brightkitchen.media.evidence.service import EvidenceSource
from brightkitchen.media.evidence.statement import open_statement_key
from brightkitchen.media.hub.hub import Hub
from brightkitchen.media.recorder.recorder import Recorder
from brightkitchen.media.serve.app import ViewersPort
from brightkitchen.media.serve.server import MediaServer
from brightkitchen.media.store.store import Store
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, AccessUnit, AudioFormat, Codec, Format
from brightkitchen.wire.fmp4 import writer

_T = TypeVar("_T")
NODE = "node_0000000000000001"
CAMERA = CameraId("cam_0000000000000001")
OTHER_CAMERA = CameraId("cam_0000000000000002")
FOREIGN_CAMERA = CameraId("cam_0000000000000003")  # of another node
KEY = StreamKey(CAMERA, Profile.MAIN)
ORIGIN = "https://city.example"
START_AT = ManualClock().utc()
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
G711 = AudioFormat(Codec.PCMA, 8000, 1, "pcma")


def at_s(seconds: float) -> Utc:
    return Utc(START_AT + round(seconds * US_PER_S))


def iso(seconds: float) -> str:
    return format_utc(at_s(seconds))


def build_tone(start: int, count: int, *, frequency_hz: int = 440) -> bytes:
    """Return samples of a sine as G.711 A-law (ITU-T G.711 §3)."""
    return bytes(
        _encode_a_law(int(12000 * math.sin(2 * math.pi * frequency_hz * n / 8000))) for n in range(start, start + count)
    )


def _encode_a_law(sample: int) -> int:
    sign, size = (0x80, sample) if sample >= 0 else (0, -sample - 1)
    exponent = max(0, min(7, size.bit_length() - 8))
    mantissa = size >> (exponent + 3) & 15 if exponent else size >> 4 & 15
    return (sign | exponent << 4 | mantissa) ^ 0x55


def build_units(clip: Clip, *, first_pts: int = 0, with_sound: bool = True) -> list[AccessUnit]:
    """Return the clip as a camera would deliver it: 40 ms of a tone behind each picture."""
    units = []
    for index, unit in enumerate(clip.units):
        received_at = Utc(START_AT + ticks_to_us(first_pts + index * TICKS_PER_FRAME))
        units.append(AccessUnit(VIDEO_TRACK, first_pts + unit.pts, unit.data, unit.is_key, received_at))
        if with_sound:
            pts = first_pts + index * TICKS_PER_FRAME
            units.append(AccessUnit(AUDIO_TRACK, pts, build_tone(pts * 8 // 90, 320), True, received_at))
    return units


@dataclass
class NodeBench:
    clock: ManualClock
    store: Store
    hub: Hub
    recorder: Recorder
    sources: HandSources
    pool: DecodePool
    server: MediaServer
    port: ViewersPort
    client: aiohttp.ClientSession
    supervisor: Supervisor
    store_folder: Path
    key: StreamKey
    statement_key: str
    tokens: int = field(default=0)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port.port}{path}"

    def token(self, act: Act, *, signing_key: Ed25519PrivateKey = SIGNING_KEY, **changes: Any) -> str:
        """Any: the fields of `MediaClaims`."""
        self.tokens += 1
        now = self.clock.utc()
        claims = MediaClaims(
            kid="k1",
            iss="control",
            aud=NODE,
            cam=CAMERA,
            act=act,
            prof="main",
            sid="s1",
            cls="officer",
            iat=now,
            exp=Utc(now + 60 * US_PER_S),
            jti=f"j{self.tokens}",
            org=ORIGIN,
            wm="w1",
        )
        return sign_token(msgspec.structs.replace(claims, **changes), signing_key)

    async def open_handle(self, act: Act, **changes: Any) -> str:
        token = self.token(act, **changes)
        origin = changes.get("org", ORIGIN)
        headers = {"Origin": origin} if origin else {}
        async with self.client.post(self.url("/media/session"), json={"token": token}, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return str((await answer.json())["handle"])

    async def get(self, path: str, handle: str | None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers of a GET by the page."""
        sent = {"Origin": ORIGIN, **headers}
        if handle is not None:
            sent["X-BK-Media"] = handle
        async with self.client.get(self.url(path), headers=sent) as answer:
            return answer.status, await answer.read(), dict(answer.headers)

    async def connect(self, formats: dict[int, Format]) -> None:
        """Have the camera connect; the hub's stream exists and is recorded."""
        stream = self.hub.add(self.key, self.sources)
        self.recorder.start(stream)
        await self.clock.advance(0)
        self.sources.last.connect(formats)

    async def while_time_passes(
        self, work: Coroutine[Any, Any, _T], *, seconds: int
    ) -> _T:  # Any: what a coroutine takes
        """Return what `work` gives, moving the clock by tenths while it waits; at most `seconds`."""
        task = asyncio.create_task(work)
        for _ in range(seconds * 10):
            done, _waiting = await asyncio.wait((task,), timeout=0.03)
            if done:
                break
            await self.clock.advance(0.1)
        return await task

    def feed(self, units: Sequence[AccessUnit]) -> None:
        """Deliver units in batches that end with sound (so that the wall clock is exact), and let time pass with them."""
        for at in range(0, len(units), 8):
            self.sources.last.feed(units[at : at + 8])
        span = max(unit.pts for unit in units) - min(unit.pts for unit in units) + TICKS_PER_FRAME
        self.clock.jump(span / 90_000)
        self.recorder.hand_over()
        self.store.wait_idle(5)

    async def record(self, clip: Clip, *, with_sound: bool = True, is_closed: bool = True) -> None:
        """Record the clip from START_AT on."""
        formats: dict[int, Format] = {VIDEO_TRACK: clip.format}
        if with_sound:
            formats[AUDIO_TRACK] = G711
        await self.connect(formats)
        self.feed(build_units(clip, with_sound=with_sound))
        if is_closed:
            self.sources.last.break_off()
            self.recorder.hand_over()
            self.store.wait_idle(5)


@asynccontextmanager
async def running_node(
    folder: Path, *, name: str = NODE, key: StreamKey = KEY, header_timeout_s: float = 0.5, transcodes: int = 2
) -> AsyncIterator[NodeBench]:
    """name: the node's id. key: the stream that the bench feeds."""
    clock, entropy = ManualClock(), SeededEntropy(5)
    supervisor = Supervisor(clock, entropy)
    store = Store.open(folder, clock, reserve_bytes=0, commit_every_s=0.0)
    store.start()
    hub = Hub(clock=clock, entropy=entropy, supervisor=supervisor)
    recorder = Recorder(store, writer, clock=clock, entropy=entropy, segment_s=60.0)
    pool = DecodePool(clock, entropy)
    pool.start()
    server = MediaServer(
        node=name,
        is_leased=lambda camera: camera in (key.camera, OTHER_CAMERA),
        streams=hub,
        recordings=store,
        pool=pool,
        clock=clock,
        entropy=entropy,
        supervisor=supervisor,
        transcodes=transcodes,
    )
    server.set_keys([VerifyKey(kid="k1", public_key=SIGNING_KEY.public_key().public_bytes_raw())])
    server.set_allowed_origins([ORIGIN])
    server.start()
    statement_key = open_statement_key(folder.parent / "statement.key", entropy)
    evidence = EvidenceSource(
        store,
        server.stills,
        statement_key,
        node=name,
        software="brightkitchen 0",
        drift_of=hub.clock_drift_us,
        clock=clock,
    )
    port = ViewersPort(server, evidence, header_timeout_s=header_timeout_s)
    await port.open("127.0.0.1", 0)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as client:
        yield NodeBench(
            clock,
            store,
            hub,
            recorder,
            HandSources(),
            pool,
            server,
            port,
            client,
            supervisor,
            folder,
            key,
            statement_key.public_key,
        )
        server.close()
    await port.close()
    recorder.close()
    await asyncio.to_thread(store.wait_idle, 5)
    await hub.close()
    await pool.close()
    await supervisor.close()
    store.close()
