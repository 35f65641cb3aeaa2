import base64

import pytest
from tests.unit.sim.stepclock import StepClock

from brightkitchen_sim.server.auth import (
    Authenticator,
    AuthMode,
    Credentials,
    Verdict,
    build_digest_response,
    parse_parameters,
)
from brightkitchen_sim.server.message import Request

OWNER = Credentials("admin", "s3cret")
URL = "rtsp://127.0.0.1/main"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_of_rfc_7616_example_is_the_printed_one(algorithm: str, response: str) -> None:
    given = {
        "realm": "http-auth@example.org",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    }
    assert build_digest_response(Credentials("Mufasa", "Circle of Life"), "GET", given, algorithm) == response


def answer(
    auth: Authenticator, credentials: Credentials, *, which: int = 0, count: int = 1, challenge: str | None = None
) -> Request:
    """A DESCRIBE that answers a challenge of `auth`, or the one given."""
    text = challenge or auth.build_challenges()[which][1]
    given = parse_parameters(text.removeprefix("Digest "))
    given |= {"uri": URL, "username": credentials.user}
    if "qop" in given:
        given |= {"nc": f"{count:08x}", "cnonce": "0a4f113b"}
    given["response"] = build_digest_response(credentials, "DESCRIBE", given, given.get("algorithm", "MD5"))
    value = "Digest " + ", ".join(f'{name}="{text}"' for name, text in given.items())
    return Request("DESCRIBE", URL, {"authorization": value})


DIGESTS = [
    (AuthMode.DIGEST, 0),
    (AuthMode.DIGEST_OLD, 0),
    (AuthMode.DIGEST_SHA256, 0),
    (AuthMode.DIGEST_BOTH, 0),
    (AuthMode.DIGEST_BOTH, 1),
]


@pytest.mark.parametrize(("mode", "which"), DIGESTS)
def test_digest_with_right_password_is_accepted_and_wrong_one_refused(mode: AuthMode, which: int) -> None:
    auth = Authenticator(mode, "SIM-1", OWNER, StepClock())
    assert auth.check(answer(auth, OWNER, which=which)) is Verdict.OK
    assert auth.check(answer(auth, Credentials("admin", "wrong"), which=which)) is Verdict.REFUSED
    assert auth.check(answer(auth, Credentials("guest", "s3cret"), which=which)) is Verdict.REFUSED
    assert auth.check(Request("DESCRIBE", URL)) is Verdict.REFUSED


def test_digest_of_another_url_or_method_is_refused() -> None:
    auth = Authenticator(AuthMode.DIGEST, "SIM-1", OWNER, StepClock())
    headers = answer(auth, OWNER).headers
    assert auth.check(Request("DESCRIBE", URL + "/other", headers)) is Verdict.REFUSED
    assert auth.check(Request("TEARDOWN", URL, headers)) is Verdict.REFUSED


def test_digest_with_old_or_repeated_nonce_is_stale() -> None:
    clock = StepClock()
    auth = Authenticator(AuthMode.DIGEST, "SIM-1", OWNER, clock, nonce_life_s=30.0)
    challenge = auth.build_challenges()[0][1]
    request = answer(auth, OWNER, challenge=challenge)
    assert auth.check(request) is Verdict.OK
    assert auth.check(request) is Verdict.STALE
    assert auth.check(answer(auth, OWNER, count=2, challenge=challenge)) is Verdict.OK
    clock.advance(31.0)
    assert auth.check(answer(auth, OWNER, count=3, challenge=challenge)) is Verdict.STALE
    assert auth.build_challenges(stale=True)[0][1].endswith("stale=true")


def test_basic_with_right_password_is_accepted_and_wrong_one_refused() -> None:
    auth = Authenticator(AuthMode.BASIC, "SIM-1", OWNER, StepClock())
    right = base64.b64encode(b"admin:s3cret").decode()
    for value, verdict in [(right, Verdict.OK), ("QUJD", Verdict.REFUSED), ("%%%", Verdict.REFUSED)]:
        assert auth.check(Request("DESCRIBE", URL, {"authorization": f"Basic {value}"})) is verdict
    assert "s3cret" not in repr(OWNER)
