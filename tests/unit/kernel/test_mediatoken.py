import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from brightkitchen.kernel.mediatoken import (
    Act,
    MediaClaims,
    Refusal,
    TokenRefused,
    TokenVerifier,
    sign_token,
)
from brightkitchen.kernel.nodeprotocol import VerifyKey
from brightkitchen.kernel.units import US_PER_S, Utc

NODE = "node_0000000000000001"
CAMERA = "cam_0000000000000001"
ORIGIN = "https://city.example"
NOW = Utc(1_795_392_000 * US_PER_S)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def after(seconds: float) -> Utc:
    return Utc(NOW + int(seconds * US_PER_S))


def public(kid: str, key: Ed25519PrivateKey) -> VerifyKey:
    return VerifyKey(kid=kid, public_key=key.public_key().public_bytes_raw())


CLAIMS = MediaClaims(
    kid="k1",
    iss="control",
    aud=NODE,
    cam=CAMERA,
    act=Act.LIVE,
    prof="main",
    sid="s1",
    cls="officer",
    iat=NOW,
    exp=after(60),
    jti="j1",
    org=ORIGIN,
    wm="w1",
)


def make_verifier(**bounds: int) -> TokenVerifier:
    return TokenVerifier(NODE, is_leased=lambda camera: camera == CAMERA, keys=[public("k1", KEY)], **bounds)


def check(
    verifier: TokenVerifier,
    token: str,
    *,
    act: Act = Act.LIVE,
    camera: str | None = CAMERA,
    origin: str | None = ORIGIN,
    now: Utc = NOW,
) -> Refusal | None:
    try:
        verifier.verify(token, act=act, camera=camera, origin=origin, now=now)
    except TokenRefused as refused:
        return refused.cause
    return None


def signed(**changes: object) -> str:
    return sign_token(msgspec.structs.replace(CLAIMS, **changes), KEY)


def test_token_fresh_returns_its_claims() -> None:
    claims = msgspec.structs.replace(CLAIMS, act=Act.PLAY, from_at=after(-3600), to_at=NOW)
    verified = make_verifier().verify(sign_token(claims, KEY), act=Act.PLAY, camera=CAMERA, origin=ORIGIN, now=NOW)
    assert verified == claims


def test_token_of_a_whole_set_of_claims_is_short_enough() -> None:
    token = signed(from_at=NOW, to_at=NOW, jti="j" * 32, sid="s" * 32, wm="w" * 32, org="https://" + "h" * 100)
    assert len(token) <= 1024


def test_token_payload_spells_from_and_to_as_the_standard_page_says() -> None:
    payload = base64.urlsafe_b64decode(signed(from_at=NOW).split(".")[1] + "==")
    assert b'"from":1795392000000000' in payload


def test_sign_too_long_raises() -> None:
    with pytest.raises(ValueError, match="1024"):
        signed(org="o" * 2000)


@pytest.mark.parametrize(
    ("token", "cause"),
    [
        ("bk1." + "A" * 1021, Refusal.LENGTH),
        ("", Refusal.PREFIX),
        ("bk2." + signed()[4:], Refusal.PREFIX),
        ("bk1.AAAA", Refusal.MALFORMED),
        (signed() + ".AAAA", Refusal.MALFORMED),
        ("bk1.e30.AAAA", Refusal.MALFORMED),
        ("bk1.e3 0.AAAA", Refusal.MALFORMED),
        (signed(kid="k2"), Refusal.KEY_UNKNOWN),
        (sign_token(CLAIMS, OTHER_KEY), Refusal.SIGNATURE),
        (signed()[:-4] + "AAA", Refusal.MALFORMED),
        (signed(aud="node_0000000000000002"), Refusal.AUDIENCE),
        (signed(cam="cam_0000000000000002"), Refusal.CAMERA),
        (signed(act=Act.PLAY), Refusal.ACT),
        (signed(iat=after(5.1), exp=after(60)), Refusal.NOT_YET),
        (signed(exp=NOW), Refusal.EXPIRED),
        (signed(iat=after(-60), exp=after(60)), Refusal.EXPIRED),
        (signed(exp=after(601)), Refusal.TOO_LONG),
        (signed(org="https://elsewhere.example"), Refusal.ORIGIN),
        (signed(org=""), Refusal.ORIGIN),
    ],
)
def test_token_bad_is_refused_by_cause(token: str, cause: Refusal) -> None:
    assert check(make_verifier(), token) == cause


def test_token_payload_changed_is_refused() -> None:
    head, payload, signature = signed().split(".")
    text = base64.urlsafe_b64decode(payload + "==").replace(b'"main"', b'"sub1"')
    forged = ".".join((head, base64.urlsafe_b64encode(text).decode().rstrip("="), signature))
    assert check(make_verifier(), forged) == Refusal.SIGNATURE


def test_token_signed_without_the_context_is_refused() -> None:
    payload = msgspec.json.encode(CLAIMS)
    parts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (payload, KEY.sign(payload))]
    assert check(make_verifier(), ".".join(("bk1", *parts))) == Refusal.SIGNATURE


