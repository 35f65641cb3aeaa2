"""What a node takes of its machine."""

import pytest

from brightkitchen.bootstrap.node import queue_limit_bytes

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("memory_mib", "nodes", "expected_mib"),
    [(512, 1, 64), (4_096, 1, 256), (4_096, 2, 128), (24_576, 2, 512), (24_576, 6, 256), (262_144, 1, 512)],
)
def test_queue_for_a_stalled_disk_is_a_share_of_the_memory(memory_mib: int, nodes: int, expected_mib: int) -> None:
    assert queue_limit_bytes(memory_mib * MIB, nodes) == expected_mib * MIB
