"""The register of premises: what may be known of them, changed in them, and who answers for them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.policy import WATCHERS
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.store import load_regions
from brightkitchen.domain.premises import policy as rules
from brightkitchen.domain.premises import queries, store
from brightkitchen.domain.premises.denominators import Cause, DenominatorLog
from brightkitchen.domain.premises.facts import Faults, check_date, check_facts, check_text
from brightkitchen.domain.premises.initials import build_initials
from brightkitchen.domain.premises.kinds import load_packaged_kinds
from brightkitchen.domain.premises.model import (
    FACT_NAMES,
    Kinds,
    NewPerson,
    Person,
    PersonChange,
    Premises,
    PremisesFacts,
    PremisesFilter,
    PremisesSort,
    Secret,
    Suspension,
    SuspensionKind,
    SuspensionState,
)
from brightkitchen.domain.premises.numbers import check_id_no, check_phone, is_phone
from brightkitchen.domain.premises.ports import Act, Channels, Journal
from brightkitchen.domain.premises.queries import Found, Wanted
from brightkitchen.domain.premises.states import PremisesState
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.cursor import CursorSigner
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, EditConflict, Kind, not_found
from brightkitchen.kernel.ids import PremisesId, is_id, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import US_PER_S

log = get_logger(__name__)
ByHours = Callable[[AsyncConnection, PremisesId], Awaitable[bool]]
"""Whether a premises is recorded by its hours."""

MAX_PEOPLE: Final = 40
MAX_PERSON_NAME_CHARS: Final = 50
MAX_REASON_CHARS: Final = 200
MAX_SUSPENSION_DAYS: Final = 400
LATE_DAYS: Final = 7
_CHANNEL_FIELDS: Final = frozenset({"category", "area_m2", "present_zones"})


@dataclass(frozen=True, slots=True)
class PremisesPage:
    """A stretch of a list; next_cursor None at its end. total: rows of all pages together."""

    items: tuple[Found, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class PremisesFile:
    """A premises with what belongs to it. people: () for whoever may see the card only."""

    premises: Premises
    is_suspended: bool
    people: tuple[Person, ...]
    suspensions: tuple[Suspension, ...]


async def _is_never_recorded_by_hours(_connection: AsyncConnection, _premises: PremisesId) -> bool:
    return False


class PremisesService:
    """Everything one can do with premises. Objects are reached through `access_premises` only."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        sealer: FieldSealer,
        *,
        channels: Channels,
        journal: Journal,
        denominators: DenominatorLog,
        clock: Clock,
        entropy: Entropy,
        zone: tzinfo,
    ) -> None:
        """sealer: of persons' numbers. zone: the city's, by which a day begins."""
        self._database = database
        self._policy = policy
        self._sealer = sealer
        self._channels = channels
        self._journal = journal
        self._denominators = denominators
        self._clock = clock
        self._entropy = entropy
        self._zone = zone
        self._cursors = CursorSigner(entropy)
        self.is_recorded_by_hours: ByHours = _is_never_recorded_by_hours
        """Whoever decides on recording puts the question here."""
        self.tell_hours: Callable[[], None] = lambda: None
        """Called when opening hours were changed, or the category whose rule counts: recording may rest at other times now."""

    # ---- kinds

    async def prepare(self) -> bool:
        """Fill the tables of categories and zones at the first start. returns: whether that was done."""
        async with self._database.write() as connection:
            return await store.save_first_kinds(connection, load_packaged_kinds())

    async def load_kinds(self) -> Kinds:
        """Return the categories, the zones and the must-zone table."""
        async with self._database.read() as connection:
            return await store.load_kinds(connection)

    async def load_region_names(self) -> dict[str, str]:
        """Return code → name of every region."""
        async with self._database.read() as connection:
            return {region.code: region.name for region in await load_regions(connection)}

    # ---- reading

    async def access_premises(self, actor: Actor, premises: str, action: str) -> Premises:
        """Return the premises if the actor may do that to it.

        raises: BrightKitchenError "access.none" (NOT_FOUND), the same whether it is missing, retired or out of reach.
        """
        if is_id(premises, "prm"):
            async with self._database.read() as connection:
                found = await store.load_premises(connection, premises)
            if found is not None and self._policy.check(actor, action, found).allowed:
                return found
        raise not_found()

    async def list_premises(
        self,
        actor: Actor,
        asked: PremisesFilter,
        *,
        sort: PremisesSort = PremisesSort.NAME,
        cursor: str = "",
        limit: int = queries.MAX_PAGE,
    ) -> PremisesPage:
        """Return a page of what the actor may see. limit: 1..200. raises: BrightKitchenError "web.cursor", "access.none"."""
        if not self._policy.check(actor, rules.LIST).allowed:
            raise not_found()
        text = asked.text.strip()[: queries.MAX_TEXT_CHARS]
        is_number = is_phone(text) and self._policy.check(actor, rules.VIEW).allowed
        wanted = Wanted(
            self._policy.grants_for(actor, rules.CARD),
            replace(asked, text=text),
            self.today(),
            store.index_of(self._sealer, Secret.PHONE, check_phone(text)) if is_number else "",
        )
        scope = f"{wanted.filter}{sort.value}"
        after = self._cursors.read(scope, cursor) if cursor else None
        async with self._database.read() as connection:
            found = await queries.load_page(connection, wanted, sort, after=after, limit=limit + 1)
            total = await queries.count(connection, wanted)
        more = len(found) > limit
        place = queries.place_of(found[limit - 1].premises, sort) if more else ()
        return PremisesPage(tuple(found[:limit]), self._cursors.write(scope, place) if more else None, total)

    async def load_file(self, actor: Actor, premises: Premises) -> PremisesFile:
        """Return a premises that was accessed, with its people and suspensions. People: for those who may see the whole file."""
        async with self._database.read() as connection:
            times = await store.load_suspensions(connection, premises.id)
            is_whole = self._policy.check(actor, rules.VIEW, premises).allowed
            people = await store.load_people(connection, self._sealer, premises.id) if is_whole else []
        today = self.today()
        return PremisesFile(premises, any(each.covers(today) for each in times), tuple(people), tuple(times))

    async def load_suspended(self, ids: list[PremisesId], on: str = "") -> frozenset[PremisesId]:
        """Return those of `ids` that count as closed. on: an ISO date, "" = today."""
        async with self._database.read() as connection:
            return await queries.load_suspended(connection, ids, on or self.today())

    async def is_suspended(self, premises: PremisesId, on: str = "") -> bool:
        """True if the premises counts as closed. on: an ISO date, "" = today."""
        return premises in await self.load_suspended([premises], on)

    def today(self) -> str:
        """Return the ISO date of now in the city."""
        return datetime.fromtimestamp(self._clock.utc() // US_PER_S, tz=UTC).astimezone(self._zone).date().isoformat()

    def abilities(self, actor: Actor, premises: Premises) -> tuple[str, ...]:
        """Return what the actor may do to this premises."""
        return self._policy.abilities(actor, (*rules.OBJECT_ACTIONS, WATCHERS), premises)

    def may_see_file(self, actor: Actor, premises: Premises) -> bool:
        """True if the actor may see more than the card."""
        return self._policy.check(actor, rules.VIEW, premises).allowed

    # ---- changing

    async def add_premises(self, actor: Actor, facts: PremisesFacts, *, is_demo: bool = False) -> Premises:
        """Put a premises into the register, as a LEAD.

        raises: FieldErrors, BrightKitchenError "premises.number_taken", "access.none" (also for a region out of reach).
        """
        if not self._policy.check(actor, rules.ADD).allowed:
            raise not_found()
        now = self._clock.utc()
        async with self._database.write() as connection:
            checked = await self._check_facts(connection, facts)
            item = Premises(
                **_facts_of(checked),
                id=PremisesId(new_id("prm", self._entropy)),
                initials=build_initials(checked.name),
                state=PremisesState.LEAD,
                state_at=now,
                is_complete=False,
                is_demo=is_demo,
                created_at=now,
                updated_at=now,
                version=1,
            )
            self._check_may(actor, rules.ADD, item)
            for name, action in rules.FIELD_ACTIONS.items():
                if getattr(checked, name) != getattr(_UNSAID, name):
                    self._check_may(actor, action, item)
            await _check_numbers(connection, item)
            await store.save_new_premises(connection, item)
            await self._denominators.note(connection, [item.id], Cause(actor.user))
            await self._record(connection, actor, "change", item, detail={"act": "add"}, names={"name": item.name})
        log.info("premises added", premises=item.id)
        return item

    async def change_premises(
        self, actor: Actor, premises_id: str, changes: Mapping[str, Any], *, expected_version: int | None
    ) -> Premises:
        """Change a premises. changes: names of `PremisesFacts` with their new values (Any: whatever the field holds).

        raises: FieldErrors, EditConflict, BrightKitchenError "premises.number_taken", "access.none" (a field that is not the
        actor's to change, or a region out of reach), "premises.hours_recorded".
        """
        unknown = set(changes) - set(FACT_NAMES)
        if unknown:
            raise ValueError(f"no facts of a premises: {sorted(unknown)}")
        for action in {rules.FIELD_ACTIONS.get(name, rules.CHANGE) for name in changes} or {rules.CHANGE}:
            await self.access_premises(actor, premises_id, action)
        async with self._database.write() as connection:
            old = await store.load_premises(connection, premises_id)
            if old is None:
                raise not_found()
            if expected_version is not None and old.version != expected_version:
                raise EditConflict(old)
            checked = await self._check_facts(connection, replace(old, **changes))
            different = tuple(name for name in FACT_NAMES if getattr(checked, name) != getattr(old, name))
            if not different:
                return old
            if "hours" in different:
                await self._check_recorded_hours(connection, actor, old)
            new = replace(
                old,
                **_facts_of(checked),
                initials=build_initials(checked.name),
                updated_at=self._clock.utc(),
                version=old.version + 1,
            )
            if new.place != old.place:
                self._check_may(actor, rules.CHANGE, new)
            await _check_numbers(connection, new)
            await self._save(connection, new, was=old)
            await self._denominators.note(connection, [new.id], Cause(actor.user))
            if _CHANNEL_FIELDS.intersection(different):
                await self._channels.recompute_complete(connection, [new.id])
                new = await store.load_premises(connection, new.id) or new
            names = {
                f"{name}.{when}": str(getattr(each, name))
                for name in different
                for when, each in (("old", old), ("new", new))
            }
            detail: dict[str, str | int] = {"act": "change", "version": new.version, "fields": ",".join(different)}
            await self._record(connection, actor, "change", new, detail=detail, names=names)
        log.info("premises changed", premises=new.id, version=new.version)
        if not {"hours", "category"}.isdisjoint(different):
            self.tell_hours()
        return new

    async def _check_recorded_hours(self, connection: AsyncConnection, actor: Actor, premises: Premises) -> None:
        """raises: BrightKitchenError "premises.hours_recorded" where other hours would be another recording, except to regulators."""
        if self._policy.check(actor, rules.RECORDED_HOURS, premises).allowed:
            return
        if await self.is_recorded_by_hours(connection, premises.id):
            raise BrightKitchenError(Kind.FORBIDDEN, "premises.hours_recorded", field="hours")

    async def retire_premises(self, actor: Actor, premises_id: str, *, expected_version: int | None = None) -> None:
        """Take a premises out of the register; what belonged to it lives on.

        raises: BrightKitchenError "premises.has_cameras" while cameras in service belong to it, EditConflict, "access.none".
        """
        await self.access_premises(actor, premises_id, rules.RETIRE)
        now = self._clock.utc()
        async with self._database.write() as connection:
            old = await store.load_premises(connection, premises_id)
            if old is None:
                raise not_found()
            if expected_version is not None and old.version != expected_version:
                raise EditConflict(old)
            cameras = await self._channels.count_in_service(connection, old.id)
            if cameras:
                raise BrightKitchenError(Kind.CONFLICT, "premises.has_cameras", count=cameras)
            gone = replace(old, retired_at=now, updated_at=now, version=old.version + 1)
            await self._save(connection, gone, was=old)
            await self._denominators.note(connection, [gone.id], Cause(actor.user))
            await self._record(connection, actor, "change", old, detail={"act": "retire"}, names={"name": old.name})
        log.info("premises retired", premises=old.id)

    # ---- people

    async def add_person(self, actor: Actor, premises_id: str, new: NewPerson) -> Person:
        """Note somebody who answers for the premises. raises: FieldErrors, BrightKitchenError "premises.people_full", "access.none"."""
        premises = await self.access_premises(actor, premises_id, rules.PEOPLE)
        checked = _check_person(new)
        person_id = new_id("pps", self._entropy)
        async with self._database.write() as connection:
            if len(await store.load_people(connection, self._sealer, premises.id)) >= MAX_PEOPLE:
                raise BrightKitchenError(Kind.EXHAUSTED, "premises.people_full", most=MAX_PEOPLE)
            await store.save_new_person(connection, self._sealer, premises.id, person_id, checked, self._clock.utc())
            detail = {"act": "add", "kind": checked.kind.value}
            await self._record_person(connection, actor, premises, person_id, detail, checked.name)
            return store.person_of(self._sealer, await self._person_row(connection, premises.id, person_id))

    async def change_person(
        self, actor: Actor, premises_id: str, person_id: str, change: PersonChange, *, expected_version: int | None
    ) -> Person:
        """Change somebody. raises: FieldErrors, EditConflict (current: the `Person`), BrightKitchenError "access.none"."""
        premises = await self.access_premises(actor, premises_id, rules.PEOPLE)
        async with self._database.write() as connection:
            row = await self._person_row(connection, premises.id, person_id)
            old = store.person_of(self._sealer, row)
            if expected_version is not None and old.version != expected_version:
                raise EditConflict(old)
            asked = NewPerson(
                kind=change.kind or old.kind,
                name=old.name if change.name is None else change.name,
                phone=store.open_secret(self._sealer, row, Secret.PHONE) if change.phone is None else change.phone,
                id_no=store.open_secret(self._sealer, row, Secret.ID_NO) if change.id_no is None else change.id_no,
            )
            checked = _check_person(asked)
            now = self._clock.utc()
            if not await store.save_person(
                connection, self._sealer, person_id, checked, was_version=old.version, now=now
            ):
                raise EditConflict(
                    store.person_of(self._sealer, await self._person_row(connection, premises.id, person_id))
                )
            said = ("kind", "name", "phone", "id_no")
            fields = ",".join(name for name in said if getattr(change, name) is not None)
            await self._record_person(
                connection, actor, premises, person_id, {"act": "change", "fields": fields}, checked.name
            )
            return store.person_of(self._sealer, await self._person_row(connection, premises.id, person_id))

    async def remove_person(self, actor: Actor, premises_id: str, person_id: str) -> None:
        """Forget somebody with the numbers. raises: BrightKitchenError "access.none"."""
        premises = await self.access_premises(actor, premises_id, rules.PEOPLE)
        async with self._database.write() as connection:
            row = await self._person_row(connection, premises.id, person_id)
            await store.delete_person(connection, person_id)
            await self._record_person(connection, actor, premises, person_id, {"act": "remove"}, str(row.name))

    async def unmask_person(
        self, actor: Actor, premises_id: str, person_id: str, secret: Secret, *, purpose: str
    ) -> str:
        """Return one number in clear, and write down who asked for it and why. purpose: a code.

        raises: BrightKitchenError "access.none", also if there is no such number. The caller has made sure that a person sits there.
        """
        action = rules.UNMASK_PHONE if secret is Secret.PHONE else rules.UNMASK_ID_NO
        premises = await self.access_premises(actor, premises_id, action)
        async with self._database.write() as connection:
            row = await self._person_row(connection, premises.id, person_id)
            plain = store.open_secret(self._sealer, row, secret)
            if plain is None:
                raise not_found()
            act = Act(
                kind="unmask",
                actor=actor,
                premises=premises,
                object_kind="premises_person",
                object_id=person_id,
                purpose=purpose,
                detail={"field": secret.value},
            )
            await self._journal.record(connection, act)
        return plain

    # ---- suspensions

    async def request_suspension(
        self, actor: Actor, premises_id: str, kind: SuspensionKind, *, from_on: str, to_on: str, reason: str
    ) -> Suspension:
        """Ask for a time without business to count as such; an officer decides.

        raises: FieldErrors, BrightKitchenError "premises.suspension_overlap", "access.none".
        """
        premises = await self.access_premises(actor, premises_id, rules.SUSPEND)
        faults = Faults()
        first = faults.take("from_on", lambda: check_date(from_on), "")
        last = faults.take("to_on", lambda: check_date(to_on), "")
        why = faults.take("reason", lambda: check_text(reason, MAX_REASON_CHARS, shortest=1), "")
        faults.check()
        earliest = (date.fromisoformat(self.today()) - timedelta(days=LATE_DAYS)).isoformat()
        if first < earliest or last < self.today():
            faults.add("from_on" if first < earliest else "to_on", "premises.suspension_past", days=LATE_DAYS)
        if not 0 <= (date.fromisoformat(last) - date.fromisoformat(first)).days < MAX_SUSPENSION_DAYS:
            faults.add("to_on", "premises.suspension_span", most=MAX_SUSPENSION_DAYS)
        faults.check()
        item = Suspension(
            id=new_id("sus", self._entropy),
            premises=premises.id,
            kind=kind,
            from_on=first,
            to_on=last,
            reason=why,
            requested_by=actor.user,
            requested_at=self._clock.utc(),
            decided_by=None,
            decided_at=None,
            state=SuspensionState.REQUESTED,
        )
        open_states = (SuspensionState.REQUESTED, SuspensionState.APPROVED)
        async with self._database.write() as connection:
            for other in await store.load_suspensions(connection, premises.id):
                if other.state in open_states and other.from_on <= last and first <= other.to_on:
                    raise BrightKitchenError(
                        Kind.CONFLICT, "premises.suspension_overlap", from_on=other.from_on, to_on=other.to_on
                    )
            await store.save_new_suspension(connection, item)
            await self._record_suspension(connection, actor, premises, item, "request")
        return item

    async def decide_suspension(
        self, actor: Actor, premises_id: str, suspension_id: str, *, approve: bool
    ) -> Suspension:
        """Approve or refuse a request of somebody else.

        raises: BrightKitchenError "premises.suspension_own", "premises.suspension_state", "access.none".
        """
        premises = await self.access_premises(actor, premises_id, rules.DECIDE)
        async with self._database.write() as connection:
            old = await self._suspension(connection, premises.id, suspension_id)
            if actor.user is None or old.requested_by == actor.user:
                raise BrightKitchenError(Kind.FORBIDDEN, "premises.suspension_own")
            state = SuspensionState.APPROVED if approve else SuspensionState.REFUSED
            new = replace(old, state=state, decided_by=actor.user, decided_at=self._clock.utc())
            await self._save_suspension(connection, new, was=SuspensionState.REQUESTED)
            await self._denominators.note(connection, [premises.id], Cause(actor.user, new.reason))
            await self._record_suspension(connection, actor, premises, new, "approve" if approve else "refuse")
        return new

    async def end_suspension(self, actor: Actor, premises_id: str, suspension_id: str) -> Suspension:
        """Say that the premises is open again from today on. raises: BrightKitchenError "premises.suspension_state", "access.none"."""
        premises = await self.access_premises(actor, premises_id, rules.RESUME)
        yesterday = (date.fromisoformat(self.today()) - timedelta(days=1)).isoformat()
        async with self._database.write() as connection:
            old = await self._suspension(connection, premises.id, suspension_id)
            new = replace(old, state=SuspensionState.ENDED, to_on=min(old.to_on, yesterday))
            await self._save_suspension(connection, new, was=SuspensionState.APPROVED)
            await self._denominators.note(connection, [premises.id], Cause(actor.user))
            await self._record_suspension(connection, actor, premises, new, "end")
        return new

    # ---- inside

    async def _check_facts(self, connection: AsyncConnection, facts: PremisesFacts) -> PremisesFacts:
        kinds = await store.load_kinds(connection)
        regions = {region.code for region in await load_regions(connection)}
        return check_facts(facts, kinds, regions)

    def _check_may(self, actor: Actor, action: str, premises: Premises) -> None:
        if not self._policy.check(actor, action, premises).allowed:
            raise not_found()

    async def _save(self, connection: AsyncConnection, new: Premises, *, was: Premises) -> None:
        """raises: EditConflict if somebody was faster since it was read."""
        if not await store.save_premises(connection, new, was_version=was.version):
            raise EditConflict(await store.load_premises(connection, was.id) or was)

    async def _person_row(
        self, connection: AsyncConnection, premises: PremisesId, person_id: str
    ) -> sa.Row[tuple[object, ...]]:
        row = await store.load_person_row(connection, premises, person_id) if is_id(person_id, "pps") else None
        if row is None:
            raise not_found()
        return row

    async def _suspension(self, connection: AsyncConnection, premises: PremisesId, suspension_id: str) -> Suspension:
        for each in await store.load_suspensions(connection, premises):
            if each.id == suspension_id:
                return each
        raise not_found()

    async def _save_suspension(self, connection: AsyncConnection, new: Suspension, *, was: SuspensionState) -> None:
        if not await store.save_suspension(connection, new, was=was):
            raise BrightKitchenError(Kind.CONFLICT, "premises.suspension_state")

    async def _record(
        self,
        connection: AsyncConnection,
        actor: Actor,
        kind: str,
        premises: Premises,
        *,
        detail: Mapping[str, str | int],
        names: Mapping[str, str],
    ) -> None:
        act = Act(
            kind=kind,
            actor=actor,
            premises=premises,
            object_kind="premises",
            object_id=premises.id,
            detail=dict(detail),
            names=names,
        )
        await self._journal.record(connection, act)

    async def _record_person(
        self,
        connection: AsyncConnection,
        actor: Actor,
        premises: Premises,
        person_id: str,
        detail: Mapping[str, str],
        name: str,
    ) -> None:
        act = Act(
            kind="change",
            actor=actor,
            premises=premises,
            object_kind="premises_person",
            object_id=person_id,
            detail=dict(detail),
            names={"name": name},
        )
        await self._journal.record(connection, act)

    async def _record_suspension(
        self, connection: AsyncConnection, actor: Actor, premises: Premises, item: Suspension, what: str
    ) -> None:
        act = Act(
            kind="change",
            actor=actor,
            premises=premises,
            object_kind="suspension",
            object_id=item.id,
            detail={"act": what, "kind": item.kind.value, "from_on": item.from_on, "to_on": item.to_on},
            names={"reason": item.reason},
        )
        await self._journal.record(connection, act)


_UNSAID: Final = PremisesFacts(region="", category="", name="")


def _facts_of(facts: PremisesFacts) -> dict[str, Any]:
    """Return the facts by their names (Any: whatever each holds)."""
    return {name: getattr(facts, name) for name in FACT_NAMES}


async def _check_numbers(connection: AsyncConnection, item: Premises) -> None:
    """raises: BrightKitchenError "premises.number_taken"; it does not say whose number it is."""
    taken = await store.load_number_taken(connection, item)
    if taken is not None:
        raise BrightKitchenError(Kind.CONFLICT, "premises.number_taken", field=taken)


def _check_person(new: NewPerson) -> NewPerson:
    """raises: FieldErrors."""
    faults = Faults()
    checked = replace(
        new,
        name=faults.take("name", lambda: check_text(new.name, MAX_PERSON_NAME_CHARS, shortest=1), ""),
        phone=faults.take("phone", lambda: check_phone(new.phone) if new.phone and new.phone.strip() else None, None),
        id_no=faults.take("id_no", lambda: check_id_no(new.id_no) if new.id_no and new.id_no.strip() else None, None),
    )
    faults.check()
    return checked
