import msgspec
import pytest

from brightkitchen.kernel.clock import ManualClock
from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.mediatoken import Act, MediaClaims
from brightkitchen.kernel.units import Utc
from brightkitchen.media.serve.leases import MAX_LEASES_OF_SESSION, EndCode, Handles, Leases

CLAIMS = MediaClaims(
    kid="k1", iss="control", aud="n", cam="c1", act=Act.PLAY, prof="main", sid="s1", cls="officer",
    iat=Utc(0), exp=Utc(1), jti="j", org="o", wm="w",
)  # fmt: skip


def claims(**changes: object) -> MediaClaims:
    return msgspec.structs.replace(CLAIMS, **changes)


def test_lease_ends_after_two_minutes_and_says_why_once() -> None:
    clock = ManualClock()
    leases = Leases(clock)
    ends: list[EndCode] = []
    leases.open(CLAIMS, ends.append)
    clock.jump(119.9)
    leases.sweep()
    assert ends == []
    clock.jump(0.2)
    leases.sweep()
    leases.sweep()
    assert (ends, len(leases)) == ([EndCode.LEASE_EXPIRED], 0)


def test_lease_renewed_lasts_from_the_renewal_with_the_new_claims() -> None:
    clock = ManualClock()
    leases = Leases(clock)
    lease = leases.open(CLAIMS, lambda _: None)
    clock.jump(60)
    assert leases.renew(lease, claims(to_at=Utc(7)))
    clock.jump(119)
    leases.sweep()
    assert (len(leases), lease.claims.to_at) == (1, 7)


@pytest.mark.parametrize("changes", [{"sid": "x"}, {"cam": "x"}, {"act": Act.LIVE}, {"prof": "sub"}, {"org": "x"}])
def test_lease_is_not_renewed_by_a_token_for_something_else(changes: dict[str, object]) -> None:
    leases = Leases(ManualClock())
    assert not leases.renew(leases.open(CLAIMS, lambda _: None), claims(**changes))


def test_lease_that_ended_is_not_renewed() -> None:
    leases = Leases(ManualClock())
    lease = leases.open(CLAIMS, lambda _: None)
    leases.end(lease, EndCode.CLOSED)
    assert not leases.renew(lease, CLAIMS)


@pytest.mark.parametrize(
    ("what", "ended"),
    [
        ({"sid": "s1"}, 2),
        ({"camera": "c2"}, 2),
        ({"sid": "s1", "camera": "c2"}, 1),
        ({"kid": "k1"}, 3),
        ({"sid": "s9"}, 0),
    ],
)
def test_leases_that_match_all_fields_end(what: dict[str, str], ended: int) -> None:
    leases = Leases(ManualClock())
    for sid, camera in (("s1", "c1"), ("s1", "c2"), ("s2", "c2")):
        leases.open(claims(sid=sid, cam=camera), lambda _: None)
    fields = {"sid": None, "camera": None, "kid": None, **what}
    assert leases.end_matching(EndCode.REVOKED, **fields) == ended
    assert len(leases) == 3 - ended


def test_leases_of_one_session_are_bounded_and_others_are_not_touched() -> None:
    leases = Leases(ManualClock())
    opened = [leases.open(CLAIMS, lambda _: None) for _ in range(MAX_LEASES_OF_SESSION)]
    with pytest.raises(BrightKitchenError, match=r"media\.too_many_viewers"):
        leases.open(CLAIMS, lambda _: None)
    leases.open(claims(sid="s2"), lambda _: None)
    leases.end(opened[0], EndCode.CLOSED)
    leases.open(CLAIMS, lambda _: None)


def test_handle_is_forgotten_with_its_lease() -> None:
    leases = Leases(ManualClock())
    handles = Handles(leases, SeededEntropy(1))
    first, second = handles.open(CLAIMS), handles.open(claims(sid="s2"))
    assert len(first) == 43 and first != second
    leases.end_matching(EndCode.REVOKED, sid="s1", camera=None, kid=None)
    assert handles.get(first) is None
    assert handles.get(second) is not None
    handles.close(second)
    handles.close(second)
    assert (handles.get(second), len(leases)) == (None, 0)
