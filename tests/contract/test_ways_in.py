"""By which ways people come: HTTPS or in the clear, past proxies, media under the page's own origin (SECURITY §2.1)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import PASSWORD, USERNAME, Control, add_camera

from brightkitchen.kernel.forwarding import TrustedProxies
from brightkitchen.web.app import make_app
from brightkitchen.web.options import WebOptions
from brightkitchen.web.redirect import RedirectPort

SAID = {"username": USERNAME, "password": PASSWORD}
PUBLIC = "https://kitchen.example.cn"


def open_client(
    control: Control,
    origin: str,
    *,
    address: str = "192.0.2.7",
    **changes: Any,  # Any: fields of WebOptions
) -> httpx.AsyncClient:
    options = replace(control.options, origins=(origin,), **changes)
    transport = httpx.ASGITransport(app=make_app(control.services, options), client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url=origin, headers={"X-BK": "1", "Origin": origin})


@pytest.mark.parametrize(
    ("origin", "name", "is_marked"),
    [
        (PUBLIC, "__Host-bk_session", True),
        ("http://127.0.0.1:8080", "__Host-bk_session", True),
        ("http://[::1]:8080", "__Host-bk_session", True),
        ("http://192.168.1.5:8080", "bk_session", False),
        ("http://kitchen.lan:8080", "bk_session", False),
    ],
)
async def test_cookie_is_secure_wherever_a_browser_keeps_it_then(
    control: Control, origin: str, name: str, is_marked: bool
) -> None:
    async with open_client(control, origin) as client:
        answer = await client.post("/api/v1/session", json=SAID)
        name_value, *attributes = answer.headers.get_list("set-cookie")[0].split("; ")
        assert name_value.partition("=")[0] == name
        wanted = {"httponly", "path=/", "samesite=strict"} | ({"secure"} if is_marked else set())
        assert {each.lower() for each in attributes} == wanted
        client.cookies.clear()
        assert (await client.get("/api/v1/session", headers={"cookie": name_value})).status_code == 200
        gone = await client.delete("/api/v1/session", headers={"cookie": name_value})
        assert gone.headers["set-cookie"].startswith(f'{name}="";')


async def test_cookie_without_the_prefix_opens_nothing_by_https(control: Control) -> None:
    """Another host below the same domain can set a cookie for ours, but none with that prefix."""
    async with open_client(control, PUBLIC) as client:
        answer = await client.post("/api/v1/session", json=SAID)
        token = answer.headers.get_list("set-cookie")[0].partition("; ")[0].removeprefix("__Host-")
        client.cookies.clear()
        assert (await client.get("/api/v1/session", headers={"cookie": token})).status_code == 401


@pytest.mark.parametrize(
    ("origin", "has_hsts", "expected"),
    [
        (PUBLIC, True, "max-age=31536000"),
        ("https://192.168.1.5:8443", False, None),
        ("http://127.0.0.1:8080", True, None),
    ],
)
async def test_hsts_is_asked_for_by_https_with_a_given_certificate_only(
    control: Control, origin: str, has_hsts: bool, expected: str | None
) -> None:
    async with open_client(control, origin, has_hsts=has_hsts) as client:
        assert (await client.get("/login")).headers.get("strict-transport-security") == expected


@pytest.mark.parametrize(
    ("base", "url", "policy"),
    [
        ("", f"{PUBLIC}:8081", f"connect-src 'self' wss://kitchen.example.cn {PUBLIC}:8081 {PUBLIC}:8082 wss://"),
        ("/media", f"{PUBLIC}/media/node-0", "connect-src 'self' wss://kitchen.example.cn;"),
        (f"{PUBLIC}/media/", f"{PUBLIC}/media/node-0", "connect-src 'self' wss://kitchen.example.cn;"),
        (
            "https://media.example.cn",
            "https://media.example.cn/node-0",
            "connect-src 'self' wss://kitchen.example.cn https://media.example.cn wss://media.example.cn;",
        ),
    ],
)
async def test_page_is_told_where_the_node_is_and_may_go_there_only(
    control: Control, base: str, url: str, policy: str
) -> None:
    async with open_client(control, PUBLIC, media_base=base) as client:
        logged_in = await client.post("/api/v1/session", json=SAID)
        client.cookies.clear()
        client.headers["cookie"] = logged_in.headers.get_list("set-cookie")[0].partition("; ")[0]
        camera = (await add_camera(client))["id"]
        items = [{"camera": camera, "act": "live", "profile": "main"}]
        answer = await client.post("/api/v1/media/tokens", json={"items": items})
        assert answer.json()["items"][0]["media_url"] == url, answer.text
        assert policy in (await client.get("/login")).headers["content-security-policy"]


@pytest.mark.parametrize(
    ("peer", "counted_as_one"),
    [pytest.param("10.0.0.4", False, id="proxy"), pytest.param("10.0.0.5", True, id="stranger")],
)
async def test_failures_count_for_the_address_that_a_trusted_proxy_names(
    control: Control, peer: str, counted_as_one: bool
) -> None:
    proxies = TrustedProxies(("10.0.0.4",))
    async with open_client(control, PUBLIC, address=peer, proxies=proxies) as client:
        for number in range(6):
            forged = {"X-Forwarded-For": f"192.0.2.99, 203.0.{number}.1", "X-Forwarded-Proto": "http"}
            answer = await client.post("/api/v1/session", json=SAID | {"password": "wrong"}, headers=forged)
        assert (answer.json()["code"] == "auth.locked") is counted_as_one


@pytest.mark.parametrize(
    "claims",
    [
        {"X-Forwarded-Host": "kitchen.example.cn", "X-Forwarded-Proto": "https"},
        {"Forwarded": "host=kitchen.example.cn;proto=https"},
    ],
)
async def test_host_and_scheme_come_from_no_header_but_host(control: Control, claims: dict[str, str]) -> None:
    proxies = TrustedProxies(("192.0.2.7",))
    async with open_client(control, PUBLIC, proxies=proxies) as client:
        answer = await client.get("/api/v1/system", headers={"Host": "evil.example", **claims})
        assert (answer.status_code, answer.json()["code"]) == (421, "web.host")


async def test_authority_is_given_out_only_if_there_is_one(control: Control) -> None:
    async with open_client(control, PUBLIC) as client:
        answer = await client.get("/ca.crt")
        assert (answer.status_code, answer.json()["code"]) == (404, "access.none")


# -- the plain port beside HTTPS -------------------------------------------------------------------------------------------


@asynccontextmanager
async def redirecting(*, head_timeout_s: float = 10.0) -> AsyncIterator[int]:
    options = WebOptions(
        origins=("https://192.168.1.5:8443", "https://kitchen.lan:8443", "https://[fd00::5]:8443"),
        media_ports={},
        version="1",
        city="",
        time_zone="Asia/Shanghai",
        static_dir=Path("none"),
    )
    port = RedirectPort(options, head_timeout_s=head_timeout_s)
    await port.open("127.0.0.1", 0)
    try:
        yield port.port
    finally:
        await port.close()


async def ask(port: int, head: bytes) -> str:
    """Return all that is answered until the other end closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer.decode()


