"""How the audit, which knows no roles, is told who acts."""

from brightkitchen.domain.audit.model import Who
from brightkitchen.domain.authz.model import Actor, Decision, Placed


def who(actor: Actor, decision: Decision | None = None) -> Who:
    """Return the actor in plain values: with the role that allowed the act, or else every role held."""
    role = decision.role if decision is not None else None
    return Who(actor.user or "", role.value if role else ",".join(sorted(actor.roles)), actor.pseudonym, actor.address)


def authority(actor: Actor, decision: Decision, obj: Placed) -> str:
    """Return the region whose authority the actor acted for: the reach of the role that allowed it, "" = the whole city."""
    reaching = (grant for grant in actor.grants if grant.role is decision.role and grant.scope.covers(obj.place))
    return next((grant.scope.region for grant in reaching), "")
