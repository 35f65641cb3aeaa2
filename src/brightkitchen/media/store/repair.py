"""`check --repair`: makes the invariants hold again without losing a byte of video (docs/design/storage.md §9).

Works on a store whose node is stopped (it takes the lock). Files that cannot be told what they are go to `quarantine/` of their volume;
rows whose file is gone become a gap `lost`; a file whose content changed stays where it is and is only reported.
"""

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import xxhash

from brightkitchen.kernel.ids import SegmentId
from brightkitchen.media.store.checker import (
    QUARANTINE,
    Checker,
    Finding,
    StoreReport,
    Trouble,
    find_volumes,
    load_row,
    mended,
)
from brightkitchen.media.store.deletion import sweep
from brightkitchen.media.store.files import Names
from brightkitchen.media.store.index import Index
from brightkitchen.media.store.layout import OPEN, SEGMENTS, SUFFIX, final_names
from brightkitchen.media.store.ledger import Ledger
from brightkitchen.media.store.model import EndReason, Fragment, GapReason, SegmentInfo
from brightkitchen.media.store.recovery import note_stop, recover
from brightkitchen.media.store.samples import read_head, scan_whole
from brightkitchen.media.store.store import lock_store
from brightkitchen.media.store.volumes import Volume, VolumePlace, Volumes

_READ_BYTES = 1 << 20


def repair(folder: Path, places: Sequence[VolumePlace] = (), *, reads_all: bool = False) -> StoreReport:
    """Recover (P4), look, and mend what can be mended; return what was found and what was done.

    An index that is missing is made anew from the files' own labels. raises: BrightKitchenError(CONFLICT, "store.locked"), and as
    `checker.open_index`; OSError, sqlite3.Error.
    """
    lock_fd = lock_store(folder)
    try:
        with closing(Index(folder / "index.sqlite3")) as index:
            volumes = find_volumes(folder, places, index.load_volumes())
            try:
                for volume in volumes.all:
                    if volume.files is not None:
                        volume.files.make_dir((OPEN,))
                        volume.files.make_dir((SEGMENTS,))
                        recover(volume.files, index, volume=volume.no)
                note_stop(index)
                sweep(index, Ledger(index), volumes, limit=1_000_000)
                report = Checker(folder, places, reads_all=reads_all).run()
                mender = _Mender(index, volumes)
                report.findings = [mender.mend(finding) for finding in report.findings]
                mender.count_again()
            finally:
                volumes.close()
        return report
    finally:
        os.close(lock_fd)


class _Mender:
    def __init__(self, index: Index, volumes: Volumes) -> None:
        self._index = index
        self._volumes = volumes

    def mend(self, finding: Finding) -> Finding:
        """Do what can be done about one finding; return it with a word about that."""
        volume = self._volumes.get(finding.volume)
        trouble = finding.trouble
        if trouble is Trouble.COUNTS:
            return mended(finding, "counted again")
        if volume is None or volume.files is None or finding.segment is None:
            if trouble is Trouble.FILE_UNKNOWN and volume is not None:
                return self._set_aside(finding, volume)
            return finding
        if trouble is Trouble.FILE_MISSING:
            self._drop_row(finding.segment)
            return mended(finding, "row dropped, gap noted")
        if trouble in (Trouble.FILE_UNKNOWN, Trouble.FILE_SIZE, Trouble.FRAGMENTS):
            return self._take_in(finding, volume)
        if trouble is Trouble.FILE_MISPLACED:
            return self._set_aside(finding, volume)
        return finding  # what changed inside a file can only be told

    def _take_in(self, finding: Finding, volume: Volume) -> Finding:
        """Give a file the row that it says itself; what is not whole, or is not what its name says, is set aside."""
        assert finding.segment is not None
        found = self._read_file(volume, finding.names, finding.segment)
        if finding.trouble is not Trouble.FILE_UNKNOWN:
            self._drop_row(finding.segment, is_lost=found is None)
        if found is None:
            return self._set_aside(finding, volume)
        info, fragments = found
        files = volume.files
        assert files is not None
        final = final_names(info.id, info.key, info.start_at)
        if final != finding.names:
            files.make_dir(final[:-1])
            files.rename(finding.names, final)
            files.sync_dir(final[:-1])
            files.sync_dir(finding.names[:-1])
        with self._index.transaction():
            self._index.save_segment(info, fragments)
        return mended(finding, "row made from the file's label")

    def _read_file(
        self, volume: Volume, names: Names, segment: SegmentId
    ) -> tuple[SegmentInfo, tuple[Fragment, ...]] | None:
        """Return what a whole file says of itself; None if it is not whole to its last byte."""
        assert volume.files is not None
        try:
            fd = volume.files.open_read(names)
        except OSError:
            return None
        try:
            size = os.fstat(fd).st_size
            head = read_head(lambda offset, length: os.pread(fd, length, offset), size)
            fragments = scan_whole(lambda offset, length: os.pread(fd, length, offset), size)
            if head is None or head.label.id != segment or not fragments or fragments[-1].end_offset != size:
                return None
            hashing = xxhash.xxh3_128()
            for at in range(0, size, _READ_BYTES):
                hashing.update(os.pread(fd, _READ_BYTES, at))
        finally:
            os.close(fd)
        label, last = head.label, fragments[-1]
        info = SegmentInfo(
            id=segment,
            key=label.key,
            run=label.run,
            start_at=label.start_at,
            duration_ticks=last.start_ticks + last.duration_ticks,
            size_bytes=size,
            init_bytes=head.init_bytes,
            frames=sum(fragment.frames for fragment in fragments),
            video_codec=label.video_codec,
            audio_codec=label.audio_codec,
            width_px=label.width_px,
            height_px=label.height_px,
            is_open=False,
            end_reason=EndReason.RECOVERED,
            volume=volume.no,
            content_hash=hashing.hexdigest(),
        )
        return info, fragments

    def _set_aside(self, finding: Finding, volume: Volume) -> Finding:
        """Move a file to quarantine, where nothing is deleted; a name that is taken there gets a number."""
        files = volume.files
        assert files is not None
        if any(not _is_ours(name) for name in finding.names):
            return finding  # not a name that our own walk may touch: left where it is, and reported each time
        files.make_dir((QUARANTINE,))
        stem = finding.names[-1].removesuffix(SUFFIX)
        target: Names = (QUARANTINE, finding.names[-1])
        number = 1
        while files.has(target):
            target = (QUARANTINE, f"{stem}_{number}{SUFFIX}")
            number += 1
        try:
            files.rename(finding.names, target)
        except FileNotFoundError:
            return finding
        files.sync_dir((QUARANTINE,))
        files.sync_dir(finding.names[:-1])
        return mended(finding, f"moved to {'/'.join(target)}")

    def _drop_row(self, segment: SegmentId, *, is_lost: bool = True) -> None:
        row = load_row(self._index.writer, segment)
        if row is None:
            return
        with self._index.transaction():
            self._index.drop_segment(segment)
            if is_lost:
                self._index.save_past_gap(row.info.key, row.info.start_at, row.info.end_at, GapReason.LOST.value)

    def count_again(self) -> None:
        with self._index.transaction():
            self._index.count_again()


def _is_ours(name: str) -> bool:
    stem = name.removesuffix(SUFFIX)
    return 0 < len(stem) <= 64 and all(letter in "abcdefghijklmnopqrstuvwxyz0123456789_" for letter in stem)
