"""Who may do what with devices and fault tickets: the operator handles them, regulators see them, owners see their own."""

from typing import Final

from brightkitchen.domain.authz.model import Role
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.authz.roles import OFFICERS, OPERATORS, REGULATORS, SITE

VIEW_DEVICE: Final = "device.view"
ADD_DEVICE: Final = "device.add"
CHANGE_DEVICE: Final = "device.change"
REMOVE_DEVICE: Final = "device.remove"
MOVE_DEVICE: Final = "device.move"
VIEW_FAULT: Final = "fault.view"
OPEN_FAULT: Final = "fault.open"
HANDLE_FAULT: Final = "fault.handle"

DEVICE_ACTIONS: Final = (VIEW_DEVICE, CHANGE_DEVICE, REMOVE_DEVICE, MOVE_DEVICE)
FAULT_ACTIONS: Final = (VIEW_FAULT, HANDLE_FAULT)
ACTIONS: Final = (*DEVICE_ACTIONS, ADD_DEVICE, *FAULT_ACTIONS, OPEN_FAULT)

_KEEPERS: Final = OPERATORS | {Role.CITY_ADMIN}


def register_actions(policy: Policy) -> None:
    """Register this slice's actions."""
    policy.register(VIEW_DEVICE, OFFICERS | OPERATORS)
    for action in (ADD_DEVICE, CHANGE_DEVICE, MOVE_DEVICE):
        policy.register(action, _KEEPERS)
    policy.register(REMOVE_DEVICE, _KEEPERS - {Role.OPERATOR_INSTALLER})
    policy.register(VIEW_FAULT, REGULATORS | OPERATORS | SITE)
    policy.register(OPEN_FAULT, OFFICERS | OPERATORS | SITE)
    policy.register(HANDLE_FAULT, _KEEPERS)
