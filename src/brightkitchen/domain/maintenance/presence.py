"""Whether pictures come: every 15 s what the nodes report is compared with what each channel is said to be.

The rules, for a channel whose first frame was approved (a NEW one only gets its spell):

- pictures → ACTIVE; pictures that have not been as promised for 60 s → DEGRADED;
- no pictures for 5 minutes → OFFLINE, and the spell begins where the last picture was, not when we noticed;
- **unknown is not an outage.** While a node is not connected, while control has not heard from it since control started, and
  while a stream rests on purpose (STANDBY), the last spell goes on. A restart of control therefore changes nothing: when
  the node reports again, a channel that is live stays in its spell, and one that went dark meanwhile is OFFLINE since its
  last picture, which the node knows. What a node itself missed is in its recordings as a gap, not here.

All that changed in one look is one transaction: spells, channels, linked devices, `premises.is_complete`.
"""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from brightkitchen.domain.cameras.channels import recompute_complete
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.model import Activity
from brightkitchen.domain.cameras.spells import begin_spell, load_open_spells
from brightkitchen.domain.maintenance import presence_store
from brightkitchen.domain.maintenance.devices import DeviceService
from brightkitchen.domain.maintenance.faults import FaultService
from brightkitchen.domain.maintenance.model import FaultRules
from brightkitchen.domain.maintenance.presence_store import Watched
from brightkitchen.domain.onboarding.service import OnboardingService
from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.ids import CameraId, NodeId
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

EVERY_S: Final = 15.0
DEGRADED_AFTER_US: Final = 60 * US_PER_S
_RESUME_EVERY_US: Final = 60 * US_PER_S


class ConnectedNodes(Protocol):
    """Which nodes speak with control now; the node registry fits."""

    def port_of(self, node: NodeId) -> int | None:
        """None while the node is away."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a channel becomes, since when, and why (a word of `camerastate.Reason`, or "")."""

    activity: Activity
    from_at: Utc
    reason: str


def decide_turn(
    activity: Activity, report: StreamReport, *, dark_from_at: Utc, now: Utc, offline_after_us: int
) -> Turn | None:
    """Return what the channel turns into, or None if it stays. dark_from_at: when the last picture came, at the latest."""
    reason = report.reason.value if report.reason else ""
    since_at = Utc(min(report.since_at, now))
    if report.state is CameraState.STANDBY or activity is Activity.NEW:
        return None
    if report.state is CameraState.LIVE:
        return None if activity is Activity.ACTIVE else Turn(Activity.ACTIVE, since_at, reason)
    if report.state is CameraState.DEGRADED:
        is_lasting = now - since_at >= DEGRADED_AFTER_US
        if activity is Activity.OFFLINE or (activity is Activity.ACTIVE and is_lasting):
            return Turn(Activity.DEGRADED, since_at, reason)
        return None
    if activity is not Activity.OFFLINE and now - dark_from_at >= offline_after_us:
        return Turn(Activity.OFFLINE, dark_from_at, reason)
    return None


class Presence:
    """Looks every 15 s. One per control process."""

    def __init__(
        self,
        database: Database,
        *,
        board: LiveBoard,
        nodes: ConnectedNodes,
        devices: DeviceService,
        faults: FaultService,
        onboarding: OnboardingService,
        limits: FaultRules,
        clock: Clock,
    ) -> None:
        self._database = database
        self._board = board
        self._nodes = nodes
        self._devices = devices
        self._faults = faults
        self._onboarding = onboarding
        self._offline_after_us = limits.offline_after_s * US_PER_S
        self._clock = clock
        self._dark_seen_at: dict[CameraId, Utc] = {}
        self._resumed_at = Utc(0)

    async def run(self) -> None:
        """Look for ever; the supervisor restarts it when it fails."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY_S)

    async def look(self) -> None:
        """Compare once, write what changed, and let the fault tickets follow."""
        now = self._clock.utc()
        if now - self._resumed_at >= _RESUME_EVERY_US:
            await self._onboarding.resume_ended()
            self._resumed_at = now
        async with self._database.read() as connection:
            watched = await presence_store.load_watched(connection)
            spells = await load_open_spells(connection)
        turns: dict[CameraId, Turn] = {}
        for each in watched:
            spell = spells.get(each.camera)
            turn = self._turn_of(each, now)
            if turn is None and (spell is None or spell.activity.value != each.activity):
                # no spell yet, or somebody else changed the channel (a new address makes it NEW): begin where it changed
                turn = Turn(Activity(each.activity), each.activity_at or now, "")
            if turn is not None:
                turns[each.camera] = turn
        await self._faults.follow(await self._write(watched, turns, now), now)

    def _turn_of(self, each: Watched, now: Utc) -> Turn | None:
        report = self._board.of(each.camera).get("main")
        if report is None or self._nodes.port_of(NodeId(each.node)) is None:
            self._dark_seen_at.pop(each.camera, None)
            return None
        if report.state in (CameraState.CONNECTING, CameraState.OFFLINE):
            seen_at = self._dark_seen_at.setdefault(each.camera, now)
        else:
            self._dark_seen_at.pop(each.camera, None)
            seen_at = now
        dark_from_at = Utc(min(report.last_frame_at or seen_at, now))
        return decide_turn(
            Activity(each.activity),
            report,
            dark_from_at=dark_from_at,
            now=now,
            offline_after_us=self._offline_after_us,
        )

    async def _write(self, watched: list[Watched], turns: dict[CameraId, Turn], now: Utc) -> list[Watched]:
        """Write the turns; returns the channels as they are then."""
        if not turns:
            return watched
        begun: dict[CameraId, Utc] = {}
        async with self._database.write() as connection:
            # whoever was quicker (an approval, a change of address) is right; we look again in 15 s
            current = await presence_store.load_activities(connection, sorted(turns))
            stale = {each.camera for each in watched if current.get(each.camera) != (each.activity, each.activity_at)}
            turns = {camera: turn for camera, turn in turns.items() if camera not in stale}
            for camera, turn in turns.items():
                begun[camera] = await begin_spell(connection, camera, turn.activity, turn.from_at, turn.reason)
            await self._devices.follow(connection, {camera: turn.activity for camera, turn in turns.items()}, now)
            touched = {each.premises for each in watched if each.camera in turns and each.premises is not None}
            await recompute_complete(connection, touched)
        for camera, turn in turns.items():
            log.info("channel turned", camera=camera, activity=turn.activity.value, reason=turn.reason)
            self._board.announce(camera)
        return [
            replace(each, activity=turns[each.camera].activity.value, activity_at=begun[each.camera])
            if each.camera in turns
            else each
            for each in watched
        ]
