"""What the audit needs from elsewhere, and what it tells."""

from typing import Protocol


class CheckMetrics(Protocol):
    """Where the nightly check says how it went; control's metrics fit."""

    def set_audit_check(self, *, is_ok: bool, at_s: float) -> None:
        """at_s: monotonic seconds when the check ended."""
