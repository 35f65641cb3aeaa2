"""P4 recover (docs/design/storage.md §4): what start-up does with the files a dead node left under open/."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from brightkitchen.kernel.ids import SegmentId, is_id
from brightkitchen.kernel.log import get_logger
from brightkitchen.media.store.closer import place_files
from brightkitchen.media.store.files import Files
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, SUFFIX, open_names
from brightkitchen.media.store.model import EndReason, Fragment, GapReason, SegmentInfo
from brightkitchen.media.store.samples import read_head, scan_whole
from brightkitchen.media.store.schema import OWN_VOLUME

log = get_logger(__name__)

_PREFIX: Final = "seg"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What start-up found. cut_bytes: half-written ends that were cut off."""

    segments: int = 0
    removed: int = 0
    cut_bytes: int = 0

    def __add__(self, other: "Recovered") -> "Recovered":
        return Recovered(self.segments + other.segments, self.removed + other.removed, self.cut_bytes + other.cut_bytes)


@dataclass(frozen=True, slots=True)
class _Found:
    info: SegmentInfo
    fragments: tuple[Fragment, ...]
    cut_bytes: int


def recover(
    files: Files, index: Index, *, volume: int = OWN_VOLUME, leave: Collection[SegmentId] = frozenset()
) -> Recovered:
    """Make the invariants hold again on one volume after a death at any step. Safe to die in and to repeat.

    leave: files that are being written, on a volume that came back while the node runs.
    """
    found: list[_Found] = []
    placed: list[SegmentInfo] = []
    removed = 0
    for name in files.list_names((OPEN,)):
        segment = SegmentId(name.removesuffix(SUFFIX))
        if not name.endswith(SUFFIX) or not is_id(segment, _PREFIX):
            log.warning("file that is not ours left alone", name=name)
            continue
        if segment in leave:
            continue
        row = index.load_segment(segment)
        if row is not None:  # died between P3.2 and P3.4
            placed.append(row)
            continue
        rescued = _rescue(files, segment, volume)  # P4.1
        if rescued is None:
            files.unlink(open_names(segment))
            removed += 1
        else:
            found.append(rescued)
    if found:
        with index.transaction():  # P4.2
            for one in found:
                index.save_segment(one.info, one.fragments)
    place_files(files, [*placed, *(one.info for one in found)])  # P4.3
    if removed:
        files.sync_dir((OPEN,))
    return Recovered(len(found) + len(placed), removed, sum(one.cut_bytes for one in found))


def note_stop(index: Index) -> None:
    """P4.4: a lasting gap for every stream that has recordings and none."""
    unclosed = index.load_unclosed()
    if unclosed:
        with index.transaction():  # P4.4
            for key, last_at in unclosed:
                index.save_gap_start(key, last_at, GapReason.NODE_STOPPED.value)


def _rescue(files: Files, segment: SegmentId, volume: int) -> _Found | None:
    """Cut a file after its last whole fragment and sync it; None if not even its head is whole."""
    fd = files.open_write(open_names(segment))
    try:
        size = files.size(fd)

        def read(offset: int, size_bytes: int) -> bytes:
            return files.read_at(fd, size_bytes, offset)

        head = read_head(read, size)
        if head is None or head.label.segment != segment:
            return None
        fragments = scan_whole(read, size)
        if not fragments:
            return None
        end = fragments[-1].end_offset
        if end < size:
            files.truncate(fd, end)
        files.sync_data(fd)
    finally:
        files.close(fd)
    last = fragments[-1]
    info = SegmentInfo(
        id=segment,
        key=head.label.key,
        run=head.label.run,
        start_at=head.label.start_at,
        duration_ticks=last.start_ticks + last.duration_ticks,
        size_bytes=end,
        init_bytes=head.init_bytes,
        frames=sum(fragment.frames for fragment in fragments),
        video_codec=head.label.video_codec,
        audio_codec=head.label.audio_codec,
        width_px=head.label.width_px,
        height_px=head.label.height_px,
        is_open=False,
        end_reason=EndReason.RECOVERED,
        volume=volume,
    )
    return _Found(info, fragments, size - end)
