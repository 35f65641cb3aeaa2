"""Import files as the API shows them."""

from typing import Literal

from brightkitchen.domain.intake.columns import COLUMNS
from brightkitchen.domain.intake.model import CANCELLABLE, STARTABLE, Counts, ImportJob, ImportRow, Problem
from brightkitchen.kernel.text import say
from brightkitchen.kernel.units import format_utc
from brightkitchen.web.present.base import Instant, Out

ImportStateName = Literal["UPLOADED", "PREVIEWED", "RUNNING", "INTERRUPTED", "DONE", "FAILED", "CANCELLED"]
OutcomeName = Literal["PENDING", "NEW", "CHANGED", "UNCHANGED", "WRONG"]


class ImportCountsOut(Out):
    """Rows of each outcome: a row is a premises with its cameras."""

    new: int
    changed: int
    unchanged: int
    wrong: int
    pending: int


class ImportOut(Out):
    """A file. rows_done counts towards rows_to_do. failure: a sentence, "" if nothing failed."""

    id: str
    file_name: str
    size_bytes: int
    state: ImportStateName
    failure: str
    rows_total: int
    rows_to_do: int
    rows_done: int
    cameras_total: int
    counts: ImportCountsOut
    can_run: bool
    can_cancel: bool
    created_at: Instant
    updated_at: Instant


class ImportListOut(Out):
    items: list[ImportOut]


class ImportProblemOut(Out):
    """line: as the spreadsheet counts. column: its title in the reader's language, "" for the whole row."""

    sheet: Literal["premises", "cameras"]
    line: int
    column: str
    code: str
    detail: str


class ImportRowOut(Out):
    number: int
    line: int
    name: str
    external_no: str
    cameras: int
    outcome: OutcomeName
    premises_id: str | None
    problems: list[ImportProblemOut]


class ImportRowListOut(Out):
    items: list[ImportRowOut]
    next_cursor: str | None


def present_import(job: ImportJob, counts: Counts, language: str) -> ImportOut:
    """Return a file."""
    return ImportOut(
        id=job.id,
        file_name=job.file_name,
        size_bytes=job.size_bytes,
        state=job.state.value,
        failure=say(job.failure, language) if job.failure else "",
        rows_total=job.rows_total,
        rows_to_do=counts.new + counts.changed + counts.unchanged,
        rows_done=job.rows_done,
        cameras_total=job.cameras_total,
        counts=ImportCountsOut(
            new=counts.new,
            changed=counts.changed,
            unchanged=counts.unchanged,
            wrong=counts.wrong,
            pending=counts.pending,
        ),
        can_run=job.state in STARTABLE and counts.new + counts.changed > 0,
        can_cancel=job.state in CANCELLABLE,
        created_at=format_utc(job.created_at),
        updated_at=format_utc(job.updated_at),
    )


def present_row(row: ImportRow, language: str) -> ImportRowOut:
    """Return one row with what is wrong with it, in words."""
    first = row.given.cameras[0].cells if row.given.cameras else {}
    return ImportRowOut(
        number=row.number,
        line=row.given.line,
        name=row.given.cells.get("name", "") or first.get("premises_name", ""),
        external_no=row.given.cells.get("external_no", "") or first.get("external_no", ""),
        cameras=len(row.given.cameras),
        outcome=row.outcome.value,
        premises_id=row.premises_id,
        problems=[present_problem(problem, language) for problem in row.problems],
    )


def present_problem(problem: Problem, language: str) -> ImportProblemOut:
    """Return one problem in words."""
    return ImportProblemOut(
        sheet="premises" if problem.sheet == "premises" else "cameras",
        line=problem.line,
        column=column_title(problem.sheet, problem.column, language),
        code=problem.code,
        detail=say(problem.code, language, **problem.params),
    )


def column_title(sheet: str, key: str, language: str) -> str:
    """Return what a column is called, "" for none."""
    found = next((column for column in COLUMNS[sheet] if column.key == key), None)
    return found.names[1 if language == "en" else 0] if found else ""
