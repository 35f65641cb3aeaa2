"""Says whether a store is what docs/design/storage.md promises, invariant by invariant. Reads only; works while its node runs.

Without `reads_all`: rows against the names and sizes of files, both ways, and the index against itself. With it, every file is read:
its label, its fragments, its hash. What changes while a running node works is looked at again before it is called a finding.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.kernel.ids import CameraId, Profile, SegmentId, StreamKey, id_bytes, id_text, is_id
from brightkitchen.kernel.units import Utc
from brightkitchen.media.store.files import Files, Names, RealFiles
from brightkitchen.media.store.keeper import hash_file
from brightkitchen.media.store.layout import OPEN, SEGMENTS, SUFFIX, final_names, open_names, unpack_fragments
from brightkitchen.media.store.model import EndReason, Fragment, SegmentInfo
from brightkitchen.media.store.samples import read_head, scan_whole
from brightkitchen.media.store.schema import OWN_VOLUME, SCHEMA_VERSION
from brightkitchen.media.store.volumes import Volume, VolumePlace, Volumes, open_volume

QUARANTINE: Final = "quarantine"
_ROWS_AT_ONCE: Final = 2000

_ROW: Final = """SELECT s.id, t.camera, t.profile, h.run, s.start_us, s.duration_ticks, s.size_bytes, h.init_bytes, s.frames,
  h.video_codec, h.audio_codec, h.width_px, h.height_px, s.end_reason, s.volume, s.hash, s.fragments, s.no
  FROM segment s JOIN stream t ON t.no = s.stream JOIN shape h ON h.no = s.shape """


class Trouble(StrEnum):
    """What can be found, by the invariant that does not hold."""

    FILE_MISSING = "file_missing"  # I3
    FILE_SIZE = "file_size"  # I4
    FILE_UNKNOWN = "file_unknown"  # I4
    FILE_MISPLACED = "file_misplaced"  # I4
    FILE_UNREADABLE = "file_unreadable"  # I4
    FRAGMENTS = "fragments"  # I4
    LABEL = "label"  # I5
    CONTENT = "content"  # I8
    INDEX = "index"  # I9
    COUNTS = "counts"  # I9
    VOLUME_MISSING = "volume_missing"  # I10


INVARIANTS: Final = {
    Trouble.FILE_MISSING: "I3",
    Trouble.FILE_SIZE: "I4",
    Trouble.FILE_UNKNOWN: "I4",
    Trouble.FILE_MISPLACED: "I4",
    Trouble.FILE_UNREADABLE: "I4",
    Trouble.FRAGMENTS: "I4",
    Trouble.LABEL: "I5",
    Trouble.CONTENT: "I8",
    Trouble.INDEX: "I9",
    Trouble.COUNTS: "I9",
    Trouble.VOLUME_MISSING: "I10",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. file: volume and path beneath it; detail: English, for the engineer.

    mended: what `repair` did about it; "" = nothing.
    """

    trouble: Trouble
    file: str = ""
    segment: SegmentId | None = None
    detail: str = ""
    volume: int = OWN_VOLUME
    names: Names = ()
    mended: str = ""

    @property
    def invariant(self) -> str:
        return INVARIANTS[self.trouble]


@dataclass(slots=True)
class StoreReport:
    """files, size_bytes: of rows that were looked at. unhashed: rows without a hash. waiting: files that a start will see to."""

    folder: Path
    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    size_bytes: int = 0
    unhashed: int = 0
    waiting: int = 0
    is_running: bool = False

    @property
    def is_well(self) -> bool:
        """True if nothing was found, or all of it is mended."""
        return all(finding.mended for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Row:
    """A segment row with its fragments; None: they cannot be unpacked."""

    info: SegmentInfo
    fragments: tuple[Fragment, ...] | None


def open_index(folder: Path) -> sqlite3.Connection:
    """Open a store's index for reading only.

    raises: NOT_FOUND "store.no_index", CONFLICT "store.newer", CONFLICT "store.older" (its node has to start once).
    """
    path = folder / "index.sqlite3"
    if not path.is_file():
        raise BrightKitchenError(Kind.NOT_FOUND, "store.no_index", folder=str(folder))
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None)
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as cause:
        db.close()
        raise BrightKitchenError(Kind.CONFLICT, "store.index_damaged", folder=str(folder)) from cause
    if version != SCHEMA_VERSION:
        db.close()
        code = "store.newer" if version > SCHEMA_VERSION else "store.older"
        raise BrightKitchenError(Kind.CONFLICT, code, found=version, known=SCHEMA_VERSION)
    return db


