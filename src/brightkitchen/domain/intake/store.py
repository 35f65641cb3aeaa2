"""Rows of import files, and what the city has that they may be about."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.store import regions
from brightkitchen.domain.cameras.store import camera_credentials, camera_zones, cameras
from brightkitchen.domain.intake.checking import Known
from brightkitchen.domain.intake.columns import folded
from brightkitchen.domain.intake.model import (
    Counts,
    Given,
    ImportId,
    ImportJob,
    ImportRow,
    ImportState,
    Login,
    Outcome,
    Problem,
    Unit,
)
from brightkitchen.domain.premises.store import categories, load_kinds, premises, zones
from brightkitchen.kernel.database import metadata, split_values
from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import Utc, optional_utc

_LOGINS: Final = "import_logins"

import_jobs = sa.Table(
    "import_jobs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("made_by", sa.String(40), nullable=False, index=True),
    sa.Column("file_name", sa.String(120), nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    # code of the sentence that says why it failed, or ""
    sa.Column("failure", sa.String(60), nullable=False),
    sa.Column("rows_total", sa.Integer, nullable=False),
    sa.Column("rows_done", sa.Integer, nullable=False),
    sa.Column("cameras_total", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

import_rows = sa.Table(
    "import_rows",
    metadata,
    sa.Column("job_id", sa.String(40), sa.ForeignKey("import_jobs.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    # JSON of model.Given: never a log-in
    sa.Column("given", sa.Text, nullable=False),
    sa.Column("outcome", sa.String(12), nullable=False),
    sa.Column("problems", sa.Text, nullable=False),
    sa.Column("premises_id", sa.String(40), nullable=True),
    sa.Column("done_at", sa.BigInteger, nullable=True),
)

import_logins = sa.Table(
    _LOGINS,
    metadata,
    # the log-ins of one row's cameras, sealed as soon as the file was read, gone when the row is done
    sa.Column("job_id", sa.String(40), sa.ForeignKey("import_jobs.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("logins_sealed", sa.LargeBinary, nullable=False),
)

# ---- files


async def save_job(connection: AsyncConnection, job: ImportJob, units: Sequence[Unit], sealer: FieldSealer) -> None:
    """Keep a new file with its rows; log-ins are sealed."""
    await connection.execute(
        import_jobs.insert().values(
            id=job.id,
            made_by=job.made_by,
            file_name=job.file_name,
            size_bytes=job.size_bytes,
            state=job.state.value,
            failure=job.failure,
            rows_total=job.rows_total,
            rows_done=job.rows_done,
            cameras_total=job.cameras_total,
            created_at=job.created_at,
            updated_at=job.updated_at,
        )
    )
    rows = [
        {
            "job_id": job.id,
            "number": unit.number,
            "given": msgspec.json.encode(unit.given).decode(),
            "outcome": Outcome.PENDING.value,
            "problems": _encode_problems(unit.problems),
            "premises_id": None,
            "done_at": None,
        }
        for unit in units
    ]
    await connection.execute(import_rows.insert(), rows)
    logins = [
        {"job_id": job.id, "number": unit.number, "logins_sealed": _seal_logins(sealer, job.id, unit)}
        for unit in units
        if unit.logins
    ]
    if logins:
        await connection.execute(import_logins.insert(), logins)


async def load_job(connection: AsyncConnection, job: ImportId) -> ImportJob | None:
    row = (await connection.execute(sa.select(import_jobs).where(import_jobs.c.id == job))).one_or_none()
    return _job(row) if row else None


async def load_jobs(connection: AsyncConnection, made_by: UserId, *, limit: int) -> list[ImportJob]:
    """Return the newest files of one person."""
    wanted = sa.select(import_jobs).where(import_jobs.c.made_by == made_by)
    wanted = wanted.order_by(import_jobs.c.created_at.desc(), import_jobs.c.id).limit(limit)
    return [_job(row) for row in await connection.execute(wanted)]


async def move_job(
    connection: AsyncConnection,
    job: ImportId,
    *,
    away_from: Iterable[ImportState],
    to: ImportState,
    now: Utc,
    failure: str = "",
) -> bool:
    """Move a file on; False if it is in none of the states `away_from` any more."""
    result = await connection.execute(
        import_jobs.update()
        .where(import_jobs.c.id == job, import_jobs.c.state.in_([state.value for state in away_from]))
        .values(state=to.value, updated_at=now, failure=failure)
    )
    return result.rowcount == 1


async def interrupt_jobs(connection: AsyncConnection, now: Utc) -> int:
    """After a start of control: nothing runs. A file that was being judged has to be given again. returns: how many."""
    moved = 0
    for state, to, failure in (
        (ImportState.RUNNING, ImportState.INTERRUPTED, ""),
        (ImportState.UPLOADED, ImportState.FAILED, "import.stopped"),
    ):
        result = await connection.execute(
            import_jobs.update()
            .where(import_jobs.c.state == state.value)
            .values(state=to.value, failure=failure, updated_at=now)
        )
        moved += result.rowcount
    return moved


async def forget_logins(
    connection: AsyncConnection, *, job: ImportId | None = None, made_before: Utc | None = None
) -> None:
    """Delete sealed log-ins of one file, or of all that were given before an instant."""
    wanted = import_logins.delete()
    if job is not None:
        wanted = wanted.where(import_logins.c.job_id == job)
    if made_before is not None:
        old = sa.select(import_jobs.c.id).where(import_jobs.c.created_at < made_before)
        wanted = wanted.where(import_logins.c.job_id.in_(old))
    await connection.execute(wanted)


async def note_progress(connection: AsyncConnection, job: ImportId, *, done: int, now: Utc) -> ImportState | None:
    """Count rows as done and return the file's state: whoever cancelled it meanwhile is heard here."""
    await connection.execute(
        import_jobs.update()
        .where(import_jobs.c.id == job)
        .values(rows_done=import_jobs.c.rows_done + done, updated_at=now)
    )
    state = (
        await connection.execute(sa.select(import_jobs.c.state).where(import_jobs.c.id == job))
    ).scalar_one_or_none()
    return ImportState(state) if state else None


