"""The whole product with next to no room: the oldest recordings go, the timeline says so, the audit proves it, the store is well."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.e2e.caller import Caller, build_utc, parse_utc_ms, until
from tests.e2e.product import Product, start_product

pytestmark = pytest.mark.e2e
QUOTA_GB = "0.0006"
SETTINGS = {"BRIGHTKITCHEN_STORE__QUOTA_GB": QUOTA_GB, "BRIGHTKITCHEN_MEDIA__SEGMENT_S": "5"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with start_product(tmp_path_factory.mktemp("deletion"), "--cameras", "1", settings=SETTINGS) as one:
        yield one


def proven_files(product: Product) -> int:
    """Return how many files the audit says are deleted."""
    with closing(sqlite3.connect(f"file:{product.data / 'control.sqlite3'}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT detail FROM audit_rows WHERE kind = 'deletion'").fetchall()
    return sum(int(json.loads(detail)["files"]) for (detail,) in rows)


def test_store_over_its_quota_deletes_the_oldest_and_control_has_the_proofs(product: Product) -> None:
    with closing(Caller(product)) as caller:
        check_deletion(product, caller)


def check_deletion(product: Product, caller: Caller) -> None:
    camera = caller.clock_camera()
    started_ms = parse_utc_ms(camera["streams"]["main"]["since_at"])
    files = until(lambda: proven_files(product), 90, "the audit proves a deletion")
    caller.wait_recording(camera["id"], after_ms=started_ms + 20_000)

    handle = caller.open_handle(camera["id"], "play")
    last_ms = parse_utc_ms(caller.camera(camera["id"])["streams"]["main"]["recorded_until_at"])
    timeline = caller.timeline(camera["id"], handle, build_utc(started_ms - 1000), build_utc(last_ms))
    (gap,) = timeline["gaps"]
    assert gap["reason"] == "retention"
    assert timeline["spans"][0]["from"] == gap["to"]

    checked = product.command("check", "--store", "--hash", "--json")
    (report,) = json.loads(checked.stdout)
    assert (checked.returncode, report["findings"], report["running"]) == (0, [], True)
    assert report["size_bytes"] < 1_200_000
    print(f"{files} files deleted and proven, {report['files']} there")
