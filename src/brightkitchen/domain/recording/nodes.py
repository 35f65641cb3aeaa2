"""The media nodes as who runs them sees them: is each there, what does it record, how long will its room last. docs/guide/operate.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.recording import policy as rules
from brightkitchen.domain.recording import store
from brightkitchen.domain.recording.plans import PlanService
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.errors import not_found
from brightkitchen.kernel.ids import CameraId, NodeId
from brightkitchen.kernel.nodeprotocol import Vitals
from brightkitchen.kernel.recordingplan import VolumeState
from brightkitchen.kernel.units import US_PER_S, Utc

KEEP_DAYS_AGE_S: Final = 60.0
LEAST_MEASURED_S: Final = 600
"""A rate is told only after this long: a first minute says nothing of a day."""
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class NodeStanding:
    """How a node stands with control.

    since_at: since when it is so. port: where viewers reach it; None while it is away. has_come: it was there since control began.
    vitals: what it said last, also while it is away.
    """

    is_connected: bool
    since_at: Utc
    has_come: bool = False
    port: int | None = None
    vitals: Vitals | None = None


class KnownNodes(Protocol):
    """Every node of the installation; the node registry fits."""

    def all(self) -> Sequence[NodeId]: ...
    def standing_of(self, node: NodeId) -> NodeStanding: ...


class SaidVolumes(Protocol):
    """What nodes said of their volumes; the recording watch fits."""

    def volumes_of(self, node: NodeId) -> tuple[VolumeState, ...]: ...


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a volume's room comes to, at the rate of the last day.

    rate_bps: bits a second. lasts_days: how long recordings stay before room has to be made for new ones. full_in_s: until the first is
    deleted for want of room; None: what is to be kept has room.
    """

    rate_bps: int
    lasts_days: float
    full_in_s: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Cameras of a node inside somebody's reach. missing: streams that should be recorded and are not, as the list of alarms has them."""

    assigned: int = 0
    recording: int = 0
    resting: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node. asked_days: the shortest and the longest time that its cameras' recordings are to be kept; None: it has no camera."""

    node: NodeId
    standing: NodeStanding
    volumes: tuple[VolumeState, ...]
    counts: Counts
    asked_days: tuple[int, int] | None


def forecast(volume: VolumeState, keep_days: int) -> Forecast | None:
    """Return how long a volume will do. keep_days: how long what lies on it is to be kept; None: it was not measured for long enough."""
    if volume.written_s < LEAST_MEASURED_S or volume.written_bytes <= 0 or volume.state == "missing":
        return None
    bytes_per_s = volume.written_bytes / volume.written_s
    capacity_bytes = volume.used_bytes + volume.room_bytes
    fits = bytes_per_s * keep_days * DAY_S <= capacity_bytes
    return Forecast(
        rate_bps=round(bytes_per_s * 8),
        lasts_days=capacity_bytes / bytes_per_s / DAY_S,
        full_in_s=None if fits else int(volume.room_bytes / bytes_per_s),
    )


def kept_days(volume: VolumeState, now: Utc) -> float | None:
    """Return how far back the recordings on a volume go; None: there are none."""
    return None if volume.oldest_at is None else max(0, now - volume.oldest_at) / US_PER_S / DAY_S


class NodeOverview:
    """One per control process."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        plans: PlanService,
        *,
        nodes: KnownNodes,
        volumes: SaidVolumes,
        board: LiveBoard,
        clock: Clock,
    ) -> None:
        self._database = database
        self._policy = policy
        self._plans = plans
        self._nodes = nodes
        self._volumes = volumes
        self._board = board
        self._clock = clock
        self._asked: Mapping[NodeId, tuple[int, int]] = {}
        self._asked_until_s = 0.0

    async def list_nodes(self, actor: Actor) -> list[NodeView]:
        """Return every node by name; what is counted of cameras is inside the actor's reach. raises: BrightKitchenError "access.none"."""
        if not self._policy.check(actor, rules.VIEW_VOLUME).allowed:
            raise not_found()
        grants = self._policy.grants_for(actor, rules.VIEW_VOLUME)
        async with self._database.read() as connection:
            placed = await store.load_placed(connection, grants)
            missing = await store.count_alarms_by_node(connection, grants)
            now_s = self._clock.mono_s()
            if now_s >= self._asked_until_s:  # a city's rules change now and then, this is asked every few seconds
                self._asked = await self._plans.load_asked_days(connection)
                self._asked_until_s = now_s + KEEP_DAYS_AGE_S
        return [
            NodeView(
                node,
                self._nodes.standing_of(node),
                self._volumes.volumes_of(node),
                self._count(placed.get(node, ()), missing.get(node, 0)),
                self._asked.get(node),
            )
            for node in sorted(self._nodes.all())
        ]

    def _count(self, cameras: Sequence[CameraId], missing: int) -> Counts:
        recording = resting = 0
        for camera in cameras:
            if any(report.recording for report in self._board.of(camera).values()):
                recording += 1
            elif not any(self._board.is_planned(camera, profile) for profile in ("main", "sub")):
                resting += 1
        return Counts(len(cameras), recording, resting, missing)
