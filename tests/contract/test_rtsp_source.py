"""`RtspSource` and `probe` against a scripted camera on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.contract.rtsp_fakes import (
    PASSWORD,
    ChangingReceiver,
    MemorySink,
    NotingReceiver,
    address,
    environment,
    picture,
    probe_with,
    scripted_camera,
)
from tests.unit.wire.rtsp.pure_camera import PureCamera, answer

from brightkitchen.devices.ports import StreamAddress
from brightkitchen.devices.rtsp.environment import RtspEnvironment
from brightkitchen.devices.rtsp.limiter import ConnectLimiter
from brightkitchen.devices.rtsp.source import RtspSource
from brightkitchen.kernel.camerastate import CameraState, Reason
from brightkitchen.kernel.clock import ManualClock, settle
from brightkitchen.kernel.netguard import GuardPolicy, NetGuard, parse_endpoint


@asynccontextmanager
async def running(where: StreamAddress, env: RtspEnvironment) -> AsyncIterator[tuple[RtspSource, MemorySink]]:
    sink = MemorySink()
    source = RtspSource(where, sink, env)
    task = asyncio.create_task(source.run())
    try:
        yield source, sink
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        assert task.cancelled()


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_source_pictures_arrive_and_it_is_live(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(pictures_arrive())


async def pictures_arrive() -> None:
    async with scripted_camera() as camera, running(address(camera.port), environment(camera.port)) as (source, sink):
        await sink.until(lambda: "connected" in sink.log)
        camera.send(picture(1) + picture(2))
        await sink.until_state(CameraState.LIVE)
        assert sink.states == [(CameraState.CONNECTING, None), (CameraState.LIVE, None)]
        assert (source.counters.packets_received, source.counters.frames, source.counters.attempts) == (2, 2, 1)
    assert b"TEARDOWN rtsp://cam/p/ RTSP/1.0" in camera.received


async def test_source_format_changes_are_told_between_the_units() -> None:
    async with scripted_camera() as camera:
        env = environment(camera.port, receiver=ChangingReceiver)
        async with running(address(camera.port), env) as (_, sink):
            await sink.until(lambda: "connected" in sink.log)
            camera.send(b"".join(picture(number) for number in range(4)))
            await sink.until(lambda: len(sink.units) == 4)
            assert sink.log == ["connected", "format 8000", "units 2", "format 16000", "units 2"]


async def test_source_camera_hangs_up_then_comes_back_with_a_new_session() -> None:
    clock = ManualClock()
    async with (
        scripted_camera() as camera,
        running(address(camera.port), environment(camera.port, clock=clock)) as (_, sink),
    ):
        await sink.until(lambda: "connected" in sink.log)
        camera.send(picture(1))
        await sink.until_state(CameraState.LIVE)
        camera.hang_up()
        await sink.until_state(CameraState.OFFLINE, Reason.ENDED)
        await clock.advance(2.0)
        await sink.until(lambda: sink.log.count("connected") == 2)
        assert sink.states[-1] == (CameraState.CONNECTING, None)


async def test_source_silent_camera_is_no_packets_after_ten_seconds() -> None:
    clock = ManualClock()
    async with (
        scripted_camera() as camera,
        running(address(camera.port), environment(camera.port, clock=clock)) as (_, sink),
    ):
        await sink.until(lambda: "connected" in sink.log)
        await clock.advance(9.5)
        assert sink.states == [(CameraState.CONNECTING, None)]
        await clock.advance(2.0)
        await sink.until_state(CameraState.OFFLINE, Reason.NO_PACKETS)


async def test_source_packets_without_pictures_are_a_format_mismatch() -> None:
    clock = ManualClock()
    async with (
        scripted_camera() as camera,
        running(address(camera.port), environment(camera.port, clock=clock)) as (source, sink),
    ):
        await sink.until(lambda: "connected" in sink.log)
        await clock.advance(6.0)
        camera.send(b"$\x00\x00\x04\x80\x60\x00\x01")
        async with asyncio.timeout(5):
            while source.counters.packets_received == 0:
                await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(None, lambda: None), 5)
        await clock.advance(5.0)
        await sink.until_state(CameraState.OFFLINE, Reason.FORMAT_MISMATCH)


async def test_source_lost_packets_degrade_until_a_clean_interval() -> None:
    clock = ManualClock()
    async with (
        scripted_camera() as camera,
        running(address(camera.port), environment(camera.port, clock=clock)) as (_, sink),
    ):
        await sink.until(lambda: "connected" in sink.log)
        camera.send(picture(1) + picture(20))
        await sink.until(lambda: len(sink.units) == 2)
        await clock.advance(5.0)
        assert sink.states[-1:] == [(CameraState.DEGRADED, Reason.PACKET_LOSS)]
        camera.send(picture(21) + picture(22))
        await sink.until(lambda: len(sink.units) == 4)
        await clock.advance(5.0)
        assert sink.states[-1:] == [(CameraState.LIVE, None)]


async def test_source_collecting_reads_holds_back_nothing_for_long() -> None:
    clock = ManualClock()
    async with (
        scripted_camera() as camera,
        running(address(camera.port), environment(camera.port, clock=clock)) as (source, sink),
    ):
        await sink.until(lambda: "connected" in sink.log)
        camera.send(b"".join(picture(number, 1000) for number in range(100)))
        await sink.until(lambda: len(sink.units) == 100)
        await clock.advance(5.0)  # 100 kB in 5 s: the mark becomes 20 kB
        camera.send(b"".join(picture(number, 1000) for number in range(100, 115)))
        camera.send(b"".join(picture(number, 1000) for number in range(115, 125)))
        await sink.until(lambda: len(sink.units) == 125)
        camera.send(picture(125))
        source.set_low_latency(True)
        await sink.until(lambda: len(sink.units) == 126)


async def test_source_held_back_bytes_are_found_before_silence_is_declared() -> None:
    clock = ManualClock()
    async with (
        scripted_camera() as camera,
        running(address(camera.port), environment(camera.port, clock=clock)) as (_, sink),
    ):
        await sink.until(lambda: "connected" in sink.log)
        camera.send(b"".join(picture(number, 1000) for number in range(100)))
        await sink.until(lambda: len(sink.units) == 100)
        await clock.advance(5.0)
        camera.send(picture(100))
        await clock.advance(5.0)
        await sink.until(lambda: len(sink.units) == 101)
        assert sink.states[-1:] == [(CameraState.LIVE, None)]


@pytest.mark.parametrize(
    ("pure", "reason"),
    [
        (PureCamera(DESCRIBE=answer("404 Not Found")), Reason.NO_SUCH_PATH),
        (PureCamera(DESCRIBE=answer("401 No", "WWW-Authenticate: Digest realm=r, nonce=n")), Reason.WRONG_PASSWORD),
        (PureCamera(DESCRIBE=answer("401 No", "WWW-Authenticate: Basic realm=r")), Reason.INSECURE_AUTH),
        (PureCamera(DESCRIBE=answer(body="v=0\r\nm=audio 0 RTP/AVP 0\r\n")), Reason.NO_VIDEO_TRACK),
        (PureCamera(DESCRIBE=answer(body="v=0\r\nm=video 0 RTP/AVP 26\r\n")), Reason.CODEC_UNSUPPORTED),
        (PureCamera(SETUP=answer("453 Not Enough Bandwidth")), Reason.CAMERA_BUSY),
        (PureCamera(SETUP=answer("461 Unsupported Transport")), Reason.TRANSPORT_REFUSED),
        (PureCamera(OPTIONS=b"HTTP/1.1 400 Bad Request\r\n\r\n"), Reason.NOT_RTSP),
        (PureCamera(PLAY=b"\x00" * 20), Reason.SERVER_ERROR),
    ],
)
async def test_probe_failure_is_named(pure: PureCamera, reason: Reason) -> None:
    async with scripted_camera(pure) as camera:
        result = await probe_with(environment(camera.port), address(camera.port), timeout_s=1.0)
        assert result.reason is reason
        assert PASSWORD not in repr(result) and PASSWORD.encode() not in camera.received


async def test_probe_connected_but_nothing_comes_is_no_packets() -> None:
    async with scripted_camera() as camera:
        result = await probe_with(environment(camera.port), address(camera.port), timeout_s=0.5)
        assert result.reason is Reason.NO_PACKETS and result.server == "Pure"


async def test_probe_address_not_allowed_makes_no_connection() -> None:
    async with scripted_camera() as camera:
        result = await probe_with(environment(1), address(camera.port), timeout_s=1.0)
        assert result.reason is Reason.ADDRESS_NOT_ALLOWED and camera.connections == 0


async def test_probe_closed_port_and_unknown_host_are_told_apart() -> None:
    async with scripted_camera() as camera:
        port = camera.port
    result = await probe_with(environment(port), address(port), timeout_s=1.0)
    assert result.reason is Reason.PORT_CLOSED
    unknown = await probe_with(environment(554), address(554, host="no-such-host.invalid"), timeout_s=5.0)
    assert unknown.reason is Reason.HOST_UNKNOWN


async def resolve_to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_probe_redirect_to_another_host_takes_no_login_along() -> None:
    challenge = answer("401 No", "WWW-Authenticate: Digest realm=r, nonce=n")
    async with scripted_camera(PureCamera(DESCRIBE=challenge)) as other:
        away = answer("302 Found", f"Location: rtsp://thief:x@other.test:{other.port}/p")
        async with scripted_camera(PureCamera(DESCRIBE=[challenge, away])) as camera:
            allowed = tuple(parse_endpoint(f"127.0.0.1:{port}") for port in (camera.port, other.port))
            guard = NetGuard(GuardPolicy(allow_endpoints=allowed), resolve_to_loopback)
            env = replace(environment(), guard=guard)
            result = await probe_with(env, address(camera.port), timeout_s=2.0)
    assert b"Authorization: Digest" in camera.received
    assert result.reason is Reason.WRONG_PASSWORD and other.pure.methods == ["OPTIONS", "DESCRIBE"]
    assert b"Authorization" not in other.received and b"thief" not in other.received


async def test_probe_redirect_to_a_forbidden_port_is_not_followed() -> None:
    async with scripted_camera() as canary:
        away = answer("302 Found", f"Location: rtsp://127.0.0.1:{canary.port}/p")
        async with scripted_camera(PureCamera(DESCRIBE=away)) as camera:
            result = await probe_with(environment(camera.port), address(camera.port), timeout_s=2.0)
    assert result.reason is Reason.ADDRESS_NOT_ALLOWED and canary.connections == 0


async def test_source_codec_other_than_described_degrades_until_a_clean_interval() -> None:
    clock = ManualClock()
    async with scripted_camera() as camera:
        env = environment(camera.port, clock=clock, receiver=NotingReceiver)
        async with running(address(camera.port), env) as (_, sink):
            await sink.until(lambda: "connected" in sink.log)
            camera.send(picture(1, 46))
            await sink.until_state(CameraState.LIVE)
            await clock.advance(5.0)
            assert sink.states[-1:] == [(CameraState.DEGRADED, Reason.FORMAT_MISMATCH)]
            camera.send(picture(2))
            await sink.until(lambda: len(sink.units) == 2)
            await clock.advance(5.0)
            assert sink.states[-1:] == [(CameraState.LIVE, None)]


async def test_sources_coming_back_together_pass_the_gate_a_few_at_a_time() -> None:
    silent = PureCamera(PLAY=None)
    async with scripted_camera(silent) as camera:
        env = replace(environment(camera.port), limiter=ConnectLimiter(3))
        async with AsyncExitStack() as stack:
            for _ in range(10):
                await stack.enter_async_context(running(address(camera.port), env))
            async with asyncio.timeout(5):
                while silent.methods.count("PLAY") < 3:
                    await asyncio.to_thread(lambda: None)
            await settle(200)
            assert camera.connections == 3


async def test_source_udp_from_an_address_that_is_not_allowed_is_refused() -> None:
    away = answer("200 OK", "Session: 1", "Transport: RTP/AVP;unicast;server_port=7000-7001;source=169.254.169.254")
    async with scripted_camera(PureCamera(SETUP=away)) as camera:
        where = address(camera.port, transport="udp")
        async with running(where, environment(camera.port)) as (_, sink):
            await sink.until_state(CameraState.OFFLINE, Reason.ADDRESS_NOT_ALLOWED)


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server context as a camera has it: its own certificate for nobody in particular."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    path = folder / "camera.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_source_tls_pictures_arrive(new_loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(pictures_arrive_by_tls(self_signed(tmp_path)))


async def pictures_arrive_by_tls(tls: ssl.SSLContext) -> None:
    async with scripted_camera(tls=tls) as camera:
        where = replace(address(camera.port), tls=True)
        async with running(where, environment(camera.port)) as (_, sink):
            await sink.until(lambda: "connected" in sink.log)
            camera.send(b"".join(picture(number, 1000) for number in range(500)))
            await sink.until(lambda: len(sink.units) == 500)
    assert b"OPTIONS rtsps://127.0.0.1:" in camera.received


async def test_probe_tls_to_a_plain_camera_is_not_rtsp() -> None:
    async with scripted_camera() as camera:
        where = replace(address(camera.port), tls=True)
        result = await probe_with(environment(camera.port), where, timeout_s=3.0)
        assert result.reason is Reason.NOT_RTSP
