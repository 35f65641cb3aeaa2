"""Rows of devices and what happened to them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope
from brightkitchen.domain.cameras.store import cameras
from brightkitchen.domain.maintenance.model import AssetOwner, Device, DeviceKind, DeviceRecord, HistoryRow
from brightkitchen.domain.maintenance.states import DeviceState
from brightkitchen.domain.premises.store import premises
from brightkitchen.domain.users.store import users
from brightkitchen.kernel.database import metadata, split_values
from brightkitchen.kernel.ids import CameraId, PremisesId, UserId
from brightkitchen.kernel.units import Utc

devices = sa.Table(
    "devices",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("sn", sa.String(40), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("vendor", sa.String(60), nullable=False),
    sa.Column("model", sa.String(60), nullable=False),
    sa.Column("mac", sa.String(17), nullable=True, index=True),
    sa.Column("gb_id", sa.String(20), nullable=True, unique=True),
    # pinned identity (SECURITY A4)
    sa.Column("pinned_onvif_serial", sa.String(64), nullable=True),
    sa.Column("pinned_banner", sa.String(200), nullable=True),
    sa.Column("pinned_parameters_sha256", sa.String(64), nullable=True),
    sa.Column("network", sa.String(100), nullable=False),
    sa.Column("line_account", sa.String(60), nullable=False),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), nullable=True, index=True),
    sa.Column("camera_id", sa.String(40), sa.ForeignKey(cameras.c.id), nullable=True, unique=True),
    sa.Column("zone", sa.String(16), nullable=True),
    sa.Column("firmware", sa.String(60), nullable=False),
    sa.Column("installed_on", sa.String(10), nullable=True),
    sa.Column("warranty_until_on", sa.String(10), nullable=True),
    sa.Column("asset_owner", sa.String(12), nullable=False),
    sa.Column("storage_days", sa.Integer, nullable=True),
    sa.Column("can_talk", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("state_at", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

device_events = sa.Table(
    "device_events",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("device_id", sa.String(40), sa.ForeignKey(devices.c.id), nullable=False, index=True),
    sa.Column("event", sa.String(12), nullable=False),
    sa.Column("from_state", sa.String(12), nullable=False),
    sa.Column("to_state", sa.String(12), nullable=False),
    sa.Column("actor", sa.String(40), nullable=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
)

DEVICE_SCOPE: Final = ScopeColumns(premises.c.region, premises.c.category, devices.c.premises_id)

_devices = sa.select(
    devices,
    premises.c.region,
    premises.c.category,
    premises.c.name.label("premises_name"),
    cameras.c.name.label("camera_name"),
).select_from(
    devices.outerjoin(premises, premises.c.id == devices.c.premises_id).outerjoin(
        cameras, cameras.c.id == devices.c.camera_id
    )
)


async def load_device(connection: AsyncConnection, device_id: str, *, for_update: bool = False) -> Device | None:
    wanted = _devices.where(devices.c.id == device_id)
    if for_update:
        wanted = wanted.with_for_update(of=devices)
    row = (await connection.execute(wanted)).one_or_none()
    return _device(row) if row else None


async def load_devices(
    connection: AsyncConnection,
    held: Sequence[Grant],
    *,
    state: DeviceState | None,
    text: str,
    after: str,
    limit: int,
) -> list[Device]:
    """Return up to `limit` devices inside the grants, in the order of their ids. text: part of SN, model or premises."""
    wanted = _devices.where(is_in_scope(held, DEVICE_SCOPE), devices.c.id > after)
    if state is not None:
        wanted = wanted.where(devices.c.state == state.value)
    if text:
        fits = [column.contains(text, autoescape=True) for column in (devices.c.sn, devices.c.model, premises.c.name)]
        wanted = wanted.where(sa.or_(*fits))
    return [_device(row) for row in await connection.execute(wanted.order_by(devices.c.id).limit(limit))]


async def count_devices(connection: AsyncConnection, held: Sequence[Grant]) -> dict[DeviceState, int]:
    wanted = (
        sa.select(devices.c.state, sa.func.count())
        .select_from(devices.outerjoin(premises, premises.c.id == devices.c.premises_id))
        .where(is_in_scope(held, DEVICE_SCOPE))
        .group_by(devices.c.state)
    )
    return {DeviceState(state): count for state, count in await connection.execute(wanted)}


async def load_taken(connection: AsyncConnection, device_id: str, record: DeviceRecord) -> str | None:
    """Return which of SN, GB id and camera another device has already, or None."""
    for name, column, value in (
        ("sn", devices.c.sn, record.sn),
        ("gb_id", devices.c.gb_id, record.gb_id),
        ("camera", devices.c.camera_id, record.camera),
    ):
        if value is not None:
            wanted = sa.select(devices.c.id).where(column == value, devices.c.id != device_id)
            if (await connection.execute(wanted)).scalar_one_or_none() is not None:
                return name
    return None


async def load_device_by_sn(connection: AsyncConnection, sn: str) -> Device | None:
    row = (await connection.execute(_devices.where(devices.c.sn == sn))).one_or_none()
    return _device(row) if row else None


async def load_place(connection: AsyncConnection, premises_id: PremisesId) -> Place | None:
    """Return where a premises of the register is."""
    wanted = sa.select(premises.c.region, premises.c.category).where(
        premises.c.id == premises_id, premises.c.retired_at.is_(None)
    )
    row = (await connection.execute(wanted)).one_or_none()
    return Place(row.region, row.category, premises_id) if row else None


async def save_new_device(connection: AsyncConnection, device: Device, now: Utc) -> None:
    await connection.execute(devices.insert().values(id=device.id, created_at=now, **_device_values(device, now)))


async def save_device(connection: AsyncConnection, device: Device, now: Utc) -> None:
    await connection.execute(devices.update().where(devices.c.id == device.id).values(**_device_values(device, now)))


async def delete_device(connection: AsyncConnection, device_id: str) -> None:
    await connection.execute(device_events.delete().where(device_events.c.device_id == device_id))
    await connection.execute(devices.delete().where(devices.c.id == device_id))


async def save_device_event(
    connection: AsyncConnection, event_id: str, device_id: str, row: HistoryRow, actor: UserId | None
) -> None:
    await connection.execute(
        device_events.insert().values(
            id=event_id,
            device_id=device_id,
            event=row.event,
            from_state=row.from_state,
            to_state=row.to_state,
            actor=actor,
            at=row.at,
            reason=row.note,
        )
    )


async def load_device_history(connection: AsyncConnection, device_id: str) -> list[HistoryRow]:
    wanted = (
        sa.select(device_events, device_events.c.reason.label("note"), users.c.display_name)
        .outerjoin(users, users.c.id == device_events.c.actor)
        .where(device_events.c.device_id == device_id)
        .order_by(device_events.c.at.desc(), device_events.c.id.desc())
        .limit(200)
    )
    return [
        HistoryRow(row.event, row.from_state, row.to_state, Utc(row.at), row.display_name or "", row.note)
        for row in await connection.execute(wanted)
    ]


async def load_linked(connection: AsyncConnection, ids: Sequence[CameraId]) -> list[Device]:
    """Return the devices that are linked to these channels."""
    found = []
    for some in split_values(ids):
        rows = await connection.execute(_devices.where(devices.c.camera_id.in_(some)))
        found += [_device(row) for row in rows]
    return found


def _device_values(device: Device, now: Utc) -> Mapping[str, Any]:  # Any: what a column takes
    record = device.record
    return {
        "sn": record.sn,
        "kind": record.kind.value,
        "vendor": record.vendor,
        "model": record.model,
        "mac": record.mac,
        "gb_id": record.gb_id,
        "pinned_onvif_serial": record.pinned_onvif_serial,
        "pinned_banner": record.pinned_banner,
        "pinned_parameters_sha256": record.pinned_parameters_sha256,
        "network": record.network,
        "line_account": record.line_account,
        "premises_id": record.premises,
        "camera_id": record.camera,
        "zone": record.zone,
        "firmware": record.firmware,
        "installed_on": record.installed_on,
        "warranty_until_on": record.warranty_until_on,
        "asset_owner": record.asset_owner.value,
        "storage_days": record.storage_days,
        "can_talk": record.can_talk,
        "state": device.state.value,
        "state_at": device.state_at,
        "updated_at": now,
        "version": device.version,
    }


def _device(row: sa.Row[tuple[object, ...]]) -> Device:
    premises_id = PremisesId(row.premises_id) if row.premises_id else None
    return Device(
        id=row.id,
        record=DeviceRecord(
            sn=row.sn,
            kind=DeviceKind(row.kind),
            vendor=row.vendor,
            model=row.model,
            mac=row.mac,
            gb_id=row.gb_id,
            pinned_onvif_serial=row.pinned_onvif_serial,
            pinned_banner=row.pinned_banner,
            pinned_parameters_sha256=row.pinned_parameters_sha256,
            network=row.network,
            line_account=row.line_account,
            premises=premises_id,
            camera=CameraId(row.camera_id) if row.camera_id else None,
            zone=row.zone,
            firmware=row.firmware,
            installed_on=row.installed_on,
            warranty_until_on=row.warranty_until_on,
            asset_owner=AssetOwner(row.asset_owner),
            storage_days=row.storage_days,
            can_talk=row.can_talk,
        ),
        state=DeviceState(row.state),
        state_at=Utc(row.state_at),
        version=row.version,
        place=Place(row.region or "", row.category or "", premises_id),
        premises_name=row.premises_name or "",
        camera_name=row.camera_name or "",
    )
