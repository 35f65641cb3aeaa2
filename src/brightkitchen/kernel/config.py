"""The one typed tree of settings, loaded once by `bootstrap`; each part receives its own branch only.

File < environment < flag. A key in the environment is ``BRIGHTKITCHEN_WEB__PORT=9000`` (two underscores between levels).
`brightkitchen.example.toml` documents every key; a test says that it equals these defaults.
"""

import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.netguard import parse_networks

_PREFIX: Final = "BRIGHTKITCHEN_"
_HOST: Final = r"https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?"
_ORIGIN: Final = re.compile(_HOST + "/?")
_MEDIA_URL: Final = re.compile(f"(?:{_HOST})?(?:/[A-Za-z0-9._~-]+)*/?")
Port = Annotated[int, Meta(ge=1, le=65535)]


class _Branch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class WebConfig(_Branch, frozen=True, kw_only=True):
    """Where people reach control."""

    host: str = "127.0.0.1"
    port: Port = 8080
    tls_port: Port = 8443
    admin_port: Port = 8090
    public_url: str = ""
    insecure_http: bool = False
    trusted_proxies: tuple[str, ...] = ()


class TlsConfig(_Branch, frozen=True, kw_only=True):
    """HTTPS by ourselves, with the operator's certificate or one that is made here; neither: plain HTTP."""

    certificate: str = ""
    key: str = ""
    generated: bool = False
    names: tuple[str, ...] = ()
    hsts: bool = True

    @property
    def is_on(self) -> bool:
        return self.generated or bool(self.certificate)


class DatabaseConfig(_Branch, frozen=True, kw_only=True):
    """Where people, cameras and keys are kept; both empty: a SQLite file in the data folder."""

    url: str = ""
    url_file: str = ""

    def __repr__(self) -> str:
        return "DatabaseConfig(…)"


class MediaConfig(_Branch, frozen=True, kw_only=True):
    """The media nodes of this machine."""

    nodes: Annotated[int, Meta(ge=1, le=64)] = 1
    first_port: Port = 8081
    first_admin_port: Port = 8091
    segment_s: Annotated[float, Meta(ge=5, le=600)] = 60.0
    idle_close_s: Annotated[float, Meta(ge=1, le=600)] = 15.0
    low_water_bytes: Annotated[int, Meta(ge=1, le=1048576)] = 262144
    connects_at_once: Annotated[int, Meta(ge=1, le=1000)] = 16
    public_url: str = ""
    decode_workers: Annotated[int, Meta(ge=1, le=64)] = 1
    transcodes: Annotated[int, Meta(ge=0, le=64)] = 2
    webrtc: bool = True
    webrtc_host: str = ""
    first_webrtc_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    webrtc_addresses: tuple[str, ...] = ()


class VolumeConfig(_Branch, frozen=True, kw_only=True):
    """A further place to record to."""

    name: Annotated[str, Meta(pattern="^[a-z0-9-]{1,32}$")]
    path: Annotated[str, Meta(min_length=1)]
    quota_gb: Annotated[float, Meta(ge=0)] = 0.0


class StoreConfig(_Branch, frozen=True, kw_only=True):
    """How much room recordings may take, and where."""

    quota_gb: Annotated[float, Meta(ge=0)] = 0.0
    keep_free_gb: Annotated[float, Meta(ge=0)] = 2.0
    keep_free_percent: Annotated[float, Meta(ge=0, le=50)] = 2.0
    volumes: tuple[VolumeConfig, ...] = ()


class NetGuardConfig(_Branch, frozen=True, kw_only=True):
    """Which addresses cameras may have."""

    allow_networks: tuple[str, ...] = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
    allow_public: bool = False
    deny_networks: tuple[str, ...] = ()
    allow_endpoints: tuple[str, ...] = ()


SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


