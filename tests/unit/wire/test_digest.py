import hashlib

import pytest

from brightkitchen.wire.digest import Authenticator, Challenge, Login, Verdict, build_digest, parse_challenges

MUFASA = Login("Mufasa", "Circle of Life")
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
MD5 = 'Digest realm="cam", nonce="n1", algorithm=MD5'
SHA = 'Digest realm="cam", nonce="n2", algorithm=SHA-256, qop="auth"'


def authenticator(*, basic_allowed: bool = False, login: Login | None = MUFASA) -> Authenticator:
    return Authenticator(login, cnonce=b"12345678", basic_allowed=basic_allowed)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_example_of_rfc7616_gives_its_response(algorithm: str, response: str) -> None:
    challenge = Challenge("digest", "http-auth@example.org", NONCE, "FQhe", algorithm, ("auth", "auth-int"))
    header = build_digest(challenge, MUFASA, "GET", "/dir/index.html", cnonce=CNONCE, count=1)
    assert f'response="{response}"' in header
    assert 'opaque="FQhe"' in header and "nc=00000001" in header and f"algorithm={algorithm}" in header


def test_digest_without_qop_is_that_of_rfc2069() -> None:
    challenge = Challenge("digest", "IP Camera", "abc")
    header = build_digest(challenge, Login("admin", "pw"), "DESCRIBE", "rtsp://h/1", cnonce="c", count=1)
    ha1 = hashlib.md5(b"admin:IP Camera:pw").hexdigest()
    ha2 = hashlib.md5(b"DESCRIBE:rtsp://h/1").hexdigest()
    expected = hashlib.md5(f"{ha1}:abc:{ha2}".encode()).hexdigest()
    assert header == (
        f'Digest username="admin", realm="IP Camera", nonce="abc", uri="rtsp://h/1", response="{expected}"'
    )


@pytest.mark.parametrize("qop", [(), ("auth",)])
def test_digest_sess_mixes_both_nonces_into_the_secret(qop: tuple[str, ...]) -> None:
    challenge = Challenge("digest", "r", "n", None, "MD5-sess", qop)
    header = build_digest(challenge, Login("u", "p"), "PLAY", "rtsp://h/", cnonce="c", count=2)
    outer = hashlib.md5((hashlib.md5(b"u:r:p").hexdigest() + ":n:c").encode()).hexdigest()
    ha2 = hashlib.md5(b"PLAY:rtsp://h/").hexdigest()
    middle = "n:00000002:c:auth" if qop else "n"
    assert hashlib.md5(f"{outer}:{middle}:{ha2}".encode()).hexdigest() in header
    assert 'cnonce="c"' in header


def test_digest_quotes_in_names_are_escaped() -> None:
    header = build_digest(Challenge("digest", 'a"b', "n"), Login('u"\\', "p"), "PLAY", "x", cnonce="c", count=1)
    assert 'username="u\\"\\\\"' in header and 'realm="a\\"b"' in header


def test_challenges_in_one_header_and_in_several_are_all_read() -> None:
    challenges = parse_challenges(['Digest realm="a, \\"b\\"", nonce=x , stale=TRUE, Basic realm="c"', "NTLM"])
    assert challenges == [
        Challenge("digest", 'a, "b"', "x", stale=True),
        Challenge("basic", "c"),
        Challenge("ntlm"),
    ]


def test_challenges_unreadable_end_is_left_out() -> None:
    assert parse_challenges(['realm="before any scheme", Digest nonce="open', ""]) == [Challenge("digest")]


def test_authenticator_offered_several_takes_the_strongest() -> None:
    auth = authenticator()
    assert auth.build_header("PLAY", "u") is None and not auth.has_answered
    assert auth.on_refused([MD5, SHA, 'Digest realm="cam", nonce="n3", algorithm=SHA-9000']) is Verdict.RETRY
    header = auth.build_header("PLAY", "u")
    assert header is not None and 'nonce="n2"' in header and auth.has_answered


def test_authenticator_counts_each_use_of_a_nonce() -> None:
    auth = authenticator()
    auth.on_refused([SHA])
    counts = [
        header.split("nc=")[1][:8] for header in (auth.build_header("A", "u"), auth.build_header("B", "u")) if header
    ]
    assert counts == ["00000001", "00000002"]


def test_authenticator_refused_again_knows_a_wrong_password() -> None:
    auth = authenticator()
    assert auth.on_refused([MD5]) is Verdict.RETRY
    assert auth.on_refused([MD5]) is Verdict.WRONG_PASSWORD


def test_authenticator_stale_nonce_is_retried_but_not_for_ever() -> None:
    auth = authenticator()
    stale = MD5 + ", stale=true"
    assert [auth.on_refused([stale]) for _ in range(4)] == [Verdict.RETRY] * 3 + [Verdict.WRONG_PASSWORD]


def test_authenticator_accepted_before_takes_a_new_nonce_for_expired() -> None:
    auth = authenticator()
    auth.on_accepted()
    auth.on_refused([MD5])
    auth.on_accepted()
    assert auth.on_refused(['Digest realm="cam", nonce="later"']) is Verdict.RETRY
    assert auth.on_refused(['Digest realm="cam", nonce="later"']) is Verdict.WRONG_PASSWORD


def test_authenticator_basic_needs_permission() -> None:
    assert authenticator().on_refused(['Basic realm="x"']) is Verdict.INSECURE


def test_authenticator_basic_permitted_sends_it_once() -> None:
    auth = authenticator(basic_allowed=True)
    assert auth.on_refused(['Basic realm="x"']) is Verdict.RETRY
    assert auth.build_header("PLAY", "u") == "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"
    assert auth.on_refused(['Basic realm="x"']) is Verdict.WRONG_PASSWORD


def test_authenticator_never_steps_down_from_digest_to_basic() -> None:
    auth = authenticator(basic_allowed=True)
    auth.on_refused([MD5])
    assert auth.on_refused(['Basic realm="x"']) is Verdict.INSECURE
    fresh = authenticator(basic_allowed=True)
    assert fresh.on_refused(['Digest realm="x", nonce="n", qop="auth-int"', "Basic"]) is Verdict.INSECURE


@pytest.mark.parametrize(
    "offer", [[], ["Bearer"], ['Digest realm="x", nonce="n", algorithm=SHA-9000'], ["Digest realm=x"]]
)
def test_authenticator_nothing_it_can_answer_says_so(offer: list[str]) -> None:
    assert authenticator(basic_allowed=True).on_refused(offer) is Verdict.UNSUPPORTED


def test_authenticator_without_login_is_a_wrong_password() -> None:
    auth = authenticator(login=None)
    assert auth.on_refused([MD5]) is Verdict.WRONG_PASSWORD
    assert auth.build_header("PLAY", "u") is None


def test_login_shows_neither_name_nor_password() -> None:
    assert repr(MUFASA) == "Login(…)" and "Circle" not in f"{[MUFASA]}"
