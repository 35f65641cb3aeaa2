"""Offer and answer of a WHEP viewer (draft-ietf-wish-whep, RFC 9725 §4, RFC 3264, RFC 8829 §5): text in, values out, text out.

The viewer offers to receive; we answer as an ICE-lite agent that sends, one bundle, RTCP in it. Left out: trickle, restarts, data
channels, simulcast, retransmission streams (lost packets are sent again as they were).
Rules of this file: strict with size, and the viewer's candidates are never read: nothing is ever sent to an address that an offer names
(SECURITY.md §3 row 14).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.au import Codec

MAX_OFFER_BYTES: Final = 16 * 1024
MAX_SECTIONS: Final = 16
MAX_LINES: Final = 600
PLAYOUT_DELAY: Final = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
_PROTOCOLS: Final = frozenset(("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"))
_ICE_WORD: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_FINGERPRINT: Final = re.compile(r"(?i)sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})")
_RTPMAP: Final = re.compile(r"(\d{1,3}) ([A-Za-z0-9._-]{1,32})/(\d{1,7})(?:/(\d{1,2}))?")
_FMTP: Final = re.compile(r"(\d{1,3}) (.{1,400})")
_EXTMAP: Final = re.compile(r"(\d{1,3})(?:/\w{1,8})? (\S{1,200})")
_MID: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}")
_STATIC: Final = {0: ("PCMU", 8000), 8: ("PCMA", 8000)}
_CANDIDATE_PRIORITY: Final = 2130706431  # a host candidate, component 1 (RFC 8445 §5.1.2)


@dataclass(frozen=True, slots=True)
class Encoding:
    """One payload type of a section. parameters: of its fmtp line, names in lower case."""

    payload_type: int
    name: str
    clock_hz: int
    parameters: dict[str, str]


@dataclass(slots=True)
class Section:
    """One m= line as offered. kind: "audio", "video" or what else. receives: the viewer wants to be sent this."""

    kind: str
    protocol: str
    payload_types: list[str]
    mid: str = ""
    receives: bool = True
    has_port: bool = True
    shares_rtcp: bool = False
    encodings: dict[int, Encoding] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)

    @property
    def is_usable(self) -> bool:
        return self.has_port and self.receives and self.shares_rtcp and self.protocol in _PROTOCOLS and bool(self.mid)


@dataclass(frozen=True, slots=True)
class Offer:
    """fragment: the viewer's ICE name. fingerprint: SHA-256 of its certificate, 32 bytes."""

    fragment: str
    fingerprint: bytes
    sections: tuple[Section, ...]
    bundled: frozenset[str]

    def first(self, kind: str) -> Section | None:
        """Return the first usable section of a kind."""
        return next((section for section in self.sections if section.kind == kind and section.is_usable), None)


@dataclass(frozen=True, slots=True)
class Sending:
    """What we send in one section. fmtp: "" for none. extension: (id, URI) of a header extension in use."""

    mid: str
    encoding: Encoding
    ssrc: int
    fmtp: str = ""
    extension: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Answering:
    """Our side. addresses: where we are reached, best first. fingerprint: SHA-256 of our certificate."""

    session: int
    fragment: str
    password: str
    fingerprint: bytes
    addresses: tuple[tuple[str, int], ...]
    name: str
    sendings: tuple[Sending, ...]


def parse_offer(body: bytes) -> Offer:
    """Read an offer. raises: TheirError if it is too large, no SDP, or lacks what a secure answer needs."""
    if len(body) > MAX_OFFER_BYTES:
        raise TheirError("the offer is too large", sample=body)
    try:
        lines = [line.rstrip("\r") for line in body.decode("utf-8").split("\n")]
    except UnicodeDecodeError as cause:
        raise TheirError("the offer is not text", sample=body) from cause
    if len(lines) > MAX_LINES or not lines[0].startswith("v=0"):
        raise TheirError("not an offer", sample=body)
    reading = _Reading()
    for line in lines:
        reading.take(line, body)
    return reading.finish(body)


