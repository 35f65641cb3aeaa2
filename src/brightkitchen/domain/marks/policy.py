"""Who marks moments: whoever sees recordings. Whose marks: one's own are changed and removed by nobody else."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS, SITE
from brightkitchen.domain.cameras.policy import may_be_replayed

ADD: Final = "mark.add"
CHANGE: Final = "mark.change"

ACTIONS: Final = (ADD, CHANGE)

_VIEWERS: Final = OFFICERS | SITE | {Role.EDU_OFFICER}


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. A mark is what a person thought: no API token makes one."""
    policy.register(ADD, _VIEWERS, condition=may_be_replayed, human_only=True)
    policy.register(CHANGE, _VIEWERS, condition=may_be_replayed, human_only=True)
