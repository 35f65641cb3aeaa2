"""The life of an item of evidence, as one table (docs/design/evidence.md §3).

Theory of operation. CAPTURED: its files and its row are there, the signer has not answered yet. SEALED: it has its place in the chain and can
no longer change; everything after is said beside it, never in it. LINKED: it belongs to a case. EXPORTED: a copy left the house; exporting
again stays there. RELEASED: two people of two units agreed that nothing depends on it any more, and its hold on the recording ended.
DISPOSED: two people agreed to let the files go; manifest, seal and row stay, so that the chain stays whole. There is no way back from the
last two, and none out of them but forward. `service.py` and its neighbours apply the table; docs/ref/states.md is drawn from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class EvidenceState(StrEnum):
    """Where an item stands."""

    CAPTURED = "CAPTURED"
    SEALED = "SEALED"
    LINKED = "LINKED"
    EXPORTED = "EXPORTED"
    RELEASED = "RELEASED"
    DISPOSED = "DISPOSED"


class Event(StrEnum):
    """What moves it."""

    SEAL = "seal"
    LINK = "link"
    EXPORT = "export"
    RELEASE = "release"
    DISPOSE = "dispose"


class Need(StrEnum):
    """What has to be said with an event."""

    CASE = "case"
    PURPOSE = "purpose"
    REASON = "reason"
    SECOND_PERSON = "second_person"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row."""

    to: EvidenceState
    needs: tuple[Need, ...] = ()


_S = EvidenceState
_ENDING: Final = (Need.REASON, Need.SECOND_PERSON)

TABLE: Final[Mapping[tuple[EvidenceState, Event], Transition]] = {
    (_S.CAPTURED, Event.SEAL): Transition(_S.SEALED),
    (_S.SEALED, Event.LINK): Transition(_S.LINKED, (Need.CASE,)),
    (_S.LINKED, Event.LINK): Transition(_S.LINKED, (Need.CASE,)),
    (_S.EXPORTED, Event.LINK): Transition(_S.EXPORTED, (Need.CASE,)),
    (_S.LINKED, Event.EXPORT): Transition(_S.EXPORTED, (Need.PURPOSE,)),
    (_S.EXPORTED, Event.EXPORT): Transition(_S.EXPORTED, (Need.PURPOSE,)),
    (_S.SEALED, Event.RELEASE): Transition(_S.RELEASED, _ENDING),
    (_S.LINKED, Event.RELEASE): Transition(_S.RELEASED, _ENDING),
    (_S.EXPORTED, Event.RELEASE): Transition(_S.RELEASED, _ENDING),
    (_S.RELEASED, Event.DISPOSE): Transition(_S.DISPOSED, _ENDING),
}

IMMUTABLE: Final = frozenset(EvidenceState) - {_S.CAPTURED}
HELD: Final = (_S.CAPTURED, _S.SEALED, _S.LINKED, _S.EXPORTED)
WITH_FILES: Final = frozenset(EvidenceState) - {_S.DISPOSED}


def find_transition(state: EvidenceState, event: Event) -> Transition | None:
    """Return what `event` does in `state`, None if it cannot happen there."""
    return TABLE.get((state, event))
