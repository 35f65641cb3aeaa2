"""Everything behind the web, joined once: control, the tests and the benchmark differ only in what they hand in."""

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from brightkitchen.bootstrap import audit_rules
from brightkitchen.bootstrap.exports import AuditedExports
from brightkitchen.bootstrap.journal import AuditJournal, OperationsAudit
from brightkitchen.bootstrap.operations import Operations, build_operations
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.keyring import KeyRing
from brightkitchen.domain.authz.minter import MediaTokenMinter
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import policy as camera_policy
from brightkitchen.domain.cameras.channels import Channels
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.service import CameraService
from brightkitchen.domain.intake import policy as import_policy
from brightkitchen.domain.intake.ports import Journal as ManyActs
from brightkitchen.domain.intake.reading import Spreadsheets
from brightkitchen.domain.intake.registering import ImportRegister
from brightkitchen.domain.intake.service import ImportService
from brightkitchen.domain.numbers import policy as number_policy
from brightkitchen.domain.numbers.ports import ExportLog
from brightkitchen.domain.numbers.service import NumberService
from brightkitchen.domain.premises import policy as premises_policy
from brightkitchen.domain.premises.ports import Journal
from brightkitchen.domain.premises.service import PremisesService
from brightkitchen.domain.recording import policy as recording_policy
from brightkitchen.domain.recording.services import build_recording
from brightkitchen.domain.users import policy as user_policy
from brightkitchen.domain.users.model import AuthRules
from brightkitchen.domain.users.passwords import PasswordPool
from brightkitchen.domain.users.people_audit import PeopleAudit
from brightkitchen.domain.users.people_services import build_people
from brightkitchen.domain.users.service import UserService
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.datakeys import Purpose
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.netguard import NetGuard
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.web.metrics import ControlMetrics
from brightkitchen.web.nodechannel import NodeRegistry
from brightkitchen.web.options import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the services stand on."""

    database: Database
    sealers: dict[Purpose, FieldSealer]
    nodes: NodeRegistry
    guard: NetGuard
    passwords: PasswordPool
    rules: AuthRules
    supervisor: Supervisor
    metrics: ControlMetrics
    time_zone: str
    clock: Clock
    entropy: Entropy


@dataclass(frozen=True, slots=True)
class Built:
    """The services, and what control runs beside them."""

    services: Services
    keys: KeyRing
    operations: Operations


class ActsJournal(Journal, ManyActs, Protocol):
    """Takes one act or hundreds."""


class Recorders:
    """Where acts and exports are written down; tests put themselves between."""

    def journal(self, audit: AuditTrail) -> ActsJournal:
        return AuditJournal(audit)

    def exports(self, audit: AuditTrail) -> ExportLog:
        return AuditedExports(audit)


async def build_services(ground: Ground, recorders: Recorders | None = None) -> Built:
    """Register every action and build every service; fills the tables of kinds at the first start."""
    recorders = recorders or Recorders()
    database, sealers, clock, entropy = ground.database, ground.sealers, ground.clock, ground.entropy
    zone = ZoneInfo(ground.time_zone)
    audit = AuditTrail(database, clock=clock, entropy=entropy, zone=zone)
    policy = _build_policy()
    keys = KeyRing(database, sealers[Purpose.SIGNING], entropy, clock)
    await keys.refresh()
    users = UserService(
        database,
        policy,
        ground.passwords,
        sealers[Purpose.TOTP],
        audit=audit,
        clock=clock,
        entropy=entropy,
        rules=ground.rules,
    )
    people = build_people(
        database, policy, ground.passwords, users.attempts, PeopleAudit(audit), clock=clock, entropy=entropy
    )
    users.add_listener(ground.nodes)
    people.access.add_listener(ground.nodes)
    board, journal = LiveBoard(), recorders.journal(audit)
    recording = build_recording(
        database, policy, board=board, nodes=ground.nodes, audit=audit, clock=clock, entropy=entropy, zone=zone
    )
    cameras = CameraService(
        database,
        policy,
        sealers[Purpose.CAMERA],
        guard=ground.guard,
        nodes=ground.nodes,
        plans=recording.plans,
        board=board,
        minter=MediaTokenMinter(keys, clock=clock, entropy=entropy),
        audit=audit,
        clock=clock,
        entropy=entropy,
    )
    premises = PremisesService(
        database,
        policy,
        sealers[Purpose.PERSON],
        channels=Channels(),
        journal=journal,
        clock=clock,
        entropy=entropy,
        zone=zone,
    )
    await premises.prepare()
    operations = build_operations(
        database,
        policy,
        board=board,
        nodes=ground.nodes,
        time_zone=ground.time_zone,
        clock=clock,
        entropy=entropy,
        audit=OperationsAudit(audit),
    )
    imports = ImportService(
        database,
        policy,
        sealers[Purpose.CAMERA],
        reader=Spreadsheets(),
        guard=ground.guard,
        nodes=ground.nodes,
        background=ground.supervisor,
        clock=clock,
        entropy=entropy,
        zone=zone,
        register=ImportRegister(journal),
        field_actions=dict(premises_policy.FIELD_ACTIONS),
    )
    numbers = NumberService(database, policy, exports=recorders.exports(audit), clock=clock, zone=zone)
    services = Services(
        users=users,
        people=people,
        cameras=cameras,
        premises=premises,
        audit=audit,
        policy=policy,
        board=board,
        nodes=ground.nodes,
        metrics=ground.metrics,
        clock=clock,
        entropy=entropy,
        imports=imports,
        numbers=numbers,
        onboarding=operations.onboarding,
        frames=operations.frames,
        devices=operations.devices,
        faults=operations.faults,
        recording=recording,
    )
    return Built(services, keys, operations)


def _build_policy() -> Policy:
    policy = Policy()
    audit_rules.register_actions(policy)
    for slice_policy in (camera_policy, premises_policy, user_policy, import_policy, number_policy, recording_policy):
        slice_policy.register_actions(policy)
    return policy
