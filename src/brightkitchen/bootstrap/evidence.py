"""Joins evidence to the nodes, to the signer and to whoever draws its display copies."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from importlib.metadata import version
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.minter import MediaTokenMinter
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.service import CameraService
from brightkitchen.domain.evidence import policy as evidence_policy
from brightkitchen.domain.evidence.capturing import Capturer
from brightkitchen.domain.evidence.exporting import ExportService
from brightkitchen.domain.evidence.files import EvidenceFolder
from brightkitchen.domain.evidence.ports import Holds, Marker, NodeMedia, Signer, Stamper
from brightkitchen.domain.evidence.sealing import Sealer
from brightkitchen.domain.evidence.service import EvidenceService
from brightkitchen.domain.users.approvals import ApprovalService
from brightkitchen.kernel.certificatefiles import CertificateFiles
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.database import Database
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind, TheirError
from brightkitchen.kernel.evidencestream import MEDIA_TYPE, Framed, PieceReader
from brightkitchen.kernel.ids import NodeId
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.tasks import Supervisor
from brightkitchen.media.evidence.stampreading import build_environment
from brightkitchen.web.nodechannel import NodeRegistry

log = get_logger(__name__)

FONTS: Final = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc"),
)
DRAW_TIMEOUT_S: Final = 15.0
DRAWINGS_AT_ONCE: Final = 2
CONNECT_TIMEOUT_S: Final = 3.0
PIECE_TIMEOUT_S: Final = 30.0
MAX_DRAWN_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceGround:
    """What evidence stands on: its folder, the signer, the way to nodes, who draws, and who signs copies with C2PA (None: nobody)."""

    folder: EvidenceFolder
    signer: Signer
    nodes: NodeMedia
    marker: Marker
    stamper: Stamper | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was built."""

    service: EvidenceService
    exports: ExportService
    sealer: Sealer

    def keep_running(self, supervisor: Supervisor) -> None:
        """Start what goes on as long as control does."""
        supervisor.keep("evidence seals", self.sealer.run)
        supervisor.keep("evidence exports", self.exports.run)
        supervisor.keep("evidence tidy", self.service.keep_tidy)


def build_evidence(
    ground: EvidenceGround,
    database: Database,
    policy: Policy,
    *,
    cameras: CameraService,
    minter: MediaTokenMinter,
    approvals: ApprovalService,
    holds: Holds,
    audit: AuditTrail,
    zone: tzinfo,
    clock: Clock,
    entropy: Entropy,
) -> Evidence:
    """Register the slice's actions and build its services."""
    evidence_policy.register_actions(policy)
    ground.folder.prepare()
    software = f"brightkitchen {version('brightkitchen')}"
    sealer = Sealer(database, ground.folder, ground.signer, audit, clock=clock, entropy=entropy)
    capturer = Capturer(
        database,
        policy,
        cameras,
        minter,
        ground.nodes,
        ground.folder,
        ground.marker,
        ground.stamper,
        holds,
        audit,
        software=software,
        zone=zone,
        clock=clock,
        entropy=entropy,
    )
    service = EvidenceService(
        database,
        policy,
        capturer,
        sealer,
        ground.signer,
        ground.folder,
        approvals,
        holds,
        audit,
        clock=clock,
        entropy=entropy,
    )
    exports = ExportService(
        database,
        service,
        ground.signer,
        ground.stamper,
        ground.folder,
        audit,
        software=software,
        clock=clock,
        entropy=entropy,
    )
    return Evidence(service, exports, sealer)


