"""How the installation is set up, for who runs it: what is in force, and nothing that helps an attacker."""

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.contract.conftest import Control
from tests.contract.people import join

from brightkitchen.bootstrap.inforce import build_in_force, read_libraries
from brightkitchen.bootstrap.reach import prepare_certificate
from brightkitchen.domain.authz.model import Actor, Grant, Role, Scope
from brightkitchen.domain.system.service import SystemService
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.config import Config, DatabaseConfig, TlsConfig, WebConfig
from brightkitchen.kernel.entropy import SystemEntropy
from brightkitchen.kernel.evidence import ClockFact
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import US_PER_S

SYS_ADMIN = Actor((Grant(Role.SYS_ADMIN),), UserId("usr_0000000000000009"))


async def test_settings_name_the_city_that_was_loaded_and_the_parts(control: Control, admin: httpx.AsyncClient) -> None:
    shown = (await admin.get("/api/v1/settings")).json()
    assert shown["city"]["name"] == "鞍山市"
    assert shown["city"]["code"] == "210300"
    assert shown["city"]["counties"] > 0
    assert shown["ways_in"] == {"origins": list(control.options.origins), "encryption": "none", "certificate": None}
    assert {"fastapi", "msgspec"} <= {each["name"].lower() for each in shown["libraries"]}
    assert shown["host_clock"]["state"] in ("synchronised", "unsynchronised", "unknown")


async def test_settings_are_for_who_runs_the_system(control: Control) -> None:
    for username, role, expected in (
        ("system", Role.SYS_ADMIN, 200),
        ("county", Role.COUNTY_ADMIN, 404),
        ("officer", Role.CITY_OFFICER, 404),
        ("auditor", Role.AUDITOR, 404),
        ("noc", Role.OPERATOR_NOC, 404),
    ):
        scope = Scope("210302") if role is Role.COUNTY_ADMIN else Scope()
        async with aclosing(await join(control, username, Grant(role, scope))) as person:
            assert (await person.get("/api/v1/settings")).status_code == expected, role


async def test_settings_show_the_certificate_that_browsers_are_shown(control: Control, tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path / "data"), tls=TlsConfig(generated=True))
    (tmp_path / "data").mkdir()
    prepare_certificate(config, SystemClock(), SystemEntropy())
    service = SystemService(control.database, control.services.policy, build_in_force(config))
    found = await service.load_settings(SYS_ADMIN)
    assert found.in_force.encryption == "generated"
    assert found.certificate is not None
    assert "localhost" in found.certificate.names
    assert found.certificate.not_after_at - found.certificate.not_before_at > 300 * 86_400 * US_PER_S
    (tmp_path / "data" / "tls" / "server.pem").unlink()
    assert (await service.load_settings(SYS_ADMIN)).certificate is None


@pytest.mark.parametrize(
    ("config", "encryption", "database"),
    [
        (Config(), "none", "sqlite"),
        (Config(web=WebConfig(public_url="https://kitchen.example.cn")), "proxy", "sqlite"),
        (Config(tls=TlsConfig(certificate="a.pem", key="b.pem")), "own", "sqlite"),
        (Config(database=DatabaseConfig(url="postgresql://kitchen:secret@db/kitchen")), "none", "postgresql"),
    ],
)
def test_in_force_says_how_and_never_where(config: Config, encryption: str, database: str) -> None:
    found = build_in_force(config)
    assert (found.encryption, found.database) == (encryption, database)
    assert "secret" not in repr(found)


async def test_settings_say_whether_the_clock_is_kept_right(control: Control) -> None:
    fact = ClockFact(state="synchronised", error_us=1500)
    in_force = replace(build_in_force(Config()), read_clock=lambda: fact)
    service = SystemService(control.database, control.services.policy, in_force)
    assert (await service.load_settings(SYS_ADMIN)).clock == fact


def test_libraries_are_those_that_are_needed_with_their_licences() -> None:
    found = {each.name.lower(): each for each in read_libraries()}
    assert found["msgspec"].licence.startswith("BSD")
    assert found["starlette"].version  # needed by what we need
    assert not {"pytest", "mypy", "ruff"} & set(found)  # only what developers use
    assert [name for name, each in found.items() if not each.licence] == []
