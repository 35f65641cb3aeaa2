"""Control and a media node with one recorded camera between them, without processes: real HTTP, files, keys and databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.contract.conftest import NODE, Control, add_camera, add_premises, log_in
from tests.encoding import encode_numbers
from tests.media_node import NodeBench, iso, running_node

from brightkitchen.domain.evidence.exporting import ExportService
from brightkitchen.domain.evidence.service import EvidenceService
from brightkitchen.kernel.ids import CameraId, Profile, StreamKey
from brightkitchen.web.nodechannel import NodeLink

FRAMES = 100


@dataclass
class Kitchen:
    """client: the city's administrator. camera: its id; four seconds of numbered pictures were recorded from `iso(0)` on."""

    control: Control
    node: NodeBench
    client: httpx.AsyncClient
    camera: str
    folder: Path

    @property
    def evidence(self) -> EvidenceService:
        return self.control.services.evidence

    @property
    def exports(self) -> ExportService:
        return self.control.services.evidence_exports

    async def ask(self, **fields: object) -> httpx.Response:
        body = {"kind": "snapshot", "camera": self.camera, "purpose": "PATROL"} | fields
        return await self.client.post("/api/v1/evidence", json=body)

    async def snapshot(self, at_s: float = 1.62, **fields: object) -> dict[str, Any]:  # Any: JSON
        answer = await self.ask(at=iso(at_s), **fields)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def clip(self, from_s: float = 1.5, to_s: float = 2.5, **fields: object) -> dict[str, Any]:  # Any: JSON
        answer = await self.ask(kind="clip", **{"from": iso(from_s), "to": iso(to_s)}, **fields)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def export(self, *items: str) -> tuple[dict[str, Any], bytes]:  # Any: JSON
        """Export items; return the job and its zip."""
        body = {"items": items, "purpose": "PENALTY", "case_no": "鞍市监罚〔2026〕12号", "recipient": "铁东区人民法院"}
        begun = await self.client.post("/api/v1/evidence/exports", json=body)
        assert begun.status_code == 202, begun.text
        assert await self.exports.run_next()
        job = (await self.client.get(f"/api/v1/evidence/exports/{begun.json()['id']}")).json()
        assert job["state"] == "READY", job
        file = await self.client.get(f"/api/v1/evidence/exports/{job['id']}/file")
        assert file.status_code == 200, file.text
        return job, file.content

    def folder_of(self, item: dict[str, Any]) -> Path:  # Any: JSON
        (found,) = self.folder.glob(f"*/*/{item['id']}")
        return found


@asynccontextmanager
async def open_kitchen(control: Control, tmp_path: Path) -> AsyncIterator[Kitchen]:
    async with control.client() as client:
        await log_in(client)
        premises = await add_premises(client)
        camera = await add_camera(client, premises_id=premises["id"], zone="COOK")
        key = StreamKey(CameraId(camera["id"]), Profile.MAIN)
        async with running_node(tmp_path / "node" / "store", name=NODE, key=key, header_timeout_s=10.0) as node:
            node.server.set_keys(control.keys.verify_keys())
            link = NodeLink(NODE, node.port.port, _send, _close, node.statement_key)
            await control.services.nodes.admit(link)
            await node.record(encode_numbers(FRAMES, gop=25))
            control.clock.jump(FRAMES / 25)
            yield Kitchen(control, node, client, camera["id"], tmp_path / "evidence")


async def _send(_message: object) -> None:
    return None


async def _close() -> None:
    return None
