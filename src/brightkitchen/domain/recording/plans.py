"""Says how each camera is recorded, and lets a city change it: every change has a number, a row, a reason and an audit row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.model import CONFIG_CHANGED, Scalar
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor, Place
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.model import Camera
from brightkitchen.domain.premises import store as premises_store
from brightkitchen.domain.recording import policy as rules
from brightkitchen.domain.recording import store
from brightkitchen.domain.recording.model import (
    MAX_REASON_CHARS,
    Effective,
    Level,
    Mode,
    Rule,
    RuleChange,
    Subject,
    build_plan,
    floor_of,
    merge_rules,
)
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database, split_values
from brightkitchen.kernel.errors import EditConflict, FieldErrors, field_error, not_found
from brightkitchen.kernel.ids import CameraId, NodeId, PremisesId, is_id
from brightkitchen.kernel.recordingplan import FLOOR_DAYS, MOST_DAYS, RecordingPlan
from brightkitchen.kernel.units import US_PER_S, Utc

MAX_CHANGES: Final = 200
TELL_AGAIN_S: Final = 6 * 3600.0


class ToldNodes(Protocol):
    """Whoever tells the nodes; the node registry fits."""

    def all(self) -> Sequence[NodeId]: ...

    def desired_changed(self, node: NodeId) -> None:
        """Send `node` its cameras again soon."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a rule applies, for permissions."""

    place: Place


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """How one camera is recorded, why so, and what was changed lately."""

    camera: Camera
    effective: Effective
    plan: RecordingPlan
    rules: tuple[Rule, ...]
    changes: tuple[RuleChange, ...]