class OidcConfig(_Branch, frozen=True, kw_only=True):
    """The city's single sign-on; without an issuer there is none. The secret itself never stands here."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    label: Annotated[str, Meta(max_length=40)] = ""
    scopes: tuple[str, ...] = ("openid", "profile")
    algorithms: Annotated[tuple[SigningAlgorithm, ...], Meta(min_length=1)] = ("RS256", "ES256")
    endpoint_hosts: tuple[str, ...] = ()
    allow_networks: tuple[str, ...] = ()
    ca_file: str = ""
    second_factor_acr: tuple[str, ...] = ()
    second_factor_amr: tuple[str, ...] = ()


class AuthConfig(_Branch, frozen=True, kw_only=True):
    """What log-ins are asked for."""

    profile: Literal["asvs", "dengbao3"] = "asvs"
    second_factor: Literal["required", "demo-off"] = "required"
    oidc: OidcConfig = OidcConfig()


class DemoConfig(_Branch, frozen=True, kw_only=True):
    """The demo's simulated cameras, and how many premises its invented city has at most."""

    enabled: bool = False
    cameras: Annotated[int, Meta(ge=1, le=1000)] = 16
    first_port: Port = 18554
    control_port: Port = 18553
    scenes: Literal["kitchen", "pattern"] = "kitchen"
    premises: Annotated[int, Meta(ge=0, le=20_000)] = 6500
    public: bool = False


class FaultsConfig(_Branch, frozen=True, kw_only=True):
    """When a dark camera becomes a fault, and how long mending it may take by the operator's contract (DOMAIN §3.3)."""

    urban_hours: Annotated[int, Meta(ge=1, le=48)] = 8
    rural_hours: Annotated[int, Meta(ge=1, le=48)] = 24
    offline_after_s: Annotated[int, Meta(ge=60, le=3600)] = 300
    confirm_after_s: Annotated[int, Meta(ge=300, le=86_400)] = 1800
    reopen_within_days: Annotated[int, Meta(ge=1, le=60)] = 7
    batch_premises: Annotated[int, Meta(ge=2, le=10_000)] = 20
    batch_within_s: Annotated[int, Meta(ge=60, le=3600)] = 600


class AuditConfig(_Branch, frozen=True, kw_only=True):
    """Where the audit's anchors go, and what its check is told."""

    anchor_dir: str = ""
    trusted_key: str = ""
    accepted_restores: tuple[int, ...] = ()


class EvidenceConfig(_Branch, frozen=True, kw_only=True):
    """How evidence is signed, with which letters its display copies are marked, and whether copies carry C2PA."""

    suite: Literal["ed25519", "sm2"] = "ed25519"
    signer_dir: str = ""
    font: str = ""
    c2pa: bool = True


class LogConfig(_Branch, frozen=True, kw_only=True):
    """What is logged."""

    level: str = "info"


class Config(_Branch, frozen=True, kw_only=True):
    """Everything that can be set."""

    data_dir: str = "data"
    city: str = "鞍山市"
    time_zone: str = "Asia/Shanghai"
    web: WebConfig = WebConfig()
    tls: TlsConfig = TlsConfig()
    database: DatabaseConfig = DatabaseConfig()
    media: MediaConfig = MediaConfig()
    store: StoreConfig = StoreConfig()
    netguard: NetGuardConfig = NetGuardConfig()
    auth: AuthConfig = AuthConfig()
    demo: DemoConfig = DemoConfig()
    faults: FaultsConfig = FaultsConfig()
    audit: AuditConfig = AuditConfig()
    evidence: EvidenceConfig = EvidenceConfig()
    log: LogConfig = LogConfig()