# ---- rows


async def load_rows(
    connection: AsyncConnection,
    job: ImportId,
    *,
    after: int = 0,
    limit: int,
    outcomes: Iterable[Outcome] = (),
    undone: bool = False,
) -> list[ImportRow]:
    """Return rows of a file in its order. outcomes: () = all. undone: only those that nothing was done with yet."""
    wanted = sa.select(import_rows).where(import_rows.c.job_id == job, import_rows.c.number > after)
    chosen = [outcome.value for outcome in outcomes]
    if chosen:
        wanted = wanted.where(import_rows.c.outcome.in_(chosen))
    if undone:
        wanted = wanted.where(import_rows.c.done_at.is_(None))
    wanted = wanted.order_by(import_rows.c.number).limit(limit)
    return [_row(row) for row in await connection.execute(wanted)]


async def count_rows(connection: AsyncConnection, job: ImportId) -> Counts:
    wanted = sa.select(import_rows.c.outcome, sa.func.count()).where(import_rows.c.job_id == job)
    found = {row[0]: row[1] for row in await connection.execute(wanted.group_by(import_rows.c.outcome))}
    return Counts(**{outcome.value.lower(): found.get(outcome.value, 0) for outcome in Outcome})


async def save_outcomes(connection: AsyncConnection, job: ImportId, rows: Sequence[ImportRow]) -> None:
    """Keep what became of rows."""
    if not rows:
        return
    await connection.execute(
        import_rows.update()
        .where(import_rows.c.job_id == job, import_rows.c.number == sa.bindparam("n"))
        .values(
            outcome=sa.bindparam("o"),
            problems=sa.bindparam("p"),
            premises_id=sa.bindparam("i"),
            done_at=sa.bindparam("d"),
        ),
        [
            {
                "n": row.number,
                "o": row.outcome.value,
                "p": _encode_problems(row.problems),
                "i": row.premises_id,
                "d": row.done_at,
            }
            for row in rows
        ],
    )


async def load_logins(
    connection: AsyncConnection, sealer: FieldSealer, job: ImportId, numbers: Sequence[int]
) -> dict[int, dict[int, Login]]:
    """Return row → camera index → log-in."""
    found: dict[int, dict[int, Login]] = {}
    for chunk in split_values(numbers):
        wanted = sa.select(import_logins).where(import_logins.c.job_id == job, import_logins.c.number.in_(chunk))
        for row in await connection.execute(wanted):
            text = sealer.open(row.logins_sealed, table=_LOGINS, column="logins_sealed", row=f"{job}/{row.number}")
            pairs = msgspec.json.decode(text, type=dict[int, tuple[str, ...]])
            found[row.number] = {index: Login(*pair) for index, pair in pairs.items()}
    return found


