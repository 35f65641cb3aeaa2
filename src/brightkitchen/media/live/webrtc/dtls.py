"""DTLS of one viewer (RFC 6347, RFC 5764): datagrams in, datagrams out, in the end the keys of SRTP. OpenSSL does the work.

We are always the server ("passive"): nothing goes out before a viewer whose address was proven by ICE has spoken. The viewer's
certificate means nothing but its fingerprint, which the offer named.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Policy, Session

from brightkitchen.kernel.units import US_PER_S, Utc

MTU_BYTES: Final = 1200
RESEND_WINDOW: Final = 8192  # packets; libsrtp seals none that is further back
_RECORD_HEADER_BYTES: Final = 13
_MAX_FLIGHT_BYTES: Final = 16 * 1024
_CIPHERS: Final = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
_LABEL: Final = b"EXTRACTOR-dtls_srtp"
_VALID_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Suite:
    """One SRTP protection profile: as OpenSSL calls it, as libsrtp numbers it, sizes of its master key and salt."""

    name: bytes
    number: int
    key_bytes: int
    salt_bytes: int


_SUITES: Final = (
    _Suite(b"SRTP_AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    _Suite(b"SRTP_AES128_CM_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
)


class Identity:
    """This process's own key and self-signed certificate: made at the first viewer, kept nowhere."""

    def __init__(self, now: Utc) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "media")])
        began = datetime.fromtimestamp(now / US_PER_S, UTC) - timedelta(days=1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(began)
            .not_valid_after(began + _VALID_FOR)
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = certificate.fingerprint(hashes.SHA256())
        self.context = SSL.Context(SSL.DTLS_SERVER_METHOD)
        self.context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
        # The chain is not judged here: `Dtls` compares the fingerprint, which OpenSSL cannot know.
        self.context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        self.context.use_certificate(certificate)
        self.context.use_privatekey(key)
        self.context.set_cipher_list(_CIPHERS)
        self.context.set_tlsext_use_srtp(b":".join(suite.name for suite in _SUITES))


@dataclass(frozen=True, slots=True)
class SecurePath:
    """The two directions of SRTP and SRTCP. protect(packet), unprotect_rtcp(packet): raise pylibsrtp.Error."""

    protect: Callable[[bytes], bytes]
    protect_rtcp: Callable[[bytes], bytes]
    unprotect_rtcp: Callable[[bytes], bytes]


class Dtls:
    """One handshake. fingerprint: SHA-256 that the viewer's certificate must have."""

    def __init__(self, identity: Identity, fingerprint: bytes) -> None:
        self._fingerprint = fingerprint
        self._connection = SSL.Connection(identity.context, None)
        self._connection.set_accept_state()
        self._connection.set_ciphertext_mtu(MTU_BYTES)
        self.path: SecurePath | None = None
        self.is_closed = False  # by the viewer, or because the handshake failed

    def receive(self, datagram: bytes) -> None:
        """Take what came; afterwards ask `to_send`, `path` and `is_closed`."""
        if self.is_closed:
            return
        try:
            self._connection.bio_write(datagram)
            if self.path is None:
                self._connection.do_handshake()
                self._finish()
            else:
                self._connection.recv(MTU_BYTES)  # nobody sends data; what comes is the end
        except SSL.WantReadError:
            return
        except SSL.Error:  # ZeroReturnError, the viewer's farewell, is one
            self.is_closed = True

    def handle_timer(self) -> None:
        """Repeat what was lost if it is time; call it some times a second until there is a path."""
        if self.path is None and not self.is_closed:
            try:
                if self._connection.DTLSv1_handle_timeout():
                    self._connection.do_handshake()
            except SSL.WantReadError:
                return
            except SSL.Error:  # it was repeated too often
                self.is_closed = True

    def close(self) -> None:
        """Say farewell, to be fetched by `to_send`."""
        self.is_closed = True
        if self.path is not None:
            try:
                self._connection.shutdown()
            except SSL.Error:
                return

    def to_send(self) -> list[bytes]:
        """Return the datagrams that wait, each of whole records."""
        try:
            return cut_records(self._connection.bio_read(_MAX_FLIGHT_BYTES))
        except SSL.WantReadError:
            return []

    def _finish(self) -> None:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        shown = certificate.fingerprint(hashes.SHA256()) if certificate is not None else b""
        suite = next((suite for suite in _SUITES if suite.name == self._connection.get_selected_srtp_profile()), None)
        if suite is None or not compare_digest(shown, self._fingerprint):
            self.is_closed = True
            return
        self.path = self._build_path(suite)

    def _build_path(self, suite: _Suite) -> SecurePath:
        """RFC 5764 §4.2: client key, server key, client salt, server salt."""
        key, salt = suite.key_bytes, suite.salt_bytes
        material = self._connection.export_keying_material(_LABEL, 2 * (key + salt))
        keys = [material[side * key : (side + 1) * key] for side in (0, 1)]
        salts = [material[2 * key + side * salt : 2 * key + (side + 1) * salt] for side in (0, 1)]
        theirs = Policy(keys[0] + salts[0], Policy.SSRC_ANY_INBOUND, srtp_profile=suite.number)
        ours = Policy(keys[1] + salts[1], Policy.SSRC_ANY_OUTBOUND, srtp_profile=suite.number)
        ours.allow_repeat_tx = True  # a packet that is asked for again goes out as it was
        ours.window_size = RESEND_WINDOW
        sending, receiving = Session(ours), Session(theirs)
        return SecurePath(sending.protect, sending.protect_rtcp, receiving.unprotect_rtcp)


def cut_records(flight: bytes) -> list[bytes]:
    """Return a run of DTLS records as datagrams of at most `MTU_BYTES`; a record is never cut (RFC 6347 §4.1.1)."""
    datagrams: list[bytes] = []
    start = at = 0
    while at + _RECORD_HEADER_BYTES <= len(flight):
        end = at + _RECORD_HEADER_BYTES + int.from_bytes(flight[at + 11 : at + 13])
        if end - start > MTU_BYTES and at > start:
            datagrams.append(flight[start:at])
            start = at
        at = end
    if start < len(flight):
        datagrams.append(flight[start:])
    return datagrams
