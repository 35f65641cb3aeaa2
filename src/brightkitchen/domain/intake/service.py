"""Import files: judged first, written when their maker says so, in batches that are each kept whole.

A row is a premises with its cameras. What it would do is decided twice by the same code (`matching.plan_unit`): for the
preview, and again in the transaction that writes it, because the city may have changed meanwhile. That is also why a file
can be continued after an interruption or given a second time: what is there already is found again and left as it is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import PurePosixPath
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Place
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.model import CameraLogin
from brightkitchen.domain.cameras.store import count_by_node, open_login
from brightkitchen.domain.intake import policy as rules
from brightkitchen.domain.intake import store
from brightkitchen.domain.intake.checking import Draft, Known, PremisesDraft, check_unit
from brightkitchen.domain.intake.matching import Existing, Plan, Rights, find_doubles, plan_unit
from brightkitchen.domain.intake.model import (
    CANCELLABLE,
    STARTABLE,
    Counts,
    ImportId,
    ImportJob,
    ImportRow,
    ImportState,
    Outcome,
    Problem,
    Unit,
)
from brightkitchen.domain.intake.ports import AddressGuard, Background, Nodes, Register
from brightkitchen.domain.intake.reading import SheetReader, build_units
from brightkitchen.domain.intake.writing import BatchWriter, Written
from brightkitchen.domain.premises.initials import InitialsSession, ManyInitials, initials_here
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import is_id, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

BATCH: Final = 200
MAX_PAGE: Final = 200
MAX_JOBS: Final = 50
HOST_CHECKS: Final = 32
HOSTS_TIMEOUT_S: Final = 60.0
LOGINS_KEPT_US: Final = 24 * 3600 * US_PER_S
HostProblems = dict[tuple[str, int], tuple[str, Mapping[str, str | int | float]]]
_T = TypeVar("_T")
_WRITTEN: Final = (Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class RowPage:
    """A stretch of a file's rows; next_after is None at its end."""

    rows: tuple[ImportRow, ...]
    next_after: int | None


@dataclass(frozen=True, slots=True)
class Words:
    """Names to choose from; zones without those that no camera may show."""

    categories: tuple[str, ...]
    zones: tuple[str, ...]


