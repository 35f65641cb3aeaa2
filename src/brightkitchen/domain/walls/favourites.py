"""Favourites 收藏: cameras and premises that a person keeps at hand. Nobody else sees them, and they widen nobody's scope.

No row of the audit: what somebody keeps at hand is the person's own affair, and what is looked at is written down when it is looked at.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import note_miss
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.model import Camera
from brightkitchen.domain.cameras.policy import VIEW as VIEW_CAMERA
from brightkitchen.domain.cameras.store import load_cameras, load_visible
from brightkitchen.domain.cameras.tree import Branch, CameraTree
from brightkitchen.domain.walls import favourite_store as store
from brightkitchen.domain.walls import policy as rules
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import UserId, is_id

MAX_FAVOURITES: Final = 200
"""That one person keeps, cameras and premises together."""


@dataclass(frozen=True, slots=True)
class Favourites:
    """What somebody keeps. cameras, premises: those the person may see now, the first kept first. left_out: how many more are kept."""

    cameras: tuple[Camera, ...]
    premises: tuple[Branch, ...]
    left_out: int


class FavouriteService:
    """Keeps favourites, for those who have saved walls."""

    def __init__(
        self, database: Database, policy: Policy, audit: AuditTrail, tree: CameraTree, *, clock: Clock
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._tree = tree
        self._clock = clock

    async def list_favourites(self, actor: Actor) -> Favourites:
        """Return the actor's own. raises: BrightKitchenError "access.none"."""
        user = self._check(actor, rules.VIEW)
        async with self._database.read() as connection:
            kept = await store.load_favourites(connection, user)
            visible = await self._see(connection, actor, kept)
            cameras = await load_cameras(connection, visible)
        branches = {branch.id: branch for branch in await self._tree.load_premises(actor, _premises_of(kept))}
        return Favourites(
            tuple(cameras[each] for each in kept if each in cameras),
            tuple(branches[each] for each in kept if each in branches),
            len(kept) - len(cameras) - len(branches),
        )

    async def add_favourite(self, actor: Actor, object_id: str) -> None:
        """Keep a camera or a premises; one that is kept already stays so.

        raises: BrightKitchenError "access.none" for what the actor does not see, "favourite.too_many".
        """
        user = self._check(actor, rules.MANAGE)
        if not await self._is_seen(actor, object_id):
            raise await self._missed(actor, object_id)
        async with self._database.write() as connection:
            kept = await store.load_favourites(connection, user)
            if object_id in kept:
                return
            if len(kept) >= MAX_FAVOURITES:
                raise BrightKitchenError(Kind.CONFLICT, "favourite.too_many", most=MAX_FAVOURITES)
            await store.save_favourite(connection, user, object_id, self._clock.utc())

    async def remove_favourite(self, actor: Actor, object_id: str) -> None:
        """Keep it no longer. raises: BrightKitchenError "access.none" for what is not kept."""
        user = self._check(actor, rules.MANAGE)
        async with self._database.write() as connection:
            was_kept = await store.delete_favourite(connection, user, object_id)
        if not was_kept:
            raise await self._missed(actor, object_id)

    # ---- inside

    def _check(self, actor: Actor, action: str) -> UserId:
        """Return who acts. raises: BrightKitchenError "access.none" for nobody, and for whom the action is not."""
        if actor.user is None or not self._policy.check(actor, action).allowed:
            raise not_found()
        return actor.user

    async def _is_seen(self, actor: Actor, object_id: str) -> bool:
        if is_id(object_id, "prm"):
            return bool(await self._tree.load_premises(actor, [object_id]))
        async with self._database.read() as connection:
            return object_id in await self._see(connection, actor, [object_id])

    async def _see(self, connection: AsyncConnection, actor: Actor, ids: list[str]) -> frozenset[str]:
        """Return those of the cameras among `ids` that are in service and in the actor's scope."""
        cameras = [each for each in ids if is_id(each, "cam")]
        return await load_visible(connection, self._policy.grants_for(actor, VIEW_CAMERA), cameras)

    async def _missed(self, actor: Actor, object_id: str) -> BrightKitchenError:
        """Write the miss down; return what to raise."""
        kind, prefix = ("premises", "prm") if is_id(object_id, "prm") else ("camera", "cam")
        await note_miss(self._audit, actor, rules.MANAGE, kind, object_id, prefix=prefix)
        return not_found()


def _premises_of(ids: list[str]) -> list[str]:
    return [each for each in ids if is_id(each, "prm")]
