"""Channels that were found to show what no camera may show (SECURITY P1, T12).

From that moment nobody gets a picture of it, no node is told of it, so that nothing more is recorded, and it counts for no
zone. An officer decides that at once; what ends it takes two people of different organisations. What it recorded before is
not shown either: `camera.play` is refused like everything else.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import NOBODY, Scalar
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import who
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import policy as rules
from brightkitchen.domain.cameras import store
from brightkitchen.domain.cameras.channels import recompute_complete
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.model import Activity, Camera
from brightkitchen.domain.cameras.ports import Nodes
from brightkitchen.domain.cameras.spells import begin_spell
from brightkitchen.domain.cameras.store import camera_zones, cameras
from brightkitchen.domain.premises.kinds import REFUSED_WORDS, check_zone
from brightkitchen.domain.premises.model import REFUSED
from brightkitchen.domain.premises.store import load_kinds, zones
from brightkitchen.domain.users.approvals import ApprovalService
from brightkitchen.domain.users.people_model import Approval
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors, Kind, field_error, not_found
from brightkitchen.kernel.ids import CameraId, NodeId, is_id
from brightkitchen.kernel.log import get_logger

log = get_logger(__name__)

RELEASE_KIND: Final = "camera.release"
MAX_REASON_CHARS: Final = 200


class QuarantineService:
    """Puts channels into quarantine and, when two people agree, back into service."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        approvals: ApprovalService,
        *,
        nodes: Nodes,
        board: LiveBoard,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._database = database
        self._policy = policy
        self._approvals = approvals
        self._nodes = nodes
        self._board = board
        self._audit = audit
        self._clock = clock
        approvals.register(RELEASE_KIND, self._apply_release, other_unit=True, after=self._after_release)

    async def quarantine(self, actor: Actor, camera_id: str, *, zone: str, reason: str) -> Camera:
        """Say that a channel shows a refused zone. zone: its code or name.

        raises: BrightKitchenError "access.none", "camera.quarantined" (it is already), "camera.zone_allowed" (any camera may
        show that zone), "web.fields" without a reason.
        """
        why = _checked_reason(reason)
        async with self._database.write() as connection:
            camera = await self._access(connection, actor, camera_id, rules.QUARANTINE)
            if camera.is_quarantined:
                raise BrightKitchenError(Kind.CONFLICT, "camera.quarantined", name=camera.name)
            code = await _refused_code(connection, zone)
            await self._put(connection, actor, camera, code, why)
        await self._tell(camera)
        return await self._load(camera.id)

    async def ask_release(self, actor: Actor, camera_id: str, *, zone: str, reason: str) -> Approval:
        """Ask for a channel to come back; somebody of another organisation decides. zone: what it shows now, one that it may.

        raises: BrightKitchenError "access.none", "camera.not_quarantined", "zone.refused", "zone.unknown", "web.fields".
        """
        why = _checked_reason(reason)
        async with self._database.write() as connection:
            camera = await self._access(connection, actor, camera_id, rules.QUARANTINE)
            if not camera.is_quarantined:
                raise BrightKitchenError(Kind.CONFLICT, "camera.not_quarantined", name=camera.name)
            code = check_zone((await load_kinds(connection)).zones, zone)
            payload = {
                "camera": camera.id,
                "camera_name": camera.name,
                "premises_name": camera.premises_name,
                "found_zone": camera.quarantine_zone,
                "zone": code,
                "reason": why,
            }
            return await self._approvals.request(connection, actor, RELEASE_KIND, payload, region=camera.place.region)

    async def sweep(self) -> int:
        """Put every channel into quarantine whose own words say a refused zone; returns how many.

        Such a zone can come from a register that is older than the rule, or from a zone that was refused afterwards.
        """
        async with self._database.read() as connection:
            found = list((await connection.execute(_refused_channels())).scalars())
        caught = []
        for camera_id in found:
            async with self._database.write() as connection:
                camera = await store.load_camera(connection, CameraId(camera_id), for_update=True)
                if camera is not None and not camera.is_quarantined:
                    await self._put(connection, None, camera, camera.zone, "zone")
                    caught.append(camera)
        for camera in caught:
            await self._tell(camera)
        return len(caught)

    # ---- inside

    async def _put(
        self, connection: AsyncConnection, actor: Actor | None, camera: Camera, zone: str, reason: str
    ) -> None:
        now = self._clock.utc()
        values = {
            "quarantined_at": now,
            "quarantined_by": actor.user if actor else None,
            "quarantine_zone": zone,
            "quarantine_reason": reason,
            "approved_at": None,
            "approved_by": None,
            "updated_at": now,
            "version": camera.version + 1,
            "epoch": camera.epoch + 1,
        }
        await connection.execute(cameras.update().where(cameras.c.id == camera.id).values(**values))
        await begin_spell(connection, camera.id, Activity.NEW, now, "quarantined")
        if camera.premises is not None:
            await recompute_complete(connection, [camera.premises])
        await self._record(connection, actor, camera, {"act": "camera.quarantine", "zone": zone}, reason)

    async def _apply_release(self, connection: AsyncConnection, approval: Approval, decider: Actor) -> None:
        camera = await store.load_camera(connection, CameraId(str(approval.payload["camera"])), for_update=True)
        if camera is None or not camera.is_quarantined:
            raise BrightKitchenError(Kind.CONFLICT, "approval.over")
        zone = check_zone((await load_kinds(connection)).zones, str(approval.payload["zone"]))
        now = self._clock.utc()
        await connection.execute(camera_zones.delete().where(camera_zones.c.camera_id == camera.id))
        values = {
            **dict.fromkeys(("quarantined_at", "quarantined_by", "quarantine_zone", "quarantine_reason")),
            "zone": zone,
            "updated_at": now,
            "version": camera.version + 1,
            "epoch": camera.epoch + 1,
        }
        await connection.execute(cameras.update().where(cameras.c.id == camera.id).values(**values))
        if camera.premises is not None:
            await recompute_complete(connection, [camera.premises])
        detail: dict[str, Scalar] = {"act": RELEASE_KIND, "zone": zone, "approval": approval.id}
        await self._record(connection, decider, camera, detail, str(approval.payload["reason"]))

    async def _after_release(self, approval: Approval) -> None:
        camera = await self._load(CameraId(str(approval.payload["camera"])))
        self._nodes.desired_changed(camera.node)
        self._board.announce(camera.id)

    async def _tell(self, camera: Camera) -> None:
        """Let the node stop it and close whoever looks at it."""
        log.warning("camera quarantined", camera=camera.id)
        if camera.node != NodeId(""):
            self._nodes.desired_changed(camera.node)
        self._board.forget(camera.id)
        await self._nodes.revoke(camera=camera.id)

    async def _access(self, connection: AsyncConnection, actor: Actor, camera_id: str, action: str) -> Camera:
        if is_id(camera_id, "cam"):
            found = await store.load_camera(connection, CameraId(camera_id), for_update=True)
            if found is not None and self._policy.check(actor, action, found).allowed:
                return found
        raise not_found()

    async def _load(self, camera: CameraId) -> Camera:
        async with self._database.read() as connection:
            found = await store.load_camera(connection, camera)
        if found is None:
            raise not_found()
        return found

    async def _record(
        self, connection: AsyncConnection, actor: Actor | None, camera: Camera, detail: dict[str, Scalar], reason: str
    ) -> None:
        entry = self._audit.entry(
            audited.CHANGE,
            who(actor) if actor is not None else NOBODY,
            object_kind="camera",
            object_id=camera.id,
            premises_id=camera.place.premises or "",
            region=camera.place.region,
            camera_id=camera.id,
            detail=detail,
            names={"reason": reason},
        )
        await self._audit.append(connection, entry)


