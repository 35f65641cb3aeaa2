"""What the viewers' side of a node counts, for Prometheus: read when asked, never pushed."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from brightkitchen.media.serve.server import MediaServer


def build_registry(server: MediaServer, registry: CollectorRegistry) -> None:
    """Have `registry` show the server's numbers."""
    registry.register(_ServerCollector(server))


class _ServerCollector(Collector):
    def __init__(self, server: MediaServer) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        server = self._server
        yield GaugeMetricFamily("bk_media_leases", "Viewers, handles included.", value=len(server.leases))
        yield GaugeMetricFamily("bk_media_live_viewers", "Live viewers by WebSocket.", value=server.muxers.viewers)
        yield GaugeMetricFamily("bk_media_webrtc_viewers", "Live viewers by WebRTC.", value=server.count_webrtc())
        yield GaugeMetricFamily("bk_media_hls_viewers", "Live viewers by HLS.", value=server.count_hls())
        yield GaugeMetricFamily("bk_media_hls_bytes", "Kept in memory for them.", value=server.count_hls_bytes())
        yield GaugeMetricFamily(
            "bk_media_view_reports_waiting", "Reports control has not yet.", value=len(server.views)
        )
        yield CounterMetricFamily(
            "bk_media_view_reports_lost", "Reports dropped while control was away.", value=server.views.lost_ever
        )
        refused = CounterMetricFamily("bk_media_refused", "Refused requests and tokens by cause.", labels=["cause"])
        for cause, count in sorted(server.guard.refused.items()):
            refused.add_metric([cause], count)
        yield refused
        counters = server.pool.counters
        jobs = CounterMetricFamily(
            "bk_decode_jobs", "Jobs given to decode workers, by what became of them.", labels=["end"]
        )
        for end in ("jobs", "failed", "crashes", "timeouts", "refused_busy", "refused_paused"):
            jobs.add_metric([end], getattr(counters, end))
        yield jobs
        yield CounterMetricFamily(
            "bk_decode_worker_starts", "Decode worker processes started.", value=server.pool.starts
        )
