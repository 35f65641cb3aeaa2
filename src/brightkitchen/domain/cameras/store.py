"""Rows of cameras and their sealed log-ins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.authz.model import Grant, Place
from brightkitchen.domain.authz.queries import ScopeColumns, is_in_scope, region_clause
from brightkitchen.domain.cameras.model import ONLINE, TROUBLED, Activity, Camera, CameraFilter, CameraLogin
from brightkitchen.domain.premises.model import SMALL_M2, Need
from brightkitchen.domain.premises.store import categories, category_zones, premises, zones
from brightkitchen.kernel.camerapath import has_secret, mask_path
from brightkitchen.kernel.database import metadata, split_values
from brightkitchen.kernel.ids import CameraId, NodeId, PremisesId, UserId
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import Utc, optional_utc

_TABLE: Final = "camera_credentials"

cameras = sa.Table(
    "cameras",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("premises_name", sa.String(100), nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("tls", sa.Boolean, nullable=False),
    sa.Column("path_main", sa.String(1024), nullable=False),
    sa.Column("path_sub", sa.String(1024), nullable=True),
    sa.Column("transport", sa.String(8), nullable=False),
    sa.Column("record", sa.String(20), nullable=False),
    sa.Column("audio", sa.Boolean, nullable=False),
    sa.Column("allow_basic", sa.Boolean, nullable=False),
    sa.Column("node", sa.String(40), nullable=False, index=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("retired_at", sa.BigInteger, nullable=True),
    sa.Column("premises_id", sa.String(40), sa.ForeignKey(premises.c.id), nullable=True),
    # whether the must-zone counts (R-CAM-2): NEW until a regulator approved the first frame, then ACTIVE, DEGRADED, OFFLINE
    sa.Column("activity", sa.String(12), nullable=False),
    sa.Column("activity_at", sa.BigInteger, nullable=False),
    sa.Column("approved_by", sa.String(40), nullable=True),
    sa.Column("approved_at", sa.BigInteger, nullable=True),
    # who put it in service: that person may not approve its first frame
    sa.Column("added_by", sa.String(40), nullable=True),
    # since when nobody may see it, because it showed a refused zone; by NULL: the system, from the zone's own words
    sa.Column("quarantined_at", sa.BigInteger, nullable=True),
    sa.Column("quarantined_by", sa.String(40), nullable=True),
    sa.Column("quarantine_zone", sa.String(40), nullable=True),
    sa.Column("quarantine_reason", sa.String(200), nullable=True),
    # an address is looked up for every camera that is added or imported
    sa.Index("ix_cameras_host_port", "host", "port"),
    # what the numbers ask of every camera, so that counting never reads the table
    sa.Index(
        "ix_cameras_premises_id_zone_activity_retired_at_id", "premises_id", "zone", "activity", "retired_at", "id"
    ),
)

camera_zones = sa.Table(
    "camera_zones",
    metadata,
    sa.Column("camera_id", sa.String(40), sa.ForeignKey("cameras.id"), primary_key=True),
    sa.Column("zone", sa.String(16), sa.ForeignKey(zones.c.code), primary_key=True),
)

camera_spells = sa.Table(
    "camera_spells",
    metadata,
    sa.Column("camera_id", sa.String(40), sa.ForeignKey("cameras.id"), primary_key=True),
    # how long a channel was in each activity: the source of every online rate; one open row a camera
    sa.Column("from_at", sa.BigInteger, primary_key=True),
    sa.Column("to_at", sa.BigInteger, nullable=True, index=True),
    sa.Column("activity", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
)

camera_credentials = sa.Table(
    _TABLE,
    metadata,
    sa.Column("camera_id", sa.String(40), sa.ForeignKey("cameras.id"), primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("username_sealed", sa.LargeBinary, nullable=False),
    sa.Column("password_sealed", sa.LargeBinary, nullable=False),
    # JSON of the main and the sub path where these carry a log-in; NULL: neither does
    sa.Column("paths_sealed", sa.LargeBinary, nullable=True),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

_PATHS: Final = (cameras.c.path_main, cameras.c.path_sub)
_with_login = sa.select(
    cameras,
    camera_credentials.c.camera_id.is_not(None).label("has_credential"),
    premises.c.name.label("premises_known_as"),
    premises.c.region,
    premises.c.category,
).select_from(
    cameras.outerjoin(camera_credentials, camera_credentials.c.camera_id == cameras.c.id).outerjoin(
        premises, premises.c.id == cameras.c.premises_id
    )
)
SCOPE: Final = ScopeColumns(premises.c.region, premises.c.category, cameras.c.premises_id)
"""How a row of `_with_login` is placed."""
_in_service = cameras.c.retired_at.is_(None)
is_online: Final = cameras.c.activity.in_([each.value for each in ONLINE])
# What belongs to one kitchen stands together on a page.
_ORDER: Final = (sa.func.coalesce(premises.c.name, cameras.c.premises_name), cameras.c.name, cameras.c.id)
_placed = sa.select(*_ORDER).select_from(cameras.outerjoin(premises, premises.c.id == cameras.c.premises_id))
MAX_WORDS: Final = 8


async def load_camera(connection: AsyncConnection, camera: CameraId, *, for_update: bool = False) -> Camera | None:
    """Return a camera in service. for_update: nobody else changes it until the transaction ends."""
    wanted = _with_login.where(_in_service, cameras.c.id == camera)
    if for_update:
        wanted = wanted.with_for_update(of=cameras)
    row = (await connection.execute(wanted)).one_or_none()
    return (await _with_more_zones(connection, [_camera(row)]))[0] if row else None


async def load_cameras(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Camera]:
    """Return those of `ids` that are in service."""
    rows = await connection.execute(_with_login.where(_in_service, cameras.c.id.in_(list(ids))))
    return {camera.id: camera for camera in await _with_more_zones(connection, [_camera(row) for row in rows])}


async def load_visible(connection: AsyncConnection, grants: Sequence[Grant], ids: Iterable[str]) -> frozenset[str]:
    """Return those of `ids` that are in service and inside the grants."""
    placed = sa.select(cameras.c.id).outerjoin(premises, premises.c.id == cameras.c.premises_id)
    wanted = placed.where(_in_service, is_in_scope(grants, SCOPE))
    found: set[str] = set()
    for chunk in split_values(list(ids)):
        found.update((await connection.execute(wanted.where(cameras.c.id.in_(chunk)))).scalars())
    return frozenset(found)


async def load_cameras_ever(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Camera]:
    """Return those of `ids` that are there, retired ones included."""
    rows = await connection.execute(_with_login.where(cameras.c.id.in_(list(ids))))
    return {camera.id: camera for camera in await _with_more_zones(connection, [_camera(row) for row in rows])}


async def load_page(
    connection: AsyncConnection, grants: Sequence[Grant], asked: CameraFilter, *, after: str, limit: int
) -> list[Camera]:
    """Return up to `limit` cameras in service inside the grants, by premises and name, those after the camera `after`."""
    wanted = _with_login.where(_in_service, is_in_scope(grants, SCOPE), *narrow(asked))
    if after:
        wanted = wanted.where(sa.tuple_(*_ORDER) > await _load_order(connection, after))
    wanted = wanted.order_by(*_ORDER).limit(limit)
    return await _with_more_zones(connection, [_camera(row) for row in await connection.execute(wanted)])


async def _load_order(connection: AsyncConnection, camera: str) -> sa.Tuple:
    """Return where a camera stands in the order, retired or not; one that was never there stands before all."""
    row = (await connection.execute(_placed.where(cameras.c.id == camera))).one_or_none()
    return sa.tuple_(*(row if row is not None else ("", "", "")))


async def count_cameras(connection: AsyncConnection, grants: Sequence[Grant], asked: CameraFilter) -> int:
    """Return how many cameras in service `load_page` would find in all pages together."""
    counted = sa.select(sa.func.count()).select_from(
        cameras.outerjoin(premises, premises.c.id == cameras.c.premises_id)
    )
    wanted = counted.where(_in_service, is_in_scope(grants, SCOPE), *narrow(asked))
    return int((await connection.execute(wanted)).scalar_one())


def narrow(asked: CameraFilter) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a filter on cameras joined with their premises. % and _ of its text are what they are."""
    parts: list[sa.ColumnElement[bool]] = []
    for column, value in (
        (cameras.c.premises_id, asked.premises),
        (premises.c.category, asked.category),
        (premises.c.risk_grade, asked.grade),
        (cameras.c.zone, asked.zone),
        (cameras.c.activity, asked.activity),
        (cameras.c.node, asked.node),
    ):
        if value:
            parts.append(column == value)
    inside = region_clause(asked.region, premises.c.region)
    if inside is not None:
        parts.append(inside)
    if asked.connected is not None:
        parts.append((cameras.c.host != "") == asked.connected)
    if asked.placed is not None:
        parts.append(cameras.c.premises_id.is_not(None) if asked.placed else cameras.c.premises_id.is_(None))
    if asked.must_zones:
        parts.append(_shows_must_zone())
    if asked.online:
        parts.append(is_online)
    if asked.is_abnormal:
        parts.append(is_abnormal(asked))
    if asked.ids:
        parts.append(cameras.c.id.in_(asked.ids))
    parts += [_has_word(word) for word in asked.text.lower().split()[:MAX_WORDS]]
    return parts