def find_volumes(folder: Path, places: Sequence[VolumePlace], rows: Sequence[tuple[int, str, str]]) -> Volumes:
    """Return the store's own folder and the volumes that its index names, opened where they are there. Makes nothing."""
    by_name = {place.name: place for place in places}
    volumes = Volumes.of(RealFiles(folder))
    for no, label, name in rows:
        if no == OWN_VOLUME:
            continue
        place = by_name.get(name)
        volume = Volume(no, name, place.folder if place is not None else None, label)
        files = open_volume(volume) if place is not None else None
        if files is not None:
            volumes.publish(volume, files)
        volumes.add(volume)
    return volumes


class Checker:
    """One look at one store. wait: called once, if the node runs, before what was found is looked at again."""

    def __init__(
        self,
        folder: Path,
        places: Sequence[VolumePlace] = (),
        *,
        reads_all: bool = False,
        is_running: bool = False,
        wait: Callable[[], None] = lambda: None,
        on_progress: Callable[[int, int], None] = lambda files, total: None,
    ) -> None:
        self._folder = folder
        self._places = places
        self._reads_all = reads_all
        self._wait = wait
        self._on_progress = on_progress
        self.report = StoreReport(folder, is_running=is_running)

    def run(self) -> StoreReport:
        """Look at everything. raises: BrightKitchenError as `open_index`; OSError, sqlite3.Error if it cannot be looked at."""
        with closing(open_index(self._folder)) as db:
            rows = db.execute("SELECT no, label, name FROM volume ORDER BY no").fetchall()
            volumes = find_volumes(self._folder, self._places, rows)
            try:
                self._check_index(db)
                self._check_volumes(db, volumes)
                self._check_rows(db, volumes)
                for volume in volumes.all:
                    if volume.files is not None:
                        self._check_files(db, volume)
                if self.report.is_running and self.report.findings:
                    self._wait()
                    self._look_again(db, volumes)
            finally:
                volumes.close()
        return self.report

    def _find(self, trouble: Trouble, volume: Volume | None = None, names: Names = (), **more: object) -> None:
        place = f"{volume.name}:{'/'.join(names)}" if volume is not None else ""
        no = volume.no if volume is not None else OWN_VOLUME
        self.report.findings.append(Finding(trouble, place, volume=no, names=names, **more))  # type: ignore[arg-type]

    # -- the index against itself -------------------------------------------------------------------------------------

    def _check_index(self, db: sqlite3.Connection) -> None:
        try:
            said = [row[0] for row in db.execute("PRAGMA quick_check(20)") if row[0] != "ok"]
        except sqlite3.DatabaseError as error:
            said = [str(error)]
        for line in said:
            self._find(Trouble.INDEX, detail=line)
        for table, no, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
            self._find(Trouble.INDEX, detail=f"row {no} of {table} names no row of {parent}")
        for kind, sql in (
            ("volume", "SELECT v.no, v.files, v.size_bytes, count(s.no), coalesce(sum(s.size_bytes), 0) FROM volume v"
             " LEFT JOIN segment s ON s.volume = v.no GROUP BY v.no"),
            ("shape", "SELECT h.no, h.files, 0, count(s.no), 0 FROM shape h LEFT JOIN segment s ON s.shape = h.no GROUP BY h.no"),
        ):  # fmt: skip
            for no, files, size, counted, summed in db.execute(sql):
                if (files, size) != (counted, summed):
                    self._find(
                        Trouble.COUNTS,
                        detail=f"{kind} {no} says {files} files, {size} bytes; rows: {counted}, {summed}",
                    )

    def _check_volumes(self, db: sqlite3.Connection, volumes: Volumes) -> None:
        files = dict(db.execute("SELECT no, files FROM volume").fetchall())
        for volume in volumes.all:
            if volume.files is None and files.get(volume.no, 0) > 0:
                self._find(Trouble.VOLUME_MISSING, detail=f"{files[volume.no]} files lie on {volume.name}")

    # -- rows against files -------------------------------------------------------------------------------------------

    def _check_rows(self, db: sqlite3.Connection, volumes: Volumes) -> None:
        (total,) = db.execute("SELECT count(*) FROM segment").fetchone()
        for row in load_rows(db):
            volume = volumes.get(row.info.volume)
            self.report.files += 1
            self.report.size_bytes += row.info.size_bytes
            self.report.unhashed += row.info.content_hash == ""
            if self.report.files % 1000 == 0 or self._reads_all:
                self._on_progress(self.report.files, total)
            if volume is not None and volume.files is not None:
                self._check_row(volumes, volume, row)

    def _check_row(self, volumes: Volumes, volume: Volume, row: Row) -> None:
        info = row.info
        found = locate(volume, info)
        final = final_names(info.id, info.key, info.start_at)
        if found is None:
            self._find(Trouble.FILE_MISSING, volume, final, segment=info.id)
            return
        names, size = found
        if size != info.size_bytes:
            self._find(
                Trouble.FILE_SIZE,
                volume,
                names,
                segment=info.id,
                detail=f"{size} bytes, the row says {info.size_bytes}",
            )
        elif row.fragments is None or not row.fragments or row.fragments[-1].end_offset != info.size_bytes:
            self._find(Trouble.FRAGMENTS, volume, names, segment=info.id, detail="the row's fragments are not sound")
        elif self._reads_all:
            self._read(volumes, volume, row, names)

    def _read(self, volumes: Volumes, volume: Volume, row: Row, names: Names) -> None:
        assert volume.files is not None
        info = row.info
        try:
            fd = volume.files.open_read(names)
            try:
                size = os.fstat(fd).st_size
                head = read_head(lambda offset, length: os.pread(fd, length, offset), size)
                fragments = scan_whole(lambda offset, length: os.pread(fd, length, offset), size)
            finally:
                os.close(fd)
            content_hash = hash_file(volumes, info) if info.content_hash else ""
        except OSError as error:
            self._find(Trouble.FILE_UNREADABLE, volume, names, segment=info.id, detail=f"errno {error.errno}")
            return
        if info.content_hash and content_hash != info.content_hash:
            self._find(
                Trouble.CONTENT,
                volume,
                names,
                segment=info.id,
                detail=f"hash {content_hash}, the row says {info.content_hash}",
            )
        elif head is None or (head.label.id, head.label.key, head.label.start_at) != (info.id, info.key, info.start_at):
            self._find(
                Trouble.LABEL, volume, names, segment=info.id, detail="the file says that it is another one, or nothing"
            )
        elif fragments != row.fragments:
            self._find(
                Trouble.FRAGMENTS, volume, names, segment=info.id, detail="the file has other fragments than the row"
            )

    # -- files against rows -------------------------------------------------------------------------------------------

    def _check_files(self, db: sqlite3.Connection, volume: Volume) -> None:
        assert volume.files is not None
        self.report.waiting += sum(name.endswith(SUFFIX) for name in volume.files.list_names((OPEN,)))
        (garbage,) = db.execute("SELECT count(*) FROM garbage WHERE volume = ?", (volume.no,)).fetchone()
        self.report.waiting += garbage
        for names in walk_files(volume):
            self._check_file(db, volume, names)

    def _check_file(self, db: sqlite3.Connection, volume: Volume, names: Names) -> None:
        segment = SegmentId(names[-1].removesuffix(SUFFIX))
        if not names[-1].endswith(SUFFIX) or not is_id(segment, "seg"):
            self._find(Trouble.FILE_UNKNOWN, volume, names, detail="not a name of ours")
            return
        row = load_row(db, segment)
        if row is None:
            if db.execute("SELECT 1 FROM garbage WHERE id = ?", (id_bytes(segment),)).fetchone() is None:
                self._find(Trouble.FILE_UNKNOWN, volume, names, segment=segment)
        elif row.info.volume != volume.no or final_names(segment, row.info.key, row.info.start_at) != names:
            self._find(Trouble.FILE_MISPLACED, volume, names, segment=segment)

    # -- again --------------------------------------------------------------------------------------------------------

    def _look_again(self, db: sqlite3.Connection, volumes: Volumes) -> None:
        """Keep only what is still so; of a store at work, rows and files change between two looks."""
        found, self.report.findings = self.report.findings, []
        for finding in found:
            volume = volumes.get(finding.volume)
            row = load_row(db, finding.segment) if finding.segment is not None else None
            if finding.trouble in (Trouble.INDEX, Trouble.VOLUME_MISSING):
                self.report.findings.append(finding)
            elif finding.trouble is Trouble.COUNTS or volume is None or volume.files is None:
                continue  # told for certain only of a store at rest
            elif finding.trouble in (Trouble.FILE_UNKNOWN, Trouble.FILE_MISPLACED):
                if finding.names[-1] in (_list_folder(volume.files, finding.names[:-1]) or ()):
                    self._check_file(db, volume, finding.names)
            elif row is not None:
                self._check_row(volumes, volume, row)


