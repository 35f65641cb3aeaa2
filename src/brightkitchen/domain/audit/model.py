"""What one line of the audit says: who, what, when, from where, why, and how it was decided.

Values only. Kinds are "area.verb"; the slices above pass plain values, so that this, the lowest slice, knows none of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from brightkitchen.kernel.units import Mono, Utc

LOGIN_OK: Final = "login.ok"
LOGIN_REFUSED: Final = "login.refused"
SESSION_ENDED: Final = "session.ended"
MEDIA_GRANT: Final = "media.grant"
MEDIA_VIEW: Final = "media.view"
MEDIA_REPLAY: Final = "media.replay"
MEDIA_SNAPSHOT: Final = "media.snapshot"
MEDIA_THUMB: Final = "media.thumb"
MEDIA_TALK: Final = "media.talk"
MEDIA_PTZ: Final = "media.ptz"
MEDIA_LOST: Final = "media.reports_lost"
DOWNLOAD: Final = "download"
EXPORT: Final = "export"
UNMASK: Final = "unmask"
CHANGE: Final = "change"
ROLE_GRANTED: Final = "role.granted"
ROLE_REVOKED: Final = "role.revoked"
HOLD_PLACED: Final = "hold.placed"
HOLD_RELEASED: Final = "hold.released"
CASE_OPENED: Final = "case.opened"
CASE_CLOSED: Final = "case.closed"
DELETION: Final = "deletion"
ERASURE: Final = "erasure"
KEY_CREATED: Final = "key.created"
KEY_RETIRED: Final = "key.retired"
NODE_JOINED: Final = "node.joined"
CONFIG_CHANGED: Final = "config.changed"
CLOCK_STEP: Final = "clock.step"
CHECK_RUN: Final = "check.run"
CHAIN_FORKED: Final = "chain.forked"
AUDIT_READ: Final = "audit.read"
GUARD_REFUSED: Final = "guard.refused"
SCOPE_MISS: Final = "scope.miss"

EVIDENCE_SEALED: Final = "evidence.sealed"
EVIDENCE_LINKED: Final = "evidence.linked"
EVIDENCE_ENDED: Final = "evidence.ended"

KIND_OF_ACT: Final[Mapping[str, str]] = {
    "live": MEDIA_VIEW,
    "play": MEDIA_REPLAY,
    "snapshot": MEDIA_SNAPSHOT,
    "thumb": MEDIA_THUMB,
    "clip": DOWNLOAD,
    "talk": MEDIA_TALK,
    "ptz": MEDIA_PTZ,
}
ACT_OF_KIND: Final[Mapping[str, str]] = {kind: act for act, kind in KIND_OF_ACT.items()}
WATCHED: Final = (*ACT_OF_KIND, EXPORT)

KINDS: Final = frozenset(
    {
        *(LOGIN_OK, LOGIN_REFUSED, SESSION_ENDED, MEDIA_GRANT, *ACT_OF_KIND, MEDIA_LOST, DOWNLOAD, EXPORT, UNMASK),
        *(CHANGE, ROLE_GRANTED, ROLE_REVOKED, HOLD_PLACED, HOLD_RELEASED, CASE_OPENED, CASE_CLOSED, DELETION),
        *(ERASURE, KEY_CREATED, KEY_RETIRED, NODE_JOINED, CONFIG_CHANGED, CLOCK_STEP, CHECK_RUN, CHAIN_FORKED),
        *(AUDIT_READ, GUARD_REFUSED, SCOPE_MISS, EVIDENCE_SEALED, EVIDENCE_LINKED, EVIDENCE_ENDED),
    }
)

ALLOWED: Final = "allowed"
REFUSED: Final = "refused"

MAX_FIELD_CHARS: Final = 128
MAX_DETAIL_KEYS: Final = 40
MAX_TEXT_CHARS: Final = 256
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

Scalar = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever acts, in plain values. id "" = nobody is known. address "": as `audit.whence` knows."""

    id: str = ""
    role: str = ""
    session: str = ""
    address: str = ""


NOBODY: Final = Who()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act, allowed or refused, before it has its number.

    kind:       one of `KINDS`. at, mono_s: both clocks of the process that writes.
    actor_id:   "" = nobody is known. actor_role: a code. session: the pseudonym. address: the peer's, "local" = this machine.
    object_*:   what it was done to. region: its administrative code ("210302").
    decision:   `ALLOWED` or `REFUSED`. reason: a short code. purpose: what the person said it was for, a code.
    detail:     codes and whole numbers; never a secret, never free text, never a name.
    names:      names and free text. They live beside the chain, which holds their salted hash, so that law can erase them.
    """

    kind: str
    at: Utc
    mono_s: Mono
    actor_id: str = ""
    actor_role: str = ""
    session: str = ""
    address: str = ""
    object_kind: str = ""
    object_id: str = ""
    premises_id: str = ""
    camera_id: str = ""
    region: str = ""
    decision: str = ALLOWED
    reason: str = ""
    purpose: str = ""
    detail: Mapping[str, Scalar] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the chain as it is stored. detail: canonical JSON. texts: hex of the salted hash, "" = there are none.

    hash: 64 hex digits over this row and the one before.
    """

    seq: int
    at: Utc
    mono_ms: int
    kind: str
    actor_id: str
    actor_role: str
    session: str
    address: str
    object_kind: str
    object_id: str
    premises_id: str
    camera_id: str
    region: str
    decision: str
    reason: str
    purpose: str
    detail: str
    texts: str
    hash: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The names and free text of one row; both None once they were erased."""

    salt: bytes | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to look for; everything empty finds everything. regions: prefixes ("2103"). text: in names, at most 64 characters.

    people: ids of whoever acted or was acted upon. places: ids of premises.
    """

    actor_id: str = ""
    kinds: tuple[str, ...] = ()
    object_id: str = ""
    premises_id: str = ""
    camera_id: str = ""
    session: str = ""
    regions: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    from_at: Utc | None = None
    to_at: Utc | None = None
    decision: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row with its names. names None: they were erased."""

    row: Row
    names: Mapping[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One time somebody watched, as the owner may know it: never who by name, never from where.

    act: live, play, snapshot, thumb, talk, ptz, download, export. seconds None: a permission was given and no node has said what became
    of it. from_at, to_at: the recorded time that was looked at. authority: the region whose officer it was, "" = the city's own.
    """

    at: Utc
    authority: str
    role: str
    purpose: str
    camera_id: str
    act: str
    profile: str
    started_at: Utc
    seconds: int | None
    count: int
    from_at: Utc | None
    to_at: Utc | None


def clean(text: str, longest: int = MAX_TEXT_CHARS) -> str:
    """Return foreign text as it may be stored: control characters and lone surrogates as "?", cut at `longest`."""
    return _UNPRINTABLE.sub("?", text)[:longest]


def check_entry(entry: Entry) -> None:
    """raises: ValueError if the caller passes what has no place in the chain: a bug of the caller."""
    if entry.kind not in KINDS:
        raise ValueError(f"no such kind of audit row: {entry.kind}")
    if entry.decision not in (ALLOWED, REFUSED):
        raise ValueError(f"no such decision: {entry.decision}")
    if len(entry.detail) > MAX_DETAIL_KEYS or len(entry.names) > MAX_DETAIL_KEYS:
        raise ValueError("an audit row has too many details")
    for key, value in entry.detail.items():
        if isinstance(value, float):  # repr of a float is no canonical form
            raise ValueError(f"audit detail {key} is a float")
