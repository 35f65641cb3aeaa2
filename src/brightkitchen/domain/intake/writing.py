"""Plans become rows: a batch in few statements, each unit whole or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from brightkitchen.domain.cameras.model import CameraLogin
from brightkitchen.domain.cameras.store import camera_credentials, camera_zones, cameras, seal_login
from brightkitchen.domain.intake.matching import CameraStep, Plan
from brightkitchen.domain.premises.store import premises
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import NodeId, PremisesId, new_id
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.units import Utc


@dataclass(slots=True)
class Written:
    """What a batch did. premises: row number → id. signed_on: those that are to be signed → ISO date. nodes: those whose cameras
    changed."""

    premises: dict[int, PremisesId] = field(default_factory=dict)
    new: list[PremisesId] = field(default_factory=list)
    changed: list[PremisesId] = field(default_factory=list)
    signed_on: dict[PremisesId, str] = field(default_factory=dict)
    nodes: set[NodeId] = field(default_factory=set)


@dataclass(slots=True)
class _Statements:
    premises: list[dict[str, object]] = field(default_factory=list)
    cameras: list[dict[str, object]] = field(default_factory=list)
    zones: list[dict[str, object]] = field(default_factory=list)
    logins: list[dict[str, object]] = field(default_factory=list)
    replaced_zones: list[str] = field(default_factory=list)
    replaced_logins: list[str] = field(default_factory=list)
    changed: list[tuple[sa.Table, str, dict[str, object]]] = field(default_factory=list)


class BatchWriter:
    """Writes plans in the caller's transaction."""

    def __init__(
        self,
        sealer: FieldSealer,
        entropy: Entropy,
        *,
        now: Utc,
        load: Mapping[str, int],
        nodes: Sequence[NodeId],
    ) -> None:
        """load: node → cameras it has. nodes: those that cameras may be placed on, at least one."""
        self._sealer = sealer
        self._entropy = entropy
        self._now = now
        self._load = {node: load.get(node, 0) for node in nodes}
        self._out = _Statements()
        self._written = Written()

    async def write(self, connection: AsyncConnection, plans: Iterable[tuple[int, Plan]]) -> Written:
        """Write every plan; raises what the database raises, and then nothing of it is kept."""
        for number, plan in plans:
            self._add(number, plan)
        out = self._out
        for ids, table, column in (
            (out.replaced_zones, camera_zones, "camera_id"),
            (out.replaced_logins, camera_credentials, "camera_id"),
        ):
            if ids:
                await connection.execute(table.delete().where(table.c[column].in_(ids)))
        for table, rows in (
            (premises, out.premises),
            (cameras, out.cameras),
            (camera_zones, out.zones),
            (camera_credentials, out.logins),
        ):
            if rows:
                await connection.execute(table.insert(), rows)
        for table, row_id, values in out.changed:
            await connection.execute(table.update().where(table.c.id == row_id).values(**values))
        return self._written

    def _add(self, number: int, plan: Plan) -> None:
        changes = dict(plan.changes)
        signed_on = changes.pop("signed_on", None)
        if plan.row is None:
            premises_id = PremisesId(new_id("prm", self._entropy))
            self._out.premises.append(self._new_premises(premises_id, changes))
            self._written.new.append(premises_id)
            name = str(changes["name"])
        else:
            premises_id = PremisesId(str(plan.row["id"]))
            name = str(changes.get("name", plan.row["name"]))
            if changes:
                self._out.changed.append((premises, premises_id, self._changed_premises(plan.row, changes)))
            if plan.changes or plan.cameras:
                self._written.changed.append(premises_id)
        if isinstance(signed_on, str):
            self._written.signed_on[premises_id] = signed_on
        self._written.premises[number] = premises_id
        for step in plan.cameras:
            self._add_camera(premises_id, name, step)

    def _new_premises(self, premises_id: PremisesId, given: Mapping[str, object]) -> dict[str, object]:
        values = {column.name: None for column in premises.columns} | {
            "hours": "",
            "present_zones": "",
            "is_due": True,
            "is_complete": False,
            "is_demo": False,
            "state": "LEAD",
            "state_at": self._now,
            "created_at": self._now,
            "updated_at": self._now,
            "version": 1,
        }
        return values | dict(given) | {"id": premises_id}

    def _changed_premises(self, row: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
        version = row["version"]
        assert isinstance(version, int)
        return dict(given) | {"updated_at": self._now, "version": version + 1}

    def _add_camera(self, premises_id: PremisesId, premises_name: str, step: CameraStep) -> None:
        draft, url = step.draft, step.draft.url
        values: dict[str, object] = {
            "name": draft.name,
            "premises_name": premises_name,
            "premises_id": premises_id,
            "zone": draft.zone,
            "tls": url.tls,
            "updated_at": self._now,
        }
        if draft.sub_path is not None or step.row is None:
            values["path_sub"] = draft.sub_path
        if step.row is None:
            camera_id, node = new_id("cam", self._entropy), self._least_loaded()
            values |= {
                "id": camera_id,
                "host": url.host.lower(),
                "port": url.port,
                "path_main": url.path,
                "transport": "auto",
                "record": "main",
                "audio": True,
                "allow_basic": False,
                "node": node,
                "epoch": 1,
                "created_at": self._now,
                "version": 1,
                "retired_at": None,
                "activity": "NEW",
                "activity_at": self._now,
                "approved_by": None,
                "approved_at": None,
            }
            self._out.cameras.append(values)
        else:
            camera_id, node = str(step.row["id"]), NodeId(str(step.row["node"]))
            version, epoch = step.row["version"], step.row["epoch"]
            assert isinstance(version, int)
            assert isinstance(epoch, int)
            moved = step.row["tls"] != url.tls or step.login is not None
            values |= {"version": version + 1, "epoch": epoch + 1 if moved else epoch}
            self._out.changed.append((cameras, camera_id, values))
            self._out.replaced_zones.append(camera_id)
        self._written.nodes.add(node)
        self._out.zones += [{"camera_id": camera_id, "zone": zone} for zone in draft.more_zones]
        if step.login is not None:
            self._out.replaced_logins.append(camera_id)
            self._out.logins.append(self._sealed(camera_id, url.host.lower(), step))

    def _sealed(self, camera_id: str, host: str, step: CameraStep) -> dict[str, object]:
        assert step.login is not None
        given = step.login
        login = CameraLogin(given.username, given.password, given.main_path, given.sub_path)
        sealed = seal_login(self._sealer, camera_id, login)
        return {"camera_id": camera_id, "host": host, "updated_at": self._now, **sealed}

    def _least_loaded(self) -> NodeId:
        node = min(self._load, key=lambda each: (self._load[each], each))
        self._load[node] += 1
        return node
