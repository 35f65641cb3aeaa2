"""What the viewers' side of a node counts, for Prometheus: read when asked, never pushed."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from brightkitchen.media.serve.server import MediaServer
from brightkitchen.media.transcode.service import Transcodes


def build_registry(server: MediaServer, registry: CollectorRegistry) -> None:
    """Have `registry` show the server's numbers."""
    registry.register(_ServerCollector(server))


class _ServerCollector(Collector):
    def __init__(self, server: MediaServer) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        server = self._server
        yield GaugeMetricFamily("bk_media_leases", "Viewers, handles included.", value=len(server.leases))
        yield GaugeMetricFamily(
            "bk_media_live_viewers",
            "Live viewers by WebSocket.",
            value=server.muxers.viewers + server.transcoded_muxers.viewers,
        )
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
        yield from _collect_transcodes(server.transcodes)


def _collect_transcodes(transcodes: Transcodes) -> Iterator[Metric]:
    counters = transcodes.counters
    yield GaugeMetricFamily("bk_transcodes", "Streams transcoded now.", value=len(transcodes.slots))
    yield GaugeMetricFamily("bk_transcodes_limit", "Streams transcoded at once, at most.", value=transcodes.slots.limit)
    for name, words, value in (
        ("bk_transcodes_refused", "Viewers refused for want of a place.", transcodes.slots.refused),
        ("bk_transcodes_started", "Streams whose transcoding began.", counters.started),
        ("bk_transcodes_failed", "Times that a transcoding worker failed.", counters.failed),
        ("bk_transcoded_pictures", "Pictures made anew.", counters.pictures),
        ("bk_transcode_broken_units", "Pictures that could not be decoded.", counters.broken_units),
        ("bk_transcode_dropped_units", "Pictures left out because a worker lagged.", counters.dropped_units),
        ("bk_transcode_cpu_seconds", "CPU time of transcoding workers.", counters.cpu_us / 1_000_000),
    ):
        yield CounterMetricFamily(name, words, value=value)
