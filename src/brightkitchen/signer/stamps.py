"""The signer's second key: signs C2PA claims with a chain that the installation makes itself (docs/design/evidence.md §7).

Nobody outside knows the root; an export carries it, and the list of the export, sealed with the evidence key, vouches for it.
There is no time-stamping authority in an offline installation, so that a reader judges the certificate by its own clock: a leaf is
used for a year and counts for twenty. Files: `c2pa-root.key`, `c2pa-root.pem`, `c2pa-<number>.key`, `c2pa-<number>.pem`, all 0600.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from brightkitchen.kernel.canonicaljson import build_canonical
from brightkitchen.kernel.clock import Clock
from brightkitchen.kernel.entropy import Entropy
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.evidence import hash_bytes
from brightkitchen.kernel.log import get_logger
from brightkitchen.kernel.units import US_PER_S, format_utc
from brightkitchen.signer.keys import SIGNED_FILE
from brightkitchen.signer.sigstructure import check_sig_structure
from brightkitchen.signer.synced import append_synced, write_secret

log = get_logger(__name__)

WHAT: Final = "c2pa"
ROOT: Final = "c2pa-root"
USE: Final = timedelta(days=365)
COUNTS: Final = timedelta(days=20 * 365)
ROOT_COUNTS: Final = timedelta(days=40 * 365)
_SLACK: Final = timedelta(days=1)
_NAME: Final = "BrightKitchen"


class StampKeys:
    """One process has it open. Nothing is read or made before it is first asked: what is wrong here never stops a seal."""

    def __init__(self, folder: Path, *, clock: Clock, entropy: Entropy) -> None:
        self._folder = folder
        self._clock = clock
        self._entropy = entropy
        self._name = ""
        self._key: Ed25519PrivateKey | None = None
        self._leaf: x509.Certificate | None = None
        self._root: x509.Certificate | None = None

    def chain(self) -> tuple[str, str]:
        """Return leaf and root as PEM. raises: BrightKitchenError "signer.keys_damaged", OSError."""
        _, leaf, root = self._open()
        return _spell(leaf).decode(), _spell(root).decode()

    def sign(self, to_sign: bytes) -> bytes:
        """Return the signature, after it was written down.

        to_sign: the Sig_structure of a C2PA claim that names our own certificates. raises: ValueError for anything else; as `chain`.
        """
        key, leaf, root = self._open()
        check_sig_structure(to_sign, tuple(each.public_bytes(Encoding.DER) for each in (leaf, root)))
        said = build_canonical(
            {"at": format_utc(self._clock.utc()), "digest": hash_bytes(to_sign), "kid": self._name, "what": WHAT}
        )
        append_synced(self._folder / SIGNED_FILE, said + b"\n")
        return key.sign(to_sign)

    def _open(self) -> tuple[Ed25519PrivateKey, x509.Certificate, x509.Certificate]:
        now = datetime.fromtimestamp(self._clock.utc() // US_PER_S, tz=UTC)
        if self._key is None or self._leaf is None or self._root is None:
            self._root = self._load_or_make_root(now)
            names = sorted(file.stem for file in self._folder.glob("c2pa-[0-9][0-9][0-9][0-9].pem"))
            if names:
                self._name, self._leaf = names[-1], self._load_certificate(names[-1])
                self._key = self._load_key(names[-1])
            else:
                self._key, self._leaf = self._make_leaf(1, now)
        if now - self._leaf.not_valid_before_utc >= USE + _SLACK:
            self._key, self._leaf = self._make_leaf(int(self._name[-4:]) + 1, now)
        return self._key, self._leaf, self._root

    def _load_or_make_root(self, now: datetime) -> x509.Certificate:
        if (self._folder / f"{ROOT}.pem").exists():
            return self._load_certificate(ROOT)
        key, name = self._make_key(ROOT), _name("root of this installation")
        found = (
            _begin(name, name, key, now, ROOT_COUNTS, self._entropy)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(is_root=True), critical=True)
            .sign(key, None)
        )
        write_secret(self._folder / f"{ROOT}.pem", _spell(found))
        log.info("C2PA root made", fingerprint=hash_bytes(found.public_bytes(Encoding.DER))[:16])
        return found

    def _make_leaf(self, number: int, now: datetime) -> tuple[Ed25519PrivateKey, x509.Certificate]:
        root_key = self._load_key(ROOT)
        self._name = f"c2pa-{number:04d}"
        key = self._make_key(self._name)
        leaf = (
            _begin(_name("evidence copies"), _name("root of this installation"), key, now, COUNTS, self._entropy)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_root=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, None)
        )
        write_secret(self._folder / f"{self._name}.pem", _spell(leaf))
        log.info("C2PA key begun", kid=self._name)
        return key, leaf

    def _make_key(self, name: str) -> Ed25519PrivateKey:
        """A key without its certificate signed nothing: a fall came between the two, and it is made anew."""
        secret = self._entropy.token_bytes(32)
        file = self._folder / f"{name}.key"
        file.unlink(missing_ok=True)
        write_secret(file, secret)
        return Ed25519PrivateKey.from_private_bytes(secret)

    def _load_key(self, name: str) -> Ed25519PrivateKey:
        try:
            return Ed25519PrivateKey.from_private_bytes((self._folder / f"{name}.key").read_bytes())
        except (OSError, ValueError) as cause:
            raise BrightKitchenError(Kind.DATA_LOSS, "signer.keys_damaged", what=f"{name}.key") from cause

    def _load_certificate(self, name: str) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate((self._folder / f"{name}.pem").read_bytes())
        except (OSError, ValueError) as cause:
            raise BrightKitchenError(Kind.DATA_LOSS, "signer.keys_damaged", what=f"{name}.pem") from cause


def _begin(
    subject: x509.Name, issuer: x509.Name, key: Ed25519PrivateKey, now: datetime, counts: timedelta, entropy: Entropy
) -> x509.CertificateBuilder:
    serial = int.from_bytes(entropy.token_bytes(16), "big") >> 1
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial or 1)
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + counts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, _NAME), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _usage(*, is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )


def _spell(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
