import asyncio
from ipaddress import ip_address

import pytest

from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.netguard import (
    CameraUrl,
    Endpoint,
    GuardPolicy,
    NetGuard,
    parse_camera_url,
    parse_endpoint,
    parse_networks,
)

DEFAULT = NetGuard(GuardPolicy())
PUBLIC = NetGuard(GuardPolicy(allow_public=True))


def answering(*answers: str) -> NetGuard:
    async def resolver(host: str, port: int) -> list[str]:
        return list(answers)

    return NetGuard(GuardPolicy(), resolver)


@pytest.mark.parametrize("text", ["10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.64", "fd12::5"])
def test_guard_private_camera_is_allowed(text: str) -> None:
    assert DEFAULT.decide(ip_address(text), 554)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "100.100.100.200",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:192.168.1.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::c0a8:101",
        "64:ff9b:1::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
def test_guard_never_allows_what_is_no_camera(text: str) -> None:
    wide = NetGuard(GuardPolicy(allow_networks=parse_networks(["0.0.0.0/0", "::/0"]), allow_public=True))
    assert not DEFAULT.decide(ip_address(text), 554)
    assert not PUBLIC.decide(ip_address(text), 554)
    assert not wide.decide(ip_address(text), 554)


@pytest.mark.parametrize("text", ["8.8.8.8", "2600::1"])
def test_guard_public_address_needs_the_flag(text: str) -> None:
    assert not DEFAULT.decide(ip_address(text), 554)
    assert PUBLIC.decide(ip_address(text), 554)


def test_guard_denied_network_and_own_address_win() -> None:
    guard = NetGuard(
        GuardPolicy(deny_networks=parse_networks(["10.9.0.0/16"]), own_addresses=frozenset({ip_address("10.1.0.1")}))
    )
    assert not guard.decide(ip_address("10.9.1.1"), 554)
    assert not guard.decide(ip_address("10.1.0.1"), 554)
    assert guard.decide(ip_address("10.1.0.2"), 554)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_guard_impossible_port_is_refused(port: int) -> None:
    assert not DEFAULT.decide(ip_address("10.0.0.1"), port)


def test_guard_exact_endpoint_admits_loopback_for_its_ports_only() -> None:
    guard = NetGuard(GuardPolicy(allow_endpoints=(parse_endpoint("127.0.0.1:18554-18953"), parse_endpoint("[::1]:9"))))
    allowed = [guard.decide_text("127.0.0.1", port) for port in (18553, 18554, 18953, 18954)]
    assert allowed == [False, True, True, False]
    assert guard.decide_text("::1", 9) and not guard.decide_text("127.0.0.2", 18554)
    assert not guard.decide_text("::ffff:127.0.0.1", 18554)
    assert not guard.decide_text("no address", 18554)


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "host:1", "127.0.0.1:0", "127.0.0.1:9-8", "127.0.0.1:70000", "1.2.3:4", "[zz]:1"]
)
def test_endpoint_senseless_is_refused(text: str) -> None:
    with pytest.raises(BrightKitchenError, match=r"config\.endpoint_invalid"):
        parse_endpoint(text)


def test_networks_senseless_is_refused() -> None:
    with pytest.raises(BrightKitchenError, match=r"config\.network_invalid"):
        parse_networks(["10.0.0.1/8"])


async def test_check_address_literal_is_not_resolved() -> None:
    assert await answering().check_address("[fd12::5]", 554) == Endpoint("fd12::5", 554)
    assert await answering().check_address("10.0.0.5", 554) == Endpoint("10.0.0.5", 554)


async def test_check_address_name_gives_the_ip_to_connect_to() -> None:
    assert await answering("10.0.0.5", "10.0.0.6").check_address("cam.shop", 554) == Endpoint("10.0.0.5", 554)


@pytest.mark.parametrize("answers", [("127.0.0.1",), ("10.0.0.5", "169.254.169.254"), ("10.0.0.5", "::ffff:10.0.0.5")])
async def test_check_address_one_forbidden_answer_refuses_all(answers: tuple[str, ...]) -> None:
    with pytest.raises(BrightKitchenError, match=r"camera\.address_not_allowed"):
        await answering(*answers).check_address("cam.shop", 554)


