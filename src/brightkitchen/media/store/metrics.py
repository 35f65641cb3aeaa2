"""What the store counts, for Prometheus: read when asked, never pushed."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from brightkitchen.media.store.keeper import Keeper


def add_store_metrics(keeper: Keeper, registry: CollectorRegistry) -> None:
    """Have `registry` show volumes and deletions."""
    registry.register(_KeeperCollector(keeper))


class _KeeperCollector(Collector):
    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[Metric]:
        keeper = self._keeper
        state = GaugeMetricFamily(
            "bk_store_volume_state", "1 for the state a volume is in.", labels=["volume", "state"]
        )
        sizes = GaugeMetricFamily(
            "bk_store_volume_bytes", "Bytes of a volume by what they are.", labels=["volume", "what"]
        )
        for volume in keeper.states:
            state.add_metric([volume.name, volume.state], 1)
            for what in ("total", "free", "used", "quota", "held"):
                sizes.add_metric([volume.name, what], getattr(volume, f"{what}_bytes"))
        yield state
        yield sizes
        yield CounterMetricFamily("bk_store_deleted_files", "Recordings deleted.", value=keeper.deleted_files)
        yield CounterMetricFamily("bk_store_deleted_bytes", "Bytes of recordings deleted.", value=keeper.deleted_bytes)
        yield GaugeMetricFamily(
            "bk_store_clock_doubted",
            "1: the wall clock is suddenly far ahead, and nothing is deleted by age.",
            value=int(keeper.is_clock_doubted),
        )
