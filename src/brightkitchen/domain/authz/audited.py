"""How the audit, which knows no roles, is told who acts."""

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import Who
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.model import Actor, Decision, Placed
from brightkitchen.kernel.ids import is_id


def who(actor: Actor, decision: Decision | None = None) -> Who:
    """Return the actor in plain values: with the role that allowed the act, or else every role held."""
    role = decision.role if decision is not None else None
    return Who(actor.user or "", role.value if role else ",".join(sorted(actor.roles)), actor.pseudonym, actor.address)


def authority(actor: Actor, decision: Decision, obj: Placed) -> str:
    """Return the region whose authority the actor acted for: the reach of the role that allowed it, "" = the whole city."""
    reaching = (grant for grant in actor.grants if grant.role is decision.role and grant.scope.covers(obj.place))
    return next((grant.scope.region for grant in reaching), "")


async def note_miss(audit: AuditTrail, actor: Actor, action: str, kind: str, asked: str, *, prefix: str) -> None:
    """Write down that somebody asked for what is not there or not theirs. What was sent is kept only if it is an id at all.

    kind: of the object, as the audit names it. prefix: of its ids.
    """
    known = asked if is_id(asked, prefix) else ""
    said = audit.entry(
        audited.SCOPE_MISS, who(actor), object_kind=kind, object_id=known, decision=audited.REFUSED, reason=action
    )
    await audit.record_once({("miss", actor.pseudonym, known, action): said})
