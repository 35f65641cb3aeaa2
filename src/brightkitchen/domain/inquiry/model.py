"""What an auditor asks and is told. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from brightkitchen.domain.audit.model import CHANGE, MEDIA_GRANT, Filters, FoundRow, Row
from brightkitchen.kernel.units import Utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """filters: without regions, people and places, which are found here. region: a code, "" = everywhere the asker reaches.

    person: part of a name or account of who acted or was acted upon. place: part of a premises' name, or its initials.
    """

    filters: Filters = field(default_factory=Filters)
    region: str = ""
    person: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class PersonName:
    username: str
    display_name: str


@dataclass(frozen=True, slots=True)
class WatchedNames:
    """What an owner's list of watchers names by code and id: authorities and channels, never people."""

    regions: Mapping[str, str]
    cameras: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRow:
    """A row as a person reads it. actor, subject: who acted, who it was done to; None if nobody with an account.

    before: the hash that the row builds on. fits: its own hash follows from that one and from what it says.
    """

    found: FoundRow
    before: str
    fits: bool
    actor: PersonName | None
    subject: PersonName | None
    premises_name: str
    camera_name: str


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """Rows newest first; next_cursor None at the end."""

    rows: tuple[NamedRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LastCheck:
    """at: when the chain was checked. failures: codes of `audit.verify.Trouble`, () = it is what was written."""

    at: Utc
    rows: int
    anchors: int
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """Where the chain ends and how its last check went. anchor_no: the newest anchor, 0 = none yet.

    anchored_at, anchored_seq: when it was signed and which row it names; None if the folder cannot be read.
    is_check_late: the nightly check did not run.
    """

    seq: int
    hash: str
    anchor_no: int
    anchored_at: Utc | None
    anchored_seq: int | None
    check: LastCheck | None
    is_check_late: bool


WORD_ROOT: Final = "audit.act."


def word_codes(row: Row, detail: dict[str, object]) -> tuple[str, ...]:
    """Return the codes of the sentences that say what was done, the most exact first; the last one is always known."""
    kind = f"audit.kind.{row.kind}"
    act = str(detail.get("act") or "")
    if row.kind == MEDIA_GRANT:
        return (f"{kind}.{act}", kind)
    if row.kind != CHANGE:
        return (kind,)
    if not act:
        act = _unnamed_act(detail)
    event = str(detail.get("event") or "")
    return (
        f"{WORD_ROOT}{act}.{event}",
        f"{WORD_ROOT}{act}",
        f"{WORD_ROOT}{row.object_kind}.{act}",
        f"{WORD_ROOT}{row.object_kind}.change",
        kind,
    )


def _unnamed_act(detail: dict[str, object]) -> str:
    """Changes of cameras and of log-ins say what is new, not what was done."""
    if "retired" in detail:
        return "retire"
    if "created" in detail or ("new.host" in detail and "old.host" not in detail):
        return "add"
    named = ("password", "factor_added", "factor_removed", "recovery_codes")
    return next((key for key in named if key in detail), "change")
