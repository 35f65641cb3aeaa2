"""What a premises counts in of that which 100 % is counted from, and which facts decide it (DOMAIN §3.1). Pure.

A change of several facts at once is told fact by fact, so that every row of the log has one reason and the rows add up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntFlag, StrEnum
from typing import Final

from brightkitchen.domain.premises.states import PremisesState as State

INSTALLED: Final = (State.INSTALLED, State.TRIAL, State.ACCEPTED, State.IN_SERVICE, State.REWORK)
SIGNED: Final = (
    *(State.SIGNED, State.SURVEYED, State.ORDERED, State.INSTALLING, *INSTALLED, State.SUSPENDED, State.RELOCATED),
)
"""Side states that only a contract leads to count as signed; REWORK is what was installed and is not good enough."""


class Counts(IntFlag):
    """Where a premises counts. The values are stored: append only."""

    DUE = 1  # 应接入, what 签约率 is counted from
    BASE = 2  # 应接入 less what is closed today, what 完成率 is counted from
    SIGNED = 4  # 签约


class What(StrEnum):
    """Which fact became different."""

    ADDED = "ADDED"
    IMPORTED = "IMPORTED"
    OPENING = "OPENING"  # as it stood when the log began to add up
    RETIRED = "RETIRED"
    REGION = "REGION"
    CATEGORY = "CATEGORY"
    IS_DUE = "IS_DUE"
    EXEMPTION = "EXEMPTION"
    SUSPENSION = "SUSPENSION"
    STATE = "STATE"


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts that decide. stop: why it is closed today: a span of days, or "SUSPENDED" without days; "" = it is open."""

    region: str
    category: str
    is_registered: bool
    is_due: bool
    exempt_reason: str
    stop: str
    state: State

    @property
    def counts(self) -> Counts:
        """Return where it counts."""
        if not self.is_registered:
            return Counts(0)
        found = Counts.SIGNED if self.state in SIGNED else Counts(0)
        if self.is_due and not self.exempt_reason:
            found |= Counts.DUE
            if not self.stop:
                found |= Counts.BASE
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the log. before: None = it was not there. old, new: of the fact, as text."""

    what: What
    old: str
    new: str
    before: Standing | None
    after: Standing


_FACTS: Final = (
    (What.REGION, "region"),
    (What.CATEGORY, "category"),
    (What.IS_DUE, "is_due"),
    (What.EXEMPTION, "exempt_reason"),
    (What.SUSPENSION, "stop"),
    (What.STATE, "state"),
    (What.RETIRED, "is_registered"),
)
_ALWAYS_TOLD: Final = frozenset({What.IS_DUE, What.EXEMPTION, What.SUSPENSION})
"""What is decided for the sake of counting is told even where it changes no number, such as another reason to be exempt."""


def build_steps(before: Standing | None, after: Standing, *, entry: What = What.ADDED) -> Iterator[Step]:
    """Yield what became different, one fact after the other. entry: what it is called that it came."""
    if before is None:
        if after.is_registered:
            yield Step(entry, "", "", None, after)
        return
    for what, name in _FACTS:
        if getattr(before, name) == getattr(after, name):
            continue
        step = replace(before, **{name: getattr(after, name)})
        is_moved = what in (What.REGION, What.CATEGORY) and before.counts != Counts(0)
        if what in _ALWAYS_TOLD or is_moved or step.counts != before.counts:
            yield Step(what, _text(before, name), _text(step, name), before, step)
        before = step


def _text(standing: Standing, name: str) -> str:
    value = getattr(standing, name)
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return str(value)