@pytest.mark.parametrize("answers", [(), ("nonsense",)])
async def test_check_address_no_answer_is_an_unknown_host(answers: tuple[str, ...]) -> None:
    with pytest.raises(BrightKitchenError, match=r"camera\.host_unknown"):
        await answering(*answers).check_address("cam.shop", 554)


async def test_check_address_silent_resolver_is_an_unknown_host() -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.get_running_loop().create_future()
        return []

    with pytest.raises(BrightKitchenError, match=r"camera\.host_unknown"):
        await NetGuard(GuardPolicy(), never).check_address("cam.shop", 554, timeout_s=0.001)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rtsp://cam/a?b=c#d", CameraUrl("cam", 554, False, "/a?b=c")),
        (" RTSPS://Cam.Shop. ", CameraUrl("cam.shop.", 322, True, "/")),
        ("rtsp://10.0.0.5:8554?x", CameraUrl("10.0.0.5", 8554, False, "/?x")),
        ("rtsp://[FD12::5]:1/", CameraUrl("fd12::5", 1, False, "/")),
        ("rtsp://cam:/x", CameraUrl("cam", 554, False, "/x")),
        ("rtsp://u%40x:p%3A%2Fs@cam/", CameraUrl("cam", 554, False, "/", "u@x", "p:/s")),
        ("rtsp://admin:a@b:c@cam/x@y", CameraUrl("cam", 554, False, "/x@y", "admin", "a@b:c")),
        ("rtsp://admin@cam/", CameraUrl("cam", 554, False, "/", "admin", "")),
        ("rtsp://@cam/", CameraUrl("cam", 554, False, "/")),
        ("rtsp://用户:密码@cam/", CameraUrl("cam", 554, False, "/", "用户", "密码")),
    ],
)
def test_camera_url_is_taken_apart(text: str, expected: CameraUrl) -> None:
    assert parse_camera_url(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid"),
        ("cam/x", "invalid"),
        ("rtsp://cam/a b", "invalid"),
        ("rtsp://cam/\r\nX: y", "invalid"),
        ("rtsp://cam/" + "x" * 3000, "invalid"),
        ("http://cam/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("rtsp:///x", "host"),
        ("rtsp://-cam/", "host"),
        ("rtsp://ca,m/", "host"),
        ("rtsp://кам/", "host"),
        ("rtsp://127.1/", "host"),
        ("rtsp://2130706433/", "host"),
        ("rtsp://0x7f000001/", "host"),
        ("rtsp://[::zz]/", "host"),
        ("rtsp://" + "a" * 64 + "/", "host"),
        ("rtsp://cam:0/", "port"),
        ("rtsp://cam:65536/", "port"),
        ("rtsp://cam:abc/", "port"),
        ("rtsp://cam/" + "x" * 512, "path_too_long"),
        ("rtsp://u%0d:hunter2@cam/", "login"),
        ("rtsp://u:hunter2%ff@cam/", "login"),
        ("rtsp://u:" + "hunter2" * 40 + "@cam/", "login"),
    ],
)
def test_camera_url_senseless_is_named_and_shows_no_password(text: str, code: str) -> None:
    with pytest.raises(BrightKitchenError) as caught:
        parse_camera_url(text)
    assert caught.value.code == f"camera.url_{code}"
    assert "hunter2" not in str(caught.value)


def test_camera_url_repr_hides_the_login() -> None:
    assert "hunter2" not in repr(parse_camera_url("rtsp://admin:hunter2@cam/")) and "admin" not in repr(
        parse_camera_url("rtsp://admin:hunter2@cam/")
    )


def test_camera_url_long_host_of_many_labels_is_judged_quickly() -> None:
    with pytest.raises(BrightKitchenError):
        parse_camera_url("rtsp://" + "a." * 126 + "a!/")
