"""Where a certificate is and what it says: the values alone, so that a process without TLS does not load what reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from brightkitchen.kernel.units import Utc

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files. certificate: the server's own first, then those between it and its authority. key: without a password."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What a certificate says. names: DNS names, lower case, wildcards among them. fingerprint: SHA-256, 32 bytes."""

    names: tuple[str, ...]
    addresses: tuple[IPAddress, ...]
    not_before_at: Utc
    not_after_at: Utc
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class HostNames:
    """By what this machine is called. names: DNS names, lower case."""

    names: tuple[str, ...]
    addresses: tuple[IPAddress, ...]


@dataclass(frozen=True, slots=True)
class Ensured:
    """What there is now, and whether it was made just then."""

    is_new: bool
    is_authority_new: bool


def choose_names(candidates: Sequence[str]) -> tuple[str, ...]:
    """Return those that can stand in a certificate, lower case, each once, in their order."""
    lower = (each.strip().rstrip(".").lower() for each in candidates)
    return tuple(dict.fromkeys(each for each in lower if _is_dns_name(each)))


def _is_dns_name(text: str) -> bool:
    labels = text.split(".")
    return len(text) <= 253 and all(
        0 < len(label) <= 63
        and label.isascii()
        and label.replace("-", "a").isalnum()
        and not label.startswith("-")
        and not label.endswith("-")
        for label in labels
    )
