"""The index beside the files: SQLite, one writer, any number of readers. Procedures: docs/design/storage.md.

The writing connection belongs to the index thread alone (before that, to start-up). A commit is durable when it returns
(`synchronous=FULL`), because P3 renames a file only after its row can no longer be lost.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from brightkitchen.kernel.ids import CameraId, Profile, SegmentId, StreamKey, id_bytes, id_text, is_id
from brightkitchen.kernel.units import US_PER_S, Utc
from brightkitchen.media.store.layout import pack_fragments, unpack_fragments
from brightkitchen.media.store.model import EndReason, Fragment, Gap, GapReason, SegmentInfo, Span
from brightkitchen.media.store.schema import migrate

_BUSY_TIMEOUT_S: Final = 5.0
_LONGEST_FILE_US: Final = 15 * 60 * US_PER_S  # media.segment_s is at most ten minutes

_SEGMENT: Final = """SELECT s.id, t.camera, t.profile, h.run, s.start_us, s.duration_ticks, s.size_bytes, h.init_bytes,
  s.frames, h.video_codec, h.audio_codec, h.width_px, h.height_px, s.end_reason, s.volume, s.hash
  FROM segment s JOIN stream t ON t.no = s.stream JOIN shape h ON h.no = s.shape """
_END: Final = "start_us + duration_ticks * 100 / 9"


class Index:
    """Rows of segments and gaps of one store."""

    def __init__(self, path: Path) -> None:
        """Open or create the index. raises: BrightKitchenError(CONFLICT, "store.newer") for a newer version's file."""
        self._path = path
        self._writer = self._connect()
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._streams: dict[StreamKey, int] = {}
        self.hidden: frozenset[int] = frozenset()  # volumes that are not there: what lies on them is not told of
        try:
            migrate(self._writer)
        except BaseException:
            self._writer.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def close(self) -> None:
        """Close every connection; nobody may be asking any more."""
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
        self._writer.close()

    # -- writing: the index thread only ------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; durable when the block was left without an exception."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.execute("COMMIT")
        except BaseException:
            self._streams.clear()
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    def save_segment(self, info: SegmentInfo, fragments: tuple[Fragment, ...]) -> None:
        """Insert a closed segment; the same id again changes nothing. Inside `transaction`."""
        assert info.end_reason is not None
        db, own = self._writer, id_bytes(info.id)
        if db.execute("SELECT 1 FROM segment WHERE id = ?", (own,)).fetchone() is not None:
            return
        (shape,) = db.execute(
            "INSERT INTO shape (run, init_bytes, video_codec, audio_codec, width_px, height_px, files) VALUES (?,?,?,?,?,?,1)"
            " ON CONFLICT DO UPDATE SET files = files + 1 RETURNING no",
            (info.run, info.init_bytes, info.video_codec, info.audio_codec, info.width_px, info.height_px),
        ).fetchone()
        db.execute(
            "INSERT INTO segment (id, stream, volume, shape, start_us, duration_ticks, size_bytes, frames, end_reason, hash,"
            " fragments) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                own,
                self.stream_no(info.key),
                info.volume,
                shape,
                info.start_at,
                info.duration_ticks,
                info.size_bytes,
                info.frames,
                info.end_reason.value,
                bytes.fromhex(info.content_hash) or None,
                pack_fragments(fragments),
            ),
        )
        db.execute(
            "UPDATE volume SET files = files + 1, size_bytes = size_bytes + ? WHERE no = ?",
            (info.size_bytes, info.volume),
        )

    def save_hash(self, segment_id: SegmentId, content_hash: str) -> None:
        """Note the hash of a file that had none. Inside `transaction`."""
        self._writer.execute(
            "UPDATE segment SET hash = ? WHERE id = ? AND hash IS NULL",
            (bytes.fromhex(content_hash), id_bytes(segment_id)),
        )

    def drop_segment(self, segment_id: SegmentId) -> None:
        """Forget a row whose file is gone, for `check --repair`. Inside `transaction`."""
        row = self._writer.execute(
            "DELETE FROM segment WHERE id = ? RETURNING shape, volume, size_bytes", (_own(segment_id),)
        ).fetchone()
        if row is not None:
            shape, volume, size = row
            self._writer.execute("UPDATE shape SET files = files - 1 WHERE no = ?", (shape,))
            self._writer.execute("DELETE FROM shape WHERE no = ? AND files <= 0", (shape,))
            self._writer.execute(
                "UPDATE volume SET files = files - 1, size_bytes = size_bytes - ? WHERE no = ?", (size, volume)
            )

    def save_past_gap(self, key: StreamKey, from_at: Utc, to_at: Utc, reason: str) -> None:
        """Note a gap that is over. Inside `transaction`."""
        self._writer.execute(
            "INSERT INTO gap (stream, from_us, to_us, reason) VALUES (?,?,?,?)",
            (self.stream_no(key), from_at, to_at, reason),
        )

    def count_again(self) -> None:
        """Count what volumes and shapes have, for `check --repair`. Inside `transaction`."""
        self._writer.execute(
            "UPDATE volume SET files = (SELECT count(*) FROM segment s WHERE s.volume = volume.no),"
            " size_bytes = (SELECT coalesce(sum(s.size_bytes), 0) FROM segment s WHERE s.volume = volume.no)"
        )
        self._writer.execute(
            "UPDATE shape SET files = c.files FROM (SELECT shape, count(*) AS files FROM segment GROUP BY shape) c"
            " WHERE c.shape = shape.no"
        )
        self._writer.execute("DELETE FROM shape WHERE no NOT IN (SELECT shape FROM segment)")

    def load_volumes(self) -> list[tuple[int, str, str]]:
        """Return number, label and name of every volume that was ever used."""
        return [(no, label, name) for no, label, name in self._writer.execute("SELECT no, label, name FROM volume")]

    def save_volume(self, label: str, name: str) -> int:
        """Note a volume, and return its number. One with a label that is known only got another name."""
        with self.transaction():
            (number,) = self._writer.execute(
                "INSERT INTO volume (label, name) VALUES (?, ?) ON CONFLICT (label) DO UPDATE SET name = excluded.name"
                " RETURNING no",
                (label, name),
            ).fetchone()
        return int(number)

    def save_gap_start(self, key: StreamKey, at: Utc, reason: str) -> None:
        """Nothing is recorded from `at` on, because of `reason`; ends a lasting gap of another reason there."""
        stream = self.stream_no(key)
        self._writer.execute(
            "UPDATE gap SET to_us = ? WHERE stream = ? AND to_us IS NULL AND reason <> ?", (at, stream, reason)
        )
        self._writer.execute(
            "INSERT INTO gap (stream, from_us, reason) SELECT ?, ?, ?"
            " WHERE NOT EXISTS (SELECT 1 FROM gap WHERE stream = ? AND to_us IS NULL)",
            (stream, at, reason, stream),
        )
        self._drop_empty_gaps(stream)

    def save_gap_end(self, key: StreamKey, at: Utc) -> None:
        """Recorded again from `at` on."""
        stream = self.stream_no(key)
        self._writer.execute("UPDATE gap SET to_us = ? WHERE stream = ? AND to_us IS NULL", (at, stream))
        self._drop_empty_gaps(stream)

    def _drop_empty_gaps(self, stream: int) -> None:
        self._writer.execute("DELETE FROM gap WHERE stream = ? AND to_us <= from_us", (stream,))

    def stream_no(self, key: StreamKey) -> int:
        number = self._streams.get(key)
        if number is None:
            self._writer.execute(
                "INSERT INTO stream (camera, profile) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (key.camera, key.profile.value),
            )
            row = self._writer.execute(
                "SELECT no FROM stream WHERE camera = ? AND profile = ?", (key.camera, key.profile.value)
            ).fetchone()
            number = self._streams[key] = int(row[0])
        return number

    @property
    def writer(self) -> sqlite3.Connection:
        """The connection of `transaction`, for `ledger`."""
        return self._writer

    # -- reading: any thread ------------------------------------------------------------------------------------------

    def _shown(self) -> str:
        hidden = self.hidden
        return f" AND s.volume NOT IN ({','.join(str(int(no)) for no in hidden)})" if hidden else ""

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        finally:
            with self._lock:
                self._idle.append(connection)

    def load_segment(self, segment_id: SegmentId) -> SegmentInfo | None:
        with self._reader() as db:
            row = db.execute(_SEGMENT + f"WHERE s.id = ?{self._shown()}", (_own(segment_id),)).fetchone()
        return _segment(row) if row is not None else None

    def load_fragments(self, segment_id: SegmentId) -> tuple[Fragment, ...] | None:
        with self._reader() as db:
            row = db.execute(
                f"SELECT s.fragments FROM segment s WHERE s.id = ?{self._shown()}", (_own(segment_id),)
            ).fetchone()
        return unpack_fragments(row[0]) if row is not None else None

    def load_segments(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[SegmentInfo]:
        """Return the closed segments that touch [from_at, to_at), by start."""
        with self._reader() as db:
            stream = _find_stream(db, key)
            rows = db.execute(
                _SEGMENT + f"WHERE s.stream = ? AND s.start_us >= ? AND s.start_us < ? AND {_END} > ?{self._shown()}"
                " ORDER BY s.start_us, s.no",
                (stream, _first_start(db, stream, from_at), to_at, from_at),
            ).fetchall()
        return [_segment(row) for row in rows]

    def load_spans(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[tuple[Span, bool]]:
        """Return the times of the closed segments that touch [from_at, to_at), by start, not joined; True: it can be read."""
        hidden = self.hidden
        with self._reader() as db:
            stream = _find_stream(db, key)
            rows = db.execute(
                f"SELECT start_us, {_END}, volume FROM segment INDEXED BY segment_by_time"
                f" WHERE stream = ? AND start_us >= ? AND start_us < ? AND {_END} > ? ORDER BY start_us",
                (stream, _first_start(db, stream, from_at), to_at, from_at),
            ).fetchall()
        return [(Span(Utc(start), Utc(end)), volume not in hidden) for start, end, volume in rows]

    def load_last_before(self, key: StreamKey, at: Utc) -> SegmentInfo | None:
        """Return the closed segment with the latest start that is not after `at`."""
        with self._reader() as db:
            row = db.execute(
                _SEGMENT
                + f"WHERE s.stream = ? AND s.start_us <= ?{self._shown()} ORDER BY s.start_us DESC, s.no DESC LIMIT 1",
                (_find_stream(db, key), at),
            ).fetchone()
        return _segment(row) if row is not None else None

    def load_bounds(self, key: StreamKey) -> Span | None:
        """Return the first start and the last end of all closed segments of the stream, those on a missing volume too."""
        with self._reader() as db:
            stream = _find_stream(db, key)
            first = db.execute(
                "SELECT start_us FROM segment WHERE stream = ? ORDER BY start_us LIMIT 1", (stream,)
            ).fetchone()
            last = db.execute(
                f"SELECT {_END} FROM segment WHERE stream = ? ORDER BY start_us DESC LIMIT 1", (stream,)
            ).fetchone()
        return Span(Utc(first[0]), Utc(last[0])) if first is not None else None

    def load_deleted_since(self, key: StreamKey) -> Utc | None:
        """Return since when there were recordings that are deleted by now; None if nothing was."""
        with self._reader() as db:
            row = db.execute(
                "SELECT from_us FROM gap WHERE stream = ? AND reason = ? ORDER BY from_us LIMIT 1",
                (_find_stream(db, key), GapReason.RETENTION.value),
            ).fetchone()
        return Utc(row[0]) if row is not None else None

    def load_unread(self, after: SegmentId | None) -> SegmentInfo | None:
        """Return a segment whose file has no hash yet; after: not those up to this one, which could not be read."""
        with self._reader() as db:
            row = db.execute(
                _SEGMENT + "WHERE s.hash IS NULL AND s.no > coalesce((SELECT no FROM segment WHERE id = ?), 0)"
                f"{self._shown()} ORDER BY s.no LIMIT 1",
                (_own(after) if after is not None else None,),
            ).fetchone()
        return _segment(row) if row is not None else None

    def load_gaps(self, key: StreamKey, from_at: Utc, to_at: Utc) -> list[Gap]:
        """Return the noted gaps that touch [from_at, to_at), by start; one that lasts ends at `to_at`."""
        with self._reader() as db:
            rows = db.execute(
                "SELECT from_us, coalesce(to_us, ?), reason FROM gap WHERE stream = ? AND from_us < ?"
                " AND coalesce(to_us, ?) > ? ORDER BY from_us",
                (to_at, _find_stream(db, key), to_at, to_at, from_at),
            ).fetchall()
        return [Gap(Utc(start), Utc(end), reason) for start, end, reason in rows]

    def load_unclosed(self) -> list[tuple[StreamKey, Utc]]:
        """Return the streams without a lasting gap and where their recording ends. For start-up (P4)."""
        with self._reader() as db:
            rows = db.execute(
                f"SELECT t.camera, t.profile, (SELECT {_END} FROM segment s WHERE s.stream = t.no"
                " ORDER BY s.start_us DESC LIMIT 1) AS last_us FROM stream t WHERE last_us IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM gap g WHERE g.stream = t.no AND g.to_us IS NULL)"
            ).fetchall()
        return [(StreamKey(CameraId(camera), Profile(profile)), Utc(last)) for camera, profile, last in rows]


def _find_stream(db: sqlite3.Connection, key: StreamKey) -> int:
    row = db.execute(
        "SELECT no FROM stream WHERE camera = ? AND profile = ?", (key.camera, key.profile.value)
    ).fetchone()
    return int(row[0]) if row is not None else -1


def _first_start(db: sqlite3.Connection, stream: int, from_at: Utc) -> int:
    """Return the first start that can reach into the range: of the last file that starts before it, or, where the clock was set
    back and files overlap, of any within the longest that a file lasts."""
    row = db.execute(
        "SELECT start_us FROM segment WHERE stream = ? AND start_us <= ? ORDER BY start_us DESC LIMIT 1",
        (stream, from_at),
    ).fetchone()
    return min(int(row[0]), from_at - _LONGEST_FILE_US) if row is not None else from_at


def _own(segment_id: SegmentId) -> bytes:
    return id_bytes(segment_id) if is_id(segment_id, "seg") else b""


def _segment(
    row: tuple[bytes, str, str, str, int, int, int, int, int, str, str, int, int, str, int, bytes],
) -> SegmentInfo:
    return SegmentInfo(
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
