"""docs/ref/states.md is drawn from the state tables. To draw it again after a change: BK_REGENERATE=1 and this file."""

import os
from collections.abc import Iterable
from pathlib import Path

from brightkitchen.domain.evidence.states import TABLE as EVIDENCE_TABLE
from brightkitchen.domain.evidence.states import Event as EvidenceEvent
from brightkitchen.domain.maintenance.states import (
    DEVICE_TABLE,
    SYSTEM_DEVICE_EVENTS,
    SYSTEM_TICKET_EVENTS,
    TICKET_TABLE,
)
from brightkitchen.domain.onboarding.policy import WHO
from brightkitchen.domain.onboarding.states import TABLE, due_days_of
from brightkitchen.domain.premises.states import PremisesState as State

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ref" / "states.md"
BACK = "where it was"


def test_states_page_says_what_the_tables_do() -> None:
    page = _build_page()
    if os.environ.get("BK_REGENERATE") == "1":
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


def _build_page() -> str:
    lines = [
        "# States",
        "",
        "Drawn from the tables in the code by `tests/contract/test_states_page.py`; a difference fails. Do not edit.",
        "",
        "## Premises: the road to service",
        "",
        "`src/brightkitchen/domain/onboarding/states.py`. `SUSPENDED → resume` leads back to where the premises was.",
        "",
        *_diagram((state.value, event.value, row.to.value) for (state, event), row in TABLE.items() if row.to),
        "",
        "| from | event | to | handed in | who |",
        "|---|---|---|---|---|",
    ]
    for (state, event), row in TABLE.items():
        needs = ", ".join(need.value for need in row.needs) or "-"
        who = ", ".join(sorted(role.value for role in WHO[event]))
        lines.append(f"| {state.value} | {event.value} | {row.to.value if row.to else BACK} | {needs} | {who} |")
    lines += ["", "| state | at most |", "|---|---|"]
    lines += [f"| {state.value} | {days} days |" for state in State if (days := due_days_of(state)) is not None]
    lines += ["", "## Devices", "", "`src/brightkitchen/domain/maintenance/states.py`.", ""]
    lines += _diagram((state.value, event.value, to.value) for (state, event), to in DEVICE_TABLE.items())
    lines += ["", "| from | event | to | by |", "|---|---|---|---|"]
    for (at, cause), to in DEVICE_TABLE.items():
        by = "the presence of pictures" if cause in SYSTEM_DEVICE_EVENTS else "people"
        lines.append(f"| {at.value} | {cause.value} | {to.value} | {by} |")
    lines += ["", "## Fault tickets", "", "`src/brightkitchen/domain/maintenance/states.py`.", ""]
    lines += _diagram((state.value, event.value, row.to.value) for (state, event), row in TICKET_TABLE.items())
    lines += ["", "| from | event | to | asks for | by |", "|---|---|---|---|---|"]
    for (begin, act), step in TICKET_TABLE.items():
        asks = ", ".join(
            word for word, is_asked in (("cause", step.needs_cause), ("note", step.needs_note)) if is_asked
        )
        by = "the presence of pictures" if act in SYSTEM_TICKET_EVENTS else "people"
        lines.append(f"| {begin.value} | {act.value} | {step.to.value} | {asks or '-'} | {by} |")
    lines += ["", "## Evidence", "", "`src/brightkitchen/domain/evidence/states.py`.", ""]
    lines += _diagram((state.value, event.value, row.to.value) for (state, event), row in EVIDENCE_TABLE.items())
    lines += ["", "| from | event | to | asks for | who |", "|---|---|---|---|---|"]
    for (where, what), way in EVIDENCE_TABLE.items():
        asks = ", ".join(need.value for need in way.needs) or "-"
        by = "the signer" if what is EvidenceEvent.SEAL else f"evidence.{what.value}"
        lines.append(f"| {where.value} | {what.value} | {way.to.value} | {asks} | {by} |")
    return "\n".join([*lines, ""])


def _diagram(moves: Iterable[tuple[str, str, str]]) -> list[str]:
    return ["```mermaid", "stateDiagram-v2", *(f"    {at} --> {to}: {event}" for at, event, to in moves), "```"]