def load_rows(db: sqlite3.Connection) -> Iterator[Row]:
    """Yield all segment rows, in pieces, so that no reading of the index lasts."""
    last = 0
    while True:
        rows = db.execute(_ROW + "WHERE s.no > ? ORDER BY s.no LIMIT ?", (last, _ROWS_AT_ONCE)).fetchall()
        yield from map(_row, rows)
        if len(rows) < _ROWS_AT_ONCE:
            return
        last = rows[-1][-1]


def load_row(db: sqlite3.Connection, segment: SegmentId) -> Row | None:
    if not is_id(segment, "seg"):
        return None
    row = db.execute(_ROW + "WHERE s.id = ?", (id_bytes(segment),)).fetchone()
    return _row(row) if row is not None else None


def _row(
    row: tuple[bytes, str, str, str, int, int, int, int, int, str, str, int, int, str, int, bytes | None, bytes, int],
) -> Row:
    info = SegmentInfo(
        id=SegmentId(id_text("seg", row[0])),
        key=StreamKey(CameraId(row[1]), Profile(row[2])),
        run=row[3],
        start_at=Utc(row[4]),
        duration_ticks=row[5],
        size_bytes=row[6],
        init_bytes=row[7],
        frames=row[8],
        video_codec=row[9],
        audio_codec=row[10],
        width_px=row[11],
        height_px=row[12],
        is_open=False,
        end_reason=EndReason(row[13]),
        volume=row[14],
        content_hash=(row[15] or b"").hex(),
    )
    try:
        return Row(info, unpack_fragments(row[16]))
    except ValueError:
        return Row(info, None)


