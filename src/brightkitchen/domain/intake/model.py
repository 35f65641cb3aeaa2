"""What an import file holds, how far it got, and what may be wrong with a row of it. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

import msgspec

from brightkitchen.kernel.ids import UserId
from brightkitchen.kernel.units import Utc

ImportId = NewType("ImportId", str)

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 50_000
MAX_COLUMNS: Final = 60
MAX_CELL_CHARS: Final = 2_048


class ImportState(StrEnum):
    """How far a file got.

    UPLOADED → PREVIEWED → RUNNING → DONE, or CANCELLED by its maker. FAILED: the file could not be judged. INTERRUPTED:
    control ended while it ran; what was done stays, the rest can be continued.
    """

    UPLOADED = "UPLOADED"
    PREVIEWED = "PREVIEWED"
    RUNNING = "RUNNING"
    INTERRUPTED = "INTERRUPTED"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


STARTABLE: Final = frozenset({ImportState.PREVIEWED, ImportState.INTERRUPTED})
CANCELLABLE: Final = frozenset(
    {ImportState.UPLOADED, ImportState.PREVIEWED, ImportState.RUNNING, ImportState.INTERRUPTED}
)


class Outcome(StrEnum):
    """What a row would do, or did. PENDING: not judged yet."""

    PENDING = "PENDING"
    NEW = "NEW"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet: its name ("" for CSV) and its rows of texts, the header first; every row as long as it was."""

    name: str
    rows: tuple[tuple[str, ...], ...]


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong. sheet: "premises" or "cameras"; line: as the spreadsheet counts, from 1; column: a key
    of `columns.py` or "". code: a sentence of kernel/text, with its parameters."""

    sheet: str
    line: int
    column: str
    code: str
    params: dict[str, str | int | float] = {}


class CameraCells(msgspec.Struct, frozen=True):
    """One row of the sheet of cameras, key → text; never the password."""

    line: int
    cells: dict[str, str]


class Given(msgspec.Struct, frozen=True):
    """One premises with its cameras, as the file says it. line 0: the file names it in the sheet of cameras only."""

    line: int
    cells: dict[str, str]
    cameras: tuple[CameraCells, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """A camera's log-in as it was in the file, until it is sealed. main_path, sub_path: as in `CameraLogin`."""

    username: str
    password: str
    main_path: str = ""
    sub_path: str = ""

    def __repr__(self) -> str:
        return "Login(…)"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is imported whole or not at all. logins: index among `given.cameras` → log-in."""

    number: int
    given: Given
    logins: dict[int, Login] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One unit as it is kept."""

    number: int
    given: Given
    outcome: Outcome
    problems: tuple[Problem, ...]
    premises_id: str | None
    done_at: Utc | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """One file. rows_total: units; rows_done: those that were written, or found to need nothing."""

    id: ImportId
    made_by: UserId
    file_name: str
    size_bytes: int
    state: ImportState
    failure: str
    rows_total: int
    rows_done: int
    cameras_total: int
    created_at: Utc
    updated_at: Utc


@dataclass(frozen=True, slots=True)
class Counts:
    """How many units there are of each outcome."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    wrong: int = 0
    pending: int = 0