@pytest.mark.parametrize(
    ("head", "location"),
    [
        (b"GET /live?c=1 HTTP/1.1\r\nHost: kitchen.lan:8080\r\n\r\n", "https://kitchen.lan:8443/live?c=1"),
        (b"HEAD / HTTP/1.0\r\n\r\n", "https://192.168.1.5:8443/"),
        (b"GET / HTTP/1.1\r\nhost: [fd00::5]\r\n\r\n", "https://[fd00::5]:8443/"),
        (b"GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n", "https://192.168.1.5:8443/a"),
        (b"GET /a HTTP/1.1\r\nHost: [\r\n\r\n", "https://192.168.1.5:8443/a"),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: kitchen.lan\r\n\r\n", "https://kitchen.lan:8443/"),
        (b"GET @evil.example/ HTTP/1.1\r\nHost: kitchen.lan\r\n\r\n", "https://kitchen.lan:8443/"),
        (b"GET /\x01\xff\nX: y HTTP/1.1\r\nHost: kitchen.lan\r\n\r\n", None),
        (b"nonsense\r\n\r\n", None),
        (b"\x16\x03\x01\r\n\r\n", None),
    ],
)
async def test_plain_request_is_sent_to_our_own_host_and_to_no_other(head: bytes, location: str | None) -> None:
    async with redirecting() as port:
        lines = (await ask(port, head)).split("\r\n")
    if location is None:
        assert lines[0] == "HTTP/1.1 400 Bad Request"
    else:
        assert (lines[0], f"Location: {location}" in lines) == ("HTTP/1.1 307 Temporary Redirect", True), lines


async def test_plain_post_is_refused_with_a_sentence_and_its_body_is_not_read() -> None:
    async with redirecting() as port:
        body = json.dumps(SAID).encode()
        head = b"POST /api/v1/session HTTP/1.1\r\nAccept-Language: en\r\nContent-Length: %d\r\n\r\n" % len(body)
        answer = await ask(port, head + body)
    assert answer.startswith("HTTP/1.1 403 Forbidden")
    assert "https://" in answer


@pytest.mark.parametrize("head", [b"GET / HT", b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000])
async def test_slow_or_loud_client_of_the_plain_port_is_cut_off(head: bytes) -> None:
    async with redirecting(head_timeout_s=0.3) as port:
        try:
            answer = await ask(port, head)
        except ConnectionError:
            answer = ""
        assert answer == ""
