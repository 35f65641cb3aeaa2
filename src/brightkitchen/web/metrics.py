"""What control counts (Prometheus)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from brightkitchen.kernel.clock import Clock


class ControlMetrics:
    """Control's counters in a registry of their own."""

    def __init__(self, clock: Clock) -> None:
        self._checked_s: float | None = None
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "bk_control_requests", "Answers of the web API.", ("method", "status"), registry=self.registry
        )
        self.forbidden = Counter(
            "bk_control_node_forbidden",
            "Messages of nodes that were refused.",
            ("node", "cause"),
            registry=self.registry,
        )
        self.nodes = Gauge("bk_control_nodes_connected", "Media nodes on the channel.", registry=self.registry)
        self.unacknowledged = Counter(
            "bk_control_revocations_unacknowledged", "Revocations a node did not confirm.", registry=self.registry
        )
        self.event_sockets = Gauge("bk_control_event_sockets", "Open event sockets.", registry=self.registry)
        self.audit_ok = Gauge(
            "bk_audit_check_ok",
            "1: the last check of the audit found nothing. 0: it did, or none ran.",
            registry=self.registry,
        )
        started_s = clock.mono_s()
        Gauge(
            "bk_audit_check_age_s",
            "Seconds since the last check of the audit ended, or since the start.",
            registry=self.registry,
        ).set_function(lambda: clock.mono_s() - (self._checked_s if self._checked_s is not None else started_s))

    def set_audit_check(self, *, is_ok: bool, at_s: float) -> None:
        """Note how the last check of the audit went. at_s: monotonic seconds when it ended."""
        self.audit_ok.set(1 if is_ok else 0)
        self._checked_s = at_s

    def render(self) -> bytes:
        """Return the text of /metrics."""
        return generate_latest(self.registry)
