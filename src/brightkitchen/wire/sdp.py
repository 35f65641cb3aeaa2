"""Session descriptions (RFC 8866) as cameras write them, reduced to the tracks that we can receive.

Left out: bandwidth, timing, encryption, multicast addresses, everything a receiver does not need.
Rules of this file: lenient with form, strict with size; an address in an SDP is never connected to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from brightkitchen.kernel.errors import TheirError
from brightkitchen.wire.au import AUDIO_TRACK, VIDEO_TRACK, Codec
from brightkitchen.wire.rtp.description import TrackDescription

MAX_SDP_BYTES: Final = 64 * 1024
MAX_LINES: Final = 1000
MAX_SECTIONS: Final = 32
VIDEO_CLOCK_HZ: Final = 90_000
_MAX_CLOCK_HZ: Final = 1_000_000
_MAX_CHANNELS: Final = 8

_CODECS: Final = {
    ("video", "H264"): Codec.H264,
    ("video", "H265"): Codec.H265,
    ("video", "HEVC"): Codec.H265,
    ("audio", "PCMA"): Codec.PCMA,
    ("audio", "PCMU"): Codec.PCMU,
    ("audio", "G711A"): Codec.PCMA,
    ("audio", "G711U"): Codec.PCMU,
    ("audio", "MPEG4-GENERIC"): Codec.AAC,
}
_STATIC: Final = {0: "PCMU/8000", 8: "PCMA/8000"}
_RTPMAP: Final = re.compile(r"\s*(\d{1,3})\s+([^\s/]+)(?:\s*/\s*(\d{1,7}))?(?:\s*/\s*(\d{1,2}))?")
_FMTP: Final = re.compile(r"\s*(\d{1,3})\s+(.*)")


@dataclass(frozen=True, slots=True)
class MediaTrack:
    """A track worth setting up. control: as written, "" if the section has none."""

    description: TrackDescription
    control: str


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """control: of the whole session, "" if absent. refused: encodings of video sections that we cannot use."""

    control: str
    video: MediaTrack | None
    audio: MediaTrack | None
    refused: tuple[str, ...] = ()


@dataclass(slots=True)
class _Section:
    kind: str
    payload_types: list[int]
    control: str = ""
    maps: dict[int, str] = field(default_factory=dict)
    parameters: dict[int, str] = field(default_factory=dict)
    to_camera: bool = False


def parse_sdp(body: bytes) -> SessionDescription:
    """Read a DESCRIBE body.

    raises: TheirError if it is larger than 64 KiB, 1000 lines or 32 sections, or no SDP at all.
    """
    if len(body) > MAX_SDP_BYTES:
        raise TheirError("the session description is too large", sample=body)
    lines = [line.strip() for line in body.decode("utf-8", "replace").replace("\r", "\n").split("\n")]
    lines = [line for line in lines if len(line) > 2 and line[1] == "="]
    if len(lines) > MAX_LINES:
        raise TheirError("the session description has too many lines", sample=body)
    if not any(line.startswith(("v=", "m=")) for line in lines):
        raise TheirError("not a session description", sample=body)
    control, sections = _read_sections(lines, body)
    videos = [section for section in sections if section.kind == "video"]
    sounds = sorted((section for section in sections if section.kind == "audio"), key=lambda section: section.to_camera)
    video = _first_track(videos, VIDEO_TRACK)
    refused = tuple(name for section in videos for name in _encodings(section)) if video is None else ()
    return SessionDescription(control, video, _first_track(sounds, AUDIO_TRACK), refused)


def _read_sections(lines: list[str], body: bytes) -> tuple[str, list[_Section]]:
    control = ""
    sections: list[_Section] = []
    for line in lines:
        value = line[2:].strip()
        if line.startswith("m="):
            words = value.split()
            sections.append(_Section(words[0].lower(), [int(word) for word in words[3:] if _is_payload_type(word)]))
            if len(sections) > MAX_SECTIONS:
                raise TheirError("the session description has too many sections", sample=body)
        elif line.startswith("a="):
            name, _, argument = value.partition(":")
            if sections:
                _read_attribute(sections[-1], name.strip().lower(), argument)
            elif name.strip().lower() == "control":
                control = argument.strip()
    return control, sections


def _is_payload_type(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 3 and int(word) < 128


def _read_attribute(section: _Section, name: str, argument: str) -> None:
    if name == "control":
        section.control = argument.strip()
    elif name == "sendonly":
        section.to_camera = True
    elif name == "rtpmap" and (found := _RTPMAP.match(argument)) is not None:
        section.maps[int(found[1])] = found[2].upper() + "/" + (found[3] or "") + "/" + (found[4] or "")
    elif name == "fmtp" and (found := _FMTP.match(argument)) is not None:
        section.parameters[int(found[1])] = found[2]


def _encodings(section: _Section) -> Iterable[str]:
    """Yield ``NAME/rate/channels`` of each payload type, in order of preference."""
    for payload_type in _candidates(section):
        yield section.maps.get(payload_type) or _STATIC.get(payload_type, f"type {payload_type}")


def _candidates(section: _Section) -> list[int]:
    # Some cameras write another number in "m=" than in "a=rtpmap"; then the map is what they send.
    listed = [number for number in section.payload_types if number in section.maps or number in _STATIC]
    return listed or sorted(section.maps) or section.payload_types[:1]


def _first_track(sections: list[_Section], track: int) -> MediaTrack | None:
    for section in sections:
        for payload_type, encoding in zip(_candidates(section), _encodings(section), strict=True):
            description = _describe(section, payload_type, encoding, track)
            if description is not None:
                return MediaTrack(description, section.control)
    return None


def _describe(section: _Section, payload_type: int, encoding: str, track: int) -> TrackDescription | None:
    name, _, rest = encoding.partition("/")
    rate_text, _, channels_text = rest.partition("/")
    codec = _CODECS.get((section.kind, name))
    parameters = _parse_fmtp(_parameters_of(section, payload_type))
    if codec is None or (codec is Codec.AAC and not _is_plain_aac(parameters)):
        return None
    rate_hz = int(rate_text or 0)
    if codec.is_video:
        rate_hz = VIDEO_CLOCK_HZ  # RFC 6184 §8.2.1, RFC 7798 §7.1: "MUST be 90000", whatever a camera writes
    elif not 1000 <= rate_hz <= _MAX_CLOCK_HZ:
        rate_hz = 8000
    channels = min(max(int(channels_text or 1), 1), _MAX_CHANNELS)
    return TrackDescription(track, codec, payload_type, rate_hz, channels, parameters)


def _is_plain_aac(parameters: dict[str, str]) -> bool:
    return parameters.get("mode", "AAC-hbr").lower() == "aac-hbr" and bool(parameters.get("config"))


def _parameters_of(section: _Section, payload_type: int) -> str:
    text = section.parameters.get(payload_type)
    if text is None and len(section.parameters) == 1 and len(section.maps) <= 1:
        return next(iter(section.parameters.values()))  # the one fmtp names another payload type than the one map
    return text or ""


def _parse_fmtp(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            parameters.setdefault(name.strip().lower(), value.strip())
    return parameters


_ABSOLUTE: Final = re.compile(r"rtsps?://[^/?#\s]+", re.IGNORECASE)
_NOWHERE: Final = re.compile(r"rtsps?://(?:0\.0\.0\.0|\[::\])(?=[:/?]|$)", re.IGNORECASE)


def choose_base(request_url: str, content_base: str | None, content_location: str | None) -> str:
    """Return the URL that relative controls extend: Content-Base, Content-Location, or what we asked for.

    A header that is no RTSP URL, or names 0.0.0.0, or carries a log-in, is passed over. source: RFC 2326 §C.1.1.
    """
    for value in (content_base, content_location):
        text = (value or "").strip().strip('"')
        if _is_usable(text):
            return text
    return request_url


def _is_usable(url: str) -> bool:
    found = _ABSOLUTE.match(url)
    return (
        found is not None and "@" not in found[0] and not _NOWHERE.match(url) and url.isprintable() and " " not in url
    )


def resolve_control(base: str, control: str) -> str:
    """Return the URL to set up or play. control: as in the SDP; "" and "*" mean the base itself.

    A relative control is appended, not resolved by RFC 3986: bases end in a query
    (``…/realmonitor?channel=1/`` + ``trackID=0``) or miss their last slash, and cameras compare text.
    """
    text = control.strip()
    if not text or text == "*" or not text.isprintable() or " " in text:
        return base
    if _is_usable(text):
        return text
    if "://" in text:  # absolute, but not usable: only its path means anything
        text = text.split("://", 1)[1].partition("/")[2]
    return (base if base.endswith("/") else base + "/") + text.lstrip("/")
