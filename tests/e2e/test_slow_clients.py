"""Clients that hold a connection and say almost nothing (SECURITY.md S46): cut off, and nobody else waits for them."""

import socket
from contextlib import ExitStack

import httpx
import pytest
from tests.e2e.caller import Caller
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e
MANY = 60
CUT_OFF_WITHIN_S = 20


@pytest.mark.parametrize(("offset", "path"), [(0, "/api/v1/system"), (1, "/healthz")], ids=["control", "node"])
def test_many_unfinished_requests_are_cut_off_and_others_are_served(
    product: Product, caller: Caller, offset: int, path: str
) -> None:
    address = ("127.0.0.1", product.port + offset)
    with ExitStack() as holding:
        slow = [holding.enter_context(socket.create_connection(address, CUT_OFF_WITHIN_S)) for _ in range(MANY)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        url = f"http://127.0.0.1:{address[1]}{path}"
        assert httpx.get(url, timeout=5, trust_env=False).status_code in (200, 401)
        for connection in slow:
            said = connection.recv(4096)  # raises after CUT_OFF_WITHIN_S
            assert said == b"" or said.startswith(b"HTTP/1.1 4"), said
    assert caller.cameras()
