"""Everything behind the web, joined once: control, the tests and the benchmark differ only in what they hand in."""

from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from brightkitchen.bootstrap import audit_rules
from brightkitchen.bootstrap.evidence import Evidence, EvidenceGround, build_evidence
from brightkitchen.bootstrap.exports import AuditedExports
from brightkitchen.bootstrap.inforce import build_in_force
from brightkitchen.bootstrap.journal import AuditJournal, OperationsAudit
from brightkitchen.bootstrap.operations import Operations, build_operations
from brightkitchen.domain.audit.anchors import AnchorFolder
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.keyring import KeyRing
from brightkitchen.domain.authz.minter import MediaTokenMinter
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras import policy as camera_policy
from brightkitchen.domain.cameras.channels import Channels
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.quarantine import QuarantineService
from brightkitchen.domain.cameras.service import CameraService
from brightkitchen.domain.cameras.tree import CameraTree
from brightkitchen.domain.inquiry import policy as inquiry_policy
from brightkitchen.domain.inquiry.service import AuditInquiry
from brightkitchen.domain.intake import policy as import_policy
from brightkitchen.domain.intake.ports import Journal as ManyActs
from brightkitchen.domain.intake.reading import Spreadsheets
from brightkitchen.domain.intake.registering import ImportRegister
from brightkitchen.domain.intake.service import ImportService
from brightkitchen.domain.maintenance.model import FaultRules
from brightkitchen.domain.numbers import policy as number_policy
from brightkitchen.domain.numbers.ports import ExportLog
from brightkitchen.domain.numbers.service import NumberService
from brightkitchen.domain.onboarding.policy import action_of
from brightkitchen.domain.onboarding.states import Event
from brightkitchen.domain.overview import policy as overview_policy
from brightkitchen.domain.overview.service import OverviewService
from brightkitchen.domain.premises import policy as premises_policy
from brightkitchen.domain.premises.denominators import DenominatorLog
from brightkitchen.domain.premises.initials import InitialsSession, initials_here
from brightkitchen.domain.premises.ports import Journal
from brightkitchen.domain.premises.service import PremisesService
from brightkitchen.domain.recording import policy as recording_policy
from brightkitchen.domain.recording.services import build_recording
from brightkitchen.domain.system import policy as system_policy
from brightkitchen.domain.system.exports import ListExports
from brightkitchen.domain.system.service import InForce, SystemService
from brightkitchen.domain.users import policy as user_policy
from brightkitchen.domain.users.model import AuthRules, SignOnRules
from brightkitchen.domain.users.oidc import SingleSignOn
from brightkitchen.domain.users.oidc_provider import ProviderDesk
from brightkitchen.domain.users.passwords import PasswordPool
from brightkitchen.domain.users.people_audit import PeopleAudit
from brightkitchen.domain.users.people_services import PeopleServices, build_people
from brightkitchen.domain.users.service import UserService
from brightkitchen.domain.users.trail import Trail
from brightkitchen.domain.walls import policy as wall_policy
from brightkitchen.domain.walls.service import WallService
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.datakeys import Purpose
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.netguard import NetGuard
from brightkitchen.kernel.outgoing import OutgoingHttp
from brightkitchen.kernel.sealing import FieldSealer
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.web.metrics import ControlMetrics
from brightkitchen.web.nodechannel import NodeRegistry
from brightkitchen.web.options import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the services stand on.

    sign_on_http: how the single sign-on is spoken to, None = through `guard`. anchors: where the audit's anchors are kept, None = nowhere.
    in_force: what people are told of the settings.
    """

    database: Database
    sealers: dict[Purpose, FieldSealer]
    nodes: NodeRegistry
    guard: NetGuard
    passwords: PasswordPool
    rules: AuthRules
    supervisor: Supervisor
    metrics: ControlMetrics
    evidence: EvidenceGround
    time_zone: str
    clock: Clock
    entropy: Entropy
    initials: InitialsSession = initials_here
    fault_rules: FaultRules | None = None
    sign_on: SignOnRules = field(default_factory=SignOnRules)
    sign_on_http: OutgoingHttp | None = None
    anchors: AnchorFolder | None = None
    in_force: InForce = field(default_factory=lambda: build_in_force(Config()))


@dataclass(frozen=True, slots=True)
class Built:
    """The services, and what control runs beside them."""

    services: Services
    keys: KeyRing
    operations: Operations
    evidence: Evidence


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
    sign_on = _build_sign_on(ground, users, people, audit)
    users.add_listener(ground.nodes)
    people.access.add_listener(ground.nodes)
    board, journal = LiveBoard(), recorders.journal(audit)
    recording = build_recording(
        database, policy, board=board, nodes=ground.nodes, audit=audit, clock=clock, entropy=entropy, zone=zone
    )
    denominators = DenominatorLog(clock=clock, entropy=entropy, zone=zone)
    minter = MediaTokenMinter(keys, clock=clock, entropy=entropy)
    cameras = CameraService(
        database,
        policy,
        sealers[Purpose.CAMERA],
        guard=ground.guard,
        nodes=ground.nodes,
        plans=recording.plans,
        board=board,
        minter=minter,
        audit=audit,
        clock=clock,
        entropy=entropy,
    )
    quarantine = QuarantineService(
        database, policy, people.approvals, nodes=ground.nodes, board=board, audit=audit, clock=clock
    )
    premises = PremisesService(
        database,
        policy,
        sealers[Purpose.PERSON],
        channels=Channels(),
        journal=journal,
        denominators=denominators,
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
        limits=ground.fault_rules,
        denominators=denominators,
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
        register=ImportRegister(journal, denominators, operations.onboarding),
        field_actions=premises_policy.FIELD_ACTIONS | {"signed_on": action_of(Event.SIGN)},
        initials=ground.initials,
    )
    numbers = NumberService(
        database, policy, exports=recorders.exports(audit), denominators=denominators, clock=clock, zone=zone
    )
    evidence = build_evidence(
        ground.evidence,
        database,
        policy,
        cameras=cameras,
        minter=minter,
        approvals=people.approvals,
        holds=recording.holds,
        audit=audit,
        zone=zone,
        clock=clock,
        entropy=entropy,
    )
    recording.holds.is_open = evidence.service.is_open
    premises.is_recorded_by_hours = recording.plans.is_by_hours
    premises.tell_hours = recording.plans.tell_all
    inquiry = AuditInquiry(database, policy, audit, anchors=ground.anchors, clock=clock)
    services = Services(
        users=users,
        sign_on=sign_on,
        people=people,
        cameras=cameras,
        camera_tree=CameraTree(database, policy, board, entropy),
        quarantine=quarantine,
        premises=premises,
        audit=audit,
        inquiry=inquiry,
        policy=policy,
        board=board,
        nodes=ground.nodes,
        metrics=ground.metrics,
        clock=clock,
        entropy=entropy,
        imports=imports,
        numbers=numbers,
        overview=OverviewService(database, policy, numbers),
        walls=WallService(database, policy, audit, clock=clock, entropy=entropy),
        onboarding=operations.onboarding,
        frames=operations.frames,
        devices=operations.devices,
        faults=operations.faults,
        recording=recording,
        evidence=evidence.service,
        evidence_exports=evidence.exports,
        system=SystemService(database, policy, ground.in_force),
        exports=ListExports(policy, audit),
    )
    return Built(services, keys, operations, evidence)


def _build_sign_on(ground: Ground, users: UserService, people: PeopleServices, audit: AuditTrail) -> SingleSignOn:
    http = ground.sign_on_http or OutgoingHttp(ground.guard)
    sign_on = SingleSignOn(
        ground.database,
        ground.sign_on,
        ProviderDesk(ground.sign_on, http, ground.clock),
        users,
        people.roster,
        people.approvals,
        people.access,
        users.attempts,
        Trail(audit),
        PeopleAudit(audit),
        clock=ground.clock,
        entropy=ground.entropy,
    )
    people.roster.add_leaver(users)
    people.roster.add_leaver(sign_on)
    return sign_on


def _build_policy() -> Policy:
    policy = Policy()
    audit_rules.register_actions(policy)
    for slice_policy in (
        camera_policy,
        premises_policy,
        user_policy,
        import_policy,
        number_policy,
        overview_policy,
        recording_policy,
        inquiry_policy,
        wall_policy,
        system_policy,
    ):
        slice_policy.register_actions(policy)
    return policy
