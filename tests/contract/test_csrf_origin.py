"""S06: unsafe methods need JSON, X-BK and the same origin; the host must be ours; S46 and S47: limits and headers."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.contract.conftest import Control, add_camera

from brightkitchen.kernel.text import say

BODY = {"name": "x", "url": "rtsp://10.1.2.3/a"}


@pytest.mark.parametrize(
    "headers",
    [
        {"X-BK": ""},
        {"X-BK": "0"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8081"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_unsafe_request_from_elsewhere_is_refused_and_changes_nothing(
    admin: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await admin.post("/api/v1/cameras", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "web.cross_site")
    assert (await admin.get("/api/v1/cameras")).json()["items"] == []


@pytest.mark.parametrize(("site", "status"), [("same-origin", 201), ("same-site", 403), ("cross-site", 403), ("", 403)])
async def test_without_origin_the_browsers_word_on_the_site_decides(
    admin: httpx.AsyncClient, site: str, status: int
) -> None:
    del admin.headers["origin"]
    answer = await admin.post("/api/v1/cameras", json=BODY, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == status


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_body_that_is_not_json_is_refused(admin: httpx.AsyncClient, content_type: str) -> None:
    answer = await admin.post("/api/v1/cameras", content=b"{}", headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "web.not_json")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:8081", "localhost:8080.evil.example", ""])
async def test_foreign_host_is_refused(anonymous: httpx.AsyncClient, host: str) -> None:
    answer = await anonymous.get("/api/v1/system", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "web.host")


async def test_second_origin_is_served_as_itself(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/login", headers={"Host": "localhost:8080"})
    assert "http://localhost:8081 " in answer.headers["content-security-policy"]
    assert "127.0.0.1" not in answer.headers["content-security-policy"]


async def test_body_over_a_mebibyte_is_413(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/cameras", content=b" " * (1024 * 1024 + 1), headers=_JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "web.too_large")


async def test_body_that_lies_about_its_length_is_413(admin: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 65536

    answer = await admin.post("/api/v1/cameras", content=chunks(), headers=_JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize(("depth", "code"), [(32, "web.fields"), (33, "web.too_deep")])
async def test_json_may_nest_32_levels(admin: httpx.AsyncClient, depth: int, code: str) -> None:
    answer = await admin.post("/api/v1/cameras", content=b"[" * depth + b"]" * depth, headers=_JSON)
    assert answer.json()["code"] == code


async def test_brackets_inside_strings_do_not_count(admin: httpx.AsyncClient) -> None:
    camera = await add_camera(admin, name='[[[[[[[[[[\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[')
    assert camera["name"].count("[") == 40


async def test_every_answer_carries_the_security_headers(admin: httpx.AsyncClient) -> None:
    for path in ("/login", "/api/v1/cameras", "/assets/index-1a2b.js", "/nothing.html", "/api/v1/nothing"):
        headers = (await admin.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["permissions-policy"] == "camera=(self), microphone=(self), geolocation=(self)"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "'unsafe" not in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


async def test_page_has_a_fresh_nonce_that_the_policy_names(anonymous: httpx.AsyncClient) -> None:
    pages = [await anonymous.get("/live?wall=9") for _ in range(2)]
    nonces = [page.text.split('content="')[1].split('"')[0] for page in pages]
    assert nonces[0] != nonces[1]
    for page, nonce in zip(pages, nonces, strict=True):
        policy = page.headers["content-security-policy"]
        assert f"style-src 'self' 'nonce-{nonce}';" in policy
        assert (
            "connect-src 'self' ws://127.0.0.1:8080 http://127.0.0.1:8081 http://127.0.0.1:8082 "
            "ws://127.0.0.1:8081 ws://127.0.0.1:8082;" in policy
        )
        assert page.headers["cache-control"] == "no-store"


async def test_hashed_asset_is_cached_for_ever_and_a_made_up_path_is_not_found(anonymous: httpx.AsyncClient) -> None:
    asset = await anonymous.get("/assets/index-1a2b.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/assets/../index.html.bak", "/assets/%2e%2e/%2e%2e/control.db", "/.env", "/wp-login.php", "/unknown"):
        answer = await anonymous.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "access.none"), path


async def test_ninth_request_at_a_time_of_one_person_is_429(admin: httpx.AsyncClient, control: Control) -> None:
    from brightkitchen.kernel.ids import UserId
    from brightkitchen.web.auth import Slots

    user = UserId((await admin.get("/api/v1/session")).json()["user"]["id"])
    slots = control.app._app.state.slots
    assert isinstance(slots, Slots)
    for _ in range(8):
        slots.take(user)
    answer = await admin.get("/api/v1/session")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "web.busy", "1")
    slots.release(user)
    assert (await admin.get("/api/v1/session")).status_code == 200
    assert (await admin.get("/api/v1/session")).status_code == 200  # the slot came back


@pytest.mark.parametrize(("wanted", "language"), [("en-GB", "en"), ("zh-CN,zh;q=0.9", "zh-CN"), ("fr", "zh-CN")])
async def test_refusal_is_worded_in_the_readers_language(admin: httpx.AsyncClient, wanted: str, language: str) -> None:
    answer = await admin.get("/api/v1/cameras/cam_0000000000000000", headers={"Accept-Language": wanted})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == language
    assert answer.json()["detail"] == say("access.none", language)


_JSON = {"Content-Type": "application/json"}