class PlanService:
    """Rules in, plans out."""

    def __init__(
        self, database: Database, policy: Policy, *, audit: AuditTrail, nodes: ToldNodes, clock: Clock, zone: tzinfo
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._nodes = nodes
        self._clock = clock
        self._zone = zone

    # ---- for the nodes

    async def build_plans(self, connection: AsyncConnection, node: NodeId) -> dict[CameraId, RecordingPlan]:
        """Return the plan of every camera that `node` records."""
        now = self._clock.utc()
        subjects = await store.load_subjects(connection, node=node)
        said, public = await store.load_rules(connection), await store.load_public_zones(connection)
        return {
            camera: build_plan(_effective(said, subject, public), subject, now=now, zone=self._zone)
            for camera, subject in subjects.items()
        }

    async def load_wanted(self, connection: AsyncConnection) -> dict[CameraId, tuple[str, ...]]:
        """Return which streams of each camera in service should be recorded now."""
        now = self._clock.utc()
        said = await store.load_rules(connection)
        # a city's cameras are looked through each 15 s, and nearly all of them are recorded always
        wanted, special = await store.load_usual(
            connection, {key for key, rule in said.items() if rule.mode is not None}
        )
        for some in split_values(special):
            for camera, subject in (await store.load_subjects(connection, camera_ids=some)).items():
                plan = build_plan(_effective(said, subject, frozenset()), subject, now=now, zone=self._zone)
                wanted[camera] = plan.recorded_at(now)
        return wanted

    async def load_asked_days(self, connection: AsyncConnection) -> dict[NodeId, tuple[int, int]]:
        """Return node → for how many days its cameras' recordings are to be kept, at least and at most."""
        said, public = await store.load_rules(connection), await store.load_public_zones(connection)
        asked: dict[NodeId, tuple[int, int]] = {}
        for node in self._nodes.all():
            subjects = (await store.load_subjects(connection, node=node)).values()
            days = [_effective(said, subject, public).keep_days for subject in subjects]
            if days:
                asked[node] = min(days), max(days)
        return asked

    async def is_by_hours(self, connection: AsyncConnection, premises: PremisesId) -> bool:
        """True if a camera of the premises rests when the premises is closed: whoever changes the hours changes what is recorded."""
        said = await store.load_rules(connection)
        subjects = await store.load_subjects(connection, premises_id=premises)
        resting = (Mode.OPEN_HOURS, Mode.SUB_WHEN_CLOSED)
        return any(_effective(said, subject, frozenset()).mode in resting for subject in subjects.values())

    async def keep_telling(self) -> None:
        """Tell every node again a few times a day: the quiet windows reach a week ahead only. Runs until cancelled."""
        while True:
            await self._clock.sleep(TELL_AGAIN_S)
            self.tell_all()

    # ---- for people

    async def load_camera_plan(self, actor: Actor, camera_id: str) -> CameraPlan:
        """raises: BrightKitchenError "access.none"."""
        now = self._clock.utc()
        async with self._database.read() as connection:
            camera = await self._access_camera(connection, actor, camera_id, rules.VIEW_PLAN)
            subject = (await store.load_subjects(connection, camera_ids=[camera.id]))[camera.id]
            said, public = await store.load_rules(connection), await store.load_public_zones(connection)
            names = subjects_of(subject)
            changes = await store.load_rule_changes(
                connection, names, from_at=Utc(0), to_at=Utc(now + US_PER_S), limit=20
            )
        effective = _effective(said, subject, public)
        plan = build_plan(effective, subject, now=now, zone=self._zone)
        own = tuple(said[name] for name in names if name in said)
        return CameraPlan(camera, effective, plan, own, tuple(changes))

    async def list_rules(self, actor: Actor) -> tuple[list[Rule], dict[str, str]]:
        """Return every rule that is about something in the actor's scope, and the names of what they are about."""
        if not self._policy.check(actor, rules.VIEW_PLAN).allowed:
            raise not_found()
        async with self._database.read() as connection:
            said = list((await store.load_rules(connection)).values())
            places = await self._load_places(connection, said)
        seen = [
            rule
            for rule in said
            if rule.level is Level.CATEGORY
            or (rule.subject in places and self._policy.check(actor, rules.VIEW_PLAN, places[rule.subject][0]).allowed)
        ]
        seen.sort(key=lambda rule: (list(Level).index(rule.level), rule.subject))
        return seen, {name: shown for name, (_, shown) in places.items()}

    async def set_rule(
        self,
        actor: Actor,
        level: Level,
        subject: str,
        *,
        keep_days: int | None,
        mode: Mode | None,
        reason: str,
        expected_version: int | None = None,
    ) -> Rule:
        """Say how something is recorded from now on; neither days nor mode: what was said is taken back.

        raises: BrightKitchenError "access.none", "web.fields", "edit.conflict".
        """
        now = self._clock.utc()
        async with self._database.write() as connection:
            placing = await self._access_subject(connection, actor, level, subject)
            await self._check(connection, level, subject, keep_days, reason)
            was = await store.load_rule(connection, level, subject)
            if expected_version is not None and expected_version != (was.version if was else 0):
                raise EditConflict(was)
            version = await store.load_newest_version(connection) + 1
            rule = Rule(level, subject, keep_days, mode, reason.strip(), version, actor.user, now)
            await store.save_rule(connection, rule, was=was)
            detail: dict[str, Scalar] = {
                "level": level.value,
                "subject": subject,
                "version": version,
                "old.keep_days": was.keep_days if was else None,
                "new.keep_days": keep_days,
                "old.mode": was.mode.value if was and was.mode else None,
                "new.mode": mode.value if mode else None,
            }
            entry = self._audit.entry(
                CONFIG_CHANGED,
                who(actor, self._policy.check(actor, _action(level), placing)),
                object_kind="recording_rule",
                object_id=subject,
                premises_id=placing.place.premises or "",
                camera_id=subject if level is Level.CAMERA else "",
                region=placing.place.region,
                detail=detail,
                names={"reason": reason.strip()},
            )
            await self._audit.append(connection, entry)
        self.tell_all()
        return rule

    async def load_changes(
        self, connection: AsyncConnection, camera: CameraId, from_at: Utc, to_at: Utc
    ) -> list[RuleChange]:
        """Return the changes that a camera's timeline shows in [from_at, to_at)."""
        subject = (await store.load_subjects(connection, camera_ids=[camera]))[camera]
        return await store.load_rule_changes(
            connection, subjects_of(subject), from_at=from_at, to_at=to_at, limit=MAX_CHANGES
        )

    # ---- inside

    async def _check(
        self, connection: AsyncConnection, level: Level, subject: str, keep_days: int | None, reason: str
    ) -> None:
        """raises: BrightKitchenError "web.fields" with everything that is wrong."""
        faults = []
        if keep_days is not None:
            floor = await self._floor_of(connection, level, subject)
            if not floor <= keep_days <= MOST_DAYS:
                faults.append(field_error("keep_days", "recording.days_unfit", least=floor, most=MOST_DAYS))
        if not reason.strip():
            faults.append(field_error("reason", "web.field_missing"))
        elif len(reason.strip()) > MAX_REASON_CHARS:
            faults.append(field_error("reason", "web.field_too_long", most=MAX_REASON_CHARS))
        if faults:
            raise FieldErrors(*faults)

    async def _floor_of(self, connection: AsyncConnection, level: Level, subject: str) -> int:
        """A rule for one camera may not be under its zone's floor; wider ones are raised for each camera that needs it."""
        if level is not Level.CAMERA:
            return FLOOR_DAYS
        found = (await store.load_subjects(connection, camera_ids=[subject]))[CameraId(subject)]
        return floor_of(found.zones, await store.load_public_zones(connection))

    async def _access_camera(self, connection: AsyncConnection, actor: Actor, camera_id: str, action: str) -> Camera:
        found = await camera_store.load_camera(connection, CameraId(camera_id)) if is_id(camera_id, "cam") else None
        if found is None or not self._policy.check(actor, action, found).allowed:
            raise not_found()
        return found

    async def _access_subject(
        self, connection: AsyncConnection, actor: Actor, level: Level, subject: str
    ) -> Placing | Camera:
        """raises: BrightKitchenError "access.none" if it is not there, or not the actor's to decide on."""
        if level is Level.CAMERA:
            return await self._access_camera(connection, actor, subject, rules.SET_RULE)
        if level is Level.PREMISES:
            found = (
                await premises_store.load_premises(connection, PremisesId(subject)) if is_id(subject, "prm") else None
            )
            if found is None or not self._policy.check(actor, rules.SET_RULE, found).allowed:
                raise not_found()
            return Placing(found.place)
        kinds = await premises_store.load_kinds(connection)
        if subject not in kinds.categories or not self._policy.check(actor, rules.SET_CATEGORY_RULE).allowed:
            raise not_found()
        return Placing(Place(category=subject))

    async def _load_places(self, connection: AsyncConnection, said: Iterable[Rule]) -> dict[str, tuple[Placing, str]]:
        """Return where the premises and cameras that have rules are, and what they are called."""
        places: dict[str, tuple[Placing, str]] = {}
        cameras = [rule.subject for rule in said if rule.level is Level.CAMERA]
        for camera in (await camera_store.load_cameras_ever(connection, cameras)).values():
            places[camera.id] = (Placing(camera.place), f"{camera.premises_name} {camera.name}".strip())
        for rule in said:
            if rule.level is Level.PREMISES:
                found = await premises_store.load_premises(connection, PremisesId(rule.subject))
                if found is not None:
                    places[rule.subject] = (Placing(found.place), found.name)
        return places

    def tell_all(self) -> None:
        """Have every node ask anew what it should do."""
        for node in self._nodes.all():
            self._nodes.desired_changed(node)


def subjects_of(subject: Subject) -> list[tuple[Level, str]]:
    """Return what may have a rule that a camera follows, the widest first."""
    names = [
        (Level.CATEGORY, subject.category),
        (Level.PREMISES, subject.premises or ""),
        (Level.CAMERA, subject.camera),
    ]
    return [(level, str(name)) for level, name in names if name]


def _action(level: Level) -> str:
    return rules.SET_CATEGORY_RULE if level is Level.CATEGORY else rules.SET_RULE


def _effective(said: Mapping[tuple[Level, str], Rule], subject: Subject, public: frozenset[str]) -> Effective:
    return merge_rules(said, subject, floor_of(subject.zones, public))