def _refused_channels() -> sa.Select[Any]:  # Any: one column, the id
    """Select the channels in service and not in quarantine whose zones, by code or by word, are refused."""
    refused = sa.select(zones.c.code, zones.c.name_zh, zones.c.name_en).where(zones.c.area == REFUSED).subquery()
    named = sa.exists().where(cameras.c.zone.in_((refused.c.code, refused.c.name_zh, refused.c.name_en)))
    more = sa.exists().where(camera_zones.c.camera_id == cameras.c.id, camera_zones.c.zone == refused.c.code)
    is_code = cameras.c.zone.in_(sa.select(zones.c.code))
    worded = sa.or_(*(cameras.c.zone.contains(word, autoescape=True) for word in REFUSED_WORDS))
    wanted = sa.select(cameras.c.id).where(cameras.c.retired_at.is_(None), cameras.c.quarantined_at.is_(None))
    return wanted.where(sa.or_(named, more, sa.and_(~is_code, worded))).order_by(cameras.c.id)


async def _refused_code(connection: AsyncConnection, text: str) -> str:
    """Return the code of a refused zone. raises: BrightKitchenError "camera.zone_allowed"."""
    wanted = text.strip()
    for zone in (await load_kinds(connection)).zones.values():
        if zone.is_refused and wanted.casefold() in (zone.code.casefold(), zone.name_zh, zone.name_en.casefold()):
            return zone.code
    raise BrightKitchenError(Kind.INVALID, "camera.zone_allowed", field="zone")


def _checked_reason(reason: str) -> str:
    why = reason.strip()
    if not 1 <= len(why) <= MAX_REASON_CHARS:
        raise FieldErrors(field_error("reason", "web.field_missing"))
    return why