class HttpNodes:
    """Asks nodes over HTTP with a token; fits `domain.evidence.ports.NodeMedia`."""

    def __init__(
        self, registry: NodeRegistry, ports: Mapping[NodeId, int], host: str, tls: CertificateFiles | None = None
    ) -> None:
        """host: where nodes of this machine listen; an address that means "every" is asked at loopback. tls: what they show there."""
        self._registry = registry
        self._tls = tls
        self._ports = ports
        self._host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)

    def statement_key_of(self, node: NodeId) -> str:
        return self._registry.statement_key_of(node)

    async def capture(self, node: NodeId, camera: str, token: str, kind: str) -> AsyncGenerator[Framed, None]:
        port = self._registry.port_of(node) or self._ports.get(node)
        if port is None:
            raise BrightKitchenError(Kind.UNAVAILABLE, "node.none_connected")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=PIECE_TIMEOUT_S)
        scheme = "http" if self._tls is None else "https"
        url = f"{scheme}://{self._host}:{port}/evidence/{camera}"
        reader = PieceReader()
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(url, json={"token": token, "kind": kind}, ssl=await self._pin()) as answer,
            ):
                if answer.status != 200 or answer.content_type != MEDIA_TYPE:
                    raise await _read_refusal(answer)
                async for data in answer.content.iter_any():
                    for piece in reader.feed(data):
                        yield piece
        except (aiohttp.ClientError, aiohttp.ServerFingerprintMismatch, TimeoutError, OSError, TheirError) as cause:
            log.warning("no evidence from a node", node=node, error=type(cause).__name__)
            raise BrightKitchenError(Kind.UNAVAILABLE, "node.no_answer") from cause

    async def _pin(self) -> aiohttp.Fingerprint | bool:
        """Return the one certificate to accept: it names people's ways to this machine, not always the loopback address asked here."""
        if self._tls is None:
            return True
        from brightkitchen.kernel.certificates import describe_files  # 8 MB that only TLS needs

        shown = await asyncio.to_thread(describe_files, self._tls)
        return aiohttp.Fingerprint(shown.fingerprint)


class _Problem(msgspec.Struct):
    code: str
    params: dict[str, str | int | float] = {}


_KINDS: Final = {400: Kind.INVALID, 404: Kind.NOT_FOUND, 429: Kind.EXHAUSTED, 500: Kind.DATA_LOSS}


async def _read_refusal(answer: aiohttp.ClientResponse) -> BrightKitchenError:
    """Return what a node says of itself; a node that does not know control's token is a node that is not there."""
    body = await answer.content.read(64 * 1024)
    try:
        said = msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        said = _Problem("node.no_answer")
    if answer.status == 401:
        log.error("a node does not take control's token", status=answer.status)
        return BrightKitchenError(Kind.UNAVAILABLE, "node.no_answer")
    return BrightKitchenError(_KINDS.get(answer.status, Kind.UNAVAILABLE), said.code, **said.params)


class MarkingProcess:
    """Starts a jailed process for each picture; fits `domain.evidence.ports.Marker`."""

    def __init__(self, font: str) -> None:
        """font: a file with Chinese letters; "" = wherever Debian puts Noto Sans CJK.

        raises: BrightKitchenError "evidence.no_font" if a file was named and is not there.
        """
        self._file = Path(font) if font else next((each for each in FONTS if each.is_file()), None)
        if font and not Path(font).is_file():
            raise BrightKitchenError(Kind.INVALID, "evidence.no_font", path=font)
        if self._file is None:
            log.error("no font with Chinese letters: display copies show numbers only", package="fonts-noto-cjk")
        self._turn = asyncio.Semaphore(DRAWINGS_AT_ONCE)

    @property
    def has_letters(self) -> bool:
        return self._file is not None

    async def draw(self, jpeg: bytes, lines: Sequence[str]) -> bytes:
        font = await asyncio.to_thread(self._file.read_bytes) if self._file is not None else b""
        head = {"lines": list(lines), "font_bytes": len(font), "jpeg_bytes": len(jpeg)}
        data = msgspec.json.encode(head) + b"\n" + font + jpeg
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "brightkitchen.media.evidence.marking"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=build_environment(),
                cwd="/",
                start_new_session=True,
            )
            try:
                async with asyncio.timeout(DRAW_TIMEOUT_S):
                    drawn, said = await process.communicate(data)
            except TimeoutError as cause:
                raise BrightKitchenError(Kind.UNAVAILABLE, "evidence.not_drawn") from cause
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0 or not drawn.startswith(b"\xff\xd8") or len(drawn) > MAX_DRAWN_BYTES:
            log.error("display copy not drawn", code=process.returncode, said=said[-300:].decode(errors="replace"))
            raise BrightKitchenError(Kind.UNAVAILABLE, "evidence.not_drawn")
        return drawn
