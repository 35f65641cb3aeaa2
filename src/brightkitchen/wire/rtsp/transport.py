"""The Transport, Session and RTP-Info header fields (RFC 2326 §12.39, §12.37, §12.33), as cameras write them."""

import re
from dataclasses import dataclass
from typing import Final

DEFAULT_TIMEOUT_S: Final = 60
_MIN_TIMEOUT_S: Final = 5
_MAX_TIMEOUT_S: Final = 3600
_MAX_SESSION_ID: Final = 512
_PAIR: Final = re.compile(r"\s*(\d{1,5})\s*(?:-\s*(\d{1,5}))?\s*")
_RTP_INFO_ENTRY: Final = re.compile(r"(?:^|,)\s*(?=url\s*=)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Transport:
    """What a SETUP answer says. Pairs are (RTP, RTCP); None where the camera said nothing usable."""

    tcp: bool
    multicast: bool
    channels: tuple[int, int] | None
    server_ports: tuple[int, int] | None
    source: str | None
    ssrc: int | None


def parse_transport(value: str) -> Transport:
    """Read the first transport of the value; never fails, because half of it is optional in the field."""
    parts = [part.strip() for part in value.split(",", 1)[0].split(";")]
    parameters = {name.strip().lower(): text.strip() for name, _, text in (part.partition("=") for part in parts)}
    return Transport(
        tcp="tcp" in parts[0].lower() or "interleaved" in parameters,
        multicast="multicast" in parameters,
        channels=_parse_pair(parameters.get("interleaved", ""), 255),
        server_ports=_parse_pair(parameters.get("server_port", ""), 65535),
        source=parameters.get("source") or None,
        ssrc=_parse_ssrc(parameters.get("ssrc", "")),
    )


def _parse_pair(text: str, highest: int) -> tuple[int, int] | None:
    found = _PAIR.fullmatch(text)
    if found is None:
        return None
    first = int(found[1])
    second = int(found[2] or first + 1)
    return (first, second) if first < second <= highest or first == second <= highest else None


def _parse_ssrc(text: str) -> int | None:
    """Hexadecimal, eight digits; cameras pad with spaces, drop leading zeros, or write "0x"."""
    digits = text.replace(" ", "").lower().removeprefix("0x")
    return int(digits, 16) if re.fullmatch(r"[0-9a-f]{1,8}", digits) else None


@dataclass(frozen=True, slots=True)
class SessionId:
    """text: opaque, echoed in each request. timeout_s: 5..3600; 60 if the camera said nothing sensible."""

    text: str
    timeout_s: int


def parse_session(value: str) -> SessionId | None:
    """Read ``Session: id;timeout=60``; None if there is no id in it or it is longer than 512 characters."""
    text, _, rest = value.partition(";")
    text = text.strip()
    if not text or len(text) > _MAX_SESSION_ID:
        return None
    found = re.search(r"timeout\s*=\s*\"?(\d{1,9})", rest, re.IGNORECASE)
    timeout_s = int(found[1]) if found is not None else 0
    if timeout_s <= 0:
        timeout_s = DEFAULT_TIMEOUT_S
    return SessionId(text, min(max(timeout_s, _MIN_TIMEOUT_S), _MAX_TIMEOUT_S))


@dataclass(frozen=True, slots=True)
class RtpInfo:
    """Where one track begins. sequence: 0..65535, rtptime: 0..2**32-1, None where the camera did not say."""

    url: str
    sequence: int | None
    rtptime: int | None


def parse_rtp_info(value: str) -> tuple[RtpInfo, ...]:
    """Read all entries; at most 16."""
    found: list[RtpInfo] = []
    for entry in _RTP_INFO_ENTRY.split(value)[:17]:
        fields: dict[str, str] = {}
        for part in entry.split(";"):
            name, equals, text = part.partition("=")
            if equals:
                fields.setdefault(name.strip().lower(), text.strip().strip('",'))
        if fields:
            info = RtpInfo(fields.get("url", ""), _number(fields, "seq", 16), _number(fields, "rtptime", 32))
            found.append(info)
    return tuple(found)


def _number(fields: dict[str, str], name: str, bits: int) -> int | None:
    text = fields.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return int(text) if int(text) < 1 << bits else None


def match_rtp_info(infos: tuple[RtpInfo, ...], urls: tuple[str, ...]) -> tuple[RtpInfo | None, ...]:
    """Return the entry of each set-up URL: by URL, by its last part, else by position if the counts agree."""
    matched: list[RtpInfo | None] = []
    for position, url in enumerate(urls):
        exact = next((info for info in infos if info.url and (info.url == url or url.endswith("/" + info.url))), None)
        if exact is None and "/" in url:
            last = url.rpartition("/")[2]
            exact = next((info for info in infos if last and info.url.rpartition("/")[2] == last), None)
        if exact is None and len(infos) == len(urls):
            exact = infos[position]
        matched.append(exact)
    return tuple(matched)
