"""Cameras that attack (SECURITY.md A7): the password stays secret, the node stays up and small, the others record on."""

import base64
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil
import pytest
from tests.e2e.caller import Caller, until
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e
PASSWORD = "Kohlme1se-secret"
GROWTH_BYTES = 50 * 1024 * 1024
DIGEST = 'WWW-Authenticate: Digest realm="r", nonce="{}"\r\n'
SDP = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t1\r\n"
Behave = Callable[[socket.socket, "HostileCamera"], None]


class HostileCamera:
    """An RTSP server that does with each connection what the test says, and keeps all it was sent."""

    def __init__(self, port: int, behave: Behave) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", port))
        self.heard = b""
        self.connections = 0
        self.served = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                self.connections += 1
                with connection, suppress(OSError):
                    connection.settimeout(8)
                    self._behave(connection, self)
                self.served.release()

    def request(self, connection: socket.socket) -> tuple[str, str]:
        """Return the next request's method and CSeq. raises: ConnectionError at the end."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(4096)
            if not piece:
                raise ConnectionError
            self.heard += piece
            head += piece
        number = re.search(rb"CSeq: *(\d+)", head)
        return head.split(b" ")[0].decode(), number.group(1).decode() if number else "0"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(15)


def answer(number: str, status: str = "200 OK", fields: str = "", body: str = "") -> bytes:
    length = f"Content-Length: {len(body.encode())}\r\n" if body else ""
    return f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{fields}{length}\r\n{body}".encode()


def basic_after_digest(connection: socket.socket, camera: HostileCamera) -> None:
    """Ask for Digest; once that was given, say it was wrong and ask for the password in the clear."""
    asked = 0
    while True:
        _method, number = camera.request(connection)
        fields = DIGEST.format("n1") if asked == 0 else 'WWW-Authenticate: Basic realm="r"\r\n'
        connection.sendall(answer(number, "401 Unauthorized", fields))
        asked += 1


def huge_header(connection: socket.socket, camera: HostileCamera) -> None:
    _method, number = camera.request(connection)
    connection.sendall(answer(number, fields=f"X-Big: {'a' * 8_000_000}\r\n"))


def endless_headers(connection: socket.socket, camera: HostileCamera) -> None:
    camera.request(connection)
    connection.sendall(b"RTSP/1.0 200 OK\r\n")
    for _ in range(2000):
        connection.sendall(b"X-More: and more\r\n" * 200)


def garbage(connection: socket.socket, camera: HostileCamera) -> None:
    camera.request(connection)
    connection.sendall(bytes(range(256)) * 40_000)


def describe_with(body: str) -> Behave:
    def behave(connection: socket.socket, camera: HostileCamera) -> None:
        while True:
            method, number = camera.request(connection)
            fields = (
                "Content-Type: application/sdp\r\n" if method == "DESCRIBE" else "Public: DESCRIBE, SETUP, PLAY\r\n"
            )
            connection.sendall(answer(number, fields=fields, body=body if method == "DESCRIBE" else ""))

    return behave


def body_bomb(connection: socket.socket, camera: HostileCamera) -> None:
    """Promise two gigabytes of description and send as much as is taken."""
    while True:
        method, number = camera.request(connection)
        if method != "DESCRIBE":
            connection.sendall(answer(number))
            continue
        connection.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nContent-Length: 2147483647\r\n\r\n".encode())
        for _ in range(400):
            connection.sendall(b"a=x\r\n" * 50_000)


def rtp_garbage(connection: socket.socket, camera: HostileCamera) -> None:
    """Behave until PLAY; then frames whose contents make no sense, 40 MB of them."""
    while True:
        method, number = camera.request(connection)
        if method == "DESCRIBE":
            connection.sendall(answer(number, fields="Content-Type: application/sdp\r\n", body=SDP))
        elif method == "SETUP":
            fields = "Session: S1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
            connection.sendall(answer(number, fields=fields))
        elif method == "PLAY":
            connection.sendall(answer(number, fields="Session: S1\r\n"))
            for index in range(4000):
                # A fragmented picture that begins and never ends.
                start = 0x80 if index == 0 else 0
                head = b"\x80\x60" + (index & 0xFFFF).to_bytes(2) + b"\0\0\0\1" + b"\0\0\0\7"
                packet = head + bytes((0x7C, start | 5)) + bytes(10_000)
                connection.sendall(b"$\0" + len(packet).to_bytes(2) + packet)
            connection.sendall(b"$\0\xff\xff" + bytes(65535) * 20)
        else:
            connection.sendall(answer(number, fields="Session: S1\r\n"))


BEHAVIOURS = {
    "basic-after-digest": basic_after_digest,
    "huge-header": huge_header,
    "endless-headers": endless_headers,
    "garbage": garbage,
    "sdp-of-many-tracks": describe_with("v=0\r\n" + "m=video 0 RTP/AVP 96\r\na=control:t\r\n" * 20_000),
    "sdp-of-one-line": describe_with(
        "v=0\r\nm=video 0 RTP/AVP 96\r\na=fmtp:96 " + "sprop-parameter-sets=" + "A" * 4_000_000
    ),
    "sdp-of-nonsense": describe_with("\x00\xff=;;\r\nm=\r\na=rtpmap:\r\n" * 100),
    "body-bomb": body_bomb,
    "rtp-garbage": rtp_garbage,
}


@pytest.fixture
def hostile(product: Product, request: pytest.FixtureRequest) -> Iterator[HostileCamera]:
    one = HostileCamera(product.spare_port(1), BEHAVIOURS[request.param])
    yield one
    one.close()


@pytest.mark.parametrize("hostile", BEHAVIOURS, indirect=True)
def test_hostile_camera_harms_nobody_else_and_learns_no_password(
    product: Product, caller: Caller, hostile: HostileCamera
) -> None:
    good = caller.clock_camera()["id"]
    node = psutil.Process(product.pid_of("media-node"))
    before_bytes = node.memory_info().rss
    address = f"rtsp://127.0.0.1:{product.spare_port(1)}/a"
    added = caller.http.post(
        "/api/v1/cameras",
        json={"name": "恶意", "url": address, "username": "viewer", "password": PASSWORD, "transport": "tcp"},
    )
    assert added.status_code == 201, added.text
    camera = added.json()["id"]
    try:
        assert hostile.served.acquire(timeout=25), "the first connection did not end"
        report = until(
            lambda: main if (main := caller.camera(camera)["streams"]["main"]) and main["reason"] else None,
            20,
            "a reason",
        )
        grown_bytes = node.memory_info().rss - before_bytes
        print(f"{report['state']}/{report['reason']}: node grew by {grown_bytes / 1e6:.1f} MB")
        assert report["state"] in ("offline", "connecting", "degraded")
        assert grown_bytes < GROWTH_BYTES
    finally:
        caller.http.delete(f"/api/v1/cameras/{camera}")
    # Tries in the record after this moment prove that the good camera was not disturbed.
    main = caller.camera(good)["streams"]["main"]
    caller.wait_recording(good, after_ms=caller.wait_recording(good) + 500)
    after = caller.camera(good)["streams"]["main"]
    assert (after["since_at"], after["lost_packets"]) == (main["since_at"], main["lost_packets"])
    assert product.pid_of("media-node") == node.pid, "the node fell"
    assert PASSWORD.encode() not in hostile.heard
    assert base64.b64encode(f"viewer:{PASSWORD}".encode()) not in hostile.heard
    assert b"Authorization: Basic" not in hostile.heard
    assert hostile.heard, "nobody asked this camera anything"