class ImportService:
    """Everything one can do with import files. They are reached through `access_import` only, by their maker."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        sealer: FieldSealer,
        *,
        reader: SheetReader,
        guard: AddressGuard,
        nodes: Nodes,
        background: Background,
        clock: Clock,
        entropy: Entropy,
        zone: tzinfo,
        register: Register,
        field_actions: dict[str, str] | None = None,
        initials: InitialsSession = initials_here,
    ) -> None:
        """zone: the city's. field_actions: column → action that setting it needs besides importing."""
        self._database = database
        self._policy = policy
        self._sealer = sealer
        self._reader = reader
        self._guard = guard
        self._nodes = nodes
        self._background = background
        self._clock = clock
        self._entropy = entropy
        self._zone = zone
        self._register = register
        self._field_actions = field_actions or {}
        self._initials = initials
        self._one_at_a_time = asyncio.Lock()

    async def interrupt_all(self) -> int:
        """At the start of control: mark what was running. returns: how many files."""
        async with self._database.write() as connection:
            now = self._clock.utc()
            await store.forget_logins(connection, made_before=Utc(now - LOGINS_KEPT_US))
            return await store.interrupt_jobs(connection, now)

    # ---- asked by people

    async def access_import(self, actor: Actor, job: str) -> ImportJob:
        """Return a file of the actor's own. raises: BrightKitchenError "access.none" for anybody else's too."""
        if is_id(job, "imp") and self._policy.check(actor, rules.CREATE).allowed:
            async with self._database.read() as connection:
                found = await store.load_job(connection, ImportId(job))
            if found is not None and found.made_by == actor.user:
                return found
        raise not_found()

    def check(self, actor: Actor) -> None:
        """raises: BrightKitchenError "access.none" unless the actor may import at all."""
        if actor.user is None or not self._policy.check(actor, rules.CREATE).allowed:
            raise not_found()

    async def upload(self, actor: Actor, file_name: str, content: bytes) -> ImportJob:
        """Read a file and begin to judge it in the background.

        raises: BrightKitchenError "import.…" if it is none we read.
        """
        self.check(actor)
        assert actor.user is not None
        tables = await self._reader.read(file_name, content)
        units = await asyncio.to_thread(build_units, tables)
        now = self._clock.utc()
        job = ImportJob(
            id=ImportId(new_id("imp", self._entropy)),
            made_by=actor.user,
            file_name=_shown_name(file_name),
            size_bytes=len(content),
            state=ImportState.UPLOADED,
            failure="",
            rows_total=len(units),
            rows_done=0,
            cameras_total=sum(len(unit.given.cameras) for unit in units),
            created_at=now,
            updated_at=now,
        )
        async with self._database.write() as connection:
            await store.forget_logins(connection, made_before=Utc(now - LOGINS_KEPT_US))
            await store.save_job(connection, job, units, self._sealer)
        log.info("import uploaded", job=job.id, rows=job.rows_total, cameras=job.cameras_total)
        self._background.start(f"import-preview-{job.id}", self._preview(job, actor, units))
        return job

    async def list_imports(self, actor: Actor) -> list[ImportJob]:
        """Return the actor's newest files."""
        self.check(actor)
        assert actor.user is not None
        async with self._database.read() as connection:
            return await store.load_jobs(connection, actor.user, limit=MAX_JOBS)

    async def load_words(self, language: str) -> Words:
        """Return the names that the template offers, in the city's order."""
        async with self._database.read() as connection:
            return Words(*await store.load_words(connection, language))

    async def count(self, job: ImportJob) -> Counts:
        async with self._database.read() as connection:
            return await store.count_rows(connection, job.id)

    async def load_rows(
        self, job: ImportJob, *, after: int = 0, limit: int = MAX_PAGE, outcomes: Iterable[Outcome] = ()
    ) -> RowPage:
        """Return rows of the file. limit: 1..50,000."""
        async with self._database.read() as connection:
            rows = await store.load_rows(connection, job.id, after=after, limit=limit + 1, outcomes=outcomes)
        return RowPage(tuple(rows[:limit]), rows[limit - 1].number if len(rows) > limit else None)

    async def run(self, actor: Actor, job: ImportJob) -> ImportJob:
        """Write the rows that are right, in the background. raises: BrightKitchenError "import.not_ready"."""
        async with self._database.write() as connection:
            is_moved = await store.move_job(
                connection, job.id, away_from=STARTABLE, to=ImportState.RUNNING, now=self._clock.utc()
            )
        if not is_moved:
            raise BrightKitchenError(Kind.CONFLICT, "import.not_ready")
        self._background.start(f"import-run-{job.id}", self._run(job, actor))
        return replace(job, state=ImportState.RUNNING)

    async def cancel(self, job: ImportJob) -> ImportJob:
        """Stop before the next batch; what was written stays. raises: BrightKitchenError "import.not_running"."""
        async with self._database.write() as connection:
            is_moved = await store.move_job(
                connection, job.id, away_from=CANCELLABLE, to=ImportState.CANCELLED, now=self._clock.utc()
            )
            if is_moved:
                await store.forget_logins(connection, job=job.id)
        if not is_moved:
            raise BrightKitchenError(Kind.CONFLICT, "import.not_running")
        return replace(job, state=ImportState.CANCELLED)

    # ---- in the background

    async def _preview(self, job: ImportJob, actor: Actor, units: Sequence[Unit]) -> None:
        try:
            await self._judge(job, actor, units)
        except (BrightKitchenError, sa.exc.SQLAlchemyError, OSError):
            async with self._database.write() as connection:
                await store.move_job(
                    connection,
                    job.id,
                    away_from=(ImportState.UPLOADED,),
                    to=ImportState.FAILED,
                    now=self._clock.utc(),
                    failure="import.stopped",
                )
            raise

    async def _judge(self, job: ImportJob, actor: Actor, units: Sequence[Unit]) -> None:
        async with self._database.read() as connection:
            known = await store.load_known(connection)
        drafts: list[Draft] = []
        async with self._initials() as build:
            for batch in _batches(units):
                drafts += await self._check(batch, known, build)
                await self._clock.sleep(0)
        doubles = find_doubles((unit.number, unit.given, draft) for unit, draft in zip(units, drafts, strict=True))
        hosts = await self._check_hosts(drafts)
        rights = self._rights(actor)
        for pairs in _batches(list(zip(units, drafts, strict=True))):
            async with self._database.read() as connection:
                existing = await self._load_existing(
                    connection, [draft for _, draft in pairs], _named_premises(pairs), hosts
                )
            rows = []
            for unit, draft in pairs:
                plan = plan_unit(unit.given, draft, unit.logins, existing, rights)
                problems = plan.problems + tuple(doubles.get(unit.number, ()))
                outcome = Outcome.WRONG if problems else plan.outcome
                premises_id = str(plan.row["id"]) if plan.row is not None else None
                rows.append(ImportRow(unit.number, unit.given, outcome, problems, premises_id, None))
            async with self._database.write() as connection:
                await store.save_outcomes(connection, job.id, rows)
        async with self._database.write() as connection:
            await store.move_job(
                connection,
                job.id,
                away_from=(ImportState.UPLOADED,),
                to=ImportState.PREVIEWED,
                now=self._clock.utc(),
            )

    async def _run(self, job: ImportJob, actor: Actor) -> None:
        try:
            async with self._one_at_a_time, self._initials() as build:
                await self._run_batches(job, actor, build)
        except (BrightKitchenError, sa.exc.SQLAlchemyError, OSError):
            # what is written is written; the rest waits until its maker continues
            async with self._database.write() as connection:
                await store.move_job(
                    connection,
                    job.id,
                    away_from=(ImportState.RUNNING,),
                    to=ImportState.INTERRUPTED,
                    now=self._clock.utc(),
                )
            raise

    async def _run_batches(self, job: ImportJob, actor: Actor, build: ManyInitials) -> None:
        async with self._database.read() as connection:
            known = await store.load_known(connection)
        rights = self._rights(actor)
        nodes = set()
        state: ImportState | None = ImportState.RUNNING
        after = 0
        while state is ImportState.RUNNING:
            async with self._database.read() as connection:
                rows = await store.load_rows(
                    connection, job.id, after=after, limit=BATCH, outcomes=_WRITTEN, undone=True
                )
            if not rows:
                break
            after = rows[-1].number
            units = [Unit(row.number, row.given) for row in rows]
            drafts = await self._check(units, known, build)
            hosts = await self._check_hosts(drafts)
            state, written = await self._write_batch(job, actor, rows, drafts, hosts, rights)
            nodes |= written.nodes
            await self._clock.sleep(0)
        for node in nodes:
            self._nodes.desired_changed(node)
        async with self._database.write() as connection:
            await store.move_job(
                connection, job.id, away_from=(ImportState.RUNNING,), to=ImportState.DONE, now=self._clock.utc()
            )
            await store.forget_logins(connection, job=job.id)
        log.info("import ended", job=job.id)

    async def _write_batch(
        self,
        job: ImportJob,
        actor: Actor,
        rows: Sequence[ImportRow],
        drafts: Sequence[Draft],
        hosts: HostProblems,
        rights: Rights,
    ) -> tuple[ImportState | None, Written]:
        """Write one batch in one transaction; if one unit meets a constraint, each unit in a savepoint of its own."""
        async with self._database.write() as connection:
            state = await self._state(connection, job)
            if state is not ImportState.RUNNING:
                return state, Written()
            logins = await store.load_logins(connection, self._sealer, job.id, [row.number for row in rows])
            pairs = [(Unit(row.number, row.given), draft) for row, draft in zip(rows, drafts, strict=True)]
            existing = await self._load_existing(connection, drafts, _named_premises(pairs), hosts)
            plans: list[tuple[int, Plan]] = []
            for row, draft in zip(rows, drafts, strict=True):
                plans.append((row.number, plan_unit(row.given, draft, logins.get(row.number, {}), existing, rights)))
            written, failed = await self._write_plans(connection, plans)
            now = self._clock.utc()
            by_number = dict(plans)
            await store.save_outcomes(
                connection,
                job.id,
                [
                    _finished(row, by_number[row.number], failed.get(row.number), written.premises.get(row.number), now)
                    for row in rows
                ],
            )
            await self._register.imported(
                connection, actor, new=written.new, changed=written.changed, signed_on=written.signed_on
            )
            state = await store.note_progress(connection, job.id, done=len(rows), now=now)
        return state, written

    async def _write_plans(
        self, connection: AsyncConnection, plans: Sequence[tuple[int, Plan]]
    ) -> tuple[Written, dict[int, Problem]]:
        wanted = [(number, plan) for number, plan in plans if plan.outcome is not Outcome.WRONG]
        load = await count_by_node(connection)
        try:
            async with connection.begin_nested():
                return await self._writer(load).write(connection, wanted), {}
        except sa.exc.IntegrityError:
            log.warning("import batch met a constraint, going unit by unit", units=len(wanted))
        whole, failed = Written(), {}
        for number, plan in wanted:
            try:
                async with connection.begin_nested():
                    one = await self._writer(load).write(connection, [(number, plan)])
            except sa.exc.IntegrityError:
                failed[number] = Problem("premises", 0, "", "import.row.changed_meanwhile")
                continue
            whole.premises |= one.premises
            whole.new += one.new
            whole.changed += one.changed
            whole.signed_on |= one.signed_on
            whole.nodes |= one.nodes
        return whole, failed

    # ---- inside

    def _writer(self, load: dict[str, int]) -> BatchWriter:
        return BatchWriter(self._sealer, self._entropy, now=self._clock.utc(), load=load, nodes=self._nodes.all())

    async def _check(self, units: Sequence[Unit], known: Known, build: ManyInitials) -> list[Draft]:
        """Return the drafts of a batch, with the initials of their names."""
        today = datetime.fromtimestamp(self._clock.utc() // US_PER_S, self._zone).date()
        drafts = []
        for unit in units:
            draft = check_unit(unit.given, known, today)
            drafts.append(replace(draft, problems=unit.problems + draft.problems) if unit.problems else draft)
        named = [at for at, draft in enumerate(drafts) if draft.premises is not None]
        names = [str(premises.values["name"]) for draft in drafts if (premises := draft.premises) is not None]
        for at, initials in zip(named, await build(names) if names else (), strict=True):
            premises = drafts[at].premises
            assert premises is not None  # named has no others
            drafts[at] = replace(drafts[at], premises=PremisesDraft({**premises.values, "initials": initials}))
        return drafts

    def _rights(self, actor: Actor) -> Rights:
        def reaches(place: Place) -> bool:
            return self._policy.check(actor, rules.CREATE, _At(place)).allowed

        def decides(column: str, place: Place) -> bool:
            action = self._field_actions.get(column)
            return action is None or self._policy.check(actor, action, _At(place)).allowed

        return Rights(reaches, decides)

    async def _state(self, connection: AsyncConnection, job: ImportJob) -> ImportState | None:
        found = await store.load_job(connection, job.id)
        return found.state if found else None

    async def _load_existing(
        self, connection: AsyncConnection, drafts: Sequence[Draft], names: Sequence[str], hosts: HostProblems
    ) -> Existing:
        existing = Existing(host_problems=hosts)
        values = [draft.premises.values for draft in drafts if draft.premises is not None]
        numbers = {str(each["external_no"]) for each in values if "external_no" in each} | set(names)
        for row in await store.load_premises_by(connection, "external_no", numbers):
            existing.by_no[str(row["external_no"])] = row
        codes = {str(each["credit_code"]) for each in values if "credit_code" in each}
        for row in await store.load_premises_by(connection, "credit_code", codes):
            existing.by_code.setdefault((str(row["credit_code"]), str(row["name"])), []).append(row)
        for row in await store.load_premises_by(
            connection, "name", {str(each["name"]) for each in values} | set(names)
        ):
            existing.by_name.setdefault(str(row["name"]), []).append(row)
        wanted = {camera.stream for draft in drafts for camera in draft.cameras}
        for row in await store.load_cameras_at(connection, {stream[0] for stream in wanted}):
            port = row["port"]
            assert isinstance(port, int)
            stream = (str(row["host"]), port, str(row["path_main"]))
            if stream in wanted:
                existing.cameras[stream] = row
                login = self._open_login(row)
                if login is not None:
                    existing.logins[str(row["id"])] = login
        return existing

    def _open_login(self, row: Mapping[str, object]) -> CameraLogin | None:
        return open_login(self._sealer, str(row["id"]), row) if row["username_sealed"] is not None else None

    async def _check_hosts(self, drafts: Iterable[Draft]) -> HostProblems:
        """Ask the guard about every address of a file once; names are looked up side by side, a minute in all."""
        wanted = {(camera.url.host, camera.url.port) for draft in drafts for camera in draft.cameras}
        found: HostProblems = {}
        slots = asyncio.Semaphore(HOST_CHECKS)

        async def ask(host: str, port: int) -> None:
            async with slots:
                try:
                    await self._guard.check_address(host, port)
                except BrightKitchenError as refused:
                    found[host, port] = (refused.code, refused.params)

        left = set(wanted)
        try:
            async with asyncio.timeout(HOSTS_TIMEOUT_S):
                for batch in _batches(sorted(wanted)):
                    await asyncio.gather(*(ask(host, port) for host, port in batch))
                    left.difference_update(batch)
        except TimeoutError:
            for host, port in left:
                found.setdefault((host, port), ("camera.host_unknown", {"host": host}))
        return found


@dataclass(frozen=True, slots=True)
class _At:
    place: Place


def _named_premises(pairs: Iterable[tuple[Unit, Draft]]) -> list[str]:
    """Return the numbers and names that cameras give for premises which the file does not list."""
    named = [unit.given.cameras[0].cells for unit, _ in pairs if unit.given.line == 0 and unit.given.cameras]
    return [cells[key] for cells in named for key in ("external_no", "premises_name") if cells.get(key)]


def _finished(row: ImportRow, plan: Plan, failed: Problem | None, premises_id: str | None, now: Utc) -> ImportRow:
    problems = (_with_line(failed, row),) if failed is not None else plan.problems
    outcome = Outcome.WRONG if problems else plan.outcome
    return ImportRow(row.number, row.given, outcome, problems, premises_id or row.premises_id, now)


def _with_line(problem: Problem, row: ImportRow) -> Problem:
    """Return the problem with the line of its row."""
    line = row.given.line or row.given.cameras[0].line
    sheet = "premises" if row.given.line else "cameras"
    return Problem(sheet, line, problem.column, problem.code, problem.params)


def _shown_name(file_name: str) -> str:
    """Return the last part of the name, without what no screen should show."""
    last = PurePosixPath(file_name.replace("\\", "/")).name
    return "".join(each for each in last if each.isprintable())[-120:] or "import"


def _batches(items: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
