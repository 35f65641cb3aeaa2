"""HLS playlists as text (RFC 8216 §4.3): one on-demand list per track, and the list of lists. Pure.

Left out: live lists, encryption, I-frame lists. Every file of the store is a discontinuity of its own, because its decode times
begin at 0; the date-time of each file says where it lies. Rules of this file: no names of files, only the URIs it is handed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from brightkitchen.kernel.units import US_PER_S, Utc, format_utc

_VERSION = 7  # EXT-X-MAP without I-frames only (6), and fragmented MP4


@dataclass(frozen=True, slots=True)
class Part:
    """One media segment of a list. start_at: UTC of its first picture."""

    uri: str
    start_at: Utc
    duration_us: int


@dataclass(frozen=True, slots=True)
class FileParts:
    """The segments that come from one file, in order. init_uri: what a player needs before them."""

    init_uri: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """What the list of lists says of the pictures. audio_codec: "" if there is no sound."""

    video_codec: str
    audio_codec: str
    width_px: int
    height_px: int
    peak_bps: int


def build_media_playlist(files: Iterable[FileParts]) -> str:
    """Return an on-demand list of all parts; a discontinuity stands before every file but the first."""
    kept = [file for file in files if file.parts]
    longest_us = max((part.duration_us for file in kept for part in file.parts), default=US_PER_S)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{max(1, ceil(longest_us / US_PER_S))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for index, file in enumerate(kept):
        if index:
            lines.append("#EXT-X-DISCONTINUITY")
        lines.append(f'#EXT-X-MAP:URI="{file.init_uri}"')
        for part in file.parts:
            lines += [
                f"#EXT-X-PROGRAM-DATE-TIME:{format_utc(part.start_at)}",
                f"#EXTINF:{part.duration_us / US_PER_S:.6f},",
                part.uri,
            ]
    lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def build_multivariant_playlist(variant: Variant, *, video_uri: str, audio_uri: str) -> str:
    """Return the list of lists: one variant, its sound in a rendition of its own if there is any."""
    codecs = ",".join(codec for codec in (variant.video_codec, variant.audio_codec) if codec)
    attributes = [f"BANDWIDTH={max(1, variant.peak_bps)}", f'CODECS="{codecs}"']
    if variant.width_px and variant.height_px:
        attributes.append(f"RESOLUTION={variant.width_px}x{variant.height_px}")
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if variant.audio_codec:
        attributes.append('AUDIO="sound"')
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,URI="{audio_uri}"'
        )
    lines += [f"#EXT-X-STREAM-INF:{','.join(attributes)}", video_uri]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """One stored fragment, as grouping needs it."""

    index: int
    duration_us: int
    is_key: bool


def group_pieces(pieces: Sequence[Piece], *, shortest_us: int) -> list[tuple[Piece, ...]]:
    """Cut a file's fragments into segments that begin at a key frame and last at least `shortest_us` (the last may be shorter).

    Fragments before the first key frame cannot be played and are left out.
    """
    groups: list[list[Piece]] = []
    lasting_us = 0
    for piece in pieces:
        if piece.is_key and (not groups or lasting_us >= shortest_us):
            groups.append([])
            lasting_us = 0
        if groups:
            groups[-1].append(piece)
            lasting_us += piece.duration_us
    return [tuple(group) for group in groups]
