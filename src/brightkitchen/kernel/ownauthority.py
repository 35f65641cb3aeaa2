"""A certificate of our own for a machine that has none: a small authority that can vouch for this machine and for nothing else.

Whoever installs the authority's certificate on a phone trusts it for what its name constraints allow: this machine's names, and
addresses of private networks. A stolen key of it opens no bank. docs/adr/0007-own-certificates.md.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from brightkitchen.kernel.certificatefiles import CertificateFiles, Ensured, HostNames
from brightkitchen.kernel.certificates import describe
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.durable import replace_file
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.units import US_PER_S

CERTIFICATE_DAYS: Final = 397
"""Longer ones are refused by some browsers, also below an authority that a person installed."""
RENEW_BEFORE_DAYS: Final = 30
AUTHORITY_DAYS: Final = 3650
_BACKDATED: Final = timedelta(days=1)  # a phone's clock may be behind ours
_CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of that curve's group
_PRIVATE_NETWORKS: Final = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


class OwnAuthority:
    """The authority and the certificate in one folder.

    authority.pem: its key and certificate, 0600; ca.crt: the certificate alone, for people to install; server.pem: key and
    certificate that browsers are shown, 0600. Each is replaced as a whole.
    """

    def __init__(self, folder: Path, clock: Clock, entropy: Entropy) -> None:
        self._folder = folder
        self._clock = clock
        self._entropy = entropy
        self.files = CertificateFiles(folder / "server.pem", folder / "server.pem")
        self.ca_file = folder / "ca.crt"
        self._authority_file = folder / "authority.pem"

    def ensure(self, host: HostNames) -> Ensured:
        """A certificate of all these names that lasts another month is there afterwards.

        A new authority is made only if there is none, it ends soon, or it may not vouch for one of the names.
        raises: BrightKitchenError "tls.own_damaged" if what is there cannot be read, "tls.own_folder" if nothing can be written.
        """
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            authority = self._load_authority()
            is_authority_new = authority is None or not self._may_vouch(authority[1], host)
            if authority is None or is_authority_new:
                authority = self._make_authority(host)
            if self._read(self.ca_file) != (shown := authority[1].public_bytes(Encoding.PEM)):
                replace_file(self.ca_file, shown, mode=0o644)
            is_new = is_authority_new or not self._is_good(authority[1], host)
            if is_new:
                self._make_certificate(*authority, host)
        except OSError as cause:
            raise BrightKitchenError(
                Kind.UNAVAILABLE, "tls.own_folder", path=str(self._folder), problem=str(cause.strerror)
            ) from cause
        return Ensured(is_new=is_new, is_authority_new=is_authority_new)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the authority's certificate as phones show it: pairs of hex digits with colons."""
        digest = x509.load_pem_x509_certificate(self.ca_file.read_bytes()).fingerprint(hashes.SHA256())
        return digest.hex(":").upper()

    def _load_authority(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
        pem = self._read(self._authority_file)
        if pem is None:
            return None
        try:
            key = load_pem_private_key(pem, password=None)
            certificate = x509.load_pem_x509_certificate(pem)
        except (ValueError, TypeError) as cause:
            raise BrightKitchenError(Kind.DATA_LOSS, "tls.own_damaged", path=str(self._folder)) from cause
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise BrightKitchenError(Kind.DATA_LOSS, "tls.own_damaged", path=str(self._folder))
        return key, certificate

    def _may_vouch(self, authority: x509.Certificate, host: HostNames) -> bool:
        """True if a certificate of these names, made now, would outlast neither the authority nor its constraints."""
        if authority.not_valid_after_utc < self._now() + timedelta(days=CERTIFICATE_DAYS):
            return False
        permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
        names = {each.value for each in permitted if isinstance(each, x509.DNSName)}
        networks = [each.value for each in permitted if isinstance(each, x509.IPAddress)]
        covered = [each for each in networks if isinstance(each, IPv4Network | IPv6Network)]
        return names.issuperset(host.names) and all(any(a in net for net in covered) for a in host.addresses)

    def _is_good(self, authority: x509.Certificate, host: HostNames) -> bool:
        try:
            leaf = x509.load_pem_x509_certificate(self.files.certificate.read_bytes())
            leaf.verify_directly_issued_by(authority)
        except (FileNotFoundError, ValueError, TypeError, InvalidSignature):
            return False
        found = describe(leaf)
        ends_soon = leaf.not_valid_after_utc < self._now() + timedelta(days=RENEW_BEFORE_DAYS)
        return not ends_soon and set(found.names) == set(host.names) and set(found.addresses) == set(host.addresses)

    def _make_authority(self, host: HostNames) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key, now = self._generate_key(), self._now()
        name = _name(f"BrightKitchen {host.names[0]} {now:%Y-%m-%d}")
        networks = [*_PRIVATE_NETWORKS]
        networks += [ip_network(each) for each in host.addresses if not any(each in net for net in _PRIVATE_NETWORKS)]
        permitted = [x509.DNSName(each) for each in host.names] + [x509.IPAddress(each) for each in networks]
        certificate = (
            self._builder(name, name, key.public_key(), now, timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(is_authority=True), critical=True)
            .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        replace_file(self._authority_file, _pem_of(key) + certificate.public_bytes(Encoding.PEM), mode=0o600)
        return key, certificate

    def _make_certificate(
        self, ca_key: ec.EllipticCurvePrivateKey, authority: x509.Certificate, host: HostNames
    ) -> None:
        key, now = self._generate_key(), self._now()
        alternative = [x509.DNSName(each) for each in host.names] + [x509.IPAddress(each) for each in host.addresses]
        counts = timedelta(days=CERTIFICATE_DAYS)
        certificate = (
            self._builder(_name(host.names[0]), authority.subject, key.public_key(), now, counts)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        replace_file(self.files.key, _pem_of(key) + certificate.public_bytes(Encoding.PEM), mode=0o600)

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, counts: timedelta
    ) -> x509.CertificateBuilder:
        """counts: from one day ago."""
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(int.from_bytes(self._entropy.token_bytes(16)) >> 1 | 1)
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now - _BACKDATED + counts)
        )

    def _generate_key(self) -> ec.EllipticCurvePrivateKey:
        """64 bits more than the order has, so that the remainder favours nothing (FIPS 186-5 A.2.1)."""
        return ec.derive_private_key(int.from_bytes(self._entropy.token_bytes(40)) % (_ORDER - 1) + 1, _CURVE)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.utc() // US_PER_S, tz=UTC)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
