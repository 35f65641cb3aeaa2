"""What the audit's answers look like. Rows for auditors; for owners who watched, never by name and never from where."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from brightkitchen.domain.audit.model import KINDS, Row, Watch
from brightkitchen.domain.audit.queries import read_detail
from brightkitchen.domain.inquiry.model import ChainState, NamedRow, PersonName, WatchedNames, word_codes
from brightkitchen.kernel.text import has_sentence, say
from brightkitchen.kernel.units import US_PER_S, Utc, format_utc
from brightkitchen.web.present.base import Instant, Out, present_instant
from brightkitchen.web.spreadsheets import Sheet


class AuditPersonOut(Out):
    username: str
    name: str


class AuditRowOut(Out):
    """A row. names null: they were erased by law; hash: what the next row builds on, before: what this one builds on.

    fits: the hash follows from the one before and from what the row says. action, object_word, reason_word: in the reader's language.
    actor, subject: who acted, and whose account it was done to, by their names of now.
    """

    seq: int
    at: Instant
    kind: str
    action: str
    actor_id: str
    actor: AuditPersonOut | None
    actor_role: str
    session: str
    address: str
    object_kind: str
    object_word: str
    object_id: str
    subject: AuditPersonOut | None
    premises_id: str
    premises_name: str
    camera_id: str
    camera_name: str
    region: str
    decision: str
    reason: str
    reason_word: str
    purpose: str
    detail: dict[str, str | int | bool | None]
    names: dict[str, str] | None
    hash: str
    before: str
    fits: bool


class AuditPageOut(Out):
    items: list[AuditRowOut]
    next_cursor: str | None


class AuditKindOut(Out):
    kind: str
    action: str


class AuditKindsOut(Out):
    items: list[AuditKindOut]


class ChainCheckOut(Out):
    """failures: codes of what was found; [] = the chain is what was written."""

    at: Instant
    rows: int
    anchors: int
    failures: list[str]


class ChainStateOut(Out):
    """Where the chain ends. anchored_at, anchored_seq null: the anchors cannot be read, or there is none yet."""

    seq: int
    hash: str
    anchor_no: int
    anchored_at: Instant | None
    anchored_seq: int | None
    check: ChainCheckOut | None
    is_check_late: bool


class WatchOut(Out):
    """authority: region whose officer it was, "" = the city's; authority_name: its name. seconds null: allowed, and no node has said what became of it."""

    authority: str
    authority_name: str
    role: str
    purpose: str
    camera: str
    camera_name: str
    act: str
    profile: str
    started_at: Instant
    seconds: int | None
    count: int
    from_at: Instant | None
    to_at: Instant | None


class WatchPageOut(Out):
    """published_until: what happened from then on is told from 08:00 of the day after it."""

    items: list[WatchOut]
    published_until: Instant
    next_cursor: str | None


def present_row(named: NamedRow, language: str) -> AuditRowOut:
    """Return what an auditor sees of a row."""
    row = named.found.row
    detail = {
        key: value for key, value in read_detail(row).items() if isinstance(value, str | int | bool) or value is None
    }
    return AuditRowOut(
        seq=row.seq,
        at=format_utc(row.at),
        kind=row.kind,
        action=say_action(row, language),
        actor_id=row.actor_id,
        actor=_person(named.actor),
        actor_role=row.actor_role,
        session=row.session,
        address=row.address,
        object_kind=row.object_kind,
        object_word=_say_known(f"audit.object.{row.object_kind}", language),
        object_id=row.object_id,
        subject=_person(named.subject),
        premises_id=row.premises_id,
        premises_name=named.premises_name,
        camera_id=row.camera_id,
        camera_name=named.camera_name,
        region=row.region,
        decision=row.decision,
        reason=row.reason,
        reason_word=_say_reason(row.reason, language),
        purpose=row.purpose,
        detail=detail,
        names=dict(named.found.names) if named.found.names is not None else None,
        hash=row.hash,
        before=named.before,
        fits=named.fits,
    )


def say_action(row: Row, language: str) -> str:
    """Return in a word or two what was done."""
    codes = word_codes(row, read_detail(row))
    return say(next((code for code in codes if has_sentence(code)), codes[-1]), language)