def is_abnormal(asked: CameraFilter) -> sa.ColumnElement[bool]:
    """Return "the register or a node says that something is wrong with the camera"; the nodes' part is in the filter."""
    ways = [cameras.c.activity.in_([each.value for each in TROUBLED])]
    ways += [cameras.c.id.in_(named) for named in (asked.failing, asked.unrecorded) if named]
    return sa.or_(*ways)


def _shows_must_zone() -> sa.ColumnElement[bool]:
    """Return "the camera counts for a zone without which its premises is not complete" (R-CAM-2).

    The same answer as the cameras of `coverage.build_coverage`'s required rows; a test compares them. A camera of a zone that is asked
    for only where there is one says that there is one. Sets that are made once, not a question for each camera.
    """
    needed = category_zones.c.need.in_((Need.MUST.value, Need.MUST_IF_PRESENT.value))
    needs = categories.join(category_zones, category_zones.c.zone_profile == categories.c.zone_profile)
    own = sa.select(categories.c.code, category_zones.c.zone).select_from(needs).where(needed)
    room, lens = premises.alias("room"), cameras.alias("lens")
    extras = (
        needs.join(room, room.c.category == categories.c.code)
        .join(lens, lens.c.premises_id == room.c.id)
        .join(
            camera_zones,
            sa.and_(camera_zones.c.camera_id == lens.c.id, camera_zones.c.zone == category_zones.c.zone),
        )
    )
    is_small = sa.and_(category_zones.c.may_be_shared.is_(sa.true()), room.c.area_m2 <= SMALL_M2)
    return sa.or_(
        sa.tuple_(premises.c.category, cameras.c.zone).in_(own),
        cameras.c.id.in_(sa.select(lens.c.id).select_from(extras).where(needed, is_small)),
    )


