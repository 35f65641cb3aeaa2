"""S16: whatever an identity provider, or somebody between, does wrong: one answer, nothing created, the reason in the audit.

The provider is real (sockets, HTTP, RSA); only who plays the browser is the test.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from aiohttp import web
from tests.contract.conftest import (
    PASSWORD,
    UNSAFE,
    USERNAME,
    Control,
    DatabaseAddress,
    build_control,
    enrol_totp,
    keep_cookies,
    log_in,
)
from tests.contract.idp import (
    CLIENT_ID,
    CLIENT_SECRET,
    Claims,
    Idp,
    rsa_key,
    running_idp,
    sign_with_nothing,
    sign_with_shared,
)

from brightkitchen.domain.audit.store import audit_rows
from brightkitchen.domain.authz.model import LOCAL, Grant, Role, Scope
from brightkitchen.domain.users.identity_store import Identity, identities, save_identity
from brightkitchen.domain.users.model import AuthRules, SignOnRules
from brightkitchen.domain.users.store import grants, sessions, users
from brightkitchen.domain.users.totp import code_at
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.ids import UserId, new_id
from brightkitchen.kernel.netguard import GuardPolicy, NetGuard, parse_endpoint
from brightkitchen.kernel.outgoing import OutgoingHttp

SUBJECT = "7c1b-2210"
BEGIN, FINISH = "/api/v1/session/sso", "/api/v1/session/sso/finish"
LINKS = "/api/v1/account/identities"
REFUSED = (401, "auth.sso_refused")


@dataclass
class City:
    """An installation with a single sign-on, and an inspector who is linked with `SUBJECT` there."""

    control: Control
    idp: Idp

    async def begin(self, client: httpx.AsyncClient, path: str = BEGIN) -> str:
        """Return where the browser is sent."""
        client.headers.update(UNSAFE)
        answer = await client.post(path)
        assert answer.status_code == 200, answer.text
        keep_cookies(client, answer)
        url: str = answer.json()["url"]
        return url

    async def finish(self, client: httpx.AsyncClient, returned: dict[str, str], path: str = FINISH) -> httpx.Response:
        answer = await client.post(path, json=returned)
        keep_cookies(client, answer)
        return answer

    async def sign_on(self, client: httpx.AsyncClient, subject: str = SUBJECT, path: str = BEGIN) -> httpx.Response:
        """The whole way there and back."""
        returned = self.idp.visit(await self.begin(client, path), subject)
        return await self.finish(client, returned, f"{path}/finish")

    async def link(self, username: str, subject: str) -> UserId:
        """Link somebody, as an approved request would."""
        async with self.control.database.write() as connection:
            mine = sa.select(users.c.id).where(users.c.username == username)
            user = UserId((await connection.execute(mine)).scalar_one())
            identity = new_id("idn", self.control.services.entropy)
            assert await save_identity(
                connection, Identity(identity, self.idp.issuer, subject, user, "", self.control.clock.utc())
            )
        return user

    async def count(self) -> list[int]:
        """Return how many people, links, sessions and roles there are."""
        async with self.control.database.read() as connection:
            tables = (users, identities, sessions, grants)
            counts = [await connection.execute(sa.select(sa.func.count()).select_from(each)) for each in tables]
            return [int(each.scalar_one()) for each in counts]

    async def refusals(self) -> list[str]:
        """Return why log-ins by single sign-on were refused, as the audit says."""
        mine = sa.select(audit_rows.c.detail).where(audit_rows.c.reason == "auth.sso_refused")
        async with self.control.database.read() as connection:
            rows = await connection.execute(mine.order_by(audit_rows.c.seq))
            return [json.loads(row.detail)["why"] for row in rows]


def rules_for(issuer: str, **changed: Any) -> SignOnRules:  # Any: fields of several types
    return SignOnRules(**{"issuer": issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | changed)


def guarded(*urls: str, timeout_s: float = 5.0) -> OutgoingHttp:
    allowed = tuple(parse_endpoint(url.removeprefix("http://")) for url in urls)
    return OutgoingHttp(NetGuard(GuardPolicy(allow_endpoints=allowed)), timeout_s=timeout_s)


@pytest.fixture
async def city(
    tmp_path: Path, migrated_database: DatabaseAddress, request: pytest.FixtureRequest
) -> AsyncIterator[City]:
    """Parametrise indirectly with more settings of the single sign-on; "second_factor" is that of the installation."""
    changed: dict[str, Any] = dict(getattr(request, "param", {}))  # Any: fields of several types
    auth = AuthRules(second_factor=changed.pop("second_factor", False))
    timeout_s = changed.pop("timeout_s", 5.0)
    async with running_idp(SystemClock()) as idp:
        made = build_control(
            tmp_path,
            migrated_database,
            auth,
            sign_on=rules_for(idp.issuer, **changed),
            sign_on_http=guarded(idp.issuer, timeout_s=timeout_s),
        )
        async with made as control:
            idp.clock = control.clock
            officer = (Grant(Role.COUNTY_OFFICER, Scope("210302")),)
            await control.services.users.create_user(LOCAL, "inspector", grants=officer, password=PASSWORD)
            one = City(control, idp)
            await one.link("inspector", SUBJECT)
            yield one


# --- the good way -----------------------------------------------------------------------------------------------------


async def test_linked_person_comes_in_with_roles_of_our_table(city: City) -> None:
    city.idp.claims = {"roles": ["CITY_ADMIN"], "groups": ["admins"], "email": "admin@city"}
    async with city.control.client() as client:
        answer = await city.sign_on(client)
        assert answer.status_code == 200, answer.text
        assert answer.json()["user"]["username"] == "inspector"
        assert [each["role"] for each in answer.json()["user"]["grants"]] == ["COUNTY_OFFICER"]
        assert (await client.get("/api/v1/cameras")).status_code == 200
        assert "__Host-bk_sso" not in client.headers["cookie"]
        # what was asked for at the outside log-in is unknown: a sensitive act asks for a proof here
        made = await client.post("/api/v1/tokens", json={"name": "x", "expires_at": "2026-12-01T00:00:00Z"})
        assert (made.status_code, made.json()["code"]) == (403, "auth.step_up_required")
        session = (await client.get("/api/v1/account/sessions")).json()["items"]
        assert (await client.delete("/api/v1/session")).status_code == 204
        assert (await client.get("/api/v1/session")).status_code == 401
    assert len(session) == 1
    assert city.idp.asked == ["/.well-known/openid-configuration", "/token", "/jwks"]
    async with city.control.database.read() as connection:
        mine = sa.select(audit_rows.c.detail).where(audit_rows.c.kind == "login.ok")
        assert [json.loads(each)["factor"] for each in (await connection.execute(mine)).scalars()] == ["sso"]
        assert (await connection.execute(sa.select(sessions.c.factor))).scalars().all() == ["sso"]
        row = (await connection.execute(sa.select(identities))).one()
    assert (row.label, row.last_used_at) == (f"{SUBJECT}@city", city.control.clock.utc())


async def test_cookie_of_the_round_trip_is_lax_short_and_for_this_host(city: City) -> None:
    async with city.control.client() as client:
        client.headers.update(UNSAFE)
        answer = await client.post(BEGIN)
    (line,) = answer.headers.get_list("set-cookie")
    name, *attributes = [each.strip().lower() for each in line.split(";")]
    assert name.startswith("__host-bk_sso=")
    assert set(attributes) == {"httponly", "secure", "path=/", "samesite=lax", "max-age=600"}
    secrets = name.partition("=")[2]
    assert secrets not in answer.text.lower()


async def test_new_session_takes_the_place_of_the_old_one(city: City) -> None:
    async with city.control.client() as client:
        await log_in(client)
        before = client.headers["cookie"]
        assert (await city.sign_on(client)).status_code == 200
        old = await client.get("/api/v1/session", headers={"cookie": before})
    assert old.status_code == 401


@pytest.mark.parametrize("city", [{"second_factor": True}], indirect=True)
async def test_without_a_factor_there_ours_is_asked_for(city: City) -> None:
    async with city.control.client() as client:
        first = await city.sign_on(client)
        assert first.json()["pending"] == ["enrol_factor"]
        assert (await client.get("/api/v1/cameras")).json()["code"] == "auth.unfinished"
        key, _codes = await enrol_totp(client, city.control.clock)
        assert (await client.get("/api/v1/cameras")).status_code == 200
    city.control.clock.jump(30)
    async with city.control.client() as client:
        step = await city.sign_on(client)
        assert (step.json()["step"], step.json()["methods"]) == ("second_factor", ["totp", "recovery"])
        assert (await client.get("/api/v1/session")).status_code == 401
        proof = {"ticket": step.json()["ticket"], "totp": code_at(key, city.control.clock.utc())}
        opened = await city.finish(client, proof, "/api/v1/session/factor")
        assert opened.status_code == 200, opened.text
        assert opened.json()["pending"] == []
    async with city.control.database.read() as connection:
        found = await connection.execute(sa.select(sessions.c.factor).order_by(sessions.c.created_at))
        assert found.scalars().all() == ["sso+totp", "sso+totp"]


@pytest.mark.parametrize(
    "city",
    [
        {"second_factor": True, "strong_amr": ("mfa",)},
        {"second_factor": True, "strong_acr": ("urn:city:two",)},
    ],
    indirect=True,
)
@pytest.mark.parametrize(
    ("claims", "is_enough"),
    [
        ({"amr": ["pwd", "mfa"], "acr": "urn:city:two"}, True),
        ({"amr": ["pwd"], "acr": "urn:city:one"}, False),
        ({"amr": "pwd", "acr": 2}, False),
        ({}, False),
    ],
)
async def test_factor_there_counts_only_as_configured(city: City, claims: Claims, is_enough: bool) -> None:
    city.idp.claims = claims
    async with city.control.client() as client:
        answer = await city.sign_on(client)
        assert answer.json()["pending"] == ([] if is_enough else ["enrol_factor"])
        assert (await client.get("/api/v1/cameras")).status_code == (200 if is_enough else 403)


@pytest.mark.parametrize("city", [{"second_factor": True}], indirect=True)
async def test_session_without_a_factor_ends_when_a_factor_is_there(city: City) -> None:
    """As after the password alone: whoever sets up a factor elsewhere shuts out what came in without."""
    async with city.control.client() as weak, city.control.client() as strong:
        assert (await city.sign_on(weak)).json()["pending"] == ["enrol_factor"]
        assert (await city.sign_on(strong)).json()["pending"] == ["enrol_factor"]
        await enrol_totp(strong, city.control.clock)
        assert (await weak.get("/api/v1/session")).status_code == 401


async def test_keys_rotate_without_a_restart(city: City) -> None:
    async with city.control.client() as client:
        assert (await city.sign_on(client)).status_code == 200
        city.idp.key, city.idp.shown_keys = "second", ("first", "second")
        assert await _refusal(await city.sign_on(client)) == REFUSED  # asked a moment ago, not again at once
        city.control.clock.jump(61)
        assert (await city.sign_on(client)).status_code == 200
        city.idp.key, city.idp.shown_keys = "first", ("second",)
        city.control.clock.jump(61)
        assert (await city.sign_on(client)).status_code == 200  # kept for an hour
        city.control.clock.jump(3600)
        assert await _refusal(await city.sign_on(client)) == REFUSED  # and then no longer
    assert city.idp.asked.count("/jwks") == 3
    assert await city.refusals() == ["key", "key"]


async def test_secret_goes_into_the_body_where_the_provider_says_so(city: City) -> None:
    seen: dict[str, str] = {}

    async def take(request: web.Request) -> web.StreamResponse:
        seen.update({key: str(value) for key, value in (await request.post()).items()})
        seen["authorization"] = request.headers.get("authorization", "none")
        return web.json_response({"error": "invalid_grant"}, status=400)

    city.idp.document, city.idp.on_token = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}, take
    async with city.control.client() as client:
        await city.sign_on(client)
    assert (seen["client_id"], seen["client_secret"], seen["authorization"]) == (CLIENT_ID, CLIENT_SECRET, "none")


# --- tokens that are not for us, not of now, not from them ------------------------------------------------------------


def _claims(**changed: Any) -> Callable[[Idp], None]:  # Any: JSON
    def apply(idp: Idp) -> None:
        idp.claims = changed

    return apply


def _times(**offsets_s: float) -> Callable[[Idp], None]:
    def apply(idp: Idp) -> None:
        now_s = idp.clock.utc() // 1_000_000
        idp.claims = {name: now_s + offset_s for name, offset_s in offsets_s.items()}

    return apply


def _sign(sign: Callable[[Claims], str]) -> Callable[[Idp], None]:
    def apply(idp: Idp) -> None:
        idp.sign = sign

    return apply


def _header(key: str = "first", **changed: Any) -> Callable[[Idp], None]:  # Any: JSON
    def apply(idp: Idp) -> None:
        idp.key, idp.header = key, changed

    return apply


def _shared_secret(idp: Idp) -> None:
    idp.sign = sign_with_shared(CLIENT_SECRET.encode())


def _public_key(idp: Idp) -> None:
    idp.sign = sign_with_shared(rsa_key("first").as_pem(private=False))


def _no_key_named(idp: Idp) -> None:
    idp.header = {"kid": None}


TOKENS: dict[str, tuple[Callable[[Idp], None], str]] = {
    "another issuer": (_claims(iss="https://other.example"), "issuer"),
    "issuer with a slash more": (_claims(iss="http://127.0.0.1/"), "issuer"),
    "another audience": (_claims(aud="other-client"), "audience"),
    "audience that only begins like us": (_claims(aud=CLIENT_ID + "-2"), "audience"),
    "no audience": (_claims(aud=None), "malformed"),
    "two audiences without azp": (_claims(aud=[CLIENT_ID, "other"]), "azp"),
    "authorised for another": (_claims(aud=[CLIENT_ID, "other"], azp="other"), "azp"),
    "authorised for another alone": (_claims(azp="other"), "azp"),
    "alg none": (_sign(sign_with_nothing), "algorithm"),
    "HS256 with our public key": (_public_key, "algorithm"),
    "HS256 with the client secret": (_shared_secret, "algorithm"),
    "an algorithm that is not configured": (_header(alg="RS512"), "algorithm"),
    "signed by a stranger as the known key": (_header("evil", kid="first"), "signature"),
    "signed by a stranger who sends the key": (
        _header("evil", kid="first", jwk=rsa_key("evil").as_dict(private=False)),
        "signature",
    ),
    "unknown key sent along": (_header("evil", jwk=rsa_key("evil").as_dict(private=False)), "key"),
    "no key named although there are two": (_no_key_named, "key"),
    "an extension that must be understood": (_header(crit=["b64"], b64=True), "malformed"),
    "expired": (_times(exp=-61), "expired"),
    "never expires by text": (_claims(exp="never"), "malformed"),
    "no expiry": (_claims(exp=None), "malformed"),
    "issued before we asked": (_times(iat=-61), "issued_at"),
    "issued tomorrow": (_times(iat=86_400, exp=90_000), "issued_at"),
    "not valid yet": (_times(nbf=300), "issued_at"),
    "another nonce": (_claims(nonce="A" * 43), "nonce"),
    "no nonce": (_claims(nonce=None), "nonce"),
    "of another access token": (_claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), "at_hash"),
    "no subject": (_claims(sub=""), "subject"),
    "a subject beyond 255": (_claims(sub="x" * 256), "subject"),
    "a subject with a zero byte": (_claims(sub="7c1b\x00"), "subject"),
    "a subject that is a number": (_claims(sub=7), "malformed"),
    "no token at all": (_sign(lambda claims: ""), "malformed"),
    "five parts": (_sign(lambda claims: "a.b.c.d.e"), "malformed"),
    "no JSON inside": (_sign(lambda claims: "eyJhbGciOiJSUzI1NiJ9.AAAA.AAAA"), "key"),
}


async def test_token_that_is_not_in_order_is_refused(city: City) -> None:
    city.idp.shown_keys = ("first", "second")
    before, found = await city.count(), {}
    async with city.control.client() as client:
        for case, (spoil, _) in TOKENS.items():
            city.idp.make_good()
            spoil(city.idp)
            answer = await city.sign_on(client)
            found[case] = (await _refusal(answer), (await client.get("/api/v1/session")).status_code)
            city.control.clock.jump(61)
        city.idp.make_good()
        assert (await city.sign_on(client)).status_code == 200
    assert found == dict.fromkeys(TOKENS, (REFUSED, 401))
    assert dict(zip(TOKENS, await city.refusals(), strict=True)) == {case: why for case, (_, why) in TOKENS.items()}
    assert (await city.count())[:2] == before[:2] and city.idp.canary_calls == 0


async def test_addresses_in_the_header_are_never_fetched(city: City) -> None:
    canary = f"{city.idp.issuer}/canary"
    city.idp.key, city.idp.header = "evil", {"kid": "evil", "jku": canary, "x5u": canary}
    async with city.control.client() as client:
        assert await _refusal(await city.sign_on(client)) == REFUSED
    assert (city.idp.canary_calls, await city.refusals()) == (0, ["key"])


async def test_token_of_an_earlier_log_in_is_refused(city: City) -> None:
    async with city.control.client() as client, city.control.client() as attacker:
        assert (await city.sign_on(client)).status_code == 200
        earlier = city.idp.tokens[0]
        city.idp.sign = lambda claims: earlier
        assert await _refusal(await city.sign_on(attacker)) == REFUSED
    assert await city.refusals() == ["nonce"]


# --- people -----------------------------------------------------------------------------------------------------------

STRANGERS: dict[str, Claims] = {
    "nobody's account": {},
    "an administrator's mail address": {"email": "admin", "email_verified": True},
    "an unverified mail address": {"email": "inspector@city", "email_verified": False},
    "an administrator's name": {"preferred_username": USERNAME, "name": "管理员"},
    "a linked person's telephone": {"phone_number": "13804120071", "phone_number_verified": True},
    "roles of its own": {"roles": ["CITY_ADMIN"], "groups": ["/admins"], "realm_access": {"roles": ["CITY_ADMIN"]}},
}


async def test_account_that_is_linked_with_nobody_opens_and_creates_nothing(city: City) -> None:
    before, found = await city.count(), {}
    async with city.control.client() as client:
        for case, claims in STRANGERS.items():
            city.idp.claims = claims
            found[case] = await _refusal(await city.sign_on(client, "stranger"))
    assert found == dict.fromkeys(STRANGERS, REFUSED)
    assert (await city.count(), await city.refusals()) == (before, ["not_linked"] * len(STRANGERS))


async def test_subject_is_compared_byte_by_byte(city: City) -> None:
    async with city.control.client() as client:
        for subject in (SUBJECT.upper(), SUBJECT + " ", " " + SUBJECT, SUBJECT + "%", USERNAME):
            assert await _refusal(await city.sign_on(client, subject)) == REFUSED
    assert await city.refusals() == ["not_linked"] * 5


async def test_subject_of_another_issuer_is_another_account(city: City) -> None:
    async with city.control.database.write() as connection:
        await connection.execute(identities.update().values(issuer="https://other.example"))
    async with city.control.client() as client:
        assert await _refusal(await city.sign_on(client)) == REFUSED


async def test_disabled_person_stays_out(city: City) -> None:
    async with city.control.database.write() as connection:
        await connection.execute(users.update().where(users.c.username == "inspector").values(disabled_at=1))
    before = await city.count()
    async with city.control.client() as client:
        assert await _refusal(await city.sign_on(client)) == REFUSED
    assert (await city.count(), await city.refusals()) == (before, ["disabled"])


# --- the round trip ---------------------------------------------------------------------------------------------------


async def test_state_of_another_browser_is_refused_and_stays_good_in_its_own(city: City) -> None:
    """Log-in CSRF: the attacker's code and state in the victim's browser, and the other way round."""
    async with city.control.client() as victim, city.control.client() as attacker:
        returned = city.idp.visit(await city.begin(attacker), SUBJECT)
        await city.begin(victim)
        assert await _refusal(await city.finish(victim, returned)) == REFUSED
        assert (await victim.get("/api/v1/session")).status_code == 401
        assert (await city.finish(attacker, returned)).status_code == 200
    assert await city.refusals() == ["state"]


async def test_answer_is_good_once(city: City) -> None:
    async with city.control.client() as client:
        returned = city.idp.visit(await city.begin(client), SUBJECT)
        cookie = client.headers["cookie"]
        assert (await city.finish(client, returned)).status_code == 200
        client.headers["cookie"] = cookie
        assert await _refusal(await city.finish(client, returned)) == REFUSED
        code = returned["code"]
        again = city.idp.visit(await city.begin(client), SUBJECT) | {"code": code}
        assert await _refusal(await city.finish(client, again)) == REFUSED
    assert await city.refusals() == ["state", "code"]


async def test_answer_spoiled_once_is_over(city: City) -> None:
    async with city.control.client() as client:
        returned = city.idp.visit(await city.begin(client), SUBJECT)
        assert await _refusal(await city.finish(client, returned | {"code": "made-up"})) == REFUSED
        assert await _refusal(await city.finish(client, returned)) == REFUSED
    assert await city.refusals() == ["code", "state"]


@pytest.mark.parametrize(("wait_s", "status"), [(599, 200), (601, 401)])
async def test_round_trip_lasts_ten_minutes(city: City, wait_s: float, status: int) -> None:
    async with city.control.client() as client:
        returned = city.idp.visit(await city.begin(client), SUBJECT)
        city.control.clock.jump(wait_s)
        assert (await city.finish(client, returned)).status_code == status


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://other.example"}, "answer_issuer"),
        ({"error": "access_denied", "code": ""}, "error_answer"),
        ({"error": "access_denied"}, "error_answer"),
        ({"code": ""}, "error_answer"),
        ({"state": "A" * 43}, "state"),
        ({"state": ""}, "state"),
    ],
)
async def test_answer_with_something_else_in_it_is_refused(city: City, changed: dict[str, str], why: str) -> None:
    before = await city.count()
    async with city.control.client() as client:
        returned = city.idp.visit(await city.begin(client), SUBJECT) | changed
        assert await _refusal(await city.finish(client, returned)) == REFUSED
    assert (await city.count(), await city.refusals()) == (before, [why])


async def test_provider_that_names_itself_always_has_to(city: City) -> None:
    city.idp.document = {"authorization_response_iss_parameter_supported": True}
    async with city.control.client() as client:
        returned = city.idp.visit(await city.begin(client), SUBJECT)
        assert await _refusal(await city.finish(client, returned)) == REFUSED
        returned = city.idp.visit(await city.begin(client), SUBJECT) | {"iss": city.idp.issuer}
        assert (await city.finish(client, returned)).status_code == 200
    assert await city.refusals() == ["answer_issuer"]


async def test_flood_of_beginnings_is_bounded(city: City) -> None:
    async with city.control.client() as client:
        client.headers.update(UNSAFE)
        answers = [await client.post(BEGIN) for _ in range(31)]
    assert [each.status_code for each in answers] == [200] * 30 + [429]


async def test_flood_of_made_up_answers_writes_one_row(city: City) -> None:
    async with city.control.client() as client:
        client.headers.update(UNSAFE)
        for _ in range(5):
            assert await _refusal(await client.post(FINISH, json={"state": "x", "code": "y"})) == REFUSED
    assert await city.refusals() == ["state"]


async def test_answer_needs_a_page_of_ours(city: City) -> None:
    async with city.control.client() as client:
        returned = city.idp.visit(await city.begin(client), SUBJECT)
        foreign = await client.post(FINISH, json=returned, headers={"origin": "https://evil.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "web.cross_site")
        assert (await client.get(FINISH, params=returned)).status_code in (404, 405, 422)
        assert (await city.finish(client, returned)).status_code == 200


# --- a provider that is slow, huge or points elsewhere ----------------------------------------------------------------


async def _huge(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"keys": [' + b" " * 200_000 + b"]}", content_type="application/json")


async def _endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(1000):
        await answer.write(b" " * 4096)
    return answer


async def _slow(request: web.Request) -> web.StreamResponse:
    await asyncio.get_running_loop().create_future()  # never answers
    return web.json_response({"keys": []})


async def _metadata(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("http://169.254.169.254/latest/meta-data/")


async def _to_canary(request: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect("/canary")


async def _bomb(request: web.Request) -> web.StreamResponse:
    body = gzip.compress(b" " * 10_000_000)
    return web.Response(body=body, headers={"content-encoding": "gzip", "content-type": "application/json"})


async def _page(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Wartung</html>", content_type="text/html")


async def _broken(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def _nested(request: web.Request) -> web.StreamResponse:
    return web.Response(text='{"keys":' + "[" * 60_000, content_type="application/json")


async def _symmetric(request: web.Request) -> web.StreamResponse:
    return web.json_response({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]})


async def _small_key(request: web.Request) -> web.StreamResponse:
    return web.json_response({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "first"}]})


async def _many_keys(request: web.Request) -> web.StreamResponse:
    return web.json_response({"keys": [{"kty": "RSA", "kid": str(n)} for n in range(65)]})


ANSWERS = {
    "huge": (_huge, "too_large"),
    "endless": (_endless, "too_large"),
    "redirect to the metadata address": (_metadata, "redirect"),
    "redirect at home": (_to_canary, "redirect"),
    "packed": (_bomb, "encoding"),
    "500": (_broken, "status"),
    "slow": (_slow, "timeout"),
}
KEY_ANSWERS = {
    "page": (_page, "keys"),
    "nested": (_nested, "keys"),
    "symmetric": (_symmetric, "keys"),
    "small key": (_small_key, "keys"),
    "many keys": (_many_keys, "keys"),
}


@pytest.mark.parametrize("city", [{"timeout_s": 0.3}], indirect=True)
async def test_keys_that_do_not_come_properly_open_nothing(city: City) -> None:
    before, found = await city.count(), {}
    async with city.control.client() as client:
        for case, (answer, _) in (ANSWERS | KEY_ANSWERS).items():
            city.idp.on_jwks = answer
            found[case] = await _refusal(await city.sign_on(client))
    whys = [f"keys_{end}" for _, end in ANSWERS.values()] + ["keys"] * len(KEY_ANSWERS)
    assert found == dict.fromkeys(ANSWERS | KEY_ANSWERS, REFUSED)
    assert (await city.count(), await city.refusals(), city.idp.canary_calls) == (before, whys, 0)


@pytest.mark.parametrize("city", [{"timeout_s": 0.3}], indirect=True)
async def test_token_answer_that_does_not_come_properly_opens_nothing(city: City) -> None:
    cases = ANSWERS | {"page": (_page, ""), "nested": (_nested, "")}
    before, found = await city.count(), {}
    async with city.control.client() as client:
        for case, (answer, _) in cases.items():
            city.idp.on_token = answer
            found[case] = await _refusal(await city.sign_on(client))
    other = {"500": "code", "page": "token_answer", "nested": "token_answer"}
    whys = [other.get(case, f"token_{end}") for case, (_, end) in cases.items()]
    assert found == dict.fromkeys(cases, REFUSED)
    assert (await city.count(), await city.refusals(), city.idp.canary_calls) == (before, whys, 0)


@pytest.mark.parametrize("city", [{"timeout_s": 0.3}], indirect=True)
async def test_document_that_does_not_come_properly_is_said_before_anybody_leaves(city: City) -> None:
    cases = ANSWERS | {"page": (_page, "discovery"), "nested": (_nested, "discovery")}
    async with city.control.client() as client:
        client.headers.update(UNSAFE)
        for on_document, _ in cases.values():
            city.idp.on_document, city.idp.asked = on_document, []
            answers = [await client.post(BEGIN) for _ in range(3)]
            assert {(each.status_code, each.json()["code"]) for each in answers} == {(503, "auth.sso_unavailable")}
            assert len(city.idp.asked) == 1  # asked once, not three times; and again a moment later
            city.control.clock.jump(601)
        city.idp.on_document = None
        assert (await city.sign_on(client)).status_code == 200
    whys = [end if case in KEY_ANSWERS else f"discovery_{end}" for case, (_, end) in cases.items()]
    assert await city.refusals() == whys


DOCUMENTS: dict[str, tuple[Claims, str]] = {
    "another issuer": ({"issuer": "https://other.example"}, "issuer"),
    "tokens at the metadata address": ({"token_endpoint": "http://169.254.169.254/token"}, "endpoint"),
    "tokens in the clear": ({"token_endpoint": "http://sso.example/token"}, "endpoint"),
    "tokens at another port of ours": ({"token_endpoint": "http://127.0.0.1:22/"}, "endpoint"),
    "keys elsewhere": ({"jwks_uri": "https://keys.example/jwks"}, "endpoint"),
    "keys in a file": ({"jwks_uri": "file:///etc/passwd"}, "endpoint"),
    "people sent elsewhere": ({"authorization_endpoint": "https://phishing.example/authorize"}, "endpoint"),
    "people sent into a script": ({"authorization_endpoint": "javascript:alert(1)//127.0.0.1"}, "endpoint"),
    "a host with a user": ({"authorization_endpoint": "http://127.0.0.1@evil.example/"}, "endpoint"),
    "no keys": ({"jwks_uri": None}, "discovery"),
    "plain PKCE only": ({"code_challenge_methods_supported": ["plain"]}, "pkce"),
    "no code flow": ({"response_types_supported": ["id_token"]}, "flow"),
}


async def test_document_that_leads_elsewhere_is_not_believed(city: City) -> None:
    found = {}
    async with city.control.client() as client:
        client.headers.update(UNSAFE)
        for case, (document, _) in DOCUMENTS.items():
            city.idp.document = document
            found[case] = await _refusal(await client.post(BEGIN))
            city.control.clock.jump(601)
    assert found == dict.fromkeys(DOCUMENTS, (503, "auth.sso_unavailable"))
    assert await city.refusals() == [why for _, why in DOCUMENTS.values()]


async def test_provider_outside_the_guard_is_never_spoken_to(
    tmp_path: Path, migrated_database: DatabaseAddress
) -> None:
    async with running_idp(SystemClock()) as idp:
        made = build_control(
            tmp_path, migrated_database, AuthRules(), sign_on=rules_for(idp.issuer), sign_on_http=guarded()
        )
        async with made as control, control.client() as client:
            client.headers.update(UNSAFE)
            answer = await client.post(BEGIN)
            assert (answer.status_code, answer.json()["code"]) == (503, "auth.sso_unavailable")
            assert await City(control, idp).refusals() == ["discovery_address"]
        assert idp.asked == []


async def test_without_a_single_sign_on_there_is_none(control: Control) -> None:
    async with control.client() as client:
        await log_in(client)
        answers = [
            await client.post(BEGIN),
            await client.post(FINISH, json={"state": "x", "code": "y"}),
            await client.post(LINKS),
        ]
        assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "auth.sso_off")] * 3
        assert (await client.get("/api/v1/system")).json()["single_sign_on"] is None
        assert (await client.get(LINKS)).json() == {"items": [], "is_offered": False}


# --- links ------------------------------------------------------------------------------------------------------------


async def test_person_links_an_account_and_comes_in_by_it(city: City) -> None:
    async with city.control.client() as client:
        await log_in(client)
        assert (await client.get(LINKS)).json() == {"items": [], "is_offered": True}
        linked = await city.sign_on(client, "admin-there", LINKS)
        assert (linked.status_code, linked.json()["label"]) == (200, "admin-there@city")
        found = (await client.get(LINKS)).json()
        assert ([each["id"] for each in found["items"]], found["is_offered"]) == ([linked.json()["id"]], False)
        assert (await client.post(LINKS)).json()["code"] == "identity.has_one"
        notices = (await client.get("/api/v1/notices")).json()["items"]
        assert [(each["kind"], each["params"]) for each in notices] == [
            ("identity.linked", {"name": "admin-there@city"})
        ]
    async with city.control.client() as client:
        assert (await city.sign_on(client, "admin-there")).json()["user"]["username"] == USERNAME
        gone = f"{LINKS}/{linked.json()['id']}"
        assert (await client.delete(gone)).json()["code"] == "auth.step_up_required"
        proven = await client.post("/api/v1/session/step-up", json={"password": PASSWORD})
        keep_cookies(client, proven)
        assert (await client.delete(gone)).status_code == 204
        assert (await client.delete(gone)).status_code == 404
    async with city.control.client() as client:
        assert await _refusal(await city.sign_on(client, "admin-there")) == REFUSED


async def test_link_needs_a_fresh_proof(city: City) -> None:
    async with city.control.client() as client:
        await log_in(client)
        city.control.clock.jump(301)
        answer = await client.post(LINKS)
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.step_up_required")


async def test_link_is_made_in_the_session_that_began_it(city: City) -> None:
    """Nobody gets his own account linked with somebody else: another session, another purpose, all refused."""
    async with city.control.client() as client, city.control.client() as other:
        await log_in(client)
        await log_in(other, "inspector")
        before = await city.count()
        theirs = city.idp.visit(await city.begin(other), "attacker")
        # begun as a log-in, finished as a link
        assert await _refusal(await city.finish(other, theirs, f"{LINKS}/finish")) == REFUSED
        # begun as a link, finished as a log-in
        mine = city.idp.visit(await city.begin(client, LINKS), SUBJECT)
        assert await _refusal(await city.finish(client, mine)) == REFUSED
        # begun by one, finished by another person in the same browser
        mine = city.idp.visit(await city.begin(client, LINKS), "attacker")
        await log_in(client, "inspector")
        assert await _refusal(await city.finish(client, mine, f"{LINKS}/finish")) == REFUSED
        assert (await city.count())[:2] == before[:2]
    assert await city.refusals() == ["purpose", "purpose", "purpose"]


async def test_account_there_belongs_to_one_person_here(city: City) -> None:
    async with city.control.client() as client:
        await log_in(client)
        before = await city.count()
        answer = await city.sign_on(client, SUBJECT, LINKS)
        assert (answer.status_code, answer.json()["code"]) == (409, "identity.taken")
    assert await city.count() == before


async def test_administrator_links_somebody_only_with_a_second_person(city: City) -> None:
    two = await city.control.services.users.create_user(
        LOCAL, "second", grants=(Grant(Role.SEC_ADMIN),), password=PASSWORD
    )
    officer = await city.control.services.users.create_user(
        LOCAL, "officer", grants=(Grant(Role.STATION_OFFICER, Scope("210302006")),), password=PASSWORD
    )
    theirs = f"/api/v1/people/{officer.user.id}/identities"
    async with city.control.client() as client, city.control.client() as second:
        await log_in(client)
        await log_in(second, "second")
        me = (await client.get("/api/v1/session")).json()["user"]["id"]
        own = await client.post(f"/api/v1/people/{me}/identities", json={"subject": "me"})
        assert (own.status_code, own.json()["code"]) == (403, "user.yourself")
        asked = await client.post(theirs, json={"subject": "officer-there"})
        assert asked.status_code == 201, asked.text
        request = asked.json()["request"]
        assert (request["kind"], request["identity"], request["can_decide"]) == (
            "people.identity",
            "officer-there",
            False,
        )
        async with city.control.client() as officer_there:
            assert await _refusal(await city.sign_on(officer_there, "officer-there")) == REFUSED
        agree = f"/api/v1/approvals/{request['id']}"
        assert (await client.post(agree, json={"agree": True})).json()["code"] == "approval.own"
        assert (await second.post(agree, json={"agree": True})).status_code == 200
        listed = (await client.get(theirs)).json()
        assert ([each["label"] for each in listed["items"]], listed["is_on"]) == (["officer-there"], True)
        async with city.control.client() as officer_there:
            assert (await city.sign_on(officer_there, "officer-there")).status_code == 200
            assert (await client.delete(f"{theirs}/{listed['items'][0]['id']}")).status_code == 204
            assert (await officer_there.get("/api/v1/session")).status_code == 401  # its sessions ended with it
            assert await _refusal(await city.sign_on(officer_there, "officer-there")) == REFUSED
    assert two.user.username == "second"


async def test_links_outside_the_reach_are_not_there(city: City) -> None:
    async with city.control.database.read() as connection:
        link = (await connection.execute(sa.select(identities))).one()
    elsewhere = (Grant(Role.COUNTY_ADMIN, Scope("210381")),)
    await city.control.services.users.create_user(LOCAL, "elsewhere", grants=elsewhere, password=PASSWORD)
    theirs = f"/api/v1/people/{link.user_id}/identities"
    async with city.control.client() as client:
        await log_in(client, "elsewhere")
        answers = [
            await client.get(theirs),
            await client.post(theirs, json={"subject": "mine"}),
            await client.delete(f"{theirs}/{link.id}"),
        ]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "access.none")] * 3
    assert (await city.count())[1] == 1


async def test_person_who_leaves_or_recovers_has_no_links(city: City) -> None:
    async with city.control.database.read() as connection:
        mine = sa.select(users.c.id).where(users.c.username == "inspector")
        inspector = UserId((await connection.execute(mine)).scalar_one())
    roster = city.control.services.people.roster
    async with city.control.database.write() as connection:
        await roster.forget_devices(connection, inspector)  # what a recovery calls
    async with city.control.client() as client:
        assert await _refusal(await city.sign_on(client)) == REFUSED
    await city.link("inspector", SUBJECT)
    await roster.offboard(LOCAL, inspector)
    async with city.control.client() as client:
        assert await _refusal(await city.sign_on(client)) == REFUSED
    assert (await city.count())[1] == 0


async def test_secret_and_tokens_stay_on_the_server(
    city: City, read_raw: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with city.control.client() as client:
        url = await city.begin(client)
        answer = await city.finish(client, city.idp.visit(url, SUBJECT))
    raw: bytes = await read_raw()
    assert len(city.idp.tokens) == 1
    for secret in (CLIENT_SECRET, city.idp.tokens[0], "at-1"):
        assert secret not in url + answer.text + str(answer.headers) + caplog.text
        assert secret == "at-1" or secret.encode() not in raw
    assert CLIENT_SECRET not in repr(city.control.services.sign_on.rules)


async def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
