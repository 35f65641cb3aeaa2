"""Where a premises stands on its way into the system (DOMAIN §3.1).

LEAD → SIGNED → SURVEYED → ORDERED → INSTALLING → INSTALLED → TRIAL → ACCEPTED → IN_SERVICE is the way; the others are where it
leaves it: refused, sent back, closed for a while, moved away, gone.
"""

from enum import StrEnum


class PremisesState(StrEnum):
    """The state of onboarding."""

    LEAD = "LEAD"
    SIGNED = "SIGNED"
    SURVEYED = "SURVEYED"
    ORDERED = "ORDERED"
    INSTALLING = "INSTALLING"
    INSTALLED = "INSTALLED"
    TRIAL = "TRIAL"
    ACCEPTED = "ACCEPTED"
    IN_SERVICE = "IN_SERVICE"
    REFUSED = "REFUSED"
    REWORK = "REWORK"
    SUSPENDED = "SUSPENDED"
    RELOCATED = "RELOCATED"
    TERMINATED = "TERMINATED"