# ---- what the city has


async def load_known(connection: AsyncConnection) -> Known:
    """Return the words of categories, regions and zones."""
    names: dict[str, list[str]] = {}
    region_codes = set()
    for row in await connection.execute(sa.select(regions.c.code, regions.c.name)):
        region_codes.add(row.code)
        for word in {folded(row.name), row.code}:
            names.setdefault(word, []).append(row.code)
    kinds = await load_kinds(connection)
    return Known(
        kinds,
        frozenset(region_codes),
        {
            folded(word): each.code
            for each in kinds.categories.values()
            for word in (each.name_zh, each.name_en, each.code)
        },
        {word: tuple(codes) for word, codes in names.items()},
        {folded(word): each.code for each in kinds.zones.values() for word in (each.name_zh, each.name_en, each.code)},
        frozenset(code for code, each in kinds.zones.items() if each.is_refused),
    )


async def load_words(connection: AsyncConnection, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of categories, and of zones that cameras may show, in the city's order."""
    name = "name_en" if language == "en" else "name_zh"
    kinds = await connection.execute(sa.select(categories.c[name]).order_by(categories.c.sort))
    areas = await connection.execute(sa.select(zones.c[name]).where(zones.c.area != "REFUSED").order_by(zones.c.sort))
    return tuple(kinds.scalars()), tuple(areas.scalars())


async def load_premises_by(
    connection: AsyncConnection, column: str, values: Iterable[str]
) -> list[Mapping[str, object]]:
    """Return the premises whose `column` is one of `values`, retired ones too."""
    found: list[Mapping[str, object]] = []
    for chunk in split_values(sorted(set(values))):
        rows = await connection.execute(sa.select(premises).where(premises.c[column].in_(chunk)))
        found += [dict(row._mapping) for row in rows]
    return found


async def load_cameras_at(connection: AsyncConnection, hosts: Iterable[str]) -> list[Mapping[str, object]]:
    """Return the cameras in service on these hosts, with `extra_zones` (comma-joined, sorted) and `login` sealed or None."""
    found: list[Mapping[str, object]] = []
    for chunk in split_values(sorted(set(hosts))):
        wanted = (
            sa.select(
                cameras,
                camera_credentials.c.username_sealed,
                camera_credentials.c.password_sealed,
                camera_credentials.c.paths_sealed,
            )
            .select_from(cameras.outerjoin(camera_credentials, camera_credentials.c.camera_id == cameras.c.id))
            .where(cameras.c.host.in_(chunk), cameras.c.retired_at.is_(None))
        )
        rows = [dict(row._mapping) for row in await connection.execute(wanted)]
        extra: dict[str, list[str]] = {}
        for part in split_values([str(row["id"]) for row in rows]):
            for zone in await connection.execute(sa.select(camera_zones).where(camera_zones.c.camera_id.in_(part))):
                extra.setdefault(zone.camera_id, []).append(zone.zone)
        found += [row | {"extra_zones": tuple(sorted(extra.get(str(row["id"]), ())))} for row in rows]
    return found


def _seal_logins(sealer: FieldSealer, job: ImportId, unit: Unit) -> bytes:
    plain = {
        index: (login.username, login.password, login.main_path, login.sub_path) for index, login in unit.logins.items()
    }
    return sealer.seal(
        msgspec.json.encode(plain).decode(), table=_LOGINS, column="logins_sealed", row=f"{job}/{unit.number}"
    )


def _encode_problems(problems: Sequence[Problem]) -> str:
    return msgspec.json.encode(problems).decode()


def _job(row: sa.Row[tuple[object, ...]]) -> ImportJob:
    return ImportJob(
        id=ImportId(row.id),
        made_by=UserId(row.made_by),
        file_name=row.file_name,
        size_bytes=row.size_bytes,
        state=ImportState(row.state),
        failure=row.failure,
        rows_total=row.rows_total,
        rows_done=row.rows_done,
        cameras_total=row.cameras_total,
        created_at=Utc(row.created_at),
        updated_at=Utc(row.updated_at),
    )


def _row(row: sa.Row[tuple[object, ...]]) -> ImportRow:
    return ImportRow(
        number=row.number,
        given=msgspec.json.decode(row.given, type=Given),
        outcome=Outcome(row.outcome),
        problems=msgspec.json.decode(row.problems, type=tuple[Problem, ...]),
        premises_id=row.premises_id,
        done_at=optional_utc(row.done_at),
    )
