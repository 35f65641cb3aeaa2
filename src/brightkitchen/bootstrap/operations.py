"""Builds the slices that keep the city's cameras in operation: the road to service, devices, presence, faults."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.maintenance import policy as maintenance_policy
from brightkitchen.domain.maintenance.devices import DeviceService
from brightkitchen.domain.maintenance.faults import FaultService
from brightkitchen.domain.maintenance.model import HOUR_S, FaultRules
from brightkitchen.domain.maintenance.presence import ConnectedNodes, Presence
from brightkitchen.domain.onboarding import policy as onboarding_policy
from brightkitchen.domain.onboarding.frames import FrameService
from brightkitchen.domain.onboarding.ports import AuditPort, NoDrifts
from brightkitchen.domain.onboarding.service import OnboardingService
from brightkitchen.domain.premises.denominators import DenominatorLog
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.config import Config
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


def build_fault_rules(config: Config) -> FaultRules:
    """Return the rules that the settings name."""
    faults = config.faults
    return FaultRules(
        urban_sla_s=faults.urban_hours * HOUR_S,
        rural_sla_s=faults.rural_hours * HOUR_S,
        offline_after_s=faults.offline_after_s,
        confirm_after_s=faults.confirm_after_s,
        reopen_within_s=faults.reopen_within_days * 24 * HOUR_S,
        batch_premises=faults.batch_premises,
        batch_within_s=faults.batch_within_s,
    )


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
    denominators: DenominatorLog | None = None,
) -> Operations:
    """Register the slices' actions and build their services."""
    onboarding_policy.register_actions(policy)
    maintenance_policy.register_actions(policy)
    limits = limits or FaultRules()
    denominators = denominators or DenominatorLog(clock=clock, entropy=entropy, zone=ZoneInfo(time_zone))
    devices = DeviceService(database, policy, audit=audit, clock=clock, entropy=entropy)
    onboarding = OnboardingService(
        database,
        policy,
        board=board,
        audit=audit,
        inventory=devices,
        drifts=NoDrifts(),
        denominators=denominators,
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
