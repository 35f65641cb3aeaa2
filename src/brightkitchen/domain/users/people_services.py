"""The services about people and their roles, built together: they share one audit and one list of listeners."""

from dataclasses import dataclass

from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.users.access import AccessChanges
from brightkitchen.domain.users.approvals import ApprovalService
from brightkitchen.domain.users.attempts import LoginAttempts
from brightkitchen.domain.users.invitations import InvitationService
from brightkitchen.domain.users.kiosks import KioskService
from brightkitchen.domain.users.organisations import OrganisationService
from brightkitchen.domain.users.passwords import PasswordPool
from brightkitchen.domain.users.people import PeopleService
from brightkitchen.domain.users.ports import AuditPort
from brightkitchen.domain.users.recovery import RecoveryService
from brightkitchen.domain.users.tokens import TokenService
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy


@dataclass(frozen=True, slots=True)
class PeopleServices:
    """What routes and commands call."""

    roster: PeopleService
    invitations: InvitationService
    approvals: ApprovalService
    recovery: RecoveryService
    tokens: TokenService
    kiosks: KioskService
    organisations: OrganisationService
    access: AccessChanges


def build_people(
    database: Database,
    policy: Policy,
    passwords: PasswordPool,
    attempts: LoginAttempts,
    audit: AuditPort,
    *,
    clock: Clock,
    entropy: Entropy,
) -> PeopleServices:
    """Build them all. attempts: the same as the log-in counts in."""
    access = AccessChanges(clock=clock, entropy=entropy)
    approvals = ApprovalService(database, policy, audit, clock=clock, entropy=entropy)
    roster = PeopleService(database, policy, audit, access, approvals, clock=clock, entropy=entropy)
    tokens = TokenService(database, policy, audit, access, clock=clock, entropy=entropy)
    return PeopleServices(
        roster=roster,
        invitations=InvitationService(
            database, roster, passwords, attempts, audit, access, clock=clock, entropy=entropy
        ),
        approvals=approvals,
        recovery=RecoveryService(database, roster, passwords, attempts, audit, access, clock=clock, entropy=entropy),
        tokens=tokens,
        kiosks=KioskService(tokens, policy, clock=clock, entropy=entropy),
        organisations=OrganisationService(database, policy, audit, clock=clock, entropy=entropy),
        access=access,
    )
