"""The camera form as a port scanner (SECURITY.md A8, S32): what is not allowed is never contacted, and all look alike."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.e2e.caller import Caller, until
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e


class Canary:
    """A listener on loopback that nobody may contact; it counts who does."""

    def __init__(self) -> None:
        self._stop_read, self._stop_write = socket.socketpair()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.contacts = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._stop_read, selectors.EVENT_READ)
            while all(key.fileobj is not self._stop_read for key, _events in selector.select()):
                connection, _address = self._listener.accept()
                self.contacts += 1
                connection.close()

    def close(self) -> None:
        self._stop_write.close()
        self._thread.join(5)
        self._listener.close()
        self._stop_read.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    one = Canary()
    yield one
    one.close()


def test_canary_notices_a_contact(canary: Canary) -> None:
    with socket.create_connection(("127.0.0.1", canary.port), timeout=5) as connection:
        assert connection.recv(1) == b""
    assert canary.contacts == 1


def test_address_that_is_not_allowed_is_never_contacted_and_all_are_refused_alike(
    product: Product, caller: Caller, canary: Canary
) -> None:
    closed = _closed_port()
    places = [
        *(f"{host}:{canary.port}" for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "[::1]", "127.1.2.3")),
        *(f"127.0.0.1:{port}" for port in (closed, product.port, product.port + 10, product.port + 11)),
        *("169.254.169.254", "[fe80::1]", "224.0.0.1", "0.0.0.0", "255.255.255.255", "[fd00:ec2::254]", "8.8.8.8"),
    ]
    refusals = set()
    for place in places:
        for path, body in (("/cameras", {"name": "x"}), ("/cameras/probe", {})):
            if path == "/cameras/probe" and place not in places[:3]:
                continue  # ten tries a minute
            answer = caller.http.post(f"/api/v1{path}", json={**body, "url": f"rtsp://{place}/a"})
            problem = answer.json()
            assert answer.status_code >= 400, place
            host = str(problem["params"]["host"])  # the one typed, written its usual way: nothing that we found out
            refusals.add((answer.status_code, problem["code"], problem["detail"].replace(host, "…")))
    assert len(refusals) == 1, refusals
    assert canary.contacts == 0


@pytest.mark.parametrize(
    "host", ["0x7f000001", "2130706433", "0177.0.0.1", "127.1", "localhost.", "127.0.0.1.", "[::ffff:7f00:1]"]
)
def test_odd_spelling_of_loopback_is_never_contacted(caller: Caller, canary: Canary, host: str) -> None:
    answer = caller.http.post("/api/v1/cameras", json={"name": "x", "url": f"rtsp://{host}:{canary.port}/a"})
    assert answer.status_code >= 400
    assert answer.json()["code"].startswith("camera."), answer.text
    assert canary.contacts == 0


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://10.0.0.1/",
        "https://10.0.0.1/",
        "exec:id",
        "ftp://10.0.0.1/",
        "//10.0.0.1/",
        "rtsp:///a",
        "gopher://10.0.0.1/",
    ],
)
def test_other_scheme_is_refused(caller: Caller, url: str) -> None:
    answer = caller.http.post("/api/v1/cameras", json={"name": "x", "url": url})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["code"].startswith("camera.url"), answer.text


def test_redirect_of_an_allowed_camera_is_not_followed_to_a_forbidden_port(
    product: Product, caller: Caller, canary: Canary
) -> None:
    asked = threading.Event()
    server = socket.create_server(("127.0.0.1", product.spare_port(0)))

    def redirect() -> None:
        with suppress(OSError):
            while True:
                connection, _address = server.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    head = connection.recv(4096).decode("latin-1")
                    number = head.partition("CSeq:")[2].split("\r\n")[0].strip()
                    place = f"rtsp://127.0.0.1:{canary.port}/a"
                    connection.sendall(f"RTSP/1.0 302 Found\r\nCSeq: {number}\r\nLocation: {place}\r\n\r\n".encode())
                    asked.set()

    thread = threading.Thread(target=redirect, daemon=True)
    thread.start()
    added = caller.http.post(
        "/api/v1/cameras", json={"name": "转", "url": f"rtsp://127.0.0.1:{product.spare_port(0)}/a"}
    )
    try:
        assert added.status_code == 201, added.text
        camera = added.json()["id"]
        assert asked.wait(20)
        reason = until(lambda: (caller.camera(camera)["streams"]["main"] or {}).get("reason"), 20, "a reason")
        print(f"redirect to a forbidden port: {reason}")
        assert canary.contacts == 0
    finally:
        caller.http.delete(f"/api/v1/cameras/{added.json()['id']}")
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


def _closed_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