def _has_word(word: str) -> sa.ColumnElement[bool]:
    """Return the condition that a name, the initials or the host has `word`, which is in lower case."""
    columns = [cameras.c.name, cameras.c.premises_name, premises.c.name]
    if "." in word or ":" in word:
        columns.append(cameras.c.host)
    ways = [sa.func.lower(column).contains(word, autoescape=True) for column in columns]
    if word.isascii() and word.isalnum():
        ways.append(premises.c.initials.contains(word, autoescape=True))
    return sa.or_(*ways)


async def _with_more_zones(connection: AsyncConnection, found: Sequence[Camera]) -> list[Camera]:
    """Return the cameras with what else they show."""
    more: dict[str, list[str]] = {}
    wanted = sa.select(camera_zones).where(camera_zones.c.camera_id.in_([camera.id for camera in found]))
    for row in await connection.execute(wanted.order_by(camera_zones.c.zone)):
        more.setdefault(row.camera_id, []).append(row.zone)
    return [replace(each, more_zones=tuple(more[each.id])) if each.id in more else each for each in found]


async def load_unapproved(connection: AsyncConnection, grants: Sequence[Grant], *, limit: int) -> list[Camera]:
    """Return up to `limit` channels of premises inside the grants that no regulator approved, the oldest first."""
    is_new = sa.and_(
        cameras.c.activity == Activity.NEW.value,
        cameras.c.premises_id.is_not(None),
        cameras.c.quarantined_at.is_(None),
    )
    wanted = _with_login.where(_in_service, is_new, is_in_scope(grants, SCOPE))
    wanted = wanted.order_by(cameras.c.activity_at, cameras.c.id).limit(limit)
    return await _with_more_zones(connection, [_camera(row) for row in await connection.execute(wanted)])


async def load_node_cameras(connection: AsyncConnection, node: NodeId) -> list[Camera]:
    """Return every camera in service that is placed on `node`."""
    wanted = _with_login.where(_in_service, cameras.c.node == node).order_by(cameras.c.id)
    return [_camera(row) for row in await connection.execute(wanted)]