def load_config(path: Path | None, environment: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Config:
    """Return the settings of `path` (None: the defaults), overridden by `environment`, overridden by `flags`.

    flags: dotted key → value; None values are left out.
    raises: BrightKitchenError(INVALID, "config.…") naming the key and what is wrong with it.
    """
    tree = _read_toml(path) if path is not None else {}
    for name, text in environment.items():
        if name.startswith(_PREFIX):
            _set(tree, name.removeprefix(_PREFIX).lower().split("__"), _parse_value(text))
    for key, value in (flags or {}).items():
        if value is not None:
            _set(tree, key.split("."), value)
    try:
        config = msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as cause:
        raise BrightKitchenError(Kind.INVALID, "config.invalid", problem=str(cause)) from cause
    _check_ports(config)
    _check_webrtc(config)
    _check_volumes(config)
    _check_addresses(config)
    if config.auth.second_factor == "demo-off" and not config.demo.enabled:
        raise BrightKitchenError(Kind.INVALID, "config.demo_off")
    if config.faults.rural_hours < config.faults.urban_hours:
        raise BrightKitchenError(
            Kind.INVALID,
            "config.faults_order",
            urban_hours=config.faults.urban_hours,
            rural_hours=config.faults.rural_hours,
        )
    return config


def _read_toml(path: Path) -> dict[str, Any]:  # Any: TOML values are checked by `convert`
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise BrightKitchenError(Kind.NOT_FOUND, "config.no_file", path=str(path)) from cause
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise BrightKitchenError(Kind.INVALID, "config.unreadable", path=str(path), problem=str(cause)) from cause


def _parse_value(text: str) -> object:
    """A list is written as TOML (``["10.0.0.0/8"]``); everything else is converted from its text."""
    if text.startswith("["):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _set(tree: dict[str, Any], keys: list[str], value: object) -> None:
    for key in keys[:-1]:
        branch = tree.setdefault(key, {})
        if not isinstance(branch, dict):
            raise BrightKitchenError(Kind.INVALID, "config.invalid", problem=f"{'.'.join(keys)}: {key} is not a table")
        tree = branch
    tree[keys[-1]] = value


def _check_volumes(config: Config) -> None:
    """Recordings are found by the volume's name."""
    names = ["store"]
    for volume in config.store.volumes:
        if volume.name in names:
            raise BrightKitchenError(Kind.INVALID, "config.volume_name", name=volume.name)
        names.append(volume.name)


def _check_webrtc(config: Config) -> None:
    """What viewers are told must be an address that they can send to."""
    for text in config.media.webrtc_addresses:
        try:
            address = ip_address(text)
        except ValueError:
            address = None
        if address is None or address.is_unspecified or address.is_multicast:
            raise BrightKitchenError(Kind.INVALID, "config.webrtc_address", address=text)
    if config.media.first_webrtc_port + config.media.nodes - 1 > 65535:
        raise BrightKitchenError(Kind.INVALID, "config.webrtc_ports", port=config.media.first_webrtc_port)


def _check_addresses(config: Config) -> None:
    """What names a way to us is whole."""
    tls, web, media = config.tls, config.web, config.media
    if bool(tls.certificate) != bool(tls.key):
        raise BrightKitchenError(Kind.INVALID, "config.tls_half")
    if tls.generated and tls.certificate:
        raise BrightKitchenError(Kind.INVALID, "config.tls_two")
    if web.public_url and not _ORIGIN.fullmatch(web.public_url):
        raise BrightKitchenError(Kind.INVALID, "config.public_url", url=web.public_url)
    if media.public_url and not _MEDIA_URL.fullmatch(media.public_url):
        raise BrightKitchenError(Kind.INVALID, "config.media_url", url=media.public_url)
    parse_networks(web.trusted_proxies)


def _check_ports(config: Config) -> None:
    """No two listeners of ours may share a port."""
    wanted: dict[int, str] = {}
    listeners = [("web.port", config.web.port), ("web.admin_port", config.web.admin_port)]
    if config.tls.is_on:
        listeners.append(("web.tls_port", config.web.tls_port))
    for index in range(config.media.nodes):
        listeners.append((f"media.first_port+{index}", config.media.first_port + index))
        listeners.append((f"media.first_admin_port+{index}", config.media.first_admin_port + index))
    for name, port in listeners:
        if port in wanted:
            raise BrightKitchenError(Kind.INVALID, "config.port_twice", first=wanted[port], second=name, port=port)
        wanted[port] = name
