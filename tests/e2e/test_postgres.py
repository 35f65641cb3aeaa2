"""The whole product on PostgreSQL: what was entered is there after a restart, and only control knows the log-in."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.e2e.caller import Caller
from tests.e2e.product import Product, free_port_base, run_command
from tests.postgres_server import PostgresServer

pytestmark = pytest.mark.e2e
ADDRESS = "10.1.2.3"


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    name = asyncio.run(postgres.create_database())
    yield name
    asyncio.run(postgres.drop_database(name))


def test_product_on_postgres_keeps_people_and_cameras_over_a_restart(
    postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    settings = {"BRIGHTKITCHEN_DATABASE__URL": postgres.url(database)}
    product = Product(tmp_path / "data", free_port_base(), ("--cameras", "1"), settings)
    try:
        product.start()
        camera = _add_camera(product)
        _assert_only_control_knows(product, postgres.password)
        assert product.stop() == 0

        product.start()
        caller = Caller(product)
        assert caller.camera(camera)["name"] == "烹饪间 'A' 🍳"
        assert ADDRESS in caller.camera(camera)["address"]
        caller.close()
        assert product.stop() == 0
    finally:
        product.kill()
    files = sorted(path for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert not (tmp_path / "data" / "control.sqlite3").exists()
    assert [path for path in files if postgres.password.encode() in path.read_bytes()] == []
    rows = asyncio.run(_load_names(postgres, database))
    assert "烹饪间 'A' 🍳" in rows


def _add_camera(product: Product) -> str:
    caller = Caller(product)
    body = {"name": "烹饪间 'A' 🍳", "premises_name": "站前小学食堂", "zone": "烹饪", "url": f"rtsp://{ADDRESS}/main"}
    answer = caller.http.post("/api/v1/cameras", json=body)
    assert answer.status_code == 201, answer.text
    caller.close()
    return str(answer.json()["id"])


def _assert_only_control_knows(product: Product, password: str) -> None:
    knowing = {
        child.pid
        for child in product.processes()
        if any(password in text for text in [*child.cmdline(), *child.environ().values()])
    }
    assert knowing == {product.pid_of("control")}
    assert psutil.pid_exists(product.pid_of("media-node"))


async def _load_names(postgres: PostgresServer, database: str) -> list[str]:
    return [str(row["name"]) for row in await postgres.fetch(database, "SELECT name FROM cameras")]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"BRIGHTKITCHEN_DATABASE__URL": "mysql://bk:geheim@h/kitchen"}, "The database's address is wrong."),
        ({"BRIGHTKITCHEN_DATABASE__URL_FILE": "/no/such/file"}, "The file /no/such/file"),
    ],
)
def test_wrong_database_setting_is_refused_before_anything_starts(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    done = run_command("serve", "--data", str(tmp_path / "data"), environment=settings)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert "geheim" not in done.stderr
