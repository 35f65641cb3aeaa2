"""What the audit is told of log-ins, sessions and people."""

from brightkitchen.domain.audit import model as audited
from brightkitchen.domain.audit.model import Entry, Scalar, Who
from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.model import Grant
from brightkitchen.domain.users.model import Session, User
from brightkitchen.kernel.ids import UserId


def who_in(session: Session, user: User) -> Who:
    """Return the person of a session in plain values."""
    return Who(user.id, ",".join(sorted({grant.role.value for grant in user.grants})), session.pseudonym)


class Trail:
    """Words the entries; whoever changes rows writes them in the same transaction."""

    def __init__(self, audit: AuditTrail) -> None:
        self.audit = audit

    def log_in(self, session: Session, user: User) -> Entry:
        """Somebody is in. detail.factor: what was shown besides the password, "" = nothing."""
        return self.audit.entry(
            audited.LOGIN_OK,
            who_in(session, user),
            detail={"factor": session.factor},
            names={"username": user.username},
        )

    def log_in_refused(self, user: User | None, code: str) -> Entry:
        """The name that was typed is kept only if it is somebody's: people type passwords into the wrong field."""
        return self.audit.entry(
            audited.LOGIN_REFUSED,
            decision=audited.REFUSED,
            reason=code if user is not None else "unknown_account",
            object_kind="user",
            object_id=user.id if user else "",
            names={"username": user.username} if user else {},
        )

    def sign_on_refused(self, user: User | None, why: str) -> Entry:
        """why: the word of what was not in order; the person is told nothing of it."""
        return self.audit.entry(
            audited.LOGIN_REFUSED,
            decision=audited.REFUSED,
            reason="auth.sso_refused",
            object_kind="user" if user else "",
            object_id=user.id if user else "",
            detail={"way": "sso", "why": why},
            names={"username": user.username} if user else {},
        )

    def session_ended(self, user: UserId, pseudonym: str, reason: str) -> Entry:
        return self.audit.entry(audited.SESSION_ENDED, Who(user, "", pseudonym), reason=reason)

    def user_changed(self, who: Who, user: User, detail: dict[str, Scalar]) -> Entry:
        return self.audit.entry(
            audited.CHANGE,
            who,
            object_kind="user",
            object_id=user.id,
            detail=detail,
            names={"username": user.username},
        )

    def role_granted(self, who: Who, user: User, grant: Grant) -> Entry:
        return self.audit.entry(
            audited.ROLE_GRANTED,
            who,
            object_kind="user",
            object_id=user.id,
            premises_id=grant.scope.premises or "",
            region=grant.scope.region,
            detail={"role": grant.role.value, "categories": ",".join(sorted(grant.scope.categories))},
        )
