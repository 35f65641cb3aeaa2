"""What the web needs to know of its surroundings, and the services it speaks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from brightkitchen.domain.audit.service import AuditTrail
from brightkitchen.domain.authz.policy import Policy
from brightkitchen.domain.cameras.live import LiveBoard
from brightkitchen.domain.cameras.quarantine import QuarantineService
from brightkitchen.domain.cameras.service import CameraService
from brightkitchen.domain.cameras.tree import CameraTree
from brightkitchen.domain.evidence.exporting import ExportService
from brightkitchen.domain.evidence.service import EvidenceService
from brightkitchen.domain.inquiry.service import AuditInquiry
from brightkitchen.domain.intake.service import ImportService
from brightkitchen.domain.maintenance.devices import DeviceService
from brightkitchen.domain.maintenance.faults import FaultService
from brightkitchen.domain.numbers.service import NumberService
from brightkitchen.domain.onboarding.frames import FrameService
from brightkitchen.domain.onboarding.service import OnboardingService
from brightkitchen.domain.overview.service import OverviewService
from brightkitchen.domain.premises.service import PremisesService
from brightkitchen.domain.recording.services import RecordingServices
from brightkitchen.domain.system.exports import ListExports
from brightkitchen.domain.system.service import SystemService
from brightkitchen.domain.users.oidc import SingleSignOn
from brightkitchen.domain.users.people_services import PeopleServices
from brightkitchen.domain.users.service import UserService
from brightkitchen.domain.walls.service import WallService
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.forwarding import TrustedProxies
from brightkitchen.kernel.ids import NodeId
from brightkitchen.web.metrics import ControlMetrics
from brightkitchen.web.nodechannel import NodeRegistry

BUILT_UI: Final = Path(__file__).resolve().parent / "static"


@dataclass(frozen=True, slots=True)
class WebOptions:
    """origins: every address this site may be called by, e.g. ("http://127.0.0.1:8080", "http://localhost:8080").

    media_ports: where each node listens on the same host. media_base: where a proxy passes on to them, node by node
    ("/media", "https://media.example.cn"); "" = they are reached at their ports. proxies: whose X-Forwarded-For counts.
    has_hsts: browsers shall use HTTPS only from now on. authority_file: certificate of our own authority, to be installed on
    phones. outlines_file: GeoJSON of the map's areas. Neither of the two need be there.
    """

    origins: tuple[str, ...]
    media_ports: Mapping[NodeId, int]
    version: str
    city: str
    time_zone: str
    demo: bool = False
    static_dir: Path = BUILT_UI
    media_base: str = ""
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    has_hsts: bool = True
    authority_file: Path | None = None
    outlines_file: Path | None = None

    def origin_of_host(self, host: str) -> str | None:
        """Return the configured origin that a Host header names, or None."""
        wanted = host.lower()
        for origin in self.origins:
            parts = urlsplit(origin)
            default = 443 if parts.scheme == "https" else 80
            if wanted == parts.netloc or (parts.port == default and wanted == parts.hostname):
                return origin
        return None

    def media_url(self, origin: str, node: NodeId, port: int) -> str:
        """Return where a page of `origin` reaches the node, which listens on `port`."""
        if self.media_base:
            base = self.media_base.rstrip("/")
            return f"{base if '://' in base else origin + base}/{node}"
        parts = urlsplit(origin)
        host = parts.hostname or ""
        return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def media_origins(self, origin: str) -> tuple[str, ...]:
        """Return the other origins that a page of `origin` fetches pictures from."""
        urls = (urlsplit(self.media_url(origin, node, port)) for node, port in sorted(self.media_ports.items()))
        return tuple(dict.fromkeys(found for url in urls if (found := f"{url.scheme}://{url.netloc}") != origin))


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a route may call."""

    users: UserService
    sign_on: SingleSignOn
    people: PeopleServices
    cameras: CameraService
    camera_tree: CameraTree
    quarantine: QuarantineService
    premises: PremisesService
    audit: AuditTrail
    inquiry: AuditInquiry
    policy: Policy
    board: LiveBoard
    nodes: NodeRegistry
    metrics: ControlMetrics
    clock: Clock
    entropy: Entropy
    imports: ImportService
    numbers: NumberService
    overview: OverviewService
    walls: WallService
    onboarding: OnboardingService
    frames: FrameService
    devices: DeviceService
    faults: FaultService
    recording: RecordingServices
    evidence: EvidenceService
    evidence_exports: ExportService
    system: SystemService
    exports: ListExports
