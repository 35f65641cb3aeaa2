"""What a process tree costs: CPU time from the kernel's accounting, memory as its proportional share (PSS)."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """cpu_s: user + system seconds of the tree since its start; pss_bytes: memory now."""

    cpu_s: float
    pss_bytes: int


def tree_of(pid: int) -> list[int]:
    """Return `pid` and all its living descendants."""
    found = [pid]
    for task in (Path("/proc") / str(pid) / "task").glob("*/children"):
        for child in task.read_text().split():
            found += tree_of(int(child))
    return found


def cost_of(pids: list[int]) -> Cost:
    """Add up the trees below `pids`. A process that ended meanwhile counts nothing."""
    cpu_ticks, pss_bytes = 0, 0
    for root in pids:
        try:
            members = tree_of(root)
        except (FileNotFoundError, ProcessLookupError):
            continue
        for pid in members:
            try:
                fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
                rollup = (Path("/proc") / str(pid) / "smaps_rollup").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            cpu_ticks += int(fields[11]) + int(fields[12])
            pss_bytes += next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return Cost(cpu_ticks / _TICKS_PER_S, pss_bytes)
