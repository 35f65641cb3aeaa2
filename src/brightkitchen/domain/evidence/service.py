"""Everything one can do with evidence. Items are reached through `access_item` only."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import Scalar
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.evidence import policy as rules
from brightkitchen.domain.evidence import store
from brightkitchen.domain.evidence.capturing import Capturer
from brightkitchen.domain.evidence.checking import check_item_files, files_of
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.evidence.manifest import MANIFEST_FILE, SEAL_FILE, STATEMENT_FILE
from brightkitchen.domain.evidence.model import CaptureWish, HoldState, Item, ItemEvent, ItemFilter, Purpose
from brightkitchen.domain.evidence.ports import Holds, Signer
from brightkitchen.domain.evidence.sealing import Sealer
from brightkitchen.domain.evidence.states import HELD, Event, EvidenceState, find_transition
from brightkitchen.domain.evidence.verify import Finding
from brightkitchen.domain.users.approvals import ApprovalService
from brightkitchen.domain.users.people_model import Approval
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import UserId, is_id, new_id
from brightkitchen.kernel.keyhistory import read_history, split_lines
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

MAX_PAGE: Final = 100
MAX_CASE_CHARS: Final = 60
MAX_REASON_CHARS: Final = 200
KEPT_AFTER_RELEASE_US: Final = 30 * 86_400 * US_PER_S
KEPT_FOR_EVER: Final = frozenset({MANIFEST_FILE, SEAL_FILE, STATEMENT_FILE})
_ENDINGS: Final = {Event.RELEASE: rules.RELEASE, Event.DISPOSE: rules.DISPOSE}


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list; next_before is None at its end. total: of all stretches together."""

    items: tuple[Item, ...]
    next_before: tuple[int, str] | None
    total: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that may leave now. The caller closes it."""

    file: BinaryIO
    name: str
    type: str
    size_bytes: int


class EvidenceService:
    """The slice as the web sees it; exports are beside (`exporting.py`)."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        capturer: Capturer,
        sealer: Sealer,
        signer: Signer,
        folder: EvidenceFolder,
        approvals: ApprovalService,
        holds: Holds,
        audit: AuditTrail,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._capturer = capturer
        self._sealer = sealer
        self._signer = signer
        self._folder = folder
        self._approvals = approvals
        self._holds = holds
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        approvals.register(rules.RELEASE, self._apply_release, other_unit=True)
        approvals.register(rules.DISPOSE, self._apply_disposal)

    # -- taking and finding --------------------------------------------------------------------------------------------

    async def capture(self, actor: Actor, wish: CaptureWish) -> Item:
        """Take evidence and seal it; while the signer is away it stays CAPTURED. raises: as `Capturer.capture`."""
        item = await self._capturer.capture(actor, wish)
        try:
            await self._sealer.seal_all()
        except BrightKitchenError as error:
            log.warning("evidence waits for its seal", number=item.number, code=error.code)
        async with self._database.read() as connection:
            return await store.load_item(connection, item.id) or item

    async def access_item(self, actor: Actor, item: str, action: str) -> Item:
        """Return the item if the actor may do that to it. item: its id, or its number.

        raises: BrightKitchenError "access.none", the same whether it is missing or out of reach; "evidence.not_now" if the actor
        reaches it and it is not in a state for that.
        """
        async with self._database.read() as connection:
            found = await (
                store.load_item(connection, item)
                if is_id(item, "evi")
                else store.load_item_by_number(connection, item[:20])
            )
        if found is not None and self._policy.check(actor, action, found).allowed:
            return found
        if found is not None and self._policy.check(actor, rules.VIEW, found).allowed and action in self._held(actor):
            raise BrightKitchenError(Kind.CONFLICT, "evidence.not_now", number=found.number)
        raise not_found()

    def _held(self, actor: Actor) -> tuple[str, ...]:
        return self._policy.abilities(actor, rules.OBJECT_ACTIONS)

    async def list_items(
        self, actor: Actor, asked: ItemFilter, *, before: tuple[int, str] | None = None, limit: int = MAX_PAGE
    ) -> Page:
        """Return a page of what the actor may see, newest first. limit: 1..100. raises: "access.none"."""
        if not self._policy.check(actor, rules.VIEW).allowed:
            raise not_found()
        grants = self._policy.grants_for(actor, rules.VIEW)
        async with self._database.read() as connection:
            found = await store.load_page(connection, grants, asked, before=before, limit=limit + 1)
            total = await store.count_items(connection, grants, asked)
        more = len(found) > limit
        last = found[limit - 1] if more else None
        return Page(tuple(found[:limit]), (last.captured_at, last.id) if last else None, total)

    async def load_events(self, item: Item) -> Sequence[ItemEvent]:
        """Return what happened to an item that was accessed."""
        async with self._database.read() as connection:
            return await store.load_events(connection, item.id)

    def abilities(self, actor: Actor, item: Item) -> tuple[str, ...]:
        """Return what the actor may do to this item."""
        return self._policy.abilities(actor, rules.OBJECT_ACTIONS, item)

    # -- looking and downloading ---------------------------------------------------------------------------------------

    async def show(self, actor: Actor, item_id: str, name: str) -> Shown:
        """Open a file of an item to be looked at in the page. raises: "access.none", "evidence.file_missing"."""
        item = await self.access_item(actor, item_id, rules.VIEW)
        shown = await self._open(item, name)
        said = self._audit.entry(
            audited.DOWNLOAD,
            who(actor, self._policy.check(actor, rules.VIEW, item)),
            object_kind="evidence",
            object_id=item.id,
            premises_id=item.premises or "",
            camera_id=item.camera,
            region=item.place.region,
            purpose="view",
            detail={"number": item.number, "file": name},
        )
        try:
            await self._audit.record_once({("evidence", actor.pseudonym, item.id, name): said})
        except BrightKitchenError:
            shown.file.close()
            raise
        return shown

    async def download(self, actor: Actor, item_id: str, name: str, *, purpose: Purpose, note: str) -> Shown:
        """Open a file of an item to be taken away. raises: as `show`, "evidence.purpose_note"."""
        item = await self.access_item(actor, item_id, rules.DOWNLOAD)
        check_purpose(purpose, note)
        shown = await self._open(item, name)
        said = self._audit.entry(
            audited.DOWNLOAD,
            who(actor, self._policy.check(actor, rules.DOWNLOAD, item)),
            object_kind="evidence",
            object_id=item.id,
            premises_id=item.premises or "",
            camera_id=item.camera,
            region=item.place.region,
            purpose=purpose.value,
            detail={"number": item.number, "file": name},
            names={"note": note} if note else {},
        )
        try:
            await self._audit.record(said)
        except BrightKitchenError:
            shown.file.close()
            raise
        return shown

    async def _open(self, item: Item, name: str) -> Shown:
        fact = next((each for each in files_of(item) if each.name == name), None)
        if fact is None:
            raise not_found()
        file = await asyncio.to_thread(self._folder.open, item.id, item.number, fact.name)
        return Shown(file, fact.name, fact.type, fact.size_bytes)

    async def check_item(self, actor: Actor, item_id: str) -> list[Finding]:
        """Compare an item's files, manifest and seal with one another and with its row; return what is wrong."""
        item = await self.access_item(actor, item_id, rules.CHECK)
        if item.state is EvidenceState.CAPTURED:
            raise BrightKitchenError(Kind.CONFLICT, "evidence.not_sealed", number=item.number)
        history = read_history(split_lines(await self._signer.keys()))
        findings = await asyncio.to_thread(check_item_files, self._folder, item, history)
        said = self._audit.entry(
            audited.CHECK_RUN,
            who(actor, self._policy.check(actor, rules.CHECK, item)),
            object_kind="evidence",
            object_id=item.id,
            premises_id=item.premises or "",
            region=item.place.region,
            detail={"number": item.number, "findings": len(findings)},
        )
        await self._audit.record(said)
        return findings

    # -- belonging and ending ------------------------------------------------------------------------------------------

    async def link(self, actor: Actor, item_id: str, case_no: str) -> Item:
        """Say which case an item belongs to. raises: "access.none", "evidence.not_now", "evidence.case"."""
        item = await self.access_item(actor, item_id, rules.LINK)
        async with self._database.write() as connection:
            return await self.link_in(connection, actor, item, case_no)

    async def link_in(self, connection: AsyncConnection, actor: Actor, item: Item, case_no: str) -> Item:
        """The same in the caller's transaction, for an item that was accessed."""
        case_no = checked_case(case_no)
        linked = await self._move(connection, actor.user, item, Event.LINK, case_no, case_no=case_no)
        said = self._audit.entry(
            audited.EVIDENCE_LINKED,
            who(actor),
            object_kind="evidence",
            object_id=item.id,
            premises_id=item.premises or "",
            camera_id=item.camera,
            region=item.place.region,
            detail={"number": item.number, "case": case_no},
        )
        await self._audit.append(connection, said)
        return linked

    async def ask_ending(self, actor: Actor, item_id: str, event: Event, reason: str) -> Item:
        """Ask for release or disposal; it happens when a second person agrees.

        raises: "access.none", "evidence.not_now", "evidence.reason", "evidence.kept_until" for a disposal before 30 days have passed.
        """
        item = await self.access_item(actor, item_id, _ENDINGS[event])
        reason = reason.strip()
        if not reason or len(reason) > MAX_REASON_CHARS:
            raise BrightKitchenError(Kind.INVALID, "evidence.reason", field="reason")
        if event is Event.DISPOSE and item.ended_at is not None:
            left_us = item.ended_at + KEPT_AFTER_RELEASE_US - self._clock.utc()
            if left_us > 0:
                raise BrightKitchenError(Kind.CONFLICT, "evidence.kept_until", days=-(-left_us // (86_400 * US_PER_S)))
        async with self._database.write() as connection:
            payload = {"item": item.id, "number": item.number, "reason": reason}
            approval = await self._approvals.request(
                connection, actor, _ENDINGS[event], payload, region=item.place.region
            )
            waiting = replace(item, waiting_for=approval.id)
            if not await store.save_state(connection, waiting, was=item.state):
                raise _not_now(item)
        return waiting

    async def _apply_release(self, connection: AsyncConnection, approval: Approval, decider: Actor) -> None:
        item = await self._load_awaited(connection, approval)
        await self._end(connection, approval, decider, item, Event.RELEASE, hold_state=HoldState.ENDED)
        await self._holds.drop_holds(connection, item.id, reason="evidence_released", actor=decider)

    async def _apply_disposal(self, connection: AsyncConnection, approval: Approval, decider: Actor) -> None:
        item = await self._load_awaited(connection, approval)
        await self._end(connection, approval, decider, item, Event.DISPOSE, hold_state=item.hold_state)

    async def _end(
        self,
        connection: AsyncConnection,
        approval: Approval,
        decider: Actor,
        item: Item,
        event: Event,
        *,
        hold_state: HoldState,
    ) -> None:
        reason = str(approval.payload.get("reason", ""))
        ended = await self._move(
            connection,
            decider.user,
            item,
            event,
            reason,
            ended_at=self._clock.utc(),
            waiting_for="",
            hold_state=hold_state,
        )
        detail: dict[str, Scalar] = {
            "number": item.number,
            "state": ended.state.value,
            "asked_by": approval.requested_by,
            "approval": approval.id,
        }
        said = self._audit.entry(
            audited.EVIDENCE_ENDED,
            who(decider),
            object_kind="evidence",
            object_id=item.id,
            premises_id=item.premises or "",
            camera_id=item.camera,
            region=item.place.region,
            detail=detail,
            names={"reason": reason},
        )
        await self._audit.append(connection, said)

    async def _load_awaited(self, connection: AsyncConnection, approval: Approval) -> Item:
        item = await store.load_item(connection, str(approval.payload.get("item", "")))
        if item is None or item.waiting_for != approval.id:
            raise BrightKitchenError(Kind.CONFLICT, "approval.over")
        return item

    async def is_open(self, connection: AsyncConnection, belongs_to: str) -> bool:
        """True while an item needs its hold: nobody releases that by hand."""
        item = await store.load_item(connection, belongs_to) if is_id(belongs_to, "evi") else None
        return item is not None and item.state in HELD

    async def forget_refused(self) -> None:
        """Let items go on whose end was asked for and not agreed to."""
        async with self._database.write() as connection:
            await store.forget_decided(connection)

    async def sweep_disposed(self) -> int:
        """Remove the files of what is disposed of; repeatable. Returns how many items were looked at."""
        async with self._database.read() as connection:
            disposed = await store.load_disposed(connection)
        for item in disposed:
            await asyncio.to_thread(self._folder.remove_media, item.id, item.number, KEPT_FOR_EVER)
        return len(disposed)

    async def keep_tidy(self) -> None:
        """Do both, for ever; and tell the nodes of holds that ended by it."""
        while True:
            self._holds.tell()
            await self.forget_refused()
            await self.sweep_disposed()
            await self._clock.sleep(60.0)

    async def _move(
        self,
        connection: AsyncConnection,
        actor: UserId | None,
        item: Item,
        event: Event,
        text: str,
        *,
        case_no: str | None = None,
        ended_at: Utc | None = None,
        waiting_for: str | None = None,
        hold_state: HoldState | None = None,
    ) -> Item:
        """Apply the table: the one place where a state after SEALED changes. raises: "evidence.not_now"."""
        transition = find_transition(item.state, event)
        if transition is None:
            raise _not_now(item)
        moved = replace(
            item,
            state=transition.to,
            case_no=item.case_no if case_no is None else case_no,
            ended_at=ended_at or item.ended_at,
            waiting_for=item.waiting_for if waiting_for is None else waiting_for,
            hold_state=hold_state or item.hold_state,
        )
        if not await store.save_state(connection, moved, was=item.state):
            raise _not_now(item)
        event_id, now = new_id("eve", self._entropy), self._clock.utc()
        await store.save_event(connection, event_id, item.id, event.value, moved.state, actor, now, text)
        return moved

    async def export_in(self, connection: AsyncConnection, maker: UserId, item_id: str, text: str) -> None:
        """Note that a copy of an item was made, in the caller's transaction; nothing to do for one that has ended meanwhile."""
        item = await store.load_item(connection, item_id)
        if item is not None and find_transition(item.state, Event.EXPORT) is not None:
            await self._move(connection, maker, item, Event.EXPORT, text)


def check_purpose(purpose: Purpose, note: str) -> None:
    """raises: BrightKitchenError "evidence.purpose_note" if "other" is not explained."""
    if purpose is Purpose.OTHER and not note.strip():
        raise BrightKitchenError(Kind.INVALID, "evidence.purpose_note", field="note")


def checked_case(case_no: str) -> str:
    """Return the number of a case. raises: BrightKitchenError "evidence.case"."""
    text = case_no.strip()
    if not text or len(text) > MAX_CASE_CHARS or not text.isprintable():
        raise BrightKitchenError(Kind.INVALID, "evidence.case", most=MAX_CASE_CHARS, field="case_no")
    return text


def _not_now(item: Item) -> BrightKitchenError:
    return BrightKitchenError(Kind.CONFLICT, "evidence.not_now", number=item.number)
