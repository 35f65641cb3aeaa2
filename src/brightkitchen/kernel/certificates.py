"""The certificate that browsers are shown: checked before it is used, and noticed when it is replaced on disk.

The files are the operator's own, or those that `ownauthority` makes; one file may hold both certificate and key.
"""

import ssl
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from brightkitchen.kernel.certificatefiles import CertificateFiles, IPAddress, ServerCertificate
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, Utc

log = get_logger(__name__)

LOOK_EVERY_S: Final = 10.0
MAX_FILE_BYTES: Final = 1024 * 1024


def read_certificate(files: CertificateFiles, now: Utc) -> ServerCertificate:
    """Return what browsers will be shown, after checking that they can be.

    raises: BrightKitchenError "tls.missing", "tls.unreadable", "tls.no_certificate", "tls.no_key", "tls.key_protected",
    "tls.key_mismatch", "tls.expired", "tls.not_yet" or "tls.no_names", naming the file.
    """
    leaf = _parse_leaf(_read(files.certificate), files.certificate)
    key = _parse_public_key(_read(files.key), files.key)
    if key != leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise BrightKitchenError(
            Kind.INVALID, "tls.key_mismatch", certificate=str(files.certificate), key=str(files.key)
        )
    found = describe(leaf)
    if found.not_after_at <= now:
        raise BrightKitchenError(
            Kind.INVALID, "tls.expired", path=str(files.certificate), on=leaf.not_valid_after_utc.date().isoformat()
        )
    if found.not_before_at > now:
        raise BrightKitchenError(
            Kind.INVALID, "tls.not_yet", path=str(files.certificate), on=leaf.not_valid_before_utc.date().isoformat()
        )
    if not found.names and not found.addresses:
        raise BrightKitchenError(Kind.INVALID, "tls.no_names", path=str(files.certificate))
    return found


def describe_files(files: CertificateFiles) -> ServerCertificate:
    """Return what is shown, good or not: an hour after it ended, a page with a warning is better than none.

    raises: BrightKitchenError "tls.missing", "tls.unreadable" or "tls.no_certificate".
    """
    return describe(_parse_leaf(_read(files.certificate), files.certificate))


def describe(leaf: x509.Certificate) -> ServerCertificate:
    """Return what a certificate says of itself; it is not judged."""
    names: list[str] = []
    addresses: list[IPAddress] = []
    try:
        alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        alternative = None
    if alternative is not None:
        names = [name.lower() for name in alternative.get_values_for_type(x509.DNSName)]
        found = alternative.get_values_for_type(x509.IPAddress)
        addresses = [each for each in found if isinstance(each, IPv4Address | IPv6Address)]
    return ServerCertificate(
        names=tuple(names),
        addresses=tuple(addresses),
        not_before_at=Utc(int(leaf.not_valid_before_utc.timestamp()) * US_PER_S),
        not_after_at=Utc(int(leaf.not_valid_after_utc.timestamp()) * US_PER_S),
        fingerprint=leaf.fingerprint(hashes.SHA256()),
    )


def make_context(files: CertificateFiles) -> ssl.SSLContext:
    """Return what a listener needs: TLS 1.2 or newer with forward secrecy, HTTP/1.1. The files have been checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(files.certificate, files.key)
    return context


class CertificateWatch:
    """Looks every ten seconds whether the files were replaced, as certbot does it or our own renewal."""

    def __init__(self, files: CertificateFiles, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._seen = self._look()

    async def run(self, on_replaced: Callable[[], None]) -> None:
        """Call `on_replaced` for every new pair that passes its checks. One that does not is logged once; the old goes on."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            seen = self._look()
            if seen == self._seen:
                continue
            self._seen = seen
            try:
                found = read_certificate(self._files, self._clock.utc())
                on_replaced()
            except (BrightKitchenError, OSError) as error:
                code = error.code if isinstance(error, BrightKitchenError) else type(error).__name__
                log.error("the new certificate cannot be used, the old one stays", code=code)
            else:
                log.info("certificate replaced", fingerprint=found.fingerprint.hex()[:16])

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_look_at(path) for path in (self._files.certificate, self._files.key))


def _look_at(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except FileNotFoundError as cause:
        raise BrightKitchenError(Kind.INVALID, "tls.missing", path=str(path)) from cause
    except OSError as cause:
        raise BrightKitchenError(Kind.INVALID, "tls.unreadable", path=str(path), problem=str(cause.strerror)) from cause


def _parse_leaf(pem: bytes, path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError) as cause:
        raise BrightKitchenError(Kind.INVALID, "tls.no_certificate", path=str(path)) from cause


def _parse_public_key(pem: bytes, path: Path) -> bytes:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as cause:  # what `cryptography` says of a key with a password
        raise BrightKitchenError(Kind.INVALID, "tls.key_protected", path=str(path)) from cause
    except ValueError as cause:
        raise BrightKitchenError(Kind.INVALID, "tls.no_key", path=str(path)) from cause
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
