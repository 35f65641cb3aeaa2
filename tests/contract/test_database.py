"""What both databases promise: reads keep nothing and end in time, writers take turns, refusals are sentences of ours."""

import asyncio
import io
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.conftest import Control, DatabaseAddress
from tests.postgres_server import PostgresServer

from brightkitchen.kernel.database import Database, Limits, open_database, settings
from brightkitchen.kernel.databaseurl import parse_database_url
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.log import configure_logging, get_logger
from brightkitchen.kernel.text import LANGUAGES, say_error

LONG = sa.text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000000) SELECT count(*) FROM n"
)


@pytest.fixture
async def pair(migrated_database: DatabaseAddress) -> AsyncIterator[tuple[Database, Database]]:
    """One database as two processes have it open, each impatient."""
    limits = Limits(read_s=0.2, turn_s=0.3)
    both = (
        await open_database(migrated_database, limits=limits),
        await open_database(migrated_database, limits=limits),
    )
    yield both
    for each in both:
        await each.close()


@pytest.fixture
async def patient_pair(migrated_database: DatabaseAddress) -> AsyncIterator[tuple[Database, Database]]:
    """As `pair`, with the patience of the product."""
    both = (await open_database(migrated_database), await open_database(migrated_database))
    yield both
    for each in both:
        await each.close()


async def _count(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(settings))).scalar_one())


async def test_write_that_raises_keeps_nothing_and_one_that_ends_keeps_all(pair: tuple[Database, Database]) -> None:
    one, other = pair
    with pytest.raises(ZeroDivisionError):
        async with one.write() as connection:
            await connection.execute(settings.insert().values(name="a", value="", updated_at=0))
            raise ZeroDivisionError
    assert await _count(other) == 0
    async with one.write() as connection:
        await connection.execute(settings.insert().values(name="a", value="", updated_at=0))
        assert await _count(other) == 0  # readers neither wait nor see what is not done
    assert await _count(other) == 1


async def test_read_keeps_nothing_it_changes(pair: tuple[Database, Database]) -> None:
    one, other = pair
    try:
        async with one.read() as connection:
            await connection.execute(settings.insert().values(name="a", value="", updated_at=0))
    except sa.exc.DBAPIError:
        pass  # a server refuses, SQLite forgets
    assert await _count(other) == 0
    assert await _count(one) == 0


async def test_select_that_takes_too_long_is_ended_and_the_connection_goes_on(pair: tuple[Database, Database]) -> None:
    one, _other = pair
    async with asyncio.timeout(5):
        with pytest.raises(BrightKitchenError) as refused:
            async with one.read() as connection:
                await connection.execute(LONG)
    assert (refused.value.code, refused.value.kind) == ("database.slow", Kind.UNAVAILABLE)
    assert await _count(one) == 0


async def test_writers_of_two_processes_take_turns_and_lose_nothing(patient_pair: tuple[Database, Database]) -> None:
    """Each reads, lets the others run, and writes what it read plus one: without turns most would be lost."""
    async with patient_pair[0].write() as connection:
        await connection.execute(settings.insert().values(name="counter", value="0", updated_at=0))
    mine = sa.select(settings.c.updated_at).where(settings.c.name == "counter")

    async def add_one(database: Database) -> None:
        async with database.write() as connection:
            before = (await connection.execute(mine)).scalar_one()
            for _ in range(3):
                await connection.execute(sa.select(1))
            changed = settings.update().where(settings.c.name == "counter").values(updated_at=before + 1)
            await connection.execute(changed)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for database in patient_pair * 20:
            group.create_task(add_one(database))
    async with patient_pair[0].read() as connection:
        assert (await connection.execute(mine)).scalar_one() == 40


async def test_writer_that_waits_too_long_for_its_turn_is_told_so(pair: tuple[Database, Database]) -> None:
    one, other = pair
    async with one.write():
        with pytest.raises(BrightKitchenError) as refused:
            async with other.write():
                pytest.fail("two writers at once")
    assert (refused.value.code, refused.value.kind) == ("database.busy", Kind.UNAVAILABLE)
    async with other.write() as connection:
        await connection.execute(settings.insert().values(name="a", value="", updated_at=0))
    assert await _count(one) == 1


async def test_many_writers_leave_room_for_readers(patient_pair: tuple[Database, Database]) -> None:
    """A writer that reads beside its transaction must not wait for connections that wait for it."""
    database = patient_pair[0]

    async def write_and_read(number: int) -> int:
        async with database.write() as connection:
            await connection.execute(settings.insert().values(name=str(number), value="", updated_at=0))
            return await _count(database)

    async with asyncio.timeout(20):
        assert sorted(await asyncio.gather(*(write_and_read(number) for number in range(40)))) == list(range(40))