def test_token_signed_with_missing_claims_is_refused() -> None:
    payload = b'{"kid":"k1"}'
    signature = KEY.sign(b"brightkitchen/media/v1\0" + payload)
    parts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (payload, signature)]
    assert check(make_verifier(), ".".join(("bk1", *parts))) == Refusal.MALFORMED


def test_token_within_clock_skew_is_accepted() -> None:
    assert check(make_verifier(), signed(iat=after(5), exp=after(65))) is None


@pytest.mark.parametrize("asked", list(Act))
@pytest.mark.parametrize("held", list(Act))
def test_token_of_one_act_opens_no_other(asked: Act, held: Act) -> None:
    expected = None if asked is held else Refusal.ACT
    assert check(make_verifier(), signed(act=held), act=asked) == expected


def test_token_for_one_camera_opens_no_other_that_is_leased_too() -> None:
    verifier = TokenVerifier(NODE, is_leased=lambda _: True, keys=[public("k1", KEY)])
    assert check(verifier, signed(), camera="cam_0000000000000002") == Refusal.CAMERA


def test_token_route_without_camera_takes_the_claim_but_only_if_leased() -> None:
    assert check(make_verifier(), signed(), camera=None) is None
    assert check(make_verifier(), signed(cam="cam_0000000000000002"), camera=None) == Refusal.CAMERA


def test_token_used_twice_is_refused() -> None:
    verifier = make_verifier()
    assert check(verifier, signed()) is None
    assert check(verifier, signed(), now=after(59)) == Refusal.REPLAYED
    assert check(verifier, signed(jti="j2"), now=after(59)) is None


def test_token_refused_for_its_origin_is_not_spent() -> None:
    verifier = make_verifier()
    assert check(verifier, signed(), origin="https://thief.example") == Refusal.ORIGIN
    assert check(verifier, signed(), origin=None) == Refusal.ORIGIN
    assert check(verifier, signed()) is None


def test_token_of_a_machine_needs_no_origin_and_takes_none() -> None:
    verifier = make_verifier()
    assert check(verifier, signed(org=""), origin=ORIGIN) == Refusal.ORIGIN
    assert check(verifier, signed(org=""), origin=None) is None


def test_replay_cache_full_refuses_and_recovers() -> None:
    verifier = make_verifier(max_replay_entries=2)
    assert [check(verifier, signed(jti=f"j{n}")) for n in range(3)] == [None, None, Refusal.REPLAY_CACHE_FULL]
    later = after(120)
    assert check(verifier, signed(iat=later, exp=after(180), jti="j3"), now=later) is None


@pytest.mark.parametrize("field", [{"sid": "s1"}, {"camera": CAMERA}, {"sid": "s1", "camera": CAMERA}])
def test_revoked_token_is_refused_and_a_later_one_is_not(field: dict[str, str]) -> None:
    verifier = make_verifier()
    verifier.revoke(now=after(1), **field)
    assert check(verifier, signed(), now=after(2)) == Refusal.REVOKED
    later = after(30)
    assert check(verifier, signed(iat=later, exp=after(60)), now=later) is None


@pytest.mark.parametrize("field", [{"sid": "s2"}, {"camera": "cam_9"}, {"sid": "s1", "camera": "cam_9"}])
def test_revoked_others_do_not_matter(field: dict[str, str]) -> None:
    verifier = make_verifier()
    verifier.revoke(now=NOW, **field)
    assert check(verifier, signed()) is None


def test_revoked_key_never_counts_again() -> None:
    verifier = make_verifier()
    verifier.revoke(now=NOW, kid="k1")
    verifier.revoke(now=after(4000), sid="other")
    verifier.set_keys([public("k1", KEY)])
    later = after(4000)
    assert check(verifier, signed(iat=later, exp=after(4060)), now=later) == Refusal.REVOKED


def test_revocations_beyond_the_bound_fail_closed() -> None:
    verifier = make_verifier(max_revocations=2)
    verifier.revoke(now=after(1), sid="s1")
    verifier.revoke(now=after(2), sid="s2")
    verifier.revoke(now=after(3), sid="s3")
    assert check(verifier, signed(), now=after(3)) == Refusal.REVOKED
    assert check(verifier, signed(iat=after(20), jti="j2"), now=after(20)) is None


def test_revoke_of_nothing_raises() -> None:
    with pytest.raises(ValueError, match="names"):
        make_verifier().revoke(now=NOW)


def test_keys_replaced_refuse_the_old() -> None:
    verifier = make_verifier()
    verifier.set_keys([public("k2", OTHER_KEY)])
    assert check(verifier, signed()) == Refusal.KEY_UNKNOWN


@given(
    st.text(max_size=1100) | st.binary(max_size=700).map(lambda raw: "bk1." + base64.urlsafe_b64encode(raw).decode())
)
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    assert check(make_verifier(), text) is not None
