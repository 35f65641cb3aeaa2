"""The device inventory: what there is, where it is, and whose it is (DOMAIN §3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import NOWHERE, Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.maintenance import device_store
from brightkitchen.domain.maintenance import policy as rules
from brightkitchen.domain.maintenance.model import (
    MAX_NOTE_CHARS,
    Device,
    DeviceKind,
    DeviceRecord,
    HistoryRow,
    unfit_fields,
)
from brightkitchen.domain.maintenance.states import DEVICE_TABLE, SYSTEM_DEVICE_EVENTS, DeviceEvent, DeviceState
from brightkitchen.domain.onboarding.model import PlannedCamera
from brightkitchen.domain.onboarding.ports import AuditPort
from brightkitchen.domain.onboarding.store import load_allowed_zones
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.deviceids import parse_mac
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, FieldErrors, Kind, Term, field_error, not_found
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId, is_id, new_id
from brightkitchen.kernel.units import Utc

MAX_PAGE: Final = 100

_FOLLOWING: Final = {
    Activity.ACTIVE: (DeviceEvent.ACTIVATE, DeviceEvent.RECOVER),
    Activity.DEGRADED: (DeviceEvent.DEGRADE,),
    Activity.OFFLINE: (DeviceEvent.DROP,),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a device goes with `assign` (premises) and `install` (camera and zone, each if it has one)."""

    premises: str | None = None
    camera: str | None = None
    zone: str | None = None


