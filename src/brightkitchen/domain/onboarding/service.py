"""Moving premises along the road to service: the only code that reads the state table and writes the state."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor, Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.channels import load_missing_zones
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.spells import load_online_ratios
from brightkitchen.domain.onboarding import model, store
from brightkitchen.domain.onboarding import policy as rules
from brightkitchen.domain.onboarding.model import (
    Channel,
    CheckItem,
    DenominatorChange,
    Findings,
    HandedIn,
    HistoryRow,
    OnboardedPremises,
    Suspension,
)
from brightkitchen.domain.onboarding.ports import AuditPort, ClockDrifts, Inventory
from brightkitchen.domain.onboarding.states import TABLE, Event, Need, Transition, due_days_of, events_of
from brightkitchen.domain.premises.states import PremisesState as State
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors, Kind, Term, field_error, not_found
from brightkitchen.kernel.ids import CameraId, PremisesId, is_id, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

MAX_PAGE: Final = 50
DAY_US: Final = 86_400 * US_PER_S
MAX_REASON_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that may happen now. to: None = back to where it was. is_allowed: whether the asker may do it."""

    event: Event
    to: State | None
    needs: tuple[Need, ...]
    roles: tuple[Role, ...]
    is_allowed: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a premises stands. due_at: when it should have left the state, None = no hurry."""

    premises: OnboardedPremises
    due_at: Utc | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Road:
    """Everything about one premises on the road to service."""

    standing: Standing
    history: tuple[HistoryRow, ...]
    checklist: tuple[CheckItem, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """How many premises are in each state, and a page of those of one state (or of all)."""

    counts: dict[State, int]
    items: tuple[Standing, ...]
    next_after: tuple[int, str] | None


class OnboardingService:
    """Everything one can do on the road to service. Premises are reached within the actor's scope only."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        *,
        board: LiveBoard,
        audit: AuditPort,
        inventory: Inventory,
        drifts: ClockDrifts,
        time_zone: str,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._board = board
        self._audit = audit
        self._inventory = inventory
        self._drifts = drifts
        self._zone = ZoneInfo(time_zone)
        self._clock = clock
        self._entropy = entropy

    # ---- reading

    async def load_road(self, actor: Actor, premises_id: str) -> Road:
        """Return state, history, possible steps and checklist. raises: BrightKitchenError "access.none"."""
        async with self._database.read() as connection:
            found = await self._access(connection, actor, premises_id, rules.VIEW)
            history = await store.load_history(connection, found.id)
            items = model.build_checklist(await self._find(connection, found.id))
        return Road(self._standing(actor, found), tuple(history), items)

    async def list_board(
        self, actor: Actor, wish: store.Filter, *, after: tuple[int, str] | None = None, limit: int = MAX_PAGE
    ) -> Board:
        """Return counts by state and a page, those longest in their state first. limit: 1..50."""
        self._check(actor, rules.VIEW)
        grants = self._policy.grants_for(actor, rules.VIEW)
        async with self._database.read() as connection:
            counts = await store.count_by_state(connection, grants, wish)
            found = await store.load_page(connection, grants, wish, after=after, limit=limit + 1)
        items = tuple(self._standing(actor, each) for each in found[:limit])
        last = found[limit - 1] if len(found) > limit else None
        return Board(counts, items, (last.state_at, last.id) if last else None)

    async def list_denominator_changes(
        self, actor: Actor, *, before: tuple[int, str] | None = None, limit: int = MAX_PAGE
    ) -> tuple[list[DenominatorChange], tuple[int, str] | None]:
        """Return a page of the change log of what 100 % is counted from, the newest first, and where the next begins."""
        self._check(actor, rules.VIEW)
        grants = self._policy.grants_for(actor, rules.VIEW)
        async with self._database.read() as connection:
            found = await store.load_denominator_changes(connection, grants, before=before, limit=limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], (last.at, last.id) if last else None

    # ---- acting

    async def apply_event(self, actor: Actor, premises_id: str, event: Event, given: HandedIn) -> OnboardedPremises:
        """Move a premises, in one transaction: table, permission, what is handed in, state, history, audit.

        raises: BrightKitchenError "access.none", "onboarding.not_now" (the table has no such row), "web.fields",
        "onboarding.not_acceptable" with each missing thing as a part, "onboarding.contract_taken",
        "onboarding.zone_refused", "onboarding.first_frames_missing", "device.taken".
        """
        async with self._database.write() as connection:
            action = rules.action_of(event)
            found = await self._access(connection, actor, premises_id, action, for_update=True)
            moved = await self.apply_within(connection, actor, found, event, given)
        self._announce(moved)
        return moved

    async def apply_within(
        self, connection: AsyncConnection, actor: Actor | None, found: OnboardedPremises, event: Event, given: HandedIn
    ) -> OnboardedPremises:
        """As `apply_event`, inside the caller's transaction and after its permission check. actor None: the system."""
        row = TABLE.get((found.state, event))
        if row is None:
            raise BrightKitchenError(
                Kind.CONFLICT,
                "onboarding.not_now",
                state=Term(f"onboarding.state.{found.state.value.lower()}"),
                event=Term(f"onboarding.event.{event.value}"),
            )
        model.check_handed_in(row.needs, given)
        # the moves of one premises have an order even where the clock stands or was set back
        now = Utc(max(self._clock.utc(), await store.load_last_move_at(connection, found.id) + 1))
        to = row.to or await store.load_state_before(connection, found.id) or State.TRIAL
        await self._do_what_goes_with(connection, actor, found, row, event, given, now)
        await store.save_state(connection, found.id, to, now)
        role = self._policy.check(actor, rules.action_of(event), found).role if actor else None
        history = HistoryRow(
            id=new_id("pev", self._entropy),
            event=event,
            from_state=found.state,
            to_state=to,
            at=now,
            actor=actor.user if actor else None,
            actor_name="",
            role=role,
            reason=given.reason.strip(),
            fields={},
        )
        await store.save_event(connection, found.id, history, given)
        await self._audit.append(
            connection,
            rules.action_of(event),
            actor=actor,
            place=found.place,
            old=found.state.value,
            new=to.value,
            reason=history.reason,
        )
        after = await store.load_premises(connection, found.id)
        assert after is not None
        return after

    async def set_due(
        self, actor: Actor, premises_id: str, *, is_due: bool, exempt_reason: str, reason: str
    ) -> OnboardedPremises:
        """Say whether a premises is to be connected, or why it is exempt; each change is a row of the change log.

        raises: BrightKitchenError "access.none", "web.fields".
        """
        exempt, why = exempt_reason.strip(), reason.strip()
        if not 1 <= len(why) <= MAX_REASON_CHARS or len(exempt) > MAX_REASON_CHARS:
            raise BrightKitchenError(Kind.INVALID, "web.fields", field="reason" if why else "exempt_reason").because(
                BrightKitchenError(Kind.INVALID, "web.field_missing", field="reason")
            )
        now = self._clock.utc()
        async with self._database.write() as connection:
            found = await self._access(connection, actor, premises_id, rules.SET_DUE, for_update=True)
            if found.is_due != is_due:
                await self._log_due(connection, actor, found, "IS_DUE", _yes(found.is_due), _yes(is_due), why)
            if (found.exempt_reason or "") != exempt:
                await self._log_due(connection, actor, found, "EXEMPTION", found.exempt_reason or "", exempt, why)
            await store.save_due(connection, found.id, is_due=is_due, exempt_reason=exempt or None, now=now)
            await self._audit.append(
                connection, rules.SET_DUE, actor=actor, place=found.place, is_due=int(is_due), reason=why
            )
            after = await store.load_premises(connection, found.id)
        assert after is not None
        return after

    async def resume_ended(self) -> int:
        """Bring back every suspended premises whose closed period is over; returns how many."""
        today_on = self._today_on()
        async with self._database.read() as connection:
            ended = await store.load_suspensions_over(connection, today_on)
        for premises_id in ended:
            async with self._database.write() as connection:
                found = await store.load_premises(connection, premises_id, for_update=True)
                if found is not None and found.state is State.SUSPENDED:
                    given = HandedIn(reason=f"closed period over on {today_on}")
                    self._announce(await self.apply_within(connection, None, found, Event.RESUME, given))
        return len(ended)

    # ---- inside

    async def _access(
        self, connection: AsyncConnection, actor: Actor, premises_id: str, action: str, *, for_update: bool = False
    ) -> OnboardedPremises:
        if is_id(premises_id, "prm"):
            found = await store.load_premises(connection, PremisesId(premises_id), for_update=for_update)
            if found is not None and self._policy.check(actor, action, found).allowed:
                return found
        raise not_found()

    def _check(self, actor: Actor, action: str) -> None:
        if not self._policy.check(actor, action).allowed:
            raise not_found()

    def _standing(self, actor: Actor, found: OnboardedPremises) -> Standing:
        due_days = due_days_of(found.state)
        steps = []
        for event in events_of(found.state):
            row = TABLE[found.state, event]
            is_allowed = self._policy.check(actor, rules.action_of(event), found).allowed
            steps.append(Step(event, row.to, row.needs, tuple(sorted(rules.WHO[event])), is_allowed))
        due_at = None if due_days is None else Utc(found.state_at + due_days * DAY_US)
        return Standing(found, due_at, tuple(steps))

    async def _find(self, connection: AsyncConnection, premises_id: PremisesId) -> Findings:
        """Look at everything that the checklist is computed from."""
        now = self._clock.utc()
        installers = await store.load_installers(connection, premises_id)
        ids = await store.load_premises_cameras(connection, premises_id)
        cameras = await camera_store.load_cameras(connection, ids)
        ratios = await load_online_ratios(connection, ids, from_at=Utc(now - model.TRIAL_US), to_at=now)
        missing = await load_missing_zones(connection, premises_id)
        channels = tuple(
            Channel(
                id=camera.id,
                name=camera.name,
                zone=camera.zone,
                is_approved=camera.approved_at is not None,
                approved_by_installer=camera.approved_by in installers,
                online_ratio=ratios[camera.id],
                drift_s=self._drifts.drift_s(camera.id),
                has_recording=self._has_recording(camera.id),
            )
            for camera in (cameras[each] for each in ids)
        )
        owner = await store.has_owner(connection, premises_id, now)
        return Findings(channels, missing, owner)

    def _has_recording(self, camera: CameraId) -> bool | None:
        """Say whether a node holds a recorded range that ends not long ago; None if no node said anything."""
        reports = self._board.of(camera)
        if not reports:
            return None
        return any(report.recorded_until_at is not None for report in reports.values())

    async def _do_what_goes_with(
        self,
        connection: AsyncConnection,
        actor: Actor | None,
        found: OnboardedPremises,
        row: Transition,
        event: Event,
        given: HandedIn,
        now: Utc,
    ) -> None:
        """Check and write what an event brings along besides the state."""
        user = actor.user if actor else None
        if Need.CHECKLIST in row.needs:
            missing = model.missing_of(model.build_checklist(await self._find(connection, found.id), given.acceptance))
            if missing:
                count = len(missing)
                raise BrightKitchenError(Kind.CONFLICT, "onboarding.not_acceptable", count=count).because(*missing)
        if event is Event.SIGN and given.contract is not None:
            holder = await store.load_contract_holder(connection, given.contract.number.strip())
            if holder not in (None, found.id):
                raise BrightKitchenError(Kind.CONFLICT, "onboarding.contract_taken", field="contract.number")
            await store.save_contract(connection, found.id, given.contract, now)
        elif event is Event.SURVEY and given.survey is not None:
            await _check_zones(connection, "survey.points", [point.zone for point in given.survey.points])
        elif event is Event.ORDER and given.work_order is not None:
            await self._inventory.assign_planned(connection, found.id, given.work_order.cameras, actor=user, now=now)
        elif event is Event.FINISH_INSTALL and given.installation is not None:
            await self._install(connection, found, given.installation, now)
        elif event is Event.SUSPEND and given.suspension is not None:
            await self._suspend(connection, actor, found, given.suspension, given.reason, now)
        elif event is Event.RESUME:
            await store.end_suspensions(connection, found.id)
            await self._log_due(connection, actor, found, "SUSPENSION", "SUSPENDED", "", given.reason)
        elif event is Event.TERMINATE and found.is_due:
            await self._change_due(connection, actor, found, False, given.reason, now)
        elif event is Event.REOPEN and found.state is State.TERMINATED:
            await self._change_due(connection, actor, found, True, given.reason, now)

    async def _install(
        self, connection: AsyncConnection, found: OnboardedPremises, installation: model.Installation, now: Utc
    ) -> None:
        """Check that each camera is one of the premises', sends pictures, and shows a zone that may be shown."""
        await _check_zones(connection, "installation.cameras", [each.zone for each in installation.cameras])
        known = await camera_store.load_cameras(connection, [each.camera for each in installation.cameras])
        dark = []
        for at, each in enumerate(installation.cameras):
            camera = known.get(each.camera)
            if camera is None or camera.premises != found.id:
                field = f"installation.cameras.{at}.camera"
                raise FieldErrors(field_error(field))
            main = self._board.of(camera.id).get("main")
            if main is None or main.last_frame_at is None:
                field = f"installation.cameras.{at}"
                dark.append(
                    BrightKitchenError(Kind.CONFLICT, "onboarding.missing.first_frame", field=field, camera=camera.name)
                )
            if camera.zone != each.zone:
                await connection.execute(
                    camera_store.cameras.update()
                    .where(camera_store.cameras.c.id == camera.id)
                    .values(zone=each.zone, updated_at=now, version=camera.version + 1)
                )
        if dark:
            raise BrightKitchenError(Kind.CONFLICT, "onboarding.first_frames_missing", count=len(dark)).because(*dark)

    async def _suspend(
        self,
        connection: AsyncConnection,
        actor: Actor | None,
        found: OnboardedPremises,
        suspension: Suspension,
        reason: str,
        now: Utc,
    ) -> None:
        """A closed period begins: it must have begun by today and not be over."""
        if not suspension.from_on <= self._today_on() <= suspension.to_on:
            raise FieldErrors(field_error("suspension.from_on", "onboarding.suspension_not_now"))
        user = actor.user if actor else None
        await store.save_suspension(
            connection, new_id("sus", self._entropy), found.id, suspension, reason=reason, actor=user, now=now
        )
        span = f"{suspension.from_on}/{suspension.to_on}"
        await self._log_due(connection, actor, found, "SUSPENSION", "", span, reason)

    async def _change_due(
        self,
        connection: AsyncConnection,
        actor: Actor | None,
        found: OnboardedPremises,
        is_due: bool,
        reason: str,
        now: Utc,
    ) -> None:
        await self._log_due(connection, actor, found, "IS_DUE", _yes(found.is_due), _yes(is_due), reason)
        await store.save_due(connection, found.id, is_due=is_due, exempt_reason=found.exempt_reason, now=now)

    async def _log_due(
        self,
        connection: AsyncConnection,
        actor: Actor | None,
        found: OnboardedPremises,
        what: str,
        old: str,
        new: str,
        reason: str,
    ) -> None:
        await store.save_denominator_change(
            connection,
            new_id("dnc", self._entropy),
            found.id,
            what=what,
            old=old[:200],
            new=new[:200],
            reason=reason.strip(),
            actor=actor.user if actor else None,
            now=self._clock.utc(),
        )

    def _today_on(self) -> str:
        now = self._clock.utc()
        return datetime.fromtimestamp(now // US_PER_S, tz=UTC).astimezone(self._zone).date().isoformat()

    def _announce(self, moved: OnboardedPremises) -> None:
        log.info("premises moved", premises=moved.id, state=moved.state.value)


async def _check_zones(connection: AsyncConnection, field: str, wanted: list[str]) -> None:
    """raises: BrightKitchenError "onboarding.zone_refused" for a zone that no camera may show (SECURITY P1)."""
    allowed = await store.load_allowed_zones(connection)
    if not allowed.issuperset(wanted):
        raise BrightKitchenError(Kind.INVALID, "onboarding.zone_refused", field=field)


def _yes(value: bool) -> str:
    return "YES" if value else "NO"
