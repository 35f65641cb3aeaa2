"""First frames: an officer looks at what a new channel shows and says that it is the zone it claims to be.

Without it a channel never counts (permissions.md §5). A person decides, with own eyes, and never who added the camera or
installed there. A refusal sends the premises back to be mended if it was installed already; the channel waits again once
the camera was changed or the installation handed over anew.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.channels import recompute_complete
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.model import Activity, Camera
from brightkitchen.domain.cameras.spells import begin_spell
from brightkitchen.domain.onboarding import policy as rules
from brightkitchen.domain.onboarding import store
from brightkitchen.domain.onboarding.model import MAX_TEXT_CHARS, HandedIn
from brightkitchen.domain.onboarding.ports import AuditPort
from brightkitchen.domain.onboarding.service import OnboardingService
from brightkitchen.domain.onboarding.states import TABLE, Event
from brightkitchen.kernel.camerastate import CameraState
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors, Kind, field_error, not_found
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId, is_id, new_id
from brightkitchen.kernel.units import Utc

MAX_QUEUE: Final = 200


@dataclass(frozen=True, slots=True)
class FrameCase:
    """One channel that no officer approved yet.

    refused_at, refused_reason: the newest refusal. is_waiting: an officer should look now: it sends pictures, and was not
    refused since it last changed. is_own: the asker added or installed it and may not decide.
    """

    camera: Camera
    has_pictures: bool
    is_waiting: bool
    is_own: bool
    refused_at: Utc | None = None
    refused_reason: str = ""


class FrameService:
    """The queue of first frames and the two verdicts."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        onboarding: OnboardingService,
        *,
        board: LiveBoard,
        audit: AuditPort,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._onboarding = onboarding
        self._board = board
        self._audit = audit
        self._clock = clock
        self._entropy = entropy

    async def list_cases(self, actor: Actor) -> tuple[FrameCase, ...]:
        """Return the channels in reach that wait for their first approval, those that can be judged now first."""
        if not self._policy.check(actor, rules.APPROVE_FRAME).allowed:
            raise not_found()
        grants = self._policy.grants_for(actor, rules.APPROVE_FRAME)
        async with self._database.read() as connection:
            cameras = await camera_store.load_unapproved(connection, grants, limit=MAX_QUEUE)
            verdicts = await store.load_verdicts(connection, [each.id for each in cameras])
            premises = sorted({each.premises for each in cameras if each.premises})
            installed = await store.load_last_installed(connection, premises)
            owns = {each: await self._installers(connection, actor, each) for each in premises}
        cases = [self._case(each, actor, verdicts.get(each.id), installed, owns) for each in cameras]
        return tuple(sorted(cases, key=lambda case: (not case.is_waiting, case.camera.activity_at, case.camera.id)))

    async def approve(self, actor: Actor, camera_id: str, *, frame_at: Utc | None) -> Camera:
        """Make a channel count. frame_at: the instant of the frame that was looked at.

        raises: BrightKitchenError "access.none", "onboarding.frame_decided", "onboarding.no_premises",
        "onboarding.zone_refused", "onboarding.no_picture", "onboarding.own_installation".
        """
        now = self._clock.utc()
        async with self._database.write() as connection:
            camera, premises, user = await self._judgeable(connection, actor, camera_id)
            if camera.zone not in await store.load_allowed_zones(connection):
                raise BrightKitchenError(Kind.CONFLICT, "onboarding.zone_refused", field="zone")
            if not self._has_pictures(camera.id):
                raise BrightKitchenError(Kind.CONFLICT, "onboarding.no_picture")
            await camera_store.save_approval(connection, camera.id, by=user, at=now)
            await begin_spell(connection, camera.id, Activity.ACTIVE, now, "approved")
            verdict = store.Verdict(camera.id, now, True, "")
            verdict_id = new_id("frv", self._entropy)
            await store.save_verdict(connection, verdict_id, verdict, premises, actor=user, frame_at=frame_at)
            await recompute_complete(connection, [premises])
            await self._audit.append(
                connection, rules.APPROVE_FRAME, actor=actor, place=camera.place, camera=camera.id, frame_at=frame_at
            )
            after = await camera_store.load_camera(connection, camera.id)
        assert after is not None
        self._board.announce(camera.id)
        return after

    async def refuse(self, actor: Actor, camera_id: str, *, reason: str, frame_at: Utc | None) -> Camera:
        """Say that a channel does not show what it should. raises: as `approve`, and "web.fields" without a reason."""
        why = reason.strip()
        if not 1 <= len(why) <= MAX_TEXT_CHARS:
            raise FieldErrors(field_error("reason", "web.field_missing"))
        now = self._clock.utc()
        async with self._database.write() as connection:
            camera, premises, user = await self._judgeable(connection, actor, camera_id)
            verdict = store.Verdict(camera.id, now, False, why)
            verdict_id = new_id("frv", self._entropy)
            await store.save_verdict(connection, verdict_id, verdict, premises, actor=user, frame_at=frame_at)
            found = await store.load_premises(connection, premises, for_update=True)
            if found is not None and (found.state, Event.REWORK) in TABLE:
                given = HandedIn(reason=f"{camera.name}: {why}"[:MAX_TEXT_CHARS])
                await self._onboarding.apply_within(connection, actor, found, Event.REWORK, given)
            await self._audit.append(
                connection, "camera.refuse", actor=actor, place=camera.place, camera=camera.id, reason=why
            )
        self._board.announce(camera.id)
        return camera

    async def _judgeable(
        self, connection: AsyncConnection, actor: Actor, camera_id: str
    ) -> tuple[Camera, PremisesId, UserId]:
        camera = (
            await camera_store.load_camera(connection, CameraId(camera_id), for_update=True)
            if is_id(camera_id, "cam")
            else None
        )
        is_person = actor.user is not None and not actor.token
        if camera is None or not is_person or not self._policy.check(actor, rules.APPROVE_FRAME, camera).allowed:
            raise not_found()
        assert actor.user is not None
        if camera.activity is not Activity.NEW:
            raise BrightKitchenError(Kind.CONFLICT, "onboarding.frame_decided")
        if camera.premises is None:
            raise BrightKitchenError(Kind.CONFLICT, "onboarding.no_premises")
        if actor.user == camera.added_by or await self._installers(connection, actor, camera.premises):
            raise BrightKitchenError(Kind.FORBIDDEN, "onboarding.own_installation")
        return camera, camera.premises, actor.user

    async def _installers(self, connection: AsyncConnection, actor: Actor, premises: PremisesId) -> bool:
        """Say whether the actor installed there."""
        return actor.user in await store.load_installers(connection, premises)

    def _case(
        self,
        camera: Camera,
        actor: Actor,
        verdict: store.Verdict | None,
        installed: dict[PremisesId, Utc],
        owns: dict[PremisesId, bool],
    ) -> FrameCase:
        assert camera.premises is not None
        changed_at = max(camera.updated_at, installed.get(camera.premises, Utc(0)))
        is_refused = verdict is not None and not verdict.is_approved and verdict.at >= changed_at
        has_pictures = self._has_pictures(camera.id)
        return FrameCase(
            camera=camera,
            has_pictures=has_pictures,
            is_waiting=has_pictures and not is_refused,
            is_own=actor.user == camera.added_by or owns[camera.premises],
            refused_at=verdict.at if is_refused and verdict else None,
            refused_reason=verdict.reason if is_refused and verdict else "",
        )

    def _has_pictures(self, camera: CameraId) -> bool:
        main = self._board.of(camera).get("main")
        return main is not None and main.state in (CameraState.LIVE, CameraState.DEGRADED)
