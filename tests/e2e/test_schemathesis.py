"""Anything that fits the OpenAPI document, sent by every kind of person: never a 5xx, never an answer outside its schema."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from tests.e2e.caller import Caller
from tests.e2e.product import Product, start_product

ROLES = {
    "CITY_ADMIN": "",
    "COUNTY_OFFICER": "210302",
    "STATION_OFFICER": "210302006",
    "EDU_OFFICER": "210302",
    "OPERATOR_PM": "210300",
    "OWNER": "210302",
    "SEC_ADMIN": "",
    "AUDITOR": "",
}
EXAMPLES = 4
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
ENDS_THE_SESSION = {"close_session", "open_session"}
"""Not sent in a session: it would end, and everything after would be sent by nobody. Nobody sends them below."""


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of its own: what is sent changes things, and uses up the log-ins that one address has in a minute."""
    with start_product(tmp_path_factory.mktemp("exposed"), "--cameras", "1") as one:
        yield one


@pytest.fixture(scope="module")
def people(exposed: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Caller]]:
    """One of each role, logged in before anything is sent."""
    known: dict[str, Caller] = {}
    for role, region in ROLES.items():
        secret = tmp_path_factory.mktemp("secret") / "password"
        secret.write_text("steamed-buns-at-dawn-" + role.lower())
        name = "thesis-" + role.lower()
        words = ("--role", role, "--region", region, "--password-file", str(secret))
        made = exposed.command("user", "create", name, *words)
        assert made.returncode == 0, made.stderr
        known[role] = Caller(exposed, username=name, password=secret.read_text())
    known["nobody"] = Caller(exposed, is_signed_in=False)
    yield known
    for each in known.values():
        each.close()


@pytest.fixture(params=[*ROLES, "nobody"])
def person(request: pytest.FixtureRequest, people: dict[str, Caller]) -> Caller:
    return people[str(request.param)]


def test_no_operation_breaks_or_leaves_its_schema(person: Caller, people: dict[str, Caller]) -> None:
    # Not by the pytest plugin of schemathesis: its release does not know the pytest of our lock.
    schema = schemathesis.openapi.from_dict(people["CITY_ADMIN"].http.get("/api/openapi.json").json())
    schema.config.update(base_url=person.origin)
    sent = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if person.cookie and operation.definition.raw["operationId"] in ENDS_THE_SESSION:
            continue
        _send_anything(operation, person)
        sent += 1
    print(f"{person.username if person.cookie else 'nobody'}: {sent} operations")
    assert sent >= len(list(schema.get_all_operations())) - len(ENDS_THE_SESSION)


def _send_anything(operation: Any, person: Caller) -> None:  # Any: an operation of schemathesis
    headers = {"X-BK": "1", "Origin": person.origin, **({"Cookie": person.cookie} if person.cookie else {})}

    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
    )
    def send(case: Any) -> None:  # Any: a generated call
        case.call_and_validate(headers=headers, timeout=10, checks=CHECKS)

    send()
