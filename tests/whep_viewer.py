"""A WHEP viewer for tests and benchmarks: a full ICE agent, a DTLS client and an SRTP receiver, without a decoder.

Its handshake is OpenSSL's and its SRTP libsrtp's, as the node's are; that other implementations agree is what Chromium shows in tests/e2e.
"""

import asyncio
import secrets
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Policy, Session

from brightkitchen.wire.stun import build_binding_request

H264_OFFERED = {96: "64001f", 98: "42e01f"}
_SUITES = {
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}


class Credentials:
    """A key and a certificate; viewers of a benchmark share one."""

    def __init__(self, srtp: bytes = b"SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "viewer")])
        began = datetime(2026, 1, 1, tzinfo=UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(began)
            .not_valid_after(began + timedelta(days=3650))
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = certificate.fingerprint(hashes.SHA256())
        self.context = SSL.Context(SSL.DTLS_CLIENT_METHOD)
        self.context.use_certificate(certificate)
        self.context.use_privatekey(key)
        self.context.set_tlsext_use_srtp(srtp)


class WhepViewer(asyncio.DatagramProtocol):
    """One viewer. packets: opened RTP packets as they came; reports: opened RTCP. Set `on_rtp` to get them sealed instead."""

    def __init__(self, credentials: Credentials | None = None, on_rtp: Callable[[bytes], None] | None = None) -> None:
        self.credentials = credentials or Credentials()
        self.fragment, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.packets: list[bytes] = []
        self.reports: list[bytes] = []
        self.answers = 0
        self.has_path = asyncio.Event()
        self.is_over = asyncio.Event()
        self.arrived = asyncio.Event()
        self.suite = b""
        self.on_rtp = on_rtp
        self._theirs: tuple[str, str, tuple[str, int]] = ("", "", ("", 0))
        self._tls = SSL.Connection(self.credentials.context, None)
        self._tls.set_connect_state()
        self._tls.set_ciphertext_mtu(1200)
        self._transport: asyncio.DatagramTransport | None = None
        self._receiving: Session | None = None
        self._sending: Session | None = None

    def offer(self, *, sound: bool = False, profiles: dict[int, str] | None = None, extra: str = "") -> str:
        """Return an offer as a browser writes it, much shortened."""
        common = (
            f"c=IN IP4 0.0.0.0\r\na=ice-ufrag:{self.fragment}\r\na=ice-pwd:{self.password}\r\n"
            f"a=fingerprint:sha-256 {self.credentials.fingerprint.hex(':').upper()}\r\n"
            f"a=setup:actpass\r\na=rtcp-mux\r\na=recvonly\r\n{extra}"
        )
        offered = H264_OFFERED if profiles is None else profiles
        video = f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, offered))}\r\na=mid:0\r\n{common}"
        for number, profile in offered.items():
            video += f"a=rtpmap:{number} H264/90000\r\na=fmtp:{number} "
            video += f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}\r\n"
        audio = ""
        if sound:
            audio = f"m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\na=mid:1\r\n{common}a=rtpmap:111 opus/48000/2\r\n"
            audio += "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        bundle = "a=group:BUNDLE 0 1\r\n" if sound else "a=group:BUNDLE 0\r\n"
        return f"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{bundle}{video}{audio}"

    async def connect(self, answer: str, timeout_s: float = 10) -> None:
        """Check the path, shake hands. raises: TimeoutError."""
        await self.open(answer)
        self.check(nominates=True)
        async with asyncio.timeout(timeout_s):
            await self.has_path.wait()

    async def open(self, answer: str) -> None:
        """Open a socket towards the answer's first candidate; nothing is sent yet."""
        lines = answer.splitlines()
        value = {line.partition(":")[0]: line.partition(":")[2] for line in reversed(lines)}
        words = next(line for line in lines if line.startswith("a=candidate:")).split()
        self._theirs = (value["a=ice-ufrag"], value["a=ice-pwd"], (words[4], int(words[5])))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, remote_addr=self._theirs[2])

    def check(self, *, nominates: bool, password: str | None = None) -> None:
        """Send one connectivity check."""
        name = f"{self._theirs[0]}:{self.fragment}"
        sent = build_binding_request(secrets.token_bytes(12), name, password or self._theirs[1], nominates=nominates)
        self.send(sent)

    def send(self, datagram: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(datagram)

    def send_rtcp(self, packet: bytes) -> None:
        assert self._sending is not None
        self.send(self._sending.protect_rtcp(packet))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # -- asyncio.DatagramProtocol --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11's datagram transports are not of the class that is named for them.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[0] < 4:
            self.answers += 1
            if self.answers == 1:
                self._shake(None)
        elif 20 <= data[0] < 64:
            self._shake(data)
        elif 192 <= data[1] < 224:
            if self._receiving is not None:
                self.reports.append(self._receiving.unprotect_rtcp(data))
                self.arrived.set()
        elif self.on_rtp is not None:
            self.on_rtp(data)
            self.arrived.set()
        elif self._receiving is not None:
            self.packets.append(self._receiving.unprotect(data))
            self.arrived.set()

    def error_received(self, exc: Exception) -> None:
        self.is_over.set()

    def _shake(self, data: bytes | None) -> None:
        if data is not None:
            self._tls.bio_write(data)
        try:
            if self._receiving is None:
                self._tls.do_handshake()
                self._finish()
            else:
                self._tls.recv(2048)
        except SSL.WantReadError:
            pass
        except SSL.Error:
            self.is_over.set()
        try:
            flight = self._tls.bio_read(16_384)
        except SSL.WantReadError:
            return
        self.send(flight)

    def _finish(self) -> None:
        self.suite = self._tls.get_selected_srtp_profile()
        number, key, salt = _SUITES[self.suite]
        drawn = self._tls.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        mine = drawn[:key] + drawn[2 * key : 2 * key + salt]
        theirs = drawn[key : 2 * key] + drawn[2 * key + salt :]
        self._sending = Session(Policy(mine, Policy.SSRC_ANY_OUTBOUND, srtp_profile=number))
        self._receiving = Session(Policy(theirs, Policy.SSRC_ANY_INBOUND, srtp_profile=number))
        self.has_path.set()

    # -- for tests -----------------------------------------------------------------------------------------------------

    async def wait_for(self, condition: Callable[[], bool], timeout_s: float = 10) -> None:
        """Return when the condition holds; it is asked after each packet. raises: TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self.arrived.clear()
                await self.arrived.wait()


def read_rtp(packet: bytes) -> tuple[int, int, int, int, bool]:
    """Return sequence, timestamp, SSRC, payload type and marker of a packet without opening it."""
    _, kind, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", packet)
    return sequence, timestamp, ssrc, kind & 0x7F, bool(kind & 0x80)


def build_nack(ssrc: int, sequences: list[int]) -> bytes:
    """Return a receiver's request for packets, RFC 4585 §6.2.1, one pair each."""
    body = struct.pack(">II", 1, ssrc) + b"".join(struct.pack(">HH", sequence, 0) for sequence in sequences)
    return bytes((0x81, 205)) + (len(body) // 4).to_bytes(2) + body


def build_pli(ssrc: int) -> bytes:
    return bytes((0x81, 206)) + (2).to_bytes(2) + struct.pack(">II", 1, ssrc)


def build_loss_report(ssrc: int, fraction: int) -> bytes:
    """Return a receiver report with one block."""
    return bytes((0x81, 201)) + (7).to_bytes(2) + struct.pack(">IIIIIII", 1, ssrc, fraction << 24, 0, 0, 0, 0)
