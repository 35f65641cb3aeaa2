"""S01 for media nodes: every route of a node has an entry here, and gives nothing to who shows no token; docs/ref/permissions.md lists them."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from tests.contract.media_entries import MEDIA_ENTRIES
from tests.media_node import CAMERA, NODE, ORIGIN, NodeBench, running_node

from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.media.evidence.service import EvidenceSource
from brightkitchen.media.evidence.statement import open_statement_key
from brightkitchen.media.serve.app import make_app

NAMES = {
    "camera": CAMERA,
    "address": "x" * 43,
    "resource": "x" * 43,
    "download": "x" * 43,
    "segment": "seg_0000000000000001",
    "run": "0-0",
    "init": "1",
    "name": "0.0",
}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeBench]:
    async with running_node(tmp_path / "store") as bench:
        yield bench


async def test_every_route_of_a_node_is_entered(node: NodeBench, tmp_path: Path) -> None:
    key = open_statement_key(tmp_path / "statement.key", SeededEntropy(1))
    evidence = EvidenceSource(
        node.store, node.server.stills, key, node=NODE, software="", drift_of=lambda _: None, clock=node.clock
    )
    routes = make_app(node.server, evidence).router.routes()
    assert {(each.method, each.resource.canonical) for each in routes if each.resource is not None} == set(
        MEDIA_ENTRIES
    )


async def test_no_route_gives_anything_without_a_token(node: NodeBench) -> None:
    for (method, path), entry in MEDIA_ENTRIES.items():
        url = node.url(path.format_map(NAMES))
        async with node.client.request(method, url, headers={"Origin": ORIGIN}) as answer:
            assert answer.status == entry.without, (method, path, await answer.text())
            if answer.status == 401:
                assert msgspec.json.decode(await answer.read())["code"] == "media.unauthorised"