def present_kinds(language: str) -> AuditKindsOut:
    """Return every kind of row with its words."""
    return AuditKindsOut(
        items=[AuditKindOut(kind=kind, action=say(f"audit.kind.{kind}", language)) for kind in sorted(KINDS)]
    )


def present_state(state: ChainState) -> ChainStateOut:
    """Return how the chain stands."""
    check = state.check
    return ChainStateOut(
        seq=state.seq,
        hash=state.hash,
        anchor_no=state.anchor_no,
        anchored_at=present_instant(state.anchored_at),
        anchored_seq=state.anchored_seq,
        check=None
        if check is None
        else ChainCheckOut(
            at=format_utc(check.at), rows=check.rows, anchors=check.anchors, failures=list(check.failures)
        ),
        is_check_late=state.is_check_late,
    )


_COLUMNS = (
    *(("seq", 8), ("at", 20), ("person", 16), ("account", 16), ("role", 18), ("action", 20), ("result", 8)),
    *(("object", 24), ("premises", 30), ("camera", 20), ("address", 18), ("reason", 24), ("purpose", 16)),
    *(("detail", 40), ("hash", 68), ("before", 68)),
)


def audit_sheet(rows: Sequence[NamedRow], language: str, zone: tzinfo, moment: str, purpose: str) -> Sheet:
    """Return rows as a sheet. moment: when it is taken, in the city's time."""
    return Sheet(
        say("audit.export.sheet", language),
        tuple(say(f"audit.export.{name}", language) for name, _ in _COLUMNS),
        [_cells(each, language, zone) for each in rows],
        notes=(say("audit.export.taken", language, moment=moment, rows=len(rows), purpose=purpose),),
        widths=tuple(width for _, width in _COLUMNS),
    )


def _cells(named: NamedRow, language: str, zone: tzinfo) -> tuple[str, ...]:
    row, names = named.found.row, named.found.names or {}
    at = datetime.fromtimestamp(row.at / US_PER_S, tz=zone)
    about = _say_known(f"audit.object.{row.object_kind}", language)
    subject = named.subject.display_name if named.subject else row.object_id
    texts = " ".join(f"{key}={value}" for key, value in names.items() if key != "purpose")
    return (
        *(str(row.seq), f"{at:%Y-%m-%d %H:%M:%S}"),
        *(named.actor.display_name if named.actor else "", named.actor.username if named.actor else row.actor_id),
        " ".join(_say_known(f"role.{role}", language) or role for role in row.actor_role.split(",") if role),
        *(say_action(row, language), say(f"audit.result.{row.decision}", language)),
        *(f"{about} {subject}".strip(), named.premises_name, named.camera_name, row.address),
        *(_say_reason(row.reason, language) or row.reason, names.get("purpose", row.purpose)),
        *(f"{row.detail} {texts}".strip(), row.hash, named.before),
    )


def _person(person: PersonName | None) -> AuditPersonOut | None:
    return AuditPersonOut(username=person.username, name=person.display_name) if person is not None else None


def _say_known(code: str, language: str) -> str:
    return say(code, language) if has_sentence(code) else ""


def _say_reason(reason: str, language: str) -> str:
    """Return the sentence of a reason, "" for one that is a code for machines."""
    if reason.startswith("role "):
        role = reason.removeprefix("role ")
        return say("audit.reason.role", language, role=_say_known(f"role.{role}", language) or role)
    return _say_known(f"audit.reason.{reason}", language)


def present_watch(watch: Watch, names: WatchedNames) -> WatchOut:
    """Return what an owner sees of one time somebody watched."""
    return WatchOut(
        authority=watch.authority,
        authority_name=names.regions.get(watch.authority, ""),
        role=watch.role,
        purpose=watch.purpose,
        camera=watch.camera_id,
        camera_name=names.cameras.get(watch.camera_id, ""),
        act=watch.act,
        profile=watch.profile,
        started_at=format_utc(watch.started_at),
        seconds=watch.seconds,
        count=watch.count,
        from_at=_instant(watch.from_at),
        to_at=_instant(watch.to_at),
    )


def _instant(at: Utc | None) -> str | None:
    return format_utc(at) if at is not None else None
