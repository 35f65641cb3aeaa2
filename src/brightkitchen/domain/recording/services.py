"""Builds what decides on recordings, once for control, the tests and the benchmark."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.recording.holds import HoldService
from brightkitchen.domain.recording.nodes import KnownNodes, NodeOverview
from brightkitchen.domain.recording.plans import PlanService
from brightkitchen.domain.recording.search import RecordingSearch
from brightkitchen.domain.recording.watch import RecordingWatch
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.ids import NodeId


@dataclass(frozen=True, slots=True)
class RecordingServices:
    """How cameras are recorded, what is held, what is missing, what happened when."""

    plans: PlanService
    holds: HoldService
    watch: RecordingWatch
    search: RecordingSearch
    nodes: NodeOverview


class Nodes(KnownNodes, Protocol):
    """The media nodes as this slice sees them; the node registry fits."""

    def port_of(self, node: NodeId) -> int | None: ...
    def desired_changed(self, node: NodeId) -> None: ...
    def holds_changed(self) -> None: ...


def build_recording(
    database: Database,
    policy: Policy,
    *,
    board: LiveBoard,
    nodes: Nodes,
    audit: AuditTrail,
    clock: Clock,
    entropy: Entropy,
    zone: tzinfo,
) -> RecordingServices:
    """Build the slice's services. zone: the city's, by which a day is open or closed."""
    plans = PlanService(database, policy, audit=audit, nodes=nodes, clock=clock, zone=zone)
    watch = RecordingWatch(database, policy, plans, board=board, nodes=nodes, audit=audit, clock=clock, entropy=entropy)
    return RecordingServices(
        plans,
        HoldService(database, policy, audit=audit, nodes=nodes, clock=clock, entropy=entropy),
        watch,
        RecordingSearch(database, policy, plans),
        NodeOverview(database, policy, plans, nodes=nodes, volumes=watch, board=board, clock=clock),
    )
