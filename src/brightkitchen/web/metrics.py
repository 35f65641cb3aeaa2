"""What control counts (Prometheus)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class ControlMetrics:
    """Control's counters in a registry of their own."""

    def __init__(self) -> None:
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

    def render(self) -> bytes:
        """Return the text of /metrics."""
        return generate_latest(self.registry)
