"""Cost of a row of the audit, and speed of its check. Run: `python -m tests.bench.bench_audit`; prints one line each."""

import asyncio
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final
from zoneinfo import ZoneInfo

from brightkitchen.domain.audit import model
from brightkitchen.domain.audit.anchoring import Anchorer
from brightkitchen.domain.audit.anchors import AnchorFolder
from brightkitchen.domain.audit.checking import check_chain
from brightkitchen.domain.audit.keys import AuditKeys
from brightkitchen.domain.audit.model import Entry, Who
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.kernel.clock import SystemClock
from brightkitchen.kernel.database import open_database, open_database_read_only, sqlite_url
from brightkitchen.kernel.datakeys import Purpose, load_sealers
from brightkitchen.kernel.entropy import SystemEntropy

SINGLE: Final = 300
BATCHES: Final = 50
BATCH: Final = 64
FILL: Final = 200_000


async def measure(folder: Path) -> None:
    """Write rows one by one, then 64 at once, then very many, and check them all."""
    clock, entropy, zone = SystemClock(), SystemEntropy(), ZoneInfo("Asia/Shanghai")
    url = sqlite_url(folder / "control.sqlite3")
    database = await open_database(url)
    sealers = await load_sealers(database, kek_source=f"file:{folder / 'kek'}", entropy=entropy, clock=clock)
    trail = AuditTrail(database, clock=clock, entropy=entropy, zone=zone)
    anchors = AnchorFolder(folder / "anchors")
    anchorer = Anchorer(database, trail, AuditKeys(sealers[Purpose.AUDIT], entropy), anchors, clock=clock, zone=zone)

    def entry() -> Entry:
        return trail.entry(
            model.MEDIA_GRANT,
            Who("usr_0000000000000001", "COUNTY_OFFICER", "sid_0000000000000001", "192.0.2.7"),
            object_kind="camera",
            object_id="cam_0000000000000001",
            premises_id="prm_0000000000000001",
            camera_id="cam_0000000000000001",
            region="210302006",
            reason="role COUNTY_OFFICER",
            detail={"act": "live", "profile": "sub", "authority": "210302"},
        )

    started = perf_counter()
    for _ in range(SINGLE):
        await trail.record(entry())
    print(f"one row, its own transaction: {(perf_counter() - started) / SINGLE * 1e3:.2f} ms")
    started = perf_counter()
    for _ in range(BATCHES):
        await trail.record(*(entry() for _ in range(BATCH)))
    print(f"{BATCH} rows in one transaction: {(perf_counter() - started) / BATCHES * 1e3:.2f} ms")
    started = perf_counter()
    async with database.write() as connection:
        empty = perf_counter()
        for _ in range(200):
            await trail.append(connection, entry())
        print(f"one row inside an open transaction: {(perf_counter() - empty) / 200 * 1e3:.2f} ms")
    for _ in range(FILL // 5_000):
        await trail.record(*(entry() for _ in range(5_000)))
    await anchorer.write_due()
    await database.close()
    reading = await open_database_read_only(url)
    started = perf_counter()
    report = await check_chain(reading, anchors)
    lasted_s = perf_counter() - started
    await reading.close()
    size_bytes = (folder / "control.sqlite3").stat().st_size
    print(
        f"check: {report.rows} rows in {lasted_s:.1f} s = {report.rows / lasted_s:.0f} rows/s, well: {report.is_well}"
    )
    print(f"database: {size_bytes / report.rows:.0f} bytes a row with its indexes")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(Path(name)))
