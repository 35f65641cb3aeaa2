from pathlib import Path

import pytest

from brightkitchen.kernel.config import Config, DatabaseConfig
from brightkitchen.kernel.databaseurl import PostgresAddress, parse_database_url, read_database_address
from brightkitchen.kernel.errors import BrightKitchenError, Kind

SECRET = "ge:hei@m/"
URL = "postgresql://bk:ge%3Ahei%40m%2F@db.example:6432/kitchen"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (URL, PostgresAddress("db.example", 6432, "bk", SECRET, "kitchen")),
        ("postgresql+asyncpg://bk@[fd00::1]/kitchen", PostgresAddress("fd00::1", 5432, "bk", None, "kitchen")),
        ("postgresql://bk@/kitchen?host=/run/pg", PostgresAddress("/run/pg", 5432, "bk", None, "kitchen")),
        (
            f"{URL}?sslmode=verify-full&sslrootcert=/etc/ca.pem\n",
            PostgresAddress("db.example", 6432, "bk", SECRET, "kitchen", "verify-full", "/etc/ca.pem"),
        ),
    ],
)
def test_parse_database_url_says_every_part(url: str, address: PostgresAddress) -> None:
    assert parse_database_url(url) == address
    assert "hei" not in repr(parse_database_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////data/control.sqlite3",
        "mysql://bk:geheim@h/kitchen",
        "postgres://bk:geheim@h/kitchen",
        "postgresql+psycopg://bk:geheim@h/kitchen",
        "postgresql://bk:geheim@h",
        "postgresql://bk:geheim@h/",
        "postgresql://bk:geheim@h/a/b",
        "postgresql://h/kitchen",
        "postgresql://bk:ge/heim@h/kitchen",
        "postgresql://bk:geheim@h:port/kitchen",
        "postgresql://bk:geheim@h:70000/kitchen",
        "postgresql://bk:geheim@[::/kitchen",
        "postgresql://bk:geheim@h/kitchen#x",
        "postgresql://bk:geheim@h/kitchen?sslmode=allow",
        "postgresql://bk:geheim@h/kitchen?passfile=/etc/shadow",
        "postgresql://bk:geheim@h/kitchen?sslmode",
        "geheim",
    ],
)
def test_parse_database_url_unfit_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BrightKitchenError) as refused:
        parse_database_url(url)
    error = refused.value
    assert (error.kind, error.code, error.params, error.__cause__) == (Kind.INVALID, "config.database_url", {}, None)
    assert error.__suppress_context__ or error.__context__ is None


def test_read_database_address_without_settings_is_the_file() -> None:
    assert read_database_address(Config().database) is None


def test_settings_shown_hide_the_address() -> None:
    assert "geheim" not in repr(Config(database=DatabaseConfig(url="postgresql://a:geheim@h/d")))


def test_read_database_address_from_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.touch(mode=0o600)
    file.write_text(URL + "\n")
    found = read_database_address(DatabaseConfig(url_file=str(file)))
    assert found is not None
    assert (found.password, found.database) == (SECRET, "kitchen")


def _refusal(config: DatabaseConfig) -> tuple[str, object]:
    with pytest.raises(BrightKitchenError) as refused:
        read_database_address(config)
    return refused.value.code, refused.value.params.get("path")


def test_read_database_address_refuses_what_it_must(tmp_path: Path) -> None:
    open_file = tmp_path / "open"
    open_file.write_text(URL)
    open_file.chmod(0o640)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    binary.chmod(0o600)
    missing = tmp_path / "missing"
    assert _refusal(DatabaseConfig(url_file=str(open_file))) == ("config.database_file_exposed", str(open_file))
    assert _refusal(DatabaseConfig(url_file=str(binary))) == ("config.database_file", str(binary))
    assert _refusal(DatabaseConfig(url_file=str(missing))) == ("config.database_file", str(missing))
    assert _refusal(DatabaseConfig(url=URL, url_file=str(open_file))) == ("config.database_two", None)
