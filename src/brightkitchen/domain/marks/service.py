"""Marking moments of cameras, saying why, and taking one's marks back. A mark holds no recording: that is a hold."""

import re
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import Entry
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.audited import note_miss, who
from brightkitchen.domain.authz.model import Actor, Decision
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.model import Camera
from brightkitchen.domain.cameras.policy import PLAY
from brightkitchen.domain.marks import policy as rules
from brightkitchen.domain.marks import store
from brightkitchen.domain.marks.model import AHEAD_US, DAY_US, MAX_A_DAY, MAX_NOTE_CHARS, OLDEST_US, Mark, side_of
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, not_found
from brightkitchen.kernel.ids import UserId, is_id, new_id
from brightkitchen.kernel.units import Utc, format_utc

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class MarkService:
    """Makes marks and takes them back. They are read as events of a camera (`recording.search`)."""

    def __init__(
        self, database: Database, policy: Policy, audit: AuditTrail, *, clock: Clock, entropy: Entropy
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._entropy = entropy

    async def add_mark(self, actor: Actor, camera_id: str, *, at: Utc, note: str = "") -> Mark:
        """Mark a moment of a camera whose recordings the actor may see.

        raises: BrightKitchenError "access.none", "mark.at", "mark.note", "mark.too_many".
        """
        now = self._clock.utc()
        async with self._database.write() as connection:
            camera = await self._load_camera(connection, camera_id)
            decision = self._decide(actor, camera, rules.ADD)
            if camera is not None and decision is not None and actor.user is not None:
                if not now - OLDEST_US <= at <= now + AHEAD_US:
                    raise BrightKitchenError(Kind.INVALID, "mark.at", field="at")
                checked = _checked_note(note)
                if await store.count_made_since(connection, actor.user, Utc(now - DAY_US)) >= MAX_A_DAY:
                    raise BrightKitchenError(Kind.CONFLICT, "mark.too_many", most=MAX_A_DAY)
                new = Mark(
                    id=new_id("mrk", self._entropy),
                    camera=camera.id,
                    at=at,
                    note=checked,
                    side=side_of(decision.role),
                    by=actor.user,
                    by_name="",
                    made_at=now,
                )
                await store.save_new_mark(connection, new)
                await self._audit.append(connection, self._entry(actor, "mark.add", camera, None, new))
                made = await store.load_mark(connection, new.id)
                assert made is not None
                return made
        await note_miss(self._audit, actor, rules.ADD, "camera", camera_id, prefix="cam")
        raise not_found()

    async def change_note(self, actor: Actor, mark_id: str, note: str) -> Mark:
        """Say something else of one's own mark. raises: BrightKitchenError "access.none", "mark.note"."""
        async with self._database.write() as connection:
            old, camera = await self._access_own(connection, actor, mark_id)
            if old is not None and camera is not None:
                new = replace(old, note=_checked_note(note))
                await store.save_note(connection, new.id, new.note)
                await self._audit.append(connection, self._entry(actor, "mark.change", camera, old, new))
                return new
        raise await self._missed(actor, mark_id)

    async def remove_mark(self, actor: Actor, mark_id: str) -> None:
        """Take one's own mark back. raises: BrightKitchenError "access.none"."""
        async with self._database.write() as connection:
            old, camera = await self._access_own(connection, actor, mark_id)
            if old is not None and camera is not None:
                await store.delete_mark(connection, old.id)
                await self._audit.append(connection, self._entry(actor, "mark.remove", camera, old, None))
                return
        raise await self._missed(actor, mark_id)

    def abilities(self, actor: Actor, by: UserId | None) -> tuple[str, ...]:
        """Return what the actor may do with a mark that he sees, made by `by`."""
        is_own = by is not None and actor.user == by
        return (rules.CHANGE,) if is_own and self._policy.check(actor, rules.CHANGE).allowed else ()

    # ---- inside

    async def _load_camera(self, connection: AsyncConnection, camera: str) -> Camera | None:
        """Return a camera, also one that was removed: its recordings may still be there."""
        if not is_id(camera, "cam"):
            return None
        return (await camera_store.load_cameras_ever(connection, [camera])).get(camera)

    def _decide(self, actor: Actor, camera: Camera | None, action: str) -> Decision | None:
        """Return by which role the actor may do that, None if not at all: whoever marks must see what is marked."""
        if camera is None or not self._policy.check(actor, PLAY, camera).allowed:
            return None
        decision = self._policy.check(actor, action, camera)
        return decision if decision.allowed else None

    async def _access_own(
        self, connection: AsyncConnection, actor: Actor, mark_id: str
    ) -> tuple[Mark | None, Camera | None]:
        mark = await store.load_mark(connection, mark_id) if is_id(mark_id, "mrk") else None
        if mark is None or mark.by != actor.user:
            return None, None
        camera = await self._load_camera(connection, mark.camera)
        return (mark, camera) if self._decide(actor, camera, rules.CHANGE) is not None else (None, None)

    async def _missed(self, actor: Actor, mark_id: str) -> BrightKitchenError:
        """Write the miss down; return what to raise."""
        await note_miss(self._audit, actor, rules.CHANGE, "mark", mark_id, prefix="mrk")
        return not_found()

    def _entry(self, actor: Actor, act: str, camera: Camera, old: Mark | None, new: Mark | None) -> Entry:
        mark = new or old
        assert mark is not None
        return self._audit.entry(
            audited.CHANGE,
            who(actor),
            object_kind="mark",
            object_id=mark.id,
            premises_id=camera.premises or "",
            camera_id=camera.id,
            region=camera.place.region,
            detail={"act": act, "at": format_utc(mark.at)},
            names={
                f"{when}.note": each.note
                for when, each in (("old", old), ("new", new))
                if each is not None and each.note
            },
        )


def _checked_note(note: str) -> str:
    """Return the note as it is kept. raises: BrightKitchenError "mark.note"."""
    stripped = note.strip()
    if len(stripped) > MAX_NOTE_CHARS or _CONTROL.search(stripped):
        raise BrightKitchenError(Kind.INVALID, "mark.note", field="note", most=MAX_NOTE_CHARS)
    return stripped