def locate(volume: Volume, info: SegmentInfo) -> tuple[Names, int] | None:
    """Return where the file of a row is, and its size; twice, because P3 moves it."""
    assert volume.files is not None
    places = (final_names(info.id, info.key, info.start_at), open_names(info.id))
    for names in (*places, *places):
        try:
            fd = volume.files.open_read(names)
        except FileNotFoundError:
            continue
        try:
            return names, os.fstat(fd).st_size
        finally:
            os.close(fd)
    return None


def walk_files(volume: Volume) -> Iterator[Names]:
    """Yield every file beneath `segments/`; what is no folder of ours is yielded as it is."""
    assert volume.files is not None
    root = volume.files
    for camera in root.list_names((SEGMENTS,)):
        days = _list_folder(root, (SEGMENTS, camera))
        if days is None:
            yield (SEGMENTS, camera)
            continue
        for day in days:
            names = _list_folder(root, (SEGMENTS, camera, day))
            if names is None:
                yield (SEGMENTS, camera, day)
                continue
            for name in names:
                yield (SEGMENTS, camera, day, name)


def _list_folder(files: Files, names: Names) -> list[str] | None:
    try:
        return files.list_names(names)
    except (OSError, ValueError):  # not a folder, a link, or a name that is not ours
        return None


def mended(finding: Finding, how: str) -> Finding:
    return replace(finding, mended=how)
