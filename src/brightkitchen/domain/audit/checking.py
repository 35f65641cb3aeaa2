"""Running a check over a whole chain: page by page, while others write, and every night by itself."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model, store
from brightkitchen.domain.audit.anchoring import Anchorer
from brightkitchen.domain.audit.anchors import AnchorFolder
from brightkitchen.domain.audit.ports import CheckMetrics
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.audit.verify import ChainCheck, Finding, Remembered, Report, check_anchors, compare_copies
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S

log = get_logger(__name__)

PAGE_ROWS: Final = 2_000
NIGHTLY_HOUR: Final = 3
_RETRY_S: Final = 600.0


class Readable(Protocol):
    """A database to select from; `kernel.database.Database` fits."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]: ...


async def check_chain(
    database: Readable,
    own: AnchorFolder,
    *,
    copy: AnchorFolder | None = None,
    trusted_root: str = "",
    accepted_lines: Collection[int] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check every row against the one before and against the anchors.

    own: the folder that this database's control writes. copy: the same anchors as somebody else keeps them; they are believed instead.
    on_progress: told (rows read, rows in all). raises: OSError if a folder cannot be read.
    """
    # Anchors first: what is written while we read may only make the chain longer than they say.
    of_own = check_anchors(await asyncio.to_thread(own.read), trusted_root=trusted_root)
    is_own = copy is None or copy.path.resolve() == own.path.resolve()
    believed = of_own
    extra: list[Finding] = []
    if copy is not None and not is_own:
        believed = check_anchors(await asyncio.to_thread(copy.read), trusted_root=trusted_root)
        extra = compare_copies(of_own.anchors, believed.anchors)
    async with database.read() as connection:
        head = await store.load_head(connection)
        check = ChainCheck(believed, accepted_lines=accepted_lines)
        after = 0
        while after < head.seq:
            rows = await store.load_rows_after(connection, after, min(PAGE_ROWS, head.seq - after))
            rows = [each for each in rows if each[0].seq <= head.seq]
            if not rows:
                break
            await asyncio.to_thread(check.feed, rows)
            after = rows[-1][0].seq
            if on_progress is not None:
                on_progress(check.rows, head.seq)
    remembered = Remembered(head.seq, head.hash, head.anchor_no)
    report = check.finish(remembered, is_own_folder=is_own)
    if extra:
        report = Report(report.rows, report.last_at, report.anchors, report.root, (*report.findings, *extra))
    return report


async def run_nightly(
    database: Readable,
    trail: AuditTrail,
    anchorer: Anchorer,
    metrics: CheckMetrics,
    *,
    clock: Clock,
    zone: tzinfo,
    trusted_root: str = "",
    accepted_lines: Collection[int] = (),
) -> None:
    """Check at the start and every night at 03:00 of the city, for ever. A result is a row, a metric, and an error in the log."""
    while True:
        try:
            await anchorer.write_due()
            report = await check_chain(
                database, anchorer.folder, trusted_root=trusted_root, accepted_lines=accepted_lines
            )
        except OSError as error:
            log.error("audit check did not run", error=type(error).__name__)
            await clock.sleep(_RETRY_S)
            continue
        failures = [finding.trouble.value for finding in report.findings if finding.is_failure]
        metrics.set_audit_check(is_ok=report.is_well, at_s=clock.mono_s())
        for finding in report.findings:
            (log.error if finding.is_failure else log.info)(
                "audit check", found=finding.trouble.value, **finding.params
            )
        await trail.record(
            trail.entry(
                model.CHECK_RUN,
                object_kind="audit",
                decision=model.ALLOWED if report.is_well else model.REFUSED,
                reason=",".join(failures),
                detail={"rows": report.rows, "anchors": report.anchors, "failures": len(failures)},
            )
        )
        await clock.sleep(_until_next_s(clock, zone))


def _until_next_s(clock: Clock, zone: tzinfo) -> float:
    now = datetime.fromtimestamp(clock.utc() / US_PER_S, tz=zone)
    due = now.replace(hour=NIGHTLY_HOUR, minute=0, second=0, microsecond=0)
    if due <= now:
        due += timedelta(days=1)
    return (due - now).total_seconds()
