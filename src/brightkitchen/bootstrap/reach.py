"""Where people reach this machine: its names, the origins a page may have, the certificate that browsers are shown."""

import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psutil

from brightkitchen.kernel.certificatefiles import (
    CertificateFiles,
    Ensured,
    HostNames,
    IPAddress,
    ServerCertificate,
    choose_names,
)
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.config import Config
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.forwarding import is_loopback

if TYPE_CHECKING:
    from brightkitchen.kernel.ownauthority import OwnAuthority

MAX_ADDRESSES: Final = 64
_WILDCARDS: Final = {"0.0.0.0": 4, "::": 6}


def read_host_addresses() -> tuple[IPAddress, ...]:
    """Return the addresses of this machine's interfaces, loopback last, without those that mean something on one link only."""
    found: set[IPAddress] = set()
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            try:
                found.add(ipaddress.ip_address(each.address))
            except ValueError:
                continue  # a hardware address, or one with a zone
    usable = [each for each in found if not each.is_link_local]
    return tuple(sorted(usable, key=lambda each: (each.is_loopback, each.version, int(each)))[:MAX_ADDRESSES])


def read_host_names(config: Config) -> HostNames:
    """Return by what a certificate of our own has to call this machine."""
    name = socket.gethostname()
    local = () if "." in name else (f"{name}.local",)
    names = choose_names((*config.tls.names, name, *local, "localhost"))
    if len(names) < len({each.lower() for each in config.tls.names}):
        raise BrightKitchenError(Kind.INVALID, "config.tls_names", names=", ".join(config.tls.names))
    addresses = read_host_addresses()
    always = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
    return HostNames(names, tuple(dict.fromkeys((*addresses, *always))))


def own_authority(config: Config, clock: Clock, entropy: Entropy) -> "OwnAuthority":
    """Return the authority in the data folder; whether there is one yet or not."""
    from brightkitchen.kernel.ownauthority import OwnAuthority  # 8 MB that only a made certificate needs

    return OwnAuthority(Path(config.data_dir).resolve() / "tls", clock, entropy)


def tls_files_of(config: Config) -> CertificateFiles | None:
    """Return what browsers are shown; None: plain HTTP."""
    if config.tls.certificate:
        return CertificateFiles(Path(config.tls.certificate).resolve(), Path(config.tls.key).resolve())
    if config.tls.generated:
        file = Path(config.data_dir).resolve() / "tls" / "server.pem"
        return CertificateFiles(file, file)
    return None


def authority_file_of(config: Config) -> Path | None:
    """Return the certificate that people install who shall trust ours; None if ours is not of our own making."""
    return Path(config.data_dir).resolve() / "tls" / "ca.crt" if config.tls.generated else None


def prepare_certificate(config: Config, clock: Clock, entropy: Entropy) -> Ensured | None:
    """Browsers can be shown the certificate afterwards, or one sentence says why not. returns: None for the operator's own.

    raises: BrightKitchenError "tls.…".
    """
    ensured = None
    if config.tls.generated:
        ensured = own_authority(config, clock, entropy).ensure(read_host_names(config))
    files = tls_files_of(config)
    if files is not None:
        from brightkitchen.kernel.certificates import read_certificate  # 8 MB that only TLS needs

        read_certificate(files, clock.utc())
    return ensured


def describe_shown(config: Config) -> ServerCertificate | None:
    """Return what browsers are shown, good or not; None: plain HTTP. raises: as `describe_files`."""
    files = tls_files_of(config)
    if files is None:
        return None
    from brightkitchen.kernel.certificates import describe_files  # 8 MB that only TLS needs

    return describe_files(files)


def page_hosts(config: Config, certificate: ServerCertificate | None) -> tuple[str, ...]:
    """Return the hosts by which the page may be called, as they stand in a URL; the one to recommend first."""
    host = config.web.host
    names = [each for each in certificate.names if not each.startswith("*.")] if certificate is not None else []
    if config.tls.generated:
        names = [*config.tls.names, *(each for each in names if each not in config.tls.names)]
    if host in _WILDCARDS:
        addresses = [str(each) for each in read_host_addresses() if each.version == _WILDCARDS[host]]
        own = () if certificate is not None else choose_names((socket.gethostname(),))
        hosts = [*addresses, *own, *names, "localhost"]
    elif host == "127.0.0.1":
        hosts = [host, "localhost", *names]
    else:
        hosts = [host, *names]
    if config.tls.certificate:  # what the operator had certified is what people shall type
        hosts = [*names, *hosts]
    return tuple(dict.fromkeys(f"[{each}]" if ":" in each else each.lower() for each in hosts))


def site_origins(config: Config, certificate: ServerCertificate | None) -> tuple[str, ...]:
    """Return every origin the page may be opened by: the public one, else all that lead here."""
    if config.web.public_url:
        return (config.web.public_url.rstrip("/"),)
    scheme, port = ("https", config.web.tls_port) if config.tls.is_on else ("http", config.web.port)
    tail = "" if port == (443 if config.tls.is_on else 80) else f":{port}"
    return tuple(f"{scheme}://{host}{tail}" for host in page_hosts(config, certificate))


def shown_urls(config: Config, certificate: ServerCertificate | None) -> tuple[str, ...]:
    """Return what to print at the start: the way in, and those from other machines if there are several."""
    origins = site_origins(config, certificate)
    if config.web.public_url or config.web.host not in _WILDCARDS:
        return (f"{origins[0]}/",)
    outward = [each for each in origins if not is_loopback(urlsplit(each).hostname or "")]
    return tuple(f"{each}/" for each in outward or origins[:1])