async def test_error_of_a_statement_names_no_value(pair: tuple[Database, Database]) -> None:
    row = {"name": "a", "value": "geheim", "updated_at": 0}
    with pytest.raises(sa.exc.IntegrityError) as refused:
        async with pair[0].write() as connection:
            await connection.execute(settings.insert(), [row, row])
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "path", ["/api/v1/cameras/cam%00", "/api/v1/cameras/%F0%9F%8D%9C", "/api/v1/cameras?after=%00"]
)
async def test_strange_letters_in_an_address_are_refused_not_crashed_on(admin: httpx.AsyncClient, path: str) -> None:
    assert (await admin.get(path)).status_code in (200, 404, 422)


async def test_strange_letters_in_a_log_in_are_refused_not_crashed_on(control: Control) -> None:
    async with control.client() as client:
        for username in ("a\0b", "\N{COOKING}" * 64, "a" * 65, "%_"):
            answer = await client.post(
                "/api/v1/session",
                json={"username": username, "password": "x" * 12},
                headers={"X-BK": "1", "Origin": "http://127.0.0.1:8080"},
            )
            assert answer.status_code in (401, 422), answer.text


async def _refusal(url: str) -> BrightKitchenError:
    with pytest.raises(BrightKitchenError) as refused:
        await open_database(parse_database_url(url))
    return refused.value


def _assert_said(error: BrightKitchenError, code: str, secret: str) -> None:
    """One sentence in both languages, and no word of the password in what a log keeps of it."""
    assert (error.code, error.kind) == (code, Kind.UNAVAILABLE)
    assert all(code not in say_error(error, language) for language in LANGUAGES)
    stream = io.StringIO()
    configure_logging(process="test", stream=stream)
    get_logger("t").error("failed", exc_info=error)
    assert "failed" in stream.getvalue()
    assert secret not in stream.getvalue()


async def test_url_with_password_is_connected_to(postgres: PostgresServer) -> None:
    name = await postgres.create_database()
    database = await open_database(parse_database_url(postgres.url(name)))
    assert await _count(database) == 0
    await database.close()
    await postgres.drop_database(name)


async def test_wrong_password_and_unknown_user_are_the_same_refusal(postgres: PostgresServer) -> None:
    wrong = await _refusal(postgres.url("postgres").replace(postgres.password, "not-the-pass%2Fword"))
    unknown = await _refusal(postgres.url("postgres").replace("kitchen:", "nobody:"))
    _assert_said(wrong, "database.login_refused", "not-the-pass")
    _assert_said(unknown, "database.login_refused", postgres.password)


async def test_missing_database_is_named_as_what_is_missing(postgres: PostgresServer) -> None:
    _assert_said(await _refusal(postgres.url("no_such")), "database.none", postgres.password)


async def test_database_in_another_encoding_is_refused(postgres: PostgresServer) -> None:
    name = await postgres.create_database(options="ENCODING 'LATIN1' LOCALE 'C'")
    error = await _refusal(postgres.url(name))
    _assert_said(error, "database.encoding", postgres.password)
    assert error.params == {"found": "LATIN1"}
    await postgres.drop_database(name)


async def test_user_who_may_not_create_tables_is_told_so(postgres: PostgresServer) -> None:
    name = await postgres.create_database()
    await postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'guest-secret'")
    url = postgres.url(name).replace(f"kitchen:{postgres.password}", "guest:guest-secret")
    _assert_said(await _refusal(url), "database.not_allowed", "guest-secret")
    await postgres.drop_database(name)
    await postgres.execute("DROP ROLE guest")


async def test_server_that_is_not_there_is_unreachable(unused_tcp_port: int) -> None:
    _assert_said(
        await _refusal(f"postgresql://kitchen:geheim@127.0.0.1:{unused_tcp_port}/x"), "database.unreachable", "geheim"
    )


async def test_server_without_tls_is_refused_where_tls_is_demanded(postgres: PostgresServer) -> None:
    for mode in ("require", "verify-full"):
        error = await _refusal(postgres.url("postgres") + f"?sslmode={mode}")
        _assert_said(error, "database.unreachable", postgres.password)


async def test_connections_cut_by_the_server_are_made_anew(postgres: PostgresServer) -> None:
    name = await postgres.create_migrated()
    database = await open_database(postgres.address(name))
    with pytest.raises(BrightKitchenError, match=r"database\.unreachable"):
        async with database.write() as connection:
            await postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            await connection.execute(settings.insert().values(name="a", value="", updated_at=0))
    async with database.write() as connection:
        await connection.execute(settings.insert().values(name="b", value="", updated_at=0))
    assert await _count(database) == 1
    await database.close()
    await postgres.drop_database(name)