class DeviceService:
    """Everything one can do with devices. Objects are reached through `access_device` only."""

    def __init__(self, database: Database, policy: Policy, *, audit: AuditPort, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._entropy = entropy

    async def access_device(self, actor: Actor, device_id: str, action: str) -> Device:
        """raises: BrightKitchenError "access.none"."""
        async with self._database.read() as connection:
            return await self._access(connection, actor, device_id, action)

    async def load_history(self, actor: Actor, device_id: str) -> list[HistoryRow]:
        """Return what happened to a device, the newest first. raises: BrightKitchenError "access.none"."""
        async with self._database.read() as connection:
            found = await self._access(connection, actor, device_id, rules.VIEW_DEVICE)
            return await device_store.load_device_history(connection, found.id)

    async def list_devices(
        self, actor: Actor, *, state: DeviceState | None, text: str, after: str, limit: int
    ) -> tuple[list[Device], str | None, dict[DeviceState, int]]:
        """Return a page, where the next one begins, and how many devices in reach are in each state."""
        if not self._policy.check(actor, rules.VIEW_DEVICE).allowed:
            raise not_found()
        grants = self._policy.grants_for(actor, rules.VIEW_DEVICE)
        async with self._database.read() as connection:
            found = await device_store.load_devices(
                connection, grants, state=state, text=text, after=after, limit=limit + 1
            )
            counts = await device_store.count_devices(connection, grants)
        return found[:limit], found[limit - 1].id if len(found) > limit else None, counts

    async def add_device(self, actor: Actor, record: DeviceRecord) -> Device:
        """Enter a device: into stock (whoever serves the whole city), or straight as assigned to a premises.

        raises: BrightKitchenError "access.none", "web.fields", "device.taken".
        """
        now = self._clock.utc()
        record = _checked(record)
        async with self._database.write() as connection:
            place = NOWHERE
            if record.premises is not None:
                found = await device_store.load_place(connection, record.premises)
                if found is None:
                    raise not_found()
                place = found
            state = DeviceState.ASSIGNED if record.premises is not None else DeviceState.STOCK
            device = Device(
                id=new_id("dev", self._entropy),
                record=replace(record, camera=None, zone=None),
                state=state,
                state_at=now,
                version=1,
                place=place,
            )
            if not self._policy.check(actor, rules.ADD_DEVICE, device).allowed:
                raise not_found()
            await _check_free(connection, device.id, device.record)
            await device_store.save_new_device(connection, device, now)
            await self._audit.append(connection, rules.ADD_DEVICE, actor=actor, place=place, device=device.id)
            return await self._reload(connection, device.id)

    async def change_device(
        self, actor: Actor, device_id: str, record: DeviceRecord, *, expected_version: int | None
    ) -> Device:
        """Change what is written of a device; where it is changes by `move_device` only.

        raises: BrightKitchenError "access.none", "edit.conflict", "web.fields", "device.taken".
        """
        now = self._clock.utc()
        async with self._database.write() as connection:
            old = await self._access(connection, actor, device_id, rules.CHANGE_DEVICE, for_update=True)
            if expected_version is not None and old.version != expected_version:
                raise BrightKitchenError(Kind.CONFLICT, "edit.conflict")
            kept = replace(record, premises=old.record.premises, camera=old.record.camera, zone=old.record.zone)
            new = replace(old, record=_checked(kept), version=old.version + 1)
            await _check_free(connection, new.id, new.record)
            await device_store.save_device(connection, new, now)
            await self._audit.append(
                connection, rules.CHANGE_DEVICE, actor=actor, place=old.place, device=old.id, version=new.version
            )
            return await self._reload(connection, old.id)

    async def remove_device(self, actor: Actor, device_id: str) -> None:
        """Forget a device that was entered by mistake; one that was ever assigned is scrapped instead.

        raises: BrightKitchenError "access.none", "device.in_use".
        """
        async with self._database.write() as connection:
            old = await self._access(connection, actor, device_id, rules.REMOVE_DEVICE, for_update=True)
            if old.state is not DeviceState.STOCK or await device_store.load_device_history(connection, old.id):
                raise BrightKitchenError(Kind.CONFLICT, "device.in_use")
            await device_store.delete_device(connection, old.id)
            await self._audit.append(
                connection, rules.REMOVE_DEVICE, actor=actor, place=old.place, device=old.id, sn=old.record.sn
            )

    async def move_device(
        self, actor: Actor, device_id: str, event: DeviceEvent, *, target: Target, reason: str
    ) -> Device:
        """Move a device by the table.

        raises: BrightKitchenError "access.none", "device.not_now", "web.fields", "device.taken",
        "onboarding.zone_refused".
        """
        now = self._clock.utc()
        async with self._database.write() as connection:
            old = await self._access(connection, actor, device_id, rules.MOVE_DEVICE, for_update=True)
            if event in SYSTEM_DEVICE_EVENTS or (old.state, event) not in DEVICE_TABLE:
                raise _not_now(old.state, event)
            if len(reason) > MAX_NOTE_CHARS:
                raise FieldErrors(field_error("reason"))
            new = old
            if event is DeviceEvent.ASSIGN:
                new = await self._assigned(connection, actor, old, target)
            elif event is DeviceEvent.INSTALL:
                new = await _installed(connection, old, target)
            elif event in (DeviceEvent.UNASSIGN, DeviceEvent.SCRAP):
                new = replace(old, record=replace(old.record, premises=None, camera=None, zone=None))
            await self._move(connection, new, event, actor.user, now, reason.strip())
            await self._audit.append(
                connection, rules.MOVE_DEVICE, actor=actor, place=old.place, device=old.id, event=event.value
            )
            return await self._reload(connection, old.id)

    async def assign_planned(
        self,
        connection: AsyncConnection,
        premises: PremisesId,
        cameras: Sequence[PlannedCamera],
        *,
        actor: UserId | None,
        now: Utc,
    ) -> None:
        """Take the cameras of a work order from stock, or enter them, as ASSIGNED to the premises.

        raises: BrightKitchenError "device.taken".
        """
        for planned in cameras:
            found = await device_store.load_device_by_sn(connection, planned.sn)
            if found is None:
                found = Device(
                    id=new_id("dev", self._entropy),
                    record=_checked(
                        DeviceRecord(
                            sn=planned.sn,
                            kind=DeviceKind.IPC,
                            model=planned.model.strip(),
                            mac=planned.mac,
                            gb_id=planned.gb_id or None,
                        )
                    ),
                    state=DeviceState.STOCK,
                    state_at=now,
                    version=1,
                    place=NOWHERE,
                )
                await _check_free(connection, found.id, found.record)
                await device_store.save_new_device(connection, found, now)
            elif found.record.premises == premises:
                continue
            elif found.state is not DeviceState.STOCK:
                raise BrightKitchenError(Kind.CONFLICT, "device.taken", field="work_order.cameras", value=planned.sn)
            given = replace(found, record=replace(found.record, premises=premises))
            await self._move(connection, given, DeviceEvent.ASSIGN, actor, now, "")

    async def follow(self, connection: AsyncConnection, turned: dict[CameraId, Activity], now: Utc) -> None:
        """Let the devices linked to these channels follow what the channels became."""
        for device in await device_store.load_linked(connection, sorted(turned)):
            assert device.record.camera is not None
            for event in _FOLLOWING.get(turned[device.record.camera], ()):
                if (device.state, event) in DEVICE_TABLE:
                    await self._move(connection, device, event, None, now, "")

    # ---- inside

    async def _access(
        self, connection: AsyncConnection, actor: Actor, device_id: str, action: str, *, for_update: bool = False
    ) -> Device:
        if is_id(device_id, "dev"):
            found = await device_store.load_device(connection, device_id, for_update=for_update)
            if found is not None and self._policy.check(actor, action, found).allowed:
                return found
        raise not_found()

    async def _assigned(self, connection: AsyncConnection, actor: Actor, old: Device, target: Target) -> Device:
        place = await device_store.load_place(connection, PremisesId(target.premises or ""))
        new = replace(
            old, place=place or NOWHERE, record=replace(old.record, premises=PremisesId(target.premises or ""))
        )
        if place is None or not self._policy.check(actor, rules.MOVE_DEVICE, new).allowed:
            raise FieldErrors(field_error("premises"))
        return new

    async def _move(
        self,
        connection: AsyncConnection,
        device: Device,
        event: DeviceEvent,
        actor: UserId | None,
        now: Utc,
        reason: str,
    ) -> None:
        """Write the move: state, version, one row of history."""
        to = DEVICE_TABLE[device.state, event]
        now = Utc(max(now, device.state_at + 1))  # the moves of one device have an order
        await device_store.save_device(
            connection, replace(device, state=to, state_at=now, version=device.version + 1), now
        )
        row = HistoryRow(event.value, device.state.value, to.value, now, "", reason)
        await device_store.save_device_event(connection, new_id("dve", self._entropy), device.id, row, actor)

    async def _reload(self, connection: AsyncConnection, device_id: str) -> Device:
        found = await device_store.load_device(connection, device_id)
        assert found is not None
        return found


async def _installed(connection: AsyncConnection, old: Device, target: Target) -> Device:
    """Link the device to a channel of its premises, if it is a camera, and note the zone."""
    record = old.record
    if target.camera is not None:
        camera = await camera_store.load_camera(connection, CameraId(target.camera))
        if camera is None or camera.premises != record.premises:
            raise FieldErrors(field_error("camera"))
        record = replace(record, camera=camera.id, zone=camera.zone)
    if target.zone is not None:
        if target.zone not in await load_allowed_zones(connection):
            raise BrightKitchenError(Kind.INVALID, "onboarding.zone_refused", field="zone")
        record = replace(record, zone=target.zone)
    await _check_free(connection, old.id, record)
    return replace(old, record=record)


def _checked(record: DeviceRecord) -> DeviceRecord:
    """Return the record with its MAC in house form. raises: BrightKitchenError "web.fields"."""
    problems = list(unfit_fields(record))
    if record.mac is not None:
        try:
            record = replace(record, mac=parse_mac(record.mac))
        except ValueError:
            problems.append("mac")
    if problems:
        raise FieldErrors(*map(field_error, problems))
    return record


async def _check_free(connection: AsyncConnection, device_id: str, record: DeviceRecord) -> None:
    taken = await device_store.load_taken(connection, device_id, record)
    if taken is not None:
        value = {"sn": record.sn, "gb_id": record.gb_id or "", "camera": record.camera or ""}[taken]
        raise BrightKitchenError(Kind.CONFLICT, "device.taken", field=taken, value=value)


def _not_now(state: DeviceState, event: DeviceEvent) -> BrightKitchenError:
    return BrightKitchenError(
        Kind.CONFLICT,
        "device.not_now",
        state=Term(f"device.state.{state.value.lower()}"),
        event=Term(f"device.event.{event.value}"),
    )
