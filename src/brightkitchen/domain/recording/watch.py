"""Is everything recorded that should be? Asked every 15 s, from what nodes said last; nothing relies on an event having come.

A stream that should be recorded and is not for `PATIENCE_S` opens an alarm with its reason; 30 s of recording close it. The time counts
from the last picture on disk, not from when somebody noticed: a camera whose plug was pulled is noticed by its silence only. The nodes
ask themselves the same every minute and mend what they can (`media.node`): two loops with different eyes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from brightkitchen.domain.audit.model import DELETION
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.model import Actor
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import store as camera_store
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.recording import policy as rules
from brightkitchen.domain.recording import store
from brightkitchen.domain.recording.model import Alarm, AlarmReason
from brightkitchen.domain.recording.plans import PlanService
from brightkitchen.kernel.camerastate import CameraState, StreamReport
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import not_found
from brightkitchen.kernel.ids import CameraId, NodeId, new_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.recordingplan import DeletedRange, VolumeState
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

EVERY_S: Final = 15.0
PATIENCE_S: Final = 40.0
"""With `EVERY_S` and the way of the reports, less than a minute (SECURITY A3)."""
SETTLED_S: Final = 30.0
BEHIND_US: Final = 45 * US_PER_S
"""A file is written to once a second; what is further behind than this is not written to."""
MAX_PAGE: Final = 100
MAX_DETAILS: Final = 200


class ConnectedNodes(Protocol):
    """Which nodes speak with control now; the node registry fits."""

    def port_of(self, node: NodeId) -> int | None:
        """None while the node is away."""


@dataclass(slots=True)
class _Doubt:
    """Since when (on our own clock) a stream is not as it should be, and from when nothing was recorded."""

    since_s: float
    since_at: Utc


def find_reason(report: StreamReport | None, *, is_node_there: bool, now: Utc) -> str | None:
    """Return why a stream that should be recorded is not; None if it is. A word of `AlarmReason` or of `camerastate.Reason`."""
    if not is_node_there:
        return AlarmReason.NODE_AWAY.value
    if report is None:
        return AlarmReason.UNREPORTED.value
    if report.state not in (CameraState.LIVE, CameraState.DEGRADED):
        return report.reason.value if report.reason else AlarmReason.NO_PICTURES.value
    if not report.recording:
        return AlarmReason.NOT_WRITING.value
    if report.recorded_until_at is None or now - report.recorded_until_at > BEHIND_US:
        return AlarmReason.BEHIND.value
    return None


class RecordingWatch:
    """One per control process."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        plans: PlanService,
        *,
        board: LiveBoard,
        nodes: ConnectedNodes,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._policy = policy
        self._plans = plans
        self._board = board
        self._nodes = nodes
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._doubts: dict[tuple[str, str], _Doubt] = {}
        self._due_since_s: dict[tuple[str, str], float] = {}
        self._settling: dict[tuple[str, str], float] = {}
        self._volumes: dict[NodeId, tuple[VolumeState, ...]] = {}

    async def run(self) -> None:
        """Look for ever; the supervisor restarts it when it fails."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY_S)

    async def look(self) -> None:
        """Compare once; open and close alarms in one transaction."""
        now, now_s = self._clock.utc(), self._clock.mono_s()
        async with self._database.read() as connection:
            wanted = await self._plans.load_wanted(connection)
            nodes = await camera_store.load_nodes(connection)
            opened = await store.load_open_alarms(connection)
        self._board.note_resting(
            frozenset(
                (camera, profile)
                for camera, profiles in wanted.items()
                for profile in ("main", "sub")
                if profile not in profiles
            )
        )
        missing: dict[tuple[str, str], tuple[str, Utc]] = {}
        due: set[tuple[str, str]] = set()
        for camera, profiles in wanted.items():
            node = nodes.get(camera)
            if node is None:
                continue  # a channel of the register without an address
            reports = self._board.of(camera)
            is_node_there = self._nodes.port_of(node) is not None
            for profile in profiles:
                due.add((camera, profile))
                report = reports.get(profile)
                reason = find_reason(report, is_node_there=is_node_there, now=now)
                if reason is not None:
                    since = report.recorded_until_at if report is not None else None
                    missing[(camera, profile)] = (reason, Utc(min(since or now, now)))
        await self._write(missing, due, opened, now, now_s)

    async def _write(
        self,
        missing: Mapping[tuple[str, str], tuple[str, Utc]],
        due: set[tuple[str, str]],
        opened: Mapping[tuple[str, str], tuple[str, str]],
        now: Utc,
        now_s: float,
    ) -> None:
        self._due_since_s = {key: self._due_since_s.get(key, now_s) for key in due}
        self._doubts = {key: doubt for key, doubt in self._doubts.items() if key in missing}
        new: list[dict[str, object]] = []
        changed: list[tuple[str, str]] = []
        for key, (reason, since_at) in missing.items():
            doubt = self._doubts.get(key)
            if doubt is None:
                # What lags without a word from its node waits for the whole patience: it may be our clock that was set.
                dark_s = (now - since_at) / US_PER_S if reason != AlarmReason.BEHIND else 0.0
                doubt = self._doubts[key] = _Doubt(max(self._due_since_s[key], now_s - dark_s), since_at)
            known = opened.get(key)
            if known is None and now_s - doubt.since_s >= PATIENCE_S:
                new.append(
                    {
                        "id": new_id("ral", self._entropy),
                        "camera_id": key[0],
                        "profile": key[1],
                        "reason": reason,
                        "since_at": doubt.since_at,
                        "opened_at": now,
                        "closed_at": None,
                    }
                )
            elif known is not None and known[1] != reason:
                changed.append((known[0], reason))
        over = self._find_over(missing, due, opened, now_s)
        if not (new or changed or over):
            return
        async with self._database.write() as connection:
            if new:
                await store.open_alarms(connection, new)
            for alarm, reason in changed:
                await store.change_alarm(connection, alarm, reason)
            if over:
                await store.close_alarms(connection, [opened[key][0] for key in over], now)
        for row in new:
            log.error("not recorded", camera=row["camera_id"], profile=row["profile"], reason=row["reason"])
        camera_of = {alarm: key[0] for key, (alarm, _reason) in opened.items()}
        told = {
            *(str(row["camera_id"]) for row in new),
            *(key[0] for key in over),
            *(camera_of[each] for each, _ in changed),
        }
        for camera in sorted(told):
            self._board.announce_work(CameraId(camera))

    def _find_over(
        self,
        missing: Mapping[tuple[str, str], tuple[str, Utc]],
        due: set[tuple[str, str]],
        opened: Mapping[tuple[str, str], tuple[str, str]],
        now_s: float,
    ) -> list[tuple[str, str]]:
        """An alarm is over when it was recorded for a while, or when nothing is to be recorded any more."""
        fine = [key for key in opened if key not in missing]
        self._settling = {key: self._settling.get(key, now_s) for key in fine}
        return [key for key in fine if key not in due or now_s - self._settling[key] >= SETTLED_S]

    # ---- for people

    async def list_alarms(
        self,
        actor: Actor,
        *,
        is_open: bool | None,
        region: str = "",
        node: str = "",
        before: tuple[int, str] | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[list[Alarm], tuple[int, str] | None, int]:
        """Return a page, the newest first, where the next one begins, and how many are open.

        region: that one with all below it, "" = all. node: where their cameras are placed, "" = anywhere.
        """
        if not self._policy.check(actor, rules.VIEW_ALARM).allowed:
            raise not_found()
        grants = self._policy.grants_for(actor, rules.VIEW_ALARM)
        async with self._database.read() as connection:
            found = await store.load_alarms(
                connection, grants, is_open=is_open, before=before, limit=limit + 1, region=region, node=node
            )
            count = await store.count_open_alarms(connection, grants, region, node)
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], (last.opened_at, last.id) if last else None, count

    def volumes_of(self, node: NodeId) -> tuple[VolumeState, ...]:
        """Return what the node said last; () if it said nothing since control began."""
        return self._volumes.get(node, ())

    # ---- what nodes say

    def note_volumes(self, node: NodeId, volumes: Sequence[VolumeState]) -> None:
        """Keep it; what is not well is an error in the log each time it changes."""
        before = {volume.name: volume.state for volume in self._volumes.get(node, ())}
        for volume in volumes:
            if volume.state != before.get(volume.name, "ok"):
                say = log.info if volume.state == "ok" else log.error
                say("volume changed", node=node, volume=volume.name, state=volume.state, free_bytes=volume.free_bytes)
        self._volumes[node] = tuple(volumes)

    async def note_deletions(self, node: NodeId, ranges: Sequence[DeletedRange]) -> int:
        """Write proofs of deletion into the audit, each once however often the node says it; returns how many name no camera.

        raises: BrightKitchenError "audit.not_written"; the node then says it again.
        """
        async with self._database.write() as connection:
            known = await camera_store.load_cameras_ever(connection, {each.camera for each in ranges})
            written = await store.load_known_deletions(connection, [each.id for each in ranges])
            fresh = {each.id: each for each in ranges if each.camera in known and each.id not in written}
            if fresh:
                await store.insert_deletions(connection, node, list(fresh.values()))
                entries = [
                    self._audit.entry(
                        DELETION,
                        object_kind="recording",
                        object_id=each.id,
                        premises_id=known[each.camera].place.premises or "",
                        camera_id=each.camera,
                        region=known[each.camera].place.region,
                        reason=each.why,
                        detail={
                            "node": node,
                            "profile": each.profile,
                            "from_at": each.from_at,
                            "to_at": each.to_at,
                            "files": each.files,
                            "size_bytes": each.size_bytes,
                            "digest": each.digest,
                            "plan_version": each.plan_version,
                            "spared": each.spared,
                            "deleted_at": each.deleted_at,
                        },
                    )
                    for each in fresh.values()
                ]
                await self._audit.append(connection, *entries)
        return sum(1 for each in ranges if each.camera not in known)