async def load_nodes(connection: AsyncConnection) -> dict[CameraId, NodeId]:
    """Return where each camera in service that has an address is placed."""
    wanted = sa.select(cameras.c.id, cameras.c.node).where(_in_service, cameras.c.host != "")
    return {CameraId(row.id): NodeId(row.node) for row in await connection.execute(wanted)}


async def load_same_stream(
    connection: AsyncConnection, *, host: str, port: int, path_main: str, other_than: str = ""
) -> str | None:
    """Return the name of another camera in service with the same address, if there is one."""
    wanted = sa.select(cameras.c.name).where(
        _in_service,
        cameras.c.host == host,
        cameras.c.port == port,
        cameras.c.path_main == path_main,
        cameras.c.id != other_than,
    )
    name = (await connection.execute(wanted.limit(1))).scalar_one_or_none()
    return None if name is None else str(name)


async def count_by_node(connection: AsyncConnection) -> dict[str, int]:
    """Return how many cameras in service each node has."""
    placed = _in_service & (cameras.c.node != "")
    wanted = sa.select(cameras.c.node, sa.func.count()).where(placed).group_by(cameras.c.node)
    return {row[0]: row[1] for row in await connection.execute(wanted)}


async def save_new_camera(connection: AsyncConnection, camera: Camera) -> None:
    fixed = {"id": camera.id, "created_at": camera.created_at, "added_by": camera.added_by}
    await connection.execute(cameras.insert().values(**fixed, **_values(camera)))
    await _save_more_zones(connection, camera)


async def save_approval(connection: AsyncConnection, camera: CameraId, *, by: UserId, at: Utc) -> None:
    """Note which officer approved the first frame."""
    await connection.execute(cameras.update().where(cameras.c.id == camera).values(approved_by=by, approved_at=at))


async def save_camera(connection: AsyncConnection, camera: Camera, *, was_version: int) -> bool:
    """Write a changed camera over version `was_version`. returns: False if it is not that version any more."""
    where = (cameras.c.id == camera.id) & (cameras.c.version == was_version)
    if (await connection.execute(cameras.update().where(where).values(**_values(camera)))).rowcount != 1:
        return False
    await connection.execute(camera_zones.delete().where(camera_zones.c.camera_id == camera.id))
    await _save_more_zones(connection, camera)
    return True


async def _save_more_zones(connection: AsyncConnection, camera: Camera) -> None:
    if camera.more_zones:
        rows = [{"camera_id": camera.id, "zone": zone} for zone in camera.more_zones]
        await connection.execute(camera_zones.insert(), rows)


async def move_cameras(connection: AsyncConnection, *, away_from: Sequence[str], to: NodeId, now: Utc) -> int:
    """Place cameras of nodes that no longer exist on `to`, with a new epoch; returns how many.

    away_from: the nodes that stay. Everything placed elsewhere moves.
    """
    lost = _in_service & (cameras.c.host != "") & cameras.c.node.not_in(list(away_from))
    result = await connection.execute(
        cameras.update().where(lost).values(node=to, epoch=cameras.c.epoch + 1, updated_at=now)
    )
    return int(result.rowcount)


async def save_login(
    connection: AsyncConnection, sealer: FieldSealer, camera: Camera, login: CameraLogin, now: Utc
) -> None:
    """Seal and keep the log-in, bound to the camera's row and host."""
    await delete_login(connection, camera.id)
    await connection.execute(
        camera_credentials.insert().values(
            camera_id=camera.id, host=camera.host, updated_at=now, **seal_login(sealer, camera.id, login)
        )
    )


def seal_login(sealer: FieldSealer, camera: str, login: CameraLogin) -> dict[str, bytes | None]:
    """Return the sealed columns of a log-in, bound to the camera's row."""
    paths = None
    if login.main_path or login.sub_path:
        text = msgspec.json.encode((login.main_path, login.sub_path)).decode()
        paths = sealer.seal(text, table=_TABLE, column="paths_sealed", row=camera)
    return {
        "username_sealed": sealer.seal(login.username, table=_TABLE, column="username_sealed", row=camera),
        "password_sealed": sealer.seal(login.password, table=_TABLE, column="password_sealed", row=camera),
        "paths_sealed": paths,
    }


