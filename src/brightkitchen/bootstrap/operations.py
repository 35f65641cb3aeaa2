"""Builds the slices that keep the city's cameras in operation: the road to service, devices, presence, faults."""

from dataclasses import dataclass

from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.maintenance import policy as maintenance_policy
from brightkitchen.domain.maintenance.devices import DeviceService
from brightkitchen.domain.maintenance.faults import FaultService
from brightkitchen.domain.maintenance.model import FaultRules
from brightkitchen.domain.maintenance.presence import ConnectedNodes, Presence
from brightkitchen.domain.onboarding import policy as onboarding_policy
from brightkitchen.domain.onboarding.frames import FrameService
from brightkitchen.domain.onboarding.ports import AuditPort, NoDrifts
from brightkitchen.domain.onboarding.service import OnboardingService
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy


@dataclass(frozen=True, slots=True)
class Operations:
    """What was built."""

    onboarding: OnboardingService
    frames: FrameService
    devices: DeviceService
    faults: FaultService
    presence: Presence


def build_operations(
    database: Database,
    policy: Policy,
    *,
    board: LiveBoard,
    nodes: ConnectedNodes,
    time_zone: str,
    clock: Clock,
    entropy: Entropy,
    audit: AuditPort,
    limits: FaultRules | None = None,
) -> Operations:
    """Register the slices' actions and build their services."""
    onboarding_policy.register_actions(policy)
    maintenance_policy.register_actions(policy)
    limits = limits or FaultRules()
    devices = DeviceService(database, policy, audit=audit, clock=clock, entropy=entropy)
    onboarding = OnboardingService(
        database,
        policy,
        board=board,
        audit=audit,
        inventory=devices,
        drifts=NoDrifts(),
        time_zone=time_zone,
        clock=clock,
        entropy=entropy,
    )
    frames = FrameService(database, policy, onboarding, board=board, audit=audit, clock=clock, entropy=entropy)
    faults = FaultService(
        database, policy, board=board, audit=audit, limits=limits, time_zone=time_zone, clock=clock, entropy=entropy
    )
    presence = Presence(
        database,
        board=board,
        nodes=nodes,
        devices=devices,
        faults=faults,
        onboarding=onboarding,
        limits=limits,
        clock=clock,
    )
    return Operations(onboarding, frames, devices, faults, presence)
