"""Live playlists of Low-Latency HLS as text (draft-pantos-hls-rfc8216bis, "8216bis"): partial segments, blocking reload. Pure.

What is listed is a window that slides: whole segments, the last of them with their parts, and the segment that grows. The URIs are
relative and the same for every viewer, so one text serves all of them.

Left out: delta updates (EXT-X-SKIP; a list is some kilobytes), rendition reports (there is one rendition, pictures and sound in the same
segments), encryption, byte ranges. Rules of this file: no clock and no bytes of media; what a list says is decided by whoever fills it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import Final

from brightkitchen.kernel.units import US_PER_S, Utc, format_utc

_VERSION: Final = 7  # fragmented MP4; nothing here needs a later one (8216bis §8)
_SEGMENTS_WITH_PARTS: Final = (
    3  # older parts nobody joins at (§4.4.4.9 asks for those of the last three target durations)
)
_NAME: Final = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,3}))?")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class LivePart:
    """One partial segment. is_independent: it begins with a key frame."""

    duration_us: int
    is_independent: bool


@dataclass(frozen=True, slots=True)
class LiveSegment:
    """One media segment. number: its media sequence number. init: of what a player needs before it. start_at: UTC of its first picture.

    is_discontinuity: another timeline or other tracks than the segment before it. is_whole: False while parts are still added.
    """

    number: int
    init: int
    start_at: Utc
    parts: tuple[LivePart, ...]
    is_discontinuity: bool
    is_whole: bool

    @property
    def duration_us(self) -> int:
        return sum(part.duration_us for part in self.parts)


@dataclass(frozen=True, slots=True)
class LiveList:
    """What a playlist says now. segments: without a gap in their numbers, at least one; only the last may not be whole.

    discontinuities: how many segments with one have left the list. target_s: no whole segment is longer when rounded; never changes
    (§4.4.3.1, §6.2.1). part_target_us: no part is longer.
    """

    segments: tuple[LiveSegment, ...]
    discontinuities: int
    target_s: int
    part_target_us: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next part goes: segment number and index of the part in it."""

    segment: int
    part: int


class Reload(Enum):
    """What becomes of a request for a playlist that shall contain something."""

    READY = "ready"
    WAIT = "wait"
    REFUSE = "refuse"


def name_segment(number: int) -> str:
    """Return the relative URI of a segment."""
    return f"{number}.m4s"


def name_part(place: Place) -> str:
    """Return the relative URI of a part."""
    return f"{place.segment}.{place.part}.m4s"


def name_init(init: int) -> str:
    """Return the relative URI of an init segment."""
    return f"init/{init}.mp4"


def parse_media_name(name: str) -> tuple[int, int | None] | None:
    """Return segment and part (None: all of it) of a name without its ending; None if it is none of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return int(found[1]), int(found[2]) if found[2] is not None else None


def find_next_place(live: LiveList) -> Place:
    """Return where the part goes that comes next."""
    last = live.segments[-1]
    return Place(last.number + 1, 0) if last.is_whole else Place(last.number, len(last.parts))


def build_live_playlist(live: LiveList) -> str:
    """Return the media playlist (8216bis §4.4.3-4.4.5).

    Three part target durations are held back for those who read parts, three target durations for the others: the least that
    §4.4.3.8 allows.
    """
    first = live.segments[0]
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{live.target_s}",
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={_format_s(3 * live.part_target_us)},"
        f"HOLD-BACK={_format_s(3 * live.target_s * US_PER_S)}",
        f"#EXT-X-PART-INF:PART-TARGET={_format_s(live.part_target_us)}",
        f"#EXT-X-MEDIA-SEQUENCE:{first.number}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{live.discontinuities}",
    ]
    init: int | None = None
    with_parts = live.segments[-1].number - _SEGMENTS_WITH_PARTS
    for segment in live.segments:
        if segment.is_discontinuity:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.init != init:
            init = segment.init
            lines.append(f'#EXT-X-MAP:URI="{name_init(init)}"')
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{format_utc(segment.start_at)}")
        if segment.number > with_parts:
            lines += _list_parts(segment)
        if segment.is_whole:
            lines += [f"#EXTINF:{segment.duration_us / US_PER_S:.6f},", name_segment(segment.number)]
    lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{name_part(find_next_place(live))}"')
    return "\n".join(lines) + "\n"


def _list_parts(segment: LiveSegment) -> Iterator[str]:
    for index, part in enumerate(segment.parts):
        independent = ",INDEPENDENT=YES" if part.is_independent else ""
        uri = name_part(Place(segment.number, index))
        yield f'#EXT-X-PART:DURATION={part.duration_us / US_PER_S:.6f},URI="{uri}"{independent}'


def _format_s(duration_us: int) -> str:
    """Return seconds with three decimals, never less than the duration."""
    return f"{ceil(duration_us / _MS) / _MS:.3f}"


def build_live_multivariant(
    *, codecs: tuple[str, ...], width_px: int, height_px: int, peak_bps: int, average_bps: int, uri: str
) -> str:
    """Return the list of lists: one variant, its sound in the same segments (8216bis §4.4.6.2)."""
    attributes = [
        f"BANDWIDTH={max(1, peak_bps)}",
        f"AVERAGE-BANDWIDTH={max(1, average_bps)}",
        f'CODECS="{",".join(codecs)}"',
    ]
    if width_px and height_px:
        attributes.append(f"RESOLUTION={width_px}x{height_px}")
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", f"#EXT-X-STREAM-INF:{','.join(attributes)}", uri]
    return "\n".join(lines) + "\n"


def parse_reload(segment: str | None, part: str | None) -> Place | None:
    """Return what `_HLS_msn` and `_HLS_part` ask for; part -1: the whole segment. None: neither was given.

    raises: ValueError for what is no number, or a part without a segment (8216bis §6.2.5.2).
    """
    if segment is None:
        if part is not None:
            raise ValueError("a part without its segment")
        return None
    if any(text is not None and _NUMBER.fullmatch(text) is None for text in (segment, part)):
        raise ValueError("no number")
    return Place(int(segment), int(part) if part is not None else -1)


def judge_reload(live: LiveList, wanted: Place) -> Reload:
    """Return whether the list contains what is wanted, will soon, or whether nobody may ask for it yet (8216bis §6.2.5.2).

    A part beyond the last one of a whole segment is the first of the next. Refused is what lies more than two segments ahead of the
    list, or further ahead in the growing segment than three parts (or as many as a second has).
    """
    last, following = live.segments[-1], find_next_place(live)
    if wanted.segment > last.number + 2:
        return Reload.REFUSE
    if wanted.segment < last.number:
        return Reload.READY
    if wanted.segment > last.number:
        return Reload.WAIT
    if last.is_whole:
        return Reload.READY if wanted.part < len(last.parts) else Reload.WAIT
    if 0 <= wanted.part < following.part:
        return Reload.READY
    ahead = 3 if live.part_target_us >= US_PER_S else ceil(3 * US_PER_S / live.part_target_us)
    return Reload.REFUSE if wanted.part >= following.part + ahead else Reload.WAIT