class _Reading:
    """What was read so far; session lines hold for every section, and in a bundle the first section's count."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._fragment = self._setup = ""
        self._fingerprint = b""
        self._bundled: frozenset[str] = frozenset()

    def take(self, line: str, body: bytes) -> None:
        if line.startswith("m="):
            words = line[2:].split()
            if len(words) < 4 or len(self._sections) >= MAX_SECTIONS:
                raise TheirError("a media line that cannot be", sample=body)
            self._sections.append(Section(words[0], words[2], words[3:], has_port=True))
            self._sections[-1].has_port = words[1] != "0"
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            self._take_attribute(name, value)

    def _take_attribute(self, name: str, value: str) -> None:
        section = self._sections[-1] if self._sections else None
        if name == "ice-ufrag" and not self._fragment and _ICE_WORD.fullmatch(value):
            self._fragment = value
        elif name == "fingerprint" and not self._fingerprint and (found := _FINGERPRINT.fullmatch(value.strip())):
            self._fingerprint = bytes.fromhex(found[1].replace(":", ""))
        elif name == "setup" and not self._setup:
            self._setup = value.strip()
        elif name == "group" and value.startswith("BUNDLE "):
            self._bundled = frozenset(value.split()[1:])
        elif section is not None:
            _read_section(section, name, value)

    def finish(self, body: bytes) -> Offer:
        if not self._fragment or not self._fingerprint:
            raise TheirError("the offer has no ICE fragment or no SHA-256 fingerprint", sample=body)
        if self._setup not in ("actpass", "active"):
            raise TheirError("the offer does not begin the handshake", sample=body)
        return Offer(self._fragment, self._fingerprint, tuple(self._sections), self._bundled)


def _read_section(section: Section, name: str, value: str) -> None:
    if name == "mid" and _MID.fullmatch(value):
        section.mid = value
    elif name in ("sendonly", "inactive"):
        section.receives = False
    elif name == "bundle-only":
        section.has_port = True
    elif name == "rtcp-mux":
        section.shares_rtcp = True
    elif name == "rtpmap" and (found := _RTPMAP.fullmatch(value.strip())) is not None:
        number = int(found[1])
        if number < 128 and str(number) in section.payload_types:
            section.encodings[number] = Encoding(number, found[2].upper(), int(found[3]), {})
    elif name == "fmtp" and (found := _FMTP.fullmatch(value.strip())) is not None:
        known = section.encodings.get(int(found[1]))
        if known is not None:
            known.parameters.update(_parse_parameters(found[2]))
    elif name == "extmap" and (found := _EXTMAP.match(value)) is not None:
        section.extensions.setdefault(found[2], int(found[1]))


def _parse_parameters(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}


# -- which encoding ------------------------------------------------------------------------------------------------------

# What a decoder of each profile also decodes (H.264 Annex A.2): Constrained Baseline is inside all of them.
_DECODABLE_BY: Final = {
    "constrained baseline": ("constrained baseline", "main", "high", "baseline"),
    "baseline": ("baseline", "constrained baseline"),  # cameras say so and send no arbitrary slice order
    "main": ("main", "high"),
    "constrained high": ("constrained high", "high"),
    "high": ("high",),
}


def _name_profile(profile: int, constraints: int) -> str:
    """Return the name of a profile_idc with its constraint flags (RFC 6184 §8.1); "" for those that browsers never decode."""
    if profile == 66:
        return "constrained baseline" if constraints & 0x40 else "baseline"
    if profile == 77:
        return "constrained baseline" if constraints & 0x80 else "main"
    if profile == 100:
        return "constrained high" if constraints & 0x0C == 0x0C else "high"
    return ""


def choose_h264(section: Section, profile_bytes: bytes) -> tuple[Encoding, str] | None:
    """Return the offered payload type that decodes this camera best and the fmtp to answer; None if there is none.

    profile_bytes: profile_idc, constraint flags and level_idc of the camera's SPS. The answer repeats the profile that was offered, as
    it must, with the camera's own level (level asymmetry is what every browser allows).
    """
    offered: dict[str, Encoding] = {}
    for encoding in section.encodings.values():
        if encoding.name != "H264" or encoding.parameters.get("packetization-mode") != "1":
            continue
        said = _read_profile(encoding)
        offered.setdefault(_name_profile(said[0], said[1]), encoding)
    for name in _DECODABLE_BY.get(_name_profile(profile_bytes[0], profile_bytes[1]), ()):
        encoding_or_none = offered.get(name)
        if encoding_or_none is not None:
            said = _read_profile(encoding_or_none)
            level = profile_bytes[2] if _allows_asymmetry(encoding_or_none) else min(said[2], profile_bytes[2])
            identity = bytes((said[0], said[1], level)).hex()
            fmtp = f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={identity}"
            return encoding_or_none, fmtp
    return None


def _read_profile(encoding: Encoding) -> bytes:
    """Return the three bytes of profile-level-id; Baseline at level 1 if it is absent or no number (RFC 6184 §8.1)."""
    try:
        said = bytes.fromhex(encoding.parameters.get("profile-level-id", "42000a"))
    except ValueError:
        said = b""
    return said if len(said) == 3 else b"\x42\x00\x0a"


def _allows_asymmetry(encoding: Encoding) -> bool:
    return encoding.parameters.get("level-asymmetry-allowed") == "1"


def choose_g711(section: Section, codec: Codec) -> Encoding | None:
    """Return the offered payload type for G.711 of this law; None if there is none."""
    wanted = {Codec.PCMA: "PCMA", Codec.PCMU: "PCMU"}.get(codec)
    for text in section.payload_types:
        if not text.isdigit():
            continue
        number = int(text)
        name, clock_hz = _STATIC.get(number, ("", 0))
        encoding = section.encodings.get(number) or Encoding(number, name, clock_hz, {})
        if encoding.name == wanted and encoding.clock_hz == 8000:
            return encoding
    return None


# -- the answer ----------------------------------------------------------------------------------------------------------


def build_answer(offer: Offer, answering: Answering) -> bytes:
    """Return our SDP: one section for each that was offered, those that nothing is sent in refused."""
    by_mid = {sending.mid: sending for sending in answering.sendings}
    lines = [
        "v=0",
        f"o=- {answering.session} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=group:BUNDLE " + " ".join(section.mid for section in offer.sections if section.mid in by_mid),
        "a=msid-semantic: WMS " + answering.name,
    ]
    for section in offer.sections:
        sending = by_mid.get(section.mid)
        if sending is None:
            lines += [
                f"m={section.kind} 0 {section.protocol} {' '.join(section.payload_types[:1])}",
                "c=IN IP4 0.0.0.0",
            ]
            lines += [f"a=mid:{section.mid}"] if section.mid else []
            lines.append("a=inactive")
        else:
            lines += _build_section(section, sending, answering)
    return "\r\n".join((*lines, "")).encode()


def _build_section(section: Section, sending: Sending, answering: Answering) -> Iterable[str]:
    encoding, (host, port) = sending.encoding, answering.addresses[0]
    number = encoding.payload_type
    yield f"m={section.kind} {port} {section.protocol} {number}"
    yield f"c=IN IP{ip_address(host).version} {host}"
    yield "a=rtcp-mux"
    yield f"a=mid:{section.mid}"
    yield "a=sendonly"
    yield f"a=ice-ufrag:{answering.fragment}"
    yield f"a=ice-pwd:{answering.password}"
    yield "a=fingerprint:sha-256 " + answering.fingerprint.hex(":").upper()
    yield "a=setup:passive"
    yield f"a=rtpmap:{number} {encoding.name}/{encoding.clock_hz}"
    if sending.fmtp:
        yield f"a=fmtp:{number} {sending.fmtp}"
    if section.kind == "video":
        yield f"a=rtcp-fb:{number} nack"
        yield f"a=rtcp-fb:{number} nack pli"
    if sending.extension is not None:
        yield f"a=extmap:{sending.extension[0]} {sending.extension[1]}"
    yield f"a=msid:{answering.name} {section.kind}"
    yield f"a=ssrc:{sending.ssrc} cname:{answering.name}"
    for at, (address, at_port) in enumerate(answering.addresses):
        yield f"a=candidate:{at + 1} 1 udp {_CANDIDATE_PRIORITY - at} {address} {at_port} typ host"
    yield "a=end-of-candidates"
