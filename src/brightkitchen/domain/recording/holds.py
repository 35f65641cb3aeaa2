"""Holds: recordings that nothing deletes until a person with the right lets them go. docs/design/recording-plan.md §3."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.model import HOLD_PLACED, HOLD_RELEASED
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.model import Camera
from brightkitchen.domain.recording import policy as rules
from brightkitchen.domain.recording import store
from brightkitchen.domain.recording.model import MAX_REASON_CHARS, HeldRange, HoldWhy
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors, Kind, field_error, not_found
from brightkitchen.kernel.ids import NodeId, is_id, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.nodeprotocol import Holds
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

MAX_PAGE: Final = 100
AROUND_EVIDENCE_US: Final = 60 * US_PER_S
AROUND_REPORT_US: Final = 300 * US_PER_S
REPORTS_AT_ONCE: Final = 20
"""Open holds by public reports on one premises: more would let anybody fill its disk (SECURITY S54)."""
LONGEST_US: Final = 31 * 86_400 * US_PER_S
REVIEW_AFTER_US: Final = 180 * 86_400 * US_PER_S


class ToldNodes(Protocol):
    """Whoever tells the nodes; the node registry fits."""

    def holds_changed(self) -> None:
        """Send every node the list again soon."""


IsOpen = Callable[[AsyncConnection, str], Awaitable[bool]]
"""(connection, id of what a hold belongs to) → whether that is still open."""


async def _nothing_is_open(_connection: AsyncConnection, _object: str) -> bool:
    return False


class HoldService:
    """Places, lists and releases holds, and tells the nodes."""

    def __init__(
        self, database: Database, policy: Policy, *, audit: AuditTrail, nodes: ToldNodes, clock: Clock, entropy: Entropy
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._nodes = nodes
        self._clock = clock
        self._entropy = entropy
        self.is_open: IsOpen = _nothing_is_open
        """Whoever owns what holds belong to puts the question here."""

    # ---- for the slices above

    async def set_hold(
        self,
        connection: AsyncConnection,
        *,
        camera: str,
        from_at: Utc,
        to_at: Utc,
        why: str,
        belongs_to: str,
        actor: Actor | None = None,
    ) -> str:
        """Hold a stretch of a camera in the caller's transaction; call `tell` once that is kept. returns: the hold's id.

        raises: BrightKitchenError "access.none" for no camera, "recording.hold_budget" for one report too many.
        """
        found = (await camera_store.load_cameras_ever(connection, [camera])).get(camera)
        if found is None:
            raise not_found()
        return await self._place(connection, found, from_at, to_at, HoldWhy(why), belongs_to, "", actor)

    async def drop_holds(
        self, connection: AsyncConnection, belongs_to: str, *, reason: str, actor: Actor | None = None
    ) -> int:
        """Release all that belongs to something, in the caller's transaction; call `tell` afterwards. returns: how many."""
        standing = [hold for hold in await store.load_holds_of(connection, belongs_to) if hold.released_at is None]
        for hold in standing:
            await self._release(connection, hold, actor, reason)
        return len(standing)

    def tell(self) -> None:
        """Tell the nodes what is held now."""
        self._nodes.holds_changed()

    # ---- for people

    async def place_hold(self, actor: Actor, camera_id: str, *, from_at: Utc, to_at: Utc, note: str) -> HeldRange:
        """Hold a stretch by hand. raises: BrightKitchenError "access.none", "web.fields"."""
        async with self._database.write() as connection:
            known = await camera_store.load_cameras_ever(connection, [camera_id]) if is_id(camera_id, "cam") else {}
            camera = known.get(camera_id)
            if camera is None or not self._policy.check(actor, rules.PLACE_HOLD, camera).allowed:
                raise not_found()
            _check_note("note", note)
            now = self._clock.utc()
            if not 0 < to_at - from_at <= LONGEST_US or from_at > now:
                raise FieldErrors(field_error("to", "recording.hold_range", days=LONGEST_US // (86_400 * US_PER_S)))
            hold = await self._place(connection, camera, from_at, to_at, HoldWhy.HAND, "", note.strip(), actor)
            placed = await store.load_hold(connection, hold)
        self.tell()
        assert placed is not None
        return placed

    async def release_hold(self, actor: Actor, hold_id: str, *, reason: str) -> HeldRange:
        """Let a stretch go. raises: BrightKitchenError "access.none", "web.fields", "recording.hold_released", "recording.hold_needed"."""
        async with self._database.write() as connection:
            hold = await self._access(connection, actor, hold_id, rules.RELEASE_HOLD)
            _check_note("reason", reason)
            if hold.released_at is not None:
                raise BrightKitchenError(Kind.CONFLICT, "recording.hold_released")
            if hold.belongs_to and await self.is_open(connection, hold.belongs_to):
                raise BrightKitchenError(Kind.CONFLICT, "recording.hold_needed")
            await self._release(connection, hold, actor, reason.strip())
            released = await store.load_hold(connection, hold.id)
        self.tell()
        assert released is not None
        return released

    async def list_holds(
        self,
        actor: Actor,
        *,
        camera: str = "",
        is_open: bool | None = None,
        is_due: bool = False,
        before: tuple[int, str] | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[list[HeldRange], tuple[int, str] | None]:
        """Return a page, the newest first, and where the next one begins. is_due: those that stand for 180 days."""
        if not self._policy.check(actor, rules.VIEW_HOLD).allowed:
            raise not_found()
        async with self._database.read() as connection:
            found = await store.load_holds(
                connection,
                self._policy.grants_for(actor, rules.VIEW_HOLD),
                camera=camera,
                is_open=True if is_due else is_open,
                placed_before=Utc(self._clock.utc() - REVIEW_AFTER_US) if is_due else None,
                before=before,
                limit=limit + 1,
            )
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], (last.placed_at, last.id) if last else None

    def abilities(self, actor: Actor, hold: HeldRange) -> tuple[str, ...]:
        """Return what the actor may do to this hold."""
        able = self._policy.abilities(actor, rules.HOLD_ACTIONS, hold)
        return able if hold.released_at is None else tuple(each for each in able if each != rules.RELEASE_HOLD)

    # ---- for the nodes

    async def build_holds(self, node: NodeId) -> Holds:
        """Return the list for a node: all holds of the installation, for it may have recordings of any camera."""
        async with self._database.read() as connection:
            change, standing = await store.load_standing(connection)
        return Holds(version=change, holds=tuple(standing))

    async def note_kept(self, node: NodeId, version: int) -> None:
        """A node has that list on its disk: what it holds is in force."""
        async with self._database.write() as connection:
            await store.save_kept(connection, node, version, self._clock.utc())

    # ---- inside

    async def _place(
        self,
        connection: AsyncConnection,
        camera: Camera,
        from_at: Utc,
        to_at: Utc,
        why: HoldWhy,
        belongs_to: str,
        note: str,
        actor: Actor | None,
    ) -> str:
        if why is HoldWhy.REPORT and camera.premises is not None:
            standing = await store.count_standing(connection, camera.premises, why)
            if standing >= REPORTS_AT_ONCE:
                raise BrightKitchenError(Kind.EXHAUSTED, "recording.hold_budget", most=REPORTS_AT_ONCE)
        hold = new_id("hld", self._entropy)
        await store.insert_hold(
            connection,
            id=hold,
            camera_id=camera.id,
            from_at=from_at,
            to_at=to_at,
            why=why.value,
            belongs_to=belongs_to,
            note=note,
            placed_by=actor.user if actor else None,
            placed_at=self._clock.utc(),
        )
        entry = self._audit.entry(
            HOLD_PLACED,
            *([who(actor)] if actor else []),
            object_kind="hold",
            object_id=hold,
            premises_id=camera.place.premises or "",
            camera_id=camera.id,
            region=camera.place.region,
            reason=why.value,
            detail={"from_at": from_at, "to_at": to_at, "belongs_to": belongs_to},
            names={"note": note} if note else {},
        )
        await self._audit.append(connection, entry)
        return hold

    async def _release(self, connection: AsyncConnection, hold: HeldRange, actor: Actor | None, reason: str) -> None:
        by = actor.user if actor else None
        await store.release_hold(connection, hold.id, by=by, at=self._clock.utc(), reason=reason)
        entry = self._audit.entry(
            HOLD_RELEASED,
            *([who(actor)] if actor else []),
            object_kind="hold",
            object_id=hold.id,
            premises_id=hold.place.premises or "",
            camera_id=hold.camera,
            region=hold.place.region,
            reason=hold.why.value,
            detail={"from_at": hold.from_at, "to_at": hold.to_at, "belongs_to": hold.belongs_to},
            names={"reason": reason},
        )
        await self._audit.append(connection, entry)

    async def _access(self, connection: AsyncConnection, actor: Actor, hold_id: str, action: str) -> HeldRange:
        found = await store.load_hold(connection, hold_id) if is_id(hold_id, "hld") else None
        if found is None or not self._policy.check(actor, action, found).allowed:
            raise not_found()
        return found


def _check_note(field: str, text: str) -> None:
    if not text.strip():
        raise FieldErrors(field_error(field, "web.field_missing"))
    if len(text.strip()) > MAX_REASON_CHARS:
        raise FieldErrors(field_error(field, "web.field_too_long", most=MAX_REASON_CHARS))