def open_login(sealer: FieldSealer, camera: str, row: Mapping[str, Any]) -> CameraLogin:
    """Return the log-in of sealed columns. Any: rows of many columns. raises: SealBroken."""
    main_path, sub_path = "", ""
    if row["paths_sealed"] is not None:
        text = sealer.open(row["paths_sealed"], table=_TABLE, column="paths_sealed", row=camera)
        main_path, sub_path = msgspec.json.decode(text, type=tuple[str, str])
    return CameraLogin(
        sealer.open(row["username_sealed"], table=_TABLE, column="username_sealed", row=camera),
        sealer.open(row["password_sealed"], table=_TABLE, column="password_sealed", row=camera),
        main_path,
        sub_path,
    )


async def load_login(connection: AsyncConnection, sealer: FieldSealer, camera: Camera) -> CameraLogin | None:
    """Return the log-in if it was given for the host the camera has now. raises: SealBroken."""
    wanted = sa.select(camera_credentials).where(
        camera_credentials.c.camera_id == camera.id, camera_credentials.c.host == camera.host
    )
    row = (await connection.execute(wanted)).one_or_none()
    return open_login(sealer, camera.id, row._asdict()) if row is not None else None


async def load_open_paths(connection: AsyncConnection) -> list[Camera]:
    """Return all cameras, retired ones too, whose paths carry a log-in in clear."""
    rows = await connection.execute(_with_login.where(sa.or_(*(each.contains("=") for each in _PATHS))))
    found = [_camera(row) for row in rows]
    return [camera for camera in found if has_secret(camera.path_main) or has_secret(camera.path_sub or "")]


async def save_masked_paths(connection: AsyncConnection, camera: Camera) -> None:
    """Keep the paths masked; its node asks for the log-in again."""
    values = {
        "path_main": mask_path(camera.path_main),
        "path_sub": mask_path(camera.path_sub) if camera.path_sub is not None else None,
        "epoch": camera.epoch + 1,
    }
    await connection.execute(cameras.update().where(cameras.c.id == camera.id).values(**values))


async def delete_login(connection: AsyncConnection, camera: CameraId) -> None:
    await connection.execute(camera_credentials.delete().where(camera_credentials.c.camera_id == camera))


def _values(camera: Camera) -> dict[str, object]:
    return {
        "name": camera.name,
        "premises_name": camera.premises_name,
        "zone": camera.zone,
        "host": camera.host,
        "port": camera.port,
        "tls": camera.tls,
        "path_main": camera.path_main,
        "path_sub": camera.path_sub,
        "transport": camera.transport,
        "record": ",".join(camera.record),
        "audio": camera.audio,
        "allow_basic": camera.allow_basic,
        "node": camera.node,
        "epoch": camera.epoch,
        "updated_at": camera.updated_at,
        "version": camera.version,
        "retired_at": camera.retired_at,
        "premises_id": camera.premises,
        "activity": camera.activity.value,
        "activity_at": camera.activity_at,
        "approved_by": camera.approved_by,
        "approved_at": camera.approved_at,
    }


def _camera(row: sa.Row[tuple[object, ...]]) -> Camera:
    return Camera(
        id=CameraId(row.id),
        name=row.name,
        premises_name=row.premises_known_as or row.premises_name,
        premises=PremisesId(row.premises_id) if row.premises_id is not None else None,
        place=Place(row.region or "", row.category or "", PremisesId(row.premises_id) if row.premises_id else None),
        zone=row.zone,
        host=row.host,
        port=row.port,
        tls=row.tls,
        path_main=row.path_main,
        path_sub=row.path_sub,
        transport=row.transport,
        record=tuple(part for part in row.record.split(",") if part),
        audio=row.audio,
        allow_basic=row.allow_basic,
        has_credential=bool(row.has_credential),
        node=NodeId(row.node),
        epoch=row.epoch,
        created_at=Utc(row.created_at),
        updated_at=Utc(row.updated_at),
        version=row.version,
        retired_at=optional_utc(row.retired_at),
        activity=Activity(row.activity),
        activity_at=Utc(row.activity_at),
        approved_by=UserId(row.approved_by) if row.approved_by is not None else None,
        approved_at=optional_utc(row.approved_at),
        added_by=UserId(row.added_by) if row.added_by is not None else None,
        quarantined_at=Utc(row.quarantined_at) if row.quarantined_at is not None else None,
        quarantine_zone=row.quarantine_zone or "",
    )
