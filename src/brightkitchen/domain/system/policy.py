"""Who sees how the installation is set up, and who takes whole lists out of it."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS

VIEW_SETTINGS: Final = "system.view_settings"
EXPORT_PREMISES: Final = "list.export_premises"
EXPORT_CAMERAS: Final = "list.export_cameras"
EXPORT_FAULTS: Final = "list.export_faults"

ACTIONS: Final = (VIEW_SETTINGS, EXPORT_PREMISES, EXPORT_CAMERAS, EXPORT_FAULTS)


def register_actions(policy: Policy) -> None:
    """Register this slice's actions. A list that leaves the house is a person's act, never a machine's."""
    policy.register(VIEW_SETTINGS, {Role.SYS_ADMIN, Role.CITY_ADMIN})
    operators = {Role.OPERATOR_PM, Role.OPERATOR_NOC}
    policy.register(EXPORT_PREMISES, OFFICERS | operators | {Role.EDU_OFFICER}, human_only=True)
    policy.register(EXPORT_CAMERAS, OFFICERS | operators, human_only=True)
    policy.register(EXPORT_FAULTS, OFFICERS | operators, human_only=True)
